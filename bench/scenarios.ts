/** The measures in their order, each with installations of its own, as lines of the report. */
import { statSync } from "node:fs"
import { join } from "node:path"
import { LEDGER_FILE } from "../src/ledger/database.ts"
import { Installation } from "./installation.ts"
import { measureIdleHost, measureIdleRuntime } from "./measures/idle.ts"
import { measureOverview, measureReplay, measureWatchers, seedOutputs } from "./measures/live.ts"
import { measureOutages } from "./measures/outage.ts"
import { measureSteady, measureTogether, type Side, warmUp } from "./measures/prompts.ts"
import { measureStarts } from "./measures/start.ts"
import { measureStops } from "./measures/stop.ts"
import { measureStreams } from "./measures/streams.ts"
import type { Usage } from "./process-usage.ts"
import { type Detail, showMs, type Verdict } from "./report.ts"
import { LONG_USE, seedLedger } from "./seed.ts"
import { summarise, type Times } from "./statistics.ts"
import { TelegramProcess } from "./telegram/client.ts"

export interface Findings {
  readonly verdicts: readonly Verdict[]
  readonly details: readonly Detail[]
  readonly remarks?: readonly string[]
}

export interface Scenario {
  readonly name: string
  run(): Promise<Findings>
}

export const scenarios: readonly Scenario[] = [
  { name: "one bot: prompts, idle, start", run: oneBot },
  { name: "8 bots", run: () => severalBots(8) },
  { name: "32 bots", run: () => severalBots(32) },
  { name: "empty and full ledger in turn", run: longUse },
  { name: "stops", run: stops },
  { name: "outages", run: outages },
  { name: "50 streams", run: () => streams(50) },
  { name: "live clients", run: liveClients },
]

const TO_AGENT = { p50: 10, p99: 40 }
const TO_WIRE = { p50: 10 }

async function oneBot(): Promise<Findings> {
  await using telegram = await TelegramProcess.start(1)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  // The very first start after an update compiles everything, and keeps what it needed for that.
  await installation.start()
  await installation.stop()
  await installation.start()
  const idle = await measureIdleRuntime(side, 20_000)
  await warmUp(side)
  const prompts = await promptFindings(side, { bots: 1, count: 40, everyMs: 1_100 })
  const withAgent = await measureIdleHost(side, 20_000)
  const warm = await measureStarts(side, { count: 10 })
  const cold = await measureStarts(side, { count: 4, cold: true })
  const polls = summarise(warm.map(({ toPoll }) => toPoll))
  const pages = warm.map(({ toPage }) => toPage).filter((time) => time !== null)
  const details = [
    { what: "start → first poll", times: polls },
    { what: "start → first poll, nothing compiled yet", times: summarise(cold.map(({ toPoll }) => toPoll)) },
  ]
  const pageTimes = pages.length > 0 ? summarise(pages) : null
  if (pageTimes) details.push({ what: "start → page ready", times: pageTimes })
  return {
    verdicts: [
      ...prompts.verdicts,
      within("start → first poll, p50", { budgetMs: 300, ms: polls.p50 }),
      ...(pageTimes ? [within("start → page ready, p50", { budgetMs: 300, ms: pageTimes.p50 })] : []),
      ...usageVerdicts("idle runtime, 1 bot, no host", idle, { mb: 90, cpu: 0.001 }),
      ...usageVerdicts("runtime beside a host with one idle agent", withAgent.runtime, null),
      ...usageVerdicts("idle host with one idle agent, the agent not counted", withAgent.host, null),
    ],
    details: [...prompts.details, ...details],
  }
}

async function severalBots(bots: number): Promise<Findings> {
  await using telegram = await TelegramProcess.start(bots)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  await installation.start()
  await warmUp(side)
  const steady = await promptFindings(side, { bots, count: 200, everyMs: 150 })
  const together = await measureTogether(side, 5)
  const toAgent = summarise(together.map((journey) => journey.toAgent))
  const toWire = summarise(together.map((journey) => journey.toWire))
  return {
    verdicts: steady.verdicts,
    details: [
      ...steady.details,
      { what: `${bots} messages in the same instant → their agents`, times: toAgent },
      { what: `${bots} agents done together → answers on the wire`, times: toWire },
    ],
    remarks: await floodRemark(telegram, `${bots} bots`),
  }
}

async function promptFindings(
  side: Side,
  { bots, ...pace }: { readonly bots: number; readonly count: number; readonly everyMs: number },
): Promise<Findings> {
  const [journeys = []] = await measureSteady([side], pace)
  const toAgent = summarise(journeys.map((journey) => journey.toAgent))
  const toWire = summarise(journeys.map((journey) => journey.toWire))
  const name = bots === 1 ? "1 bot" : `${bots} bots`
  return {
    verdicts: [
      within(`message → agent, ${name}, p50`, { budgetMs: TO_AGENT.p50, ms: toAgent.p50 }),
      within(`message → agent, ${name}, p99`, { budgetMs: TO_AGENT.p99, ms: toAgent.p99 }),
      within(`agent done → answer on the wire, ${name}, p50`, { budgetMs: TO_WIRE.p50, ms: toWire.p50 }),
    ],
    details: [
      { what: `message → agent, ${name}`, times: toAgent },
      { what: `agent done → answer on the wire, ${name}`, times: toWire },
    ],
  }
}

/** Two installations at once, spoken to in turn: what disturbs one disturbs the other. */
async function longUse(): Promise<Findings> {
  const bots = 4
  await using freshTelegram = await TelegramProcess.start(bots)
  await using fresh = new Installation(freshTelegram)
  await using usedTelegram = await TelegramProcess.start(bots)
  await using used = new Installation(usedTelegram)
  await used.start()
  await used.stop()
  seedLedger(used.dataDir, LONG_USE)
  const megabytes = Math.round(statSync(join(used.dataDir, LEDGER_FILE)).size / 1e6)
  const sides = [
    { telegram: freshTelegram, installation: fresh },
    { telegram: usedTelegram, installation: used },
  ]
  for (const side of sides) {
    await side.installation.start()
    await warmUp(side)
  }
  const [before = [], after = []] = await measureSteady(sides, { count: 120, everyMs: 150 })
  const starts = {
    fresh: await measureStarts(sides[0] as Side, { count: 5 }),
    used: await measureStarts(sides[1] as Side, { count: 5 }),
  }
  const pairs = [
    { what: "message → agent", of: (side: typeof before) => side.map(({ toAgent }) => toAgent) },
    {
      what: "agent done → answer on the wire",
      of: (side: typeof before) => side.map(({ toWire }) => toWire),
    },
  ].map(({ what, of }) => ({ what, empty: summarise(of(before)), full: summarise(of(after)) }))
  const startTimes = {
    what: "start → first poll",
    empty: pollTimes(starts.fresh),
    full: pollTimes(starts.used),
  }
  const size = `${LONG_USE.sessions} sessions, ${LONG_USE.sessions * LONG_USE.turnsPerSession * LONG_USE.eventsPerTurn} events, ${megabytes} MB`
  return {
    verdicts: pairs.map(({ what, empty, full }) => ratio(`${what}, ${size}, p50`, empty, full)),
    details: [...pairs, startTimes].flatMap(({ what, empty, full }) => [
      { what: `${what}, empty ledger`, times: empty },
      { what: `${what}, full ledger`, times: full },
    ]),
  }
}

const pollTimes = (starts: Awaited<ReturnType<typeof measureStarts>>): Times =>
  summarise(starts.map(({ toPoll }) => toPoll))

async function stops(): Promise<Findings> {
  await using telegram = await TelegramProcess.start(4)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  await installation.start()
  await warmUp(side)
  const times = summarise(await measureStops(side, 30))
  return {
    verdicts: [within("/stop → agent interrupted, p99", { budgetMs: 100, ms: times.p99 })],
    details: [{ what: "/stop → agent interrupted", times }],
  }
}

async function outages(): Promise<Findings> {
  await using telegram = await TelegramProcess.start(2)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  await installation.start()
  await warmUp(side)
  const recoveries = await measureOutages(side, 5)
  const all = recoveries.map(({ toPoll, toAgent, toAnswer }) => Math.max(toPoll, toAgent, toAnswer))
  const details = [
    { what: "Telegram back → first poll", values: recoveries.map(({ toPoll }) => toPoll) },
    {
      what: "Telegram back → message sent meanwhile at its agent",
      values: recoveries.map(({ toAgent }) => toAgent),
    },
    {
      what: "Telegram back → answer owed meanwhile on the wire",
      values: recoveries.map(({ toAnswer }) => toAnswer),
    },
  ]
  return {
    verdicts: [
      within("all well again after 2 s without Telegram, the slowest", {
        budgetMs: 3_000,
        ms: summarise(all).max,
      }),
    ],
    details: details.map(({ what, values }) => ({ what, times: summarise(values) })),
  }
}

async function streams(count: number): Promise<Findings> {
  await using telegram = await TelegramProcess.start(count + 2)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  await installation.start()
  await warmUp(side)
  const streaming = await measureStreams(side, count)
  const { floods } = await telegram.faults()
  await installation.stop()
  const ledgerKb = Math.round(statSync(join(installation.dataDir, LEDGER_FILE)).size / 1024)
  const frames = summarise(streaming.frames)
  const name = `${count} sessions streaming`
  const percent = (share: number | null) => (share === null ? "not told" : `${Math.round(share * 100)} %`)
  return {
    verdicts: [
      { what: `${name}: 429 caused`, budget: "0", measured: String(floods), isKept: floods === 0 },
      within(`${name}: text at the agent → a reader of the local API, p99`, {
        budgetMs: 100,
        ms: frames.p99,
      }),
    ],
    details: [
      { what: `${name}: text → reader`, times: frames },
      { what: `${name}: agent done → answer on the wire`, times: summarise(streaming.toWire) },
      {
        what: `${name}: message to another session → agent`,
        times: summarise(streaming.others.map(({ toAgent }) => toAgent)),
      },
      {
        what: `${name}: another agent done → answer on the wire`,
        times: summarise(streaming.others.map(({ toWire }) => toWire)),
      },
    ],
    remarks: [
      `${name}, 20 pieces a second each: the runtime takes ${percent(streaming.runtimeCpu)} of a core, the host ` +
        `${percent(streaming.hostCpu)}; the ${count} agents and the Telegram of the benchmark share the same cores.`,
      `The ledger after these streams and ${count + 2 + 30} short turns: ${ledgerKb} KB.`,
    ],
  }
}

/** With the past of a long use, a session of long outputs, and 50 readers of one stream. */
async function liveClients(): Promise<Findings> {
  await using telegram = await TelegramProcess.start(1)
  await using installation = new Installation(telegram)
  const side = { telegram, installation }
  await installation.start()
  await warmUp(side)
  await installation.stop()
  seedLedger(installation.dataDir, LONG_USE)
  await seedOutputs(installation.dataDir)
  await installation.start()
  const overview = await measureOverview(side, 40)
  const replay = await measureReplay(side, 40)
  const watched = await measureWatchers(side, 50)
  const [glance, page, frames] = [overview.times, replay.times, watched.frames].map(summarise) as [
    Times,
    Times,
    Times,
  ]
  const size = `${LONG_USE.sessions} sessions`
  const cpu = watched.runtimeCpu === null ? "not told" : `${Math.round(watched.runtimeCpu * 100)} %`
  return {
    verdicts: [
      within("watch → newest page of 500 outputs of 64 KB, p99", { budgetMs: 50, ms: page.p99 }),
      within(`watch → all at a glance, ${size}, p99`, { budgetMs: 50, ms: glance.p99 }),
      within("50 readers of one stream: text at the agent → reader, p99", { budgetMs: 100, ms: frames.p99 }),
    ],
    details: [
      { what: "watch → newest page of 500 outputs of 64 KB", times: page },
      { what: "another client's question meanwhile", times: summarise(replay.others) },
      { what: `watch → all at a glance, ${size}`, times: glance },
      { what: "50 readers of one stream: text → reader", times: frames },
    ],
    remarks: [
      `A page of long outputs has ${Math.round(replay.bytes / 1024)} KB, ${size} at a glance ` +
        `${Math.round(overview.bytes / 1024)} KB; with 50 readers of one stream the runtime takes ${cpu} of a core.`,
    ],
  }
}

async function floodRemark(telegram: TelegramProcess, name: string): Promise<readonly string[]> {
  const { floods, faults } = await telegram.faults()
  if (floods === 0 && faults.length === 0) return []
  return [`${name}: Telegram refused ${faults.length} calls, ${floods} of them with 429.`]
}

function within(what: string, { budgetMs, ms }: { readonly budgetMs: number; readonly ms: number }): Verdict {
  return { what, budget: `≤ ${budgetMs} ms`, measured: `${showMs(ms)} ms`, isKept: ms <= budgetMs }
}

function ratio(what: string, empty: Times, full: Times): Verdict {
  const times = full.p50 / empty.p50
  return { what, budget: "≤ 1.1 × empty", measured: `${times.toFixed(2)} ×`, isKept: times <= 1.1 }
}

function usageVerdicts(
  what: string,
  usage: Usage | null,
  budget: { readonly mb: number; readonly cpu: number } | null,
): readonly Verdict[] {
  if (usage === null) return []
  const memory = `${usage.rssMb.toFixed(0)} MB resident, ${usage.pssMb.toFixed(0)} MB proportional`
  const cpu = `${(usage.cpuShare * 100).toFixed(2)} %`
  return [
    {
      what: `${what}: memory`,
      budget: budget ? `≤ ${budget.mb} MB` : "–",
      measured: memory,
      isKept: budget && usage.rssMb <= budget.mb,
    },
    {
      what: `${what}: CPU`,
      budget: budget ? `≤ ${budget.cpu * 100} %` : "–",
      measured: cpu,
      isKept: budget && usage.cpuShare <= budget.cpu,
    },
  ]
}
