/** Copies of the ledger: each whole, checked before it counts, and never so many that they fill the disk. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import { problemsInBackground } from "./integrity.ts"

/** Of each kind: those of every day must not push out the one before an update. */
const KEPT = 3
const KINDS = [/^ledger-daily-.*\.db$/, /^ledger-(?!daily-).*\.db$/]

/**
 * Writes a consistent copy to `backups/ledger-<label>.db`, while everything else goes on, and keeps the newest few of
 * its kind. A copy of the same label is replaced.
 * @throws when the copy cannot be written or is not sound; then no earlier one is touched.
 */
export async function backUp(db: DatabaseSync, dataDir: string, label: string): Promise<string> {
  const directory = join(dataDir, "backups")
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const target = join(directory, `ledger-${label}.db`)
  const unfinished = `${target}.part`
  rmSync(unfinished, { force: true })
  try {
    await backup(db, unfinished)
    chmodSync(unfinished, 0o600)
    forgetIdentity(unfinished)
    const [problem] = await problemsInBackground(unfinished)
    if (problem !== undefined) throw new Error(`the ledger's copy is not sound: ${problem}`)
    renameSync(unfinished, target)
  } finally {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + suffix, { force: true })
  }
  for (const kind of KINDS) {
    const ofKind = listBackups(dataDir).filter((name) => kind.test(name))
    for (const name of ofKind.slice(0, -KEPT)) rmSync(join(directory, name))
  }
  return target
}

/** Setting of the ledger's identity. */
export const LEDGER_ID = "ledger.id"

/** Where a copy takes the ledger's place, it is another one. */
function forgetIdentity(path: string): void {
  const copy = new DatabaseSync(path)
  copy.prepare("DELETE FROM settings WHERE key = ?").run(LEDGER_ID)
  copy.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  copy.close()
}

export function hasBackup(dataDir: string, label: string): boolean {
  return existsSync(join(dataDir, "backups", `ledger-${label}.db`))
}

export function latestBackup(dataDir: string): string | null {
  const name = listBackups(dataDir).at(-1)
  return name ? join(dataDir, "backups", name) : null
}

/** By age, the oldest first: labels say nothing about it. */
function listBackups(dataDir: string): readonly string[] {
  const directory = join(dataDir, "backups")
  if (!existsSync(directory)) return []
  const age = (name: string) => statSync(join(directory, name)).mtimeMs
  return readdirSync(directory)
    .filter((name) => /^ledger-.*\.db$/.test(name))
    .sort((a, b) => age(a) - age(b))
}
