/** How long a message takes to its agent, and the agent's end to the answer on the wire. */
import { setTimeout as pause } from "node:timers/promises"
import { tagged } from "../agent-log.ts"
import type { Installation } from "../installation.ts"
import { monotonicMs } from "../monotonic.ts"
import { isAnswerTo, type TelegramProcess } from "../telegram/client.ts"

export interface Side {
  readonly telegram: TelegramProcess
  readonly installation: Installation
}

export interface Journey {
  /** From the update in Telegram's queue to the prompt at the agent. */
  readonly toAgent: number
  /** From the agent's end to `sendMessage` on the wire. */
  readonly toWire: number
}

/** Every bot's session is open and its agent runs when this resolves; the first of a session is slower. */
export async function warmUp({ telegram }: Side): Promise<void> {
  for (const bot of telegram.tokens.keys()) {
    const tag = `#warm${bot}`
    await telegram.say(bot, tagged(tag))
    await telegram.sees(isAnswerTo(tag))
  }
}

export interface Pace {
  readonly count: number
  /** Between two messages, whichever bots they go to. A chat may get one message a second without waiting. */
  readonly everyMs: number
  /** The first bot that is spoken to; 0 unless told. */
  readonly from?: number
}

/** Long enough that the draft of the beginning is not under way at the end. */
const WORK = "[[slow 200]]"

/** Messages at a steady pace, to the bots in turn and to the sides in turn. One list of journeys for each side. */
export async function measureSteady(
  sides: readonly Side[],
  { count, everyMs, from = 0 }: Pace,
): Promise<readonly (readonly Journey[])[]> {
  const begun = monotonicMs()
  const underway: Promise<Journey>[][] = sides.map(() => [])
  for (let index = 0; index < count * sides.length; index++) {
    await pause(Math.max(0, begun + index * everyMs - monotonicMs()))
    const which = index % sides.length
    const side = sides[which]
    if (!side) continue
    const turn = Math.floor(index / sides.length)
    const bot = from + (turn % (side.telegram.tokens.length - from))
    const tag = `#steady${from}and${turn}`
    const said = side.telegram.say(bot, `${WORK} ${tagged(tag)}`)
    underway[which]?.push(said.then((at) => complete(side, tag, at)))
  }
  return Promise.all(underway.map((journeys) => Promise.all(journeys)))
}

/** One message to every bot in the same instant, so many times. */
export async function measureTogether(side: Side, rounds: number): Promise<readonly Journey[]> {
  const journeys: Journey[] = []
  for (let round = 0; round < rounds; round++) {
    const tagOf = (bot: number) => `#round${round}bot${bot}`
    const at = await side.telegram.sayToAll((bot) => `${WORK} ${tagged(tagOf(bot))}`)
    const done = [...side.telegram.tokens.keys()].map((bot) => complete(side, tagOf(bot), at))
    journeys.push(...(await Promise.all(done)))
    await pause(1_000)
  }
  return journeys
}

async function complete({ telegram, installation }: Side, tag: string, saidAt: number): Promise<Journey> {
  const answer = await telegram.sees(isAnswerTo(tag))
  const consumedAt = await installation.agent.consumedAt(tag)
  const endedAt = await installation.agent.endedAt(tag)
  return { toAgent: consumedAt - saidAt, toWire: answer.at - endedAt }
}
