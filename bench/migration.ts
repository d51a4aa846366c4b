/**
 * How long the ledger of a long use takes to be brought to this version, and in how much memory:
 * `node bench/migration.ts`. 2,000 sessions, a million events.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { LEDGER_FILE } from "../src/ledger/database.ts"
import { openLedger } from "../src/ledger/ledger.ts"
import { makeSchema1 } from "../test/fakes/schema-1.ts"

const dataDir = mkdtempSync(join(homedir(), ".remoteagent-bench-"))
try {
  makeSchema1(dataDir, { sessions: 2_000, turnsPerSession: 50, itemsPerTurn: 6, output: 300 })
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  const before = statSync(join(dataDir, LEDGER_FILE)).size
  const idle = process.memoryUsage().rss
  let peak = idle
  const began = performance.now()
  const onProgress = () => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }
  const ledger = await openLedger(dataDir, Date.now(), { onProgress })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  ledger.close()
  const after = statSync(join(dataDir, LEDGER_FILE)).size
  console.log(
    `${seconds} s, ${megabytes(before)} → ${megabytes(after)}, memory ${megabytes(idle)} → ${megabytes(peak)}`,
  )
} finally {
  rmSync(dataDir, { recursive: true })
}
