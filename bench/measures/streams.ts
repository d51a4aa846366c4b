/** Many sessions streaming at once: what it does to their answers, to a prompt of another session, and to Telegram's limits. */
import { setTimeout as pause } from "node:timers/promises"
import { controlClient } from "../../src/cli/control-client.ts"
import { followSession } from "../../src/cli/follow-session.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { SessionId } from "../../src/protocol/ids.ts"
import { tagged } from "../agent-log.ts"
import { monotonicMs } from "../monotonic.ts"
import { usageOver } from "../process-usage.ts"
import { isAnswerTo } from "../telegram/client.ts"
import { type Journey, measureSteady, type Side } from "./prompts.ts"

/** The stamps of the echo agent's `[[clock]]`. */
const STAMP = /@(\d+\.\d) /g

export interface Streaming {
  /** From each agent's end to `sendMessage`. */
  readonly toWire: readonly number[]
  /** Journeys of prompts to sessions that did not stream. */
  readonly others: readonly Journey[]
  /** From a piece of text at the agent to a reader of the local API. */
  readonly frames: readonly number[]
  /** Of one core, over the middle of the streams; null where the system does not tell. */
  readonly runtimeCpu: number | null
  readonly hostCpu: number | null
}

const SECONDS = 12
/** Twenty a second, as a fast model writes. */
const PIECES = SECONDS * 20

/** Streams in the first `count` bots' chats at once; the bots beyond them are the others. */
export async function measureStreams(side: Side, count: number): Promise<Streaming> {
  const { telegram, installation } = side
  const streaming = [...telegram.tokens.keys()].slice(0, count)
  const tagOf = (bot: number) => `#stream${bot}`
  for (const bot of streaming) {
    await telegram.say(bot, `[[slow ${SECONDS * 1000}]] [[pieces ${PIECES}]] [[clock]] ${tagged(tagOf(bot))}`)
  }
  const consumed = await Promise.all(streaming.map((bot) => installation.agent.consumedAt(tagOf(bot))))
  const begun = Math.max(...consumed)
  const watching = watchText(side, SECONDS * 1000 - 3_000)
  const usage = Promise.all([
    usageOver(installation.runtimePid, 6_000),
    usageOver(installation.hostPid ?? 0, 6_000),
  ])
  const rest = telegram.tokens.length - count
  const others = rest > 0 ? await measureSteady([side], { count: 30, everyMs: 250, from: count }) : []
  await pause(Math.max(0, begun + SECONDS * 1000 - monotonicMs()))
  const toWire = await Promise.all(
    streaming.map(async (bot) => {
      const answer = await telegram.sees(isAnswerTo(tagOf(bot)))
      return answer.at - (await installation.agent.endedAt(tagOf(bot)))
    }),
  )
  const [runtime, host] = await usage
  return {
    toWire,
    others: others.flat(),
    frames: await watching,
    runtimeCpu: runtime?.cpuShare ?? null,
    hostCpu: host?.cpuShare ?? null,
  }
}

/** How late each piece of the first session's text was when a reader of the live protocol had it, as the web page will be. */
async function watchText({ installation }: Side, ms: number): Promise<readonly number[]> {
  const client = controlClient(socketPath(installation.dataDir, "runtime"))
  const session = "S001" as SessionId
  const { lastSeq: after } = await client.call("session.read", { session })
  const late: number[] = []
  let seen = monotonicMs()
  const signal = AbortSignal.timeout(ms)
  for await (const batch of followSession({ client, session, after, signal })) {
    if (batch.kind !== "news") continue
    const now = monotonicMs()
    const text = batch.session.work.texts.map((part) => part.text).join("")
    const stamps = [...text.matchAll(STAMP)].map(([, at]) => Number(at)).filter((at) => at > seen)
    late.push(...stamps.map((at) => now - at))
    seen = stamps.at(-1) ?? seen
  }
  return late
}
