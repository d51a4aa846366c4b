/** One history: made of a seed, or of the list of what struck in an earlier one. */
import { mkdirSync } from "node:fs"
import { TelegramServer } from "../fakes/telegram/server.ts"
import { AgentDisk } from "./agent-disk.ts"
import { install } from "./builtins.ts"
import { Chaos, type ChaosRecord } from "./chaos.ts"
import { forgetDisk } from "./disk.ts"
import { type Finding, judge } from "./judge.ts"
import { Machine, machine, switchOn } from "./machine.ts"
import { reachTelegram } from "./network.ts"
import { Owner, type Planned, plan } from "./owner.ts"
import { real } from "./real.ts"
import { forgetSockets } from "./sockets.ts"
import { OWNER, System } from "./system.ts"

export interface SimulateOptions {
  readonly seed: number
  readonly directory: string
  readonly bots?: number
  /** The faults of an earlier run, exactly, instead of drawn ones. */
  readonly replay?: ChaosRecord
  /** The owner's acts, instead of drawn ones. */
  readonly acts?: readonly Planned[]
  readonly jumps?: boolean
  readonly keepLines?: boolean
}

export interface History {
  readonly seed: number
  readonly hash: string
  readonly findings: readonly Finding[]
  readonly faults: ChaosRecord
  readonly acts: readonly Planned[]
  readonly kills: { readonly runtime: number; readonly host: number; readonly power: number }
  readonly steps: number
  readonly events: number
  readonly prompts: number
  readonly consumed: number
  /** Ms of the machine, and of this one. */
  readonly virtualMs: number
  readonly cpuMs: number
  readonly lines: readonly string[]
  readonly logs: readonly string[]
  readonly screens: readonly string[]
}

const CHAOS_MS = 60_000
const SETTLE_MS = 6 * 3_600_000
let isInstalled = false

export async function simulate(options: SimulateOptions): Promise<History> {
  const { seed, directory, bots: botCount = 1, replay, jumps = false, keepLines = false } = options
  const began = process.cpuUsage()
  const chaos = new Chaos({ seed, until: CHAOS_MS, replay })
  switchOn(new Machine({ seed, chaos, keepLines }))
  if (!isInstalled) install()
  isInstalled = true
  forgetSockets()
  forgetDisk()
  const dataDir = `${directory}/data`
  real.rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const server = new TelegramServer()
  reachTelegram(server)
  const bots = Array.from({ length: botCount }, () => server.addBot({}))
  const chats = bots.map((bot) => server.user({ id: OWNER, first_name: "Owner" }).chatWith(bot))
  const disk = new AgentDisk({ survives: seed % 4 === 0 })
  const logs: string[] | null = keepLines ? [] : null
  const system = new System({ dataDir, disk, bots, logs })
  system.startRuntime()
  const acts = options.acts ?? plan({ seed, until: CHAOS_MS, chats: chats.length, jumps })
  const owner = new Owner({ seed, chats, planned: acts })
  let isSettled = false
  let unrest = ""
  const look = (): void => {
    const { ledger } = system
    unrest = `${bots.map((bot) => bot.updates.pendingCount).join()} updates, ${ledger?.turns.allOpen().length} turns, ${ledger?.inbox.open().length} received, ${ledger?.outbox.depth()} owed`
    isSettled =
      machine().now > CHAOS_MS &&
      ledger !== null &&
      bots.every((bot) => bot.updates.pendingCount === 0) &&
      ledger.turns.allOpen().length === 0 &&
      ledger.inbox.open().length === 0 &&
      ledger.outbox.depth() === 0
    machine().schedule(machine().world, 2_000, look)
  }
  machine().schedule(machine().world, 2_000, look)
  await machine().run(() => isSettled, CHAOS_MS + SETTLE_MS)
  // What passes is still shown for a moment after the last word.
  const rest = machine().now + 20_000
  await machine().run(() => false, rest)
  machine().current = machine().world
  const kills = { ...system.kills }
  const { steps, events, now, hash, lines } = machine()
  end(system)
  // What the end set in motion belongs to this history.
  await new Promise<void>((resolve) => real.setImmediate(() => resolve()))
  machine().current = machine().world
  const didDiskFail = chaos.record.steps.some(({ kind }) => ["busy", "disk_full", "io_error"].includes(kind))
  for (const stray of machine().strays) logs?.push(`${machine().now.toFixed(2)} stray ${stray}`)
  const findings = judge({
    didDiskFail,
    dataDir,
    server,
    chats,
    owner,
    disk,
    deaths: system.deaths,
    unrest: isSettled ? null : unrest,
  })
  const spent = process.cpuUsage(began)
  return {
    ...{ seed, hash, findings, faults: chaos.record, acts, kills, steps, events, lines },
    ...{ prompts: owner.said.length, consumed: disk.consumed.length, virtualMs: now },
    cpuMs: (spent.user + spent.system) / 1000,
    logs: logs ?? [],
    screens: keepLines ? chats.map((chat) => chat.transcript()) : [],
  }
}

/** Nothing is started again. */
function end({ runtime, host, disk }: System): void {
  for (const process of [runtime, host, ...[...disk.living].map((agent) => agent.process)]) {
    if (!process) continue
    process.onGone = () => undefined
    machine().kill(process, "the end")
  }
}
