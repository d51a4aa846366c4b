/** How long `/stop` takes to its agent. */
import { setTimeout as pause } from "node:timers/promises"
import { tagged } from "../agent-log.ts"
import type { Side } from "./prompts.ts"

/** Times from `/stop` in Telegram's queue to the cancellation at the agent. Each bot's agent must be warm. */
export async function measureStops(
  { telegram, installation }: Side,
  count: number,
): Promise<readonly number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const bot = index % telegram.tokens.length
    const tag = `#stop${index}`
    await telegram.say(bot, `[[silent]] ${tagged(tag)}`)
    await installation.agent.consumedAt(tag)
    // The agent has only begun: its first words are still under way.
    await pause(300)
    const saidAt = await telegram.say(bot, "/stop")
    times.push((await installation.agent.endedAt(tag)) - saidAt)
    await pause(300)
  }
  return times
}
