import { join } from "node:path"
import type { ConfigProblem } from "../core/config-fault.ts"
import { LEDGER_FILE } from "../ledger/database.ts"
import { DamagedLedgerError, NewerLedgerError } from "../ledger/errors.ts"
import { sqliteResult } from "../platform/sqlite-error.ts"
import { errorCode } from "../platform/system-error.ts"
import { type RunningRuntime, type StopHow, startRuntime } from "./compose.ts"
import { type CliContext, printLine, showInstant } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { tellMigration } from "./migration-progress.ts"

/** Runs in the foreground until SIGINT or SIGTERM; agents work on meanwhile and are found again. */
export async function start(context: CliContext): Promise<number> {
  const { config, problems, environment, version, say, stdout, stderr } = context
  for (const problem of problems) printProblem(context, problem)
  if (problems.some((problem) => problem.severity === "fatal")) {
    printLine(stderr, say("start.refused"))
    return exitCode.failed
  }
  printLine(stdout, say("start.starting", { version, dataDir: config.dataDir }))
  process.umask(0o077)
  // Others depend on what runs here, and none of them on what it prints.
  for (const stream of [stdout, stderr]) stream.removeAllListeners("error").on("error", () => undefined)
  // Asked for early: a signal that comes during the start must still end it in order.
  const asked = stopSignal()
  try {
    const started = await startRuntime({
      config,
      problems,
      environment,
      version,
      onMigration: tellMigration({
        now: () => performance.now(),
        say: (told) => printLine(stdout, say("start.migrating", told)),
      }),
    })
    if (started.kind === "taken") return sayTaken(context, started.heldBy)
    printWelcome(context, started.runtime)
    const how = await Promise.race([asked, started.runtime.stopRequested])
    printLine(stdout, say("start.stopping"))
    await started.runtime.stop(how)
    printLine(stdout, say("start.stopped"))
    return exitCode.ok
  } catch (error) {
    const text = startFault(context, error)
    if (text === null) throw error
    printLine(stderr, text)
    return exitCode.failed
  }
}

function stopSignal(): Promise<StopHow> {
  const { promise, resolve } = Promise.withResolvers<StopHow>()
  process.once("SIGINT", () => resolve({ agents: false }))
  process.once("SIGTERM", () => resolve({ agents: false }))
  return promise
}

function printProblem({ stderr }: CliContext, { what, accepted, remedy }: ConfigProblem): void {
  printLine(stderr, [what, accepted, remedy].filter((part) => part !== "").join(" "))
}

function printWelcome({ config, say, stdout }: CliContext, runtime: RunningRuntime): void {
  if (runtime.localUrl) printLine(stdout, say("start.local_ui", { url: runtime.localUrl }))
  if (runtime.localProblem) printLine(stdout, runtime.localProblem)
  if (runtime.isTelegramOn) printLine(stdout, say("start.telegram", { bots: config.telegram.bots.length }))
  else {
    printLine(stdout, say("start.telegram_off"))
    printLine(stdout, say("start.connect"))
  }
  printLine(stdout, say("start.ready"))
}

function sayTaken(
  context: CliContext,
  heldBy: { readonly pid: number; readonly startedAt: number } | null,
): number {
  const { config, say, stderr } = context
  const { dataDir } = config
  const text = heldBy
    ? say("start.held", { dataDir, pid: heldBy.pid, since: showInstant(context, heldBy.startedAt) })
    : say("start.held_unknown", { dataDir })
  printLine(stderr, `${text} ${say("start.held_remedy")}`)
  return exitCode.failed
}

/** What the owner can mend, in one line; null for a fault of ours. */
function startFault({ config, say }: CliContext, error: unknown): string | null {
  if (error instanceof DamagedLedgerError) return damageText(error, say)
  if (error instanceof NewerLedgerError) {
    const { path, found, known } = error
    return say("start.ledger_newer", { path, found, known })
  }
  const { dataDir } = config
  switch (sqliteResult(error)) {
    case SQLITE.busy:
    case SQLITE.locked:
      return say("start.ledger_held", { path: join(dataDir, LEDGER_FILE) })
    case SQLITE.full:
      return say("start.disk_full", { dataDir })
    case SQLITE.readOnly:
    case SQLITE.cannotOpen:
      return say("start.not_writable", { dataDir })
  }
  switch (errorCode(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return say("start.not_writable", { dataDir })
    case "ENOTDIR":
    case "EEXIST":
      return say("start.not_a_directory", { dataDir })
    case "EISDIR":
    case "ERR_FS_EISDIR":
      return say("start.in_the_way", { path: pathOf(error) ?? dataDir })
    case "ENOSPC":
    case "EDQUOT":
      return say("start.disk_full", { dataDir })
    default:
      return null
  }
}

const SQLITE = { busy: 5, locked: 6, readOnly: 8, full: 13, cannotOpen: 14 } as const

function damageText({ setAside, backup, path, permit }: DamagedLedgerError, say: CliContext["say"]): string {
  const restore =
    backup === null ? say("start.ledger_no_backup") : say("start.ledger_restore", { backup, path })
  return [say("start.ledger_damaged", { setAside }), restore, say("start.ledger_anew", { permit })].join("\n")
}

function pathOf(error: unknown): string | null {
  return error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : null
}
