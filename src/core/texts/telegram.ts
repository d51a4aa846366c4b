import { failureTables } from "./failure.ts"
import { permissionTables } from "./permission.ts"
import { en } from "./telegram.en.ts"
import { ko } from "./telegram.ko.ts"
import { texts } from "./text.ts"

/** What the owner reads in Telegram. */
export const telegramText = texts({
  en: { ...failureTables.en, ...permissionTables.en, ...en },
  ko: { ...failureTables.ko, ...permissionTables.ko, ...ko },
})
export type TelegramSay = ReturnType<typeof telegramText>
