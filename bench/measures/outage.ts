/** How soon all is well again after Telegram could not be reached for a while. */
import { setTimeout as pause } from "node:timers/promises"
import { tagged } from "../agent-log.ts"
import { isAnswerTo } from "../telegram/client.ts"
import type { Side } from "./prompts.ts"

export interface Recovery {
  /** From Telegram's return to the first poll. */
  readonly toPoll: number
  /** To the agent, of a message that the owner sent meanwhile. */
  readonly toAgent: number
  /** To the wire, of an answer that was ready meanwhile. */
  readonly toAnswer: number
}

const AWAY_MS = 2_000

export async function measureOutages(
  { telegram, installation }: Side,
  count: number,
): Promise<readonly Recovery[]> {
  const recoveries: Recovery[] = []
  for (let index = 0; index < count; index++) {
    const before = `#before${index}`
    const meanwhile = `#meanwhile${index}`
    await telegram.say(0, `[[slow 500]] ${tagged(before)}`)
    await installation.agent.consumedAt(before)
    await telegram.goDown()
    // The other bot's owner types on: Telegram keeps it.
    await telegram.say(1, tagged(meanwhile))
    await pause(AWAY_MS)
    const polled = telegram.seesNext(({ method }) => method === "getUpdates")
    const backAt = await telegram.comeBack()
    const [poll, answer, consumedAt] = await Promise.all([
      polled,
      telegram.sees(isAnswerTo(before)),
      installation.agent.consumedAt(meanwhile),
    ])
    recoveries.push({
      toPoll: poll.at - backAt,
      toAgent: consumedAt - backAt,
      toAnswer: answer.at - backAt,
    })
    await telegram.sees(isAnswerTo(meanwhile))
    await pause(2_000)
  }
  return recoveries
}
