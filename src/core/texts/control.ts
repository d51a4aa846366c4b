import { en } from "./control.en.ts"
import { ko } from "./control.ko.ts"
import { failureTables } from "./failure.ts"
import { texts } from "./text.ts"

export const controlText = texts({ en: { ...failureTables.en, ...en }, ko: { ...failureTables.ko, ...ko } })
export type ControlSay = ReturnType<typeof controlText>
