/** What clients of the live protocol wait for: the past of a session, all sessions at a glance, a stream with many readers. */
import { randomUUID } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { controlClient } from "../../src/cli/control-client.ts"
import { followSession } from "../../src/cli/follow-session.ts"
import { connectLive } from "../../src/cli/live-connection.ts"
import { openLedger } from "../../src/ledger/ledger.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { ItemId, ProviderId, SessionId, TurnId } from "../../src/protocol/ids.ts"
import type { FromServer, Topic } from "../../src/protocol/live.ts"
import { tagged } from "../agent-log.ts"
import { monotonicMs } from "../monotonic.ts"
import { usageOver } from "../process-usage.ts"
import type { Side } from "./prompts.ts"

/** The stamps of the echo agent's `[[clock]]`. */
const STAMP = /@(\d+\.\d) /g
const REPLAYED = "S900001" as SessionId
const LINE = "a line of a build log that is about as long as lines are, 80 characters or so..\n"

/** A session with 500 outputs of 64 KB. The runtime of the data directory must not run. */
export async function seedOutputs(dataDir: string): Promise<void> {
  const ledger = await openLedger(dataDir, Date.now())
  const where = { workspace: "/tmp", workspaceKind: "external", settings: {} } as const
  const provider = "acp:echo" as ProviderId
  const now = Date.now()
  ledger.transact(() => {
    ledger.sessions.create({ id: REPLAYED, title: "outputs", titleBy: "owner", provider, ...where }, now)
    const turn = randomUUID() as TurnId
    for (let index = 0; index < 500; index += 1) {
      const item = {
        ...({ id: `c${index}` as ItemId, kind: "command", status: "completed", command: "make" } as const),
        output: LINE.repeat(800),
        exitCode: 0,
      }
      const fact = { kind: "item", item } as const
      ledger.facts.append({ stream: REPLAYED, turn, attempt: null, at: now, fact }, now)
    }
  })
  ledger.close()
}

export interface Beginning {
  /** From `watch` to the last frame of the answer, in ms. */
  readonly times: readonly number[]
  readonly bytes: number
  /** The longest that another client's question took meanwhile, in ms. */
  readonly others: readonly number[]
}

export const measureReplay = (side: Side, count: number): Promise<Beginning> =>
  measureBeginning(side, { topic: `session:${REPLAYED}`, until: "page", count })

export const measureOverview = (side: Side, count: number): Promise<Beginning> =>
  measureBeginning(side, { topic: "overview", until: "overview", count })

async function measureBeginning(
  { installation }: Side,
  {
    topic,
    until,
    count,
  }: { readonly topic: Topic; readonly until: FromServer["type"]; readonly count: number },
): Promise<Beginning> {
  const socket = socketPath(installation.dataDir, "runtime")
  const client = controlClient(socket)
  await using connection = await connectLive(socket, AbortSignal.timeout(60_000))
  const frames = connection.frames[Symbol.asyncIterator]()
  await frames.next()
  const times: number[] = []
  const others: number[] = []
  let bytes = 0
  for (let index = 0; index < count; index += 1) {
    const asked = monotonicMs()
    connection.say({ type: "watch", topic, after: null })
    const other = client
      .call("turn.read", { turn: randomUUID() as TurnId })
      .catch(() => monotonicMs() - asked)
    for (;;) {
      const { value, done } = await frames.next()
      if (done) throw new Error("the connection ended")
      if (value.type !== until) continue
      times.push(monotonicMs() - asked)
      bytes = JSON.stringify(value).length
      break
    }
    others.push((await other) as number)
    // Nobody says more than twenty things a second.
    await pause(150)
  }
  return { times, bytes, others }
}

export interface Watched {
  /** From a piece of text at the agent to each reader. */
  readonly frames: readonly number[]
  /** Of one core; null where the system does not tell. */
  readonly runtimeCpu: number | null
}

const SECONDS = 10

/** One session that streams twenty pieces a second, and so many readers of it. */
export async function measureWatchers({ telegram, installation }: Side, count: number): Promise<Watched> {
  const client = controlClient(socketPath(installation.dataDir, "runtime"))
  const session = "S001" as SessionId
  const { lastSeq: after } = await client.call("session.read", { session })
  const tag = "#watched"
  const words = `[[slow ${SECONDS * 1000}]] [[pieces ${SECONDS * 20}]] [[clock]] ${tagged(tag)}`
  const readers = Array.from({ length: count }, async () => {
    const late: number[] = []
    let seen = 0
    for await (const batch of followSession({
      ...{ client, session, after, signal: AbortSignal.timeout(SECONDS * 1000) },
    })) {
      if (batch.kind !== "news") continue
      const now = monotonicMs()
      const text = batch.session.work.texts.map((part) => part.text).join("")
      const stamps = [...text.matchAll(STAMP)].map(([, at]) => Number(at)).filter((at) => at > seen)
      late.push(...stamps.map((at) => now - at))
      seen = stamps.at(-1) ?? seen
    }
    return late
  })
  await pause(1_000)
  await telegram.say(0, words)
  await installation.agent.consumedAt(tag)
  const usage = await usageOver(installation.runtimePid, 6_000)
  return { frames: (await Promise.all(readers)).flat(), runtimeCpu: usage?.cpuShare ?? null }
}
