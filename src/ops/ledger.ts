import { existsSync } from "node:fs"
import path from "node:path"
import type { OpsSay } from "../core/texts/ops.ts"
import { integrityProblems, LEDGER_FILE } from "../ledger/database.ts"
import { isDamage } from "../platform/sqlite-error.ts"
import { errorCode } from "../platform/system-error.ts"
import type { Finding } from "./finding.ts"

/** Has SQLite check the ledger's file. Reads all of it; safe while the runtime runs. */
export function checkLedger(dataDir: string, say: OpsSay): Finding {
  const file = path.join(dataDir, LEDGER_FILE)
  if (!existsSync(file)) return { id: "ledger", state: "ok", what: say("ledger.none"), remedy: null }
  try {
    const [first] = integrityProblems(dataDir)
    if (first === undefined) return { id: "ledger", state: "ok", what: say("ledger.ok"), remedy: null }
    return damaged(dataDir, first, say)
  } catch (error) {
    if (error instanceof Error && isDamage(error)) return damaged(dataDir, error.message, say)
    const what = say("ledger.unreadable", { detail: errorCode(error) })
    return { id: "ledger", state: "fail", what, remedy: say("ledger.unreadable_remedy", { path: file }) }
  }
}

function damaged(dataDir: string, detail: string, say: OpsSay): Finding {
  const places = { backups: path.join(dataDir, "backups"), path: path.join(dataDir, LEDGER_FILE) }
  return {
    id: "ledger",
    state: "fail",
    what: say("ledger.damaged", { detail }),
    remedy: say("ledger.damaged_remedy", places),
  }
}
