import { en } from "./command.en.ts"
import { ko } from "./command.ko.ts"
import { failureTables } from "./failure.ts"
import { texts } from "./text.ts"

/** Of commands alone; surfaces that run them say these texts too. */
export const commandTables = { en, ko }

/** What the owner reads of commands, wherever they are given. */
export const commandText = texts({
  en: { ...failureTables.en, ...en },
  ko: { ...failureTables.ko, ...ko },
})
export type CommandSay = ReturnType<typeof commandText>
