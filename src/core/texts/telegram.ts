import { commandTables } from "./command.ts"
import { failureTables } from "./failure.ts"
import { goalTables } from "./goal.ts"
import { permissionTables } from "./permission.ts"
import { en } from "./telegram.en.ts"
import { ko } from "./telegram.ko.ts"
import { texts } from "./text.ts"

/** What the owner reads in Telegram. */
export const telegramText = texts({
  en: { ...failureTables.en, ...commandTables.en, ...permissionTables.en, ...goalTables.en, ...en },
  ko: { ...failureTables.ko, ...commandTables.ko, ...permissionTables.ko, ...goalTables.ko, ...ko },
})
export type TelegramSay = ReturnType<typeof telegramText>
