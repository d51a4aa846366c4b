import { en } from "./telegram.en.ts"
import { ko } from "./telegram.ko.ts"
import { type Say, texts } from "./text.ts"

/** What the owner reads in Telegram. */
export const telegramText = texts({ en, ko })
export type TelegramSay = Say<typeof en>
