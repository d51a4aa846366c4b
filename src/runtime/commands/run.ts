/** Runs commands of the table: sees to what they need, bounds how long they ask, and words what the owner can mend. */

import type { Action } from "./action.ts"
import { type Read, readArguments, storedArguments } from "./arguments.ts"
import { type Call, type Command, usageOf } from "./command.ts"
import type { Effect } from "./effect.ts"
import { wordError } from "./error-words.ts"
import { PAGE_ARG } from "./pick.ts"

/** How long a host that is there may take to answer, in ms. */
const HOST_PATIENCE_MS = 5_000
/** The same where it has to be started first. */
const START_PATIENCE_MS = 15_000

/** As it was typed. */
export function runTyped(command: Command, rest: string, call: Call): Promise<Effect> {
  return run(command, readArguments(command.arguments, rest), call)
}

/** As a button of the command's own says. */
export function runTapped(command: Command, { verb, args }: Action, call: Call): Promise<Effect> {
  const page = typeof args[PAGE_ARG] === "number" ? args[PAGE_ARG] : 0
  const read = storedArguments(command.arguments, args)
  return run(command, read, { ...call, page, isConfirmed: verb === "confirmed" })
}

async function run(command: Command, read: Read, call: Call): Promise<Effect> {
  const { say, place } = call
  const says = (words: string) => () => call.reply({ words })
  if (command.needs.includes("session") && !call.session) return says(say("error.need_session"))
  if (command.needs.includes("hand") && !place.isOwnersHand) return says(say("error.needs_hand"))
  if (read.kind === "wrong") return says(say("error.usage", { usage: usageOf(command) }))
  try {
    const effect = await inTime(call, async () => command.prepare(call, read.values))
    return effect === null ? says(say("error.host_slow")) : worded(effect, call)
  } catch (error) {
    return says(wordOrThrow(error, call))
  }
}

/** What the owner can mend is said; it must not look like a fault of ours, nor be swallowed. */
function worded(effect: Effect, call: Call): Effect {
  return () => {
    try {
      effect()
    } catch (error) {
      call.reply({ words: wordOrThrow(error, call) })
    }
  }
}

function wordOrThrow(error: unknown, call: Call): string {
  const text = wordError(error, call.say, (provider) => call.labelOf(provider))
  if (text === null) throw error
  return text
}

/** Null when the agents' host took too long: whatever else waits in this place is not held up by it. */
async function inTime<T>({ kernel }: Pick<Call, "kernel">, ask: () => Promise<T>): Promise<T | null> {
  const { promise: late, resolve: giveUp } = Promise.withResolvers<null>()
  const patience = kernel.hostPid === null ? START_PATIENCE_MS : HOST_PATIENCE_MS
  const timer = kernel.clock.after(patience, () => giveUp(null))
  try {
    const asked = ask()
    // It goes on by itself; nobody waits for how it ends.
    asked.catch(() => {})
    return await Promise.race([asked, late])
  } finally {
    timer.cancel()
  }
}
