import path from "node:path"
import { styleText } from "node:util"
import { opsText } from "../core/texts/ops.ts"
import { checkAgentMask } from "../ops/agent-mask.ts"
import { checkBots } from "../ops/bots.ts"
import { checkDataDirectory } from "../ops/data-directory.ts"
import { checkDisk } from "../ops/disk.ts"
import { configFindings, type Finding } from "../ops/finding.ts"
import { checkJournal } from "../ops/journal.ts"
import { checkLedger } from "../ops/ledger.ts"
import { checkNode } from "../ops/node-version.ts"
import { providerFindings } from "../ops/providers.ts"
import { checkRunning, type RuntimeAnswer } from "../ops/running.ts"
import { readHolder } from "../platform/lock.ts"
import { errorCode } from "../platform/system-error.ts"
import { identifyBot } from "./ask-telegram.ts"
import { type CliContext, printJson, printLine } from "./context.ts"
import { NotRunningError } from "./control-client.ts"
import { exitCode } from "./exit-code.ts"
import { harmless } from "./harmless.ts"
import { probeProviders } from "./probe-providers.ts"
import { isAlive } from "./process-life.ts"

export interface DoctorOptions {
  readonly json?: true
  /** Leaves out Telegram. */
  readonly offline?: true
}

/** Looks at everything and says how to repair it. Changes nothing. Exit code 1 when something is broken. */
export async function doctor(context: CliContext, options: DoctorOptions): Promise<number> {
  const findings = await examine(context, options)
  const isBroken = findings.some(({ state }) => state === "fail")
  if (options.json) printJson(context, { ok: !isBroken, findings })
  else printFindings(context, findings)
  return isBroken ? exitCode.failed : exitCode.ok
}

async function examine(context: CliContext, options: DoctorOptions): Promise<readonly Finding[]> {
  const { config, problems } = context
  const { dataDir, telegram } = config
  const say = opsText(config.language)
  const [runtime, bots, providers] = await Promise.all([
    askRuntime(context),
    checkBots(
      {
        bots: telegram.bots,
        apiRoot: telegram.apiRoot,
        ask: options.offline ? null : (token) => identifyBot(token, telegram.apiRoot),
      },
      say,
    ),
    examineProviders(context),
  ])
  return [
    checkNode(process.versions.node, say),
    ...configFindings(problems),
    ...checkDataDirectory(dataDir, say),
    await checkAgentMask({ dataDir, isWanted: config.host.hideDataDirectory ?? true }, say),
    checkDisk(dataDir, say),
    checkRunning(runtime, await liveHolder(dataDir), say),
    checkLedger(dataDir, say),
    checkJournal(dataDir, say),
    ...bots,
    ...providers,
  ]
}

async function askRuntime({ client }: CliContext): Promise<RuntimeAnswer> {
  try {
    const { pid, version } = await client.call("status.read", {})
    return { kind: "running", pid, version }
  } catch (error) {
    return error instanceof NotRunningError
      ? { kind: "absent" }
      : { kind: "silent", detail: errorCode(error) }
  }
}

/** The file may name a process that is gone; the kernel has dropped its lock then. */
async function liveHolder(dataDir: string) {
  const file = path.join(dataDir, "runtime.lock.holder")
  try {
    const holder = readHolder(file)
    return holder && (await isAlive(holder.pid)) ? holder : null
  } catch (error) {
    if (errorCode(error) === "ENOTDIR") return null
    throw error
  }
}

async function examineProviders(context: CliContext): Promise<readonly Finding[]> {
  const say = opsText(context.config.language)
  try {
    return providerFindings(await probeProviders(context), say)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const what = say("providers.unknown", { detail })
    return [{ id: "providers", state: "fail", what, remedy: say("providers.unknown_remedy") }]
  }
}

const marks = {
  ok: { mark: "✓", style: "green" },
  warn: { mark: "!", style: "yellow" },
  fail: { mark: "✗", style: "red" },
} as const

function printFindings(context: CliContext, findings: readonly Finding[]): void {
  const { stdout, config } = context
  const say = opsText(config.language)
  for (const { state, what, remedy } of findings) {
    const { mark, style } = marks[state]
    printLine(stdout, `${styleText(style, mark, { stream: stdout })} ${harmless(what)}`)
    if (remedy !== null) printLine(stdout, `  → ${harmless(remedy)}`)
  }
  const count = (wanted: Finding["state"]) => findings.filter(({ state }) => state === wanted).length
  const broken = count("fail")
  const noted = count("warn")
  if (broken > 0) printLine(stdout, say("doctor.broken", { count: broken }))
  else printLine(stdout, noted > 0 ? say("doctor.warnings", { count: noted }) : say("doctor.all_well"))
}
