import { en } from "./chat.en.ts"
import { ko } from "./chat.ko.ts"
import { failureTables } from "./failure.ts"
import { goalTables } from "./goal.ts"
import { permissionTables } from "./permission.ts"
import { riskTables } from "./risk.ts"
import { texts } from "./text.ts"

export const chatText = texts({
  en: { ...failureTables.en, ...permissionTables.en, ...goalTables.en, ...riskTables.en, ...en },
  ko: { ...failureTables.ko, ...permissionTables.ko, ...goalTables.ko, ...riskTables.ko, ...ko },
})
export type ChatSay = ReturnType<typeof chatText>
