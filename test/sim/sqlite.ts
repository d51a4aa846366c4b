/** `node:sqlite` for `ledger/backups.ts`: the one of its functions that works in the background, on the machine's time. */
import { backup as realBackup } from "node:sqlite"
import { outside } from "./outside.ts"

export { DatabaseSync } from "node:sqlite"

export const backup = (...given: Parameters<typeof realBackup>): Promise<number> =>
  outside(realBackup(...given))
