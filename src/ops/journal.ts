import { existsSync, readdirSync } from "node:fs"
import path from "node:path"
import type { OpsSay } from "../core/texts/ops.ts"
import { problemsIn } from "../ledger/integrity.ts"
import { JOURNAL_FILE } from "../platform/places.ts"
import { isDamage } from "../platform/sqlite-error.ts"
import { errorCode } from "../platform/system-error.ts"
import type { Finding } from "./finding.ts"

/** Has SQLite check the host's journal, and tells of those that hosts have set aside. Safe while the host runs. */
export function checkJournal(dataDir: string, say: OpsSay): Finding {
  const file = path.join(dataDir, JOURNAL_FILE)
  if (!existsSync(file)) return { id: "journal", state: "ok", what: say("journal.none"), remedy: null }
  try {
    const [first] = problemsIn(file)
    if (first !== undefined) return damaged(first, say)
  } catch (error) {
    if (error instanceof Error && isDamage(error)) return damaged(error.message, say)
    const what = say("journal.unreadable", { detail: errorCode(error) })
    return { id: "journal", state: "fail", what, remedy: say("ledger.unreadable_remedy", { path: file }) }
  }
  const aside = setAside(dataDir)
  if (aside !== null) {
    const what = say("journal.aside", { path: aside })
    return { id: "journal", state: "warn", what, remedy: say("journal.aside_remedy") }
  }
  return { id: "journal", state: "ok", what: say("journal.ok"), remedy: null }
}

function damaged(detail: string, say: OpsSay): Finding {
  return {
    id: "journal",
    state: "fail",
    what: say("journal.damaged", { detail }),
    remedy: say("journal.damaged_remedy"),
  }
}

function setAside(dataDir: string): string | null {
  const isAside = (name: string) => name.startsWith(`${JOURNAL_FILE}.damaged-`) && !/-(?:wal|shm)$/.test(name)
  const found = readdirSync(dataDir).find(isAside)
  return found === undefined ? null : path.join(dataDir, found)
}
