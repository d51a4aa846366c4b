import type { en } from "./goal.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "goal.active": "목표를 향해 작업 중: {objective}",
  "goal.paused": "목표 작업을 일시 중지함: {objective}",
  "goal.blocked": "목표 작업이 막힘: {objective}",
  "goal.limited": "한도에 도달해 목표 작업을 마침: {objective}",
  "goal.reached": "목표 달성: {objective}",
  "goal.spent": "토큰 {tokens}개",
  "goal.spent_of": "토큰 {budget}개 중 {tokens}개",
}
