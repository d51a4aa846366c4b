import { failureTables } from "./failure.ts"
import { en } from "./telegram.en.ts"
import { ko } from "./telegram.ko.ts"
import { texts } from "./text.ts"

/** What the owner reads in Telegram. */
export const telegramText = texts({ en: { ...failureTables.en, ...en }, ko: { ...failureTables.ko, ...ko } })
export type TelegramSay = ReturnType<typeof telegramText>
