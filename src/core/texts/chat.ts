import { en } from "./chat.en.ts"
import { ko } from "./chat.ko.ts"
import { texts } from "./text.ts"

export const chatText = texts({ en, ko })
export type ChatSay = ReturnType<typeof chatText>
