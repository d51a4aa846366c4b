import type { en } from "./permission.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "permission.network": "네트워크 접근",
  "permission.network_to": "{host}에 대한 네트워크 접근",
  "permission.read": "{path} 읽기",
  "permission.write": "{path}에 쓰기",
}
