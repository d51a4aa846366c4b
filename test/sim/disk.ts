/** SQLite on a disk in memory: every commit is a step, a dead process holds nothing, a power cut takes what was not synced. */
import { existsSync, statSync } from "node:fs"
import { DatabaseSync, StatementSync } from "node:sqlite"
import { Killed, machine, type Process } from "./machine.ts"
import { real } from "./real.ts"

/** What is kept of a database while a process has it open. */
interface Held {
  readonly database: DatabaseSync
  readonly path: string
  /** Of the write-ahead log, in bytes, what is on the disk whatever happens. */
  synced: number
  isFull: boolean
}

const open = new Map<DatabaseSync, Held>()
/** What a power cut has left of a log is on the disk. */
const left = new Map<string, number>()
const DATABASE = Symbol("database")

const { exec, prepare, close } = DatabaseSync.prototype
const { run, get, all, iterate } = StatementSync.prototype

/** Node does not let its class be replaced, so the methods are. */
export function watchDatabases(): void {
  Object.assign(DatabaseSync.prototype, {
    exec(this: DatabaseSync, sql: string): void {
      const held = holdOf(this)
      const mode = /PRAGMA synchronous = (\w+)/.exec(sql)?.[1]
      if (mode) held.isFull = mode === "FULL"
      // Making a file and its tables is SQLite's own work, and it is trusted to do it whole or not at all.
      if (!/^COMMIT/.test(sql)) return exec.call(this, sql)
      commit(held, () => exec.call(this, sql))
    },
    prepare(this: DatabaseSync, sql: string): StatementSync {
      holdOf(this)
      return Object.defineProperty(prepare.call(this, sql), DATABASE, { value: this })
    },
    close(this: DatabaseSync): void {
      mustLive()
      open.delete(this)
      close.call(this)
    },
  })
  Object.assign(StatementSync.prototype, {
    run(this: StatementSync, ...values: Parameters<typeof run>) {
      mustLive()
      const database = (this as unknown as Record<symbol, DatabaseSync>)[DATABASE] as DatabaseSync
      if (database.isTransaction) return run.apply(this, values)
      return commit(holdOf(database), () => run.apply(this, values))
    },
  })
  for (const [name, method] of Object.entries({ get, all, iterate })) {
    Object.assign(StatementSync.prototype, {
      [name](this: StatementSync, ...values: unknown[]) {
        mustLive()
        return (method as (...values: unknown[]) => unknown).apply(this, values)
      },
    })
  }
}

function commit<T>(held: Held, act: () => T): T {
  return machine().step("commit", nameOf(held.path), () => {
    const result = act()
    if (held.isFull) held.synced = sizeOf(`${held.path}-wal`)
    return result
  })
}

function holdOf(database: DatabaseSync): Held {
  mustLive()
  const known = open.get(database)
  if (known) return known
  const path = database.location() ?? ""
  const held: Held = { database, path, synced: left.get(path) ?? 0, isFull: true }
  left.delete(path)
  open.set(database, held)
  machine().current.onEnd.push(() => letGo(database))
  return held
}

/** As the kernel would: what was not committed is gone, and so are the locks. */
function letGo(database: DatabaseSync): void {
  if (open.delete(database) && database.isOpen) close.call(database)
}

/** Another history, another disk. */
export const forgetDisk = (): void => left.clear()

/** Ends all processes at once; of each write-ahead log only what was synced, and perhaps a part of the rest, is left. */
export function cutPower(processes: readonly Process[]): void {
  const images = [...open.values()]
    .filter(({ path }) => existsSync(`${path}-wal`))
    .map(({ path, synced }) => ({
      path,
      synced,
      file: real.readFileSync(path),
      log: real.readFileSync(`${path}-wal`),
    }))
  for (const process of processes) machine().kill(process, "power cut")
  for (const { path, synced, file, log } of images) {
    const kept = machine().random.between(Math.min(synced, log.length), log.length)
    real.writeFileSync(path, file)
    real.writeFileSync(`${path}-wal`, log.subarray(0, kept))
    real.rmSync(`${path}-shm`, { force: true })
    left.set(path, kept)
    machine().trace(`${nameOf(path)} keeps ${kept} of ${log.length}, synced ${synced}`)
  }
}

function mustLive(): void {
  if (!machine().current.isAlive) throw new Killed()
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
