/** Ends a turn before its time, and what it leaves behind. */
import type { Failure, Outcome } from "../../protocol/session.ts"
import type { Attachment } from "./attachment.ts"
import { ConnectionLost, Refused, Unanswered } from "./connection.ts"
import type { GoalWatch } from "./goal.ts"
import type { Helpers } from "./helpers.ts"
import { awaitCommandsGone, type Litter, removeLitter } from "./leftovers.ts"
import type { Shared } from "./shared.ts"
import type { Turn } from "./turn.ts"
import { wait } from "./wait.ts"

/** How long an interrupted turn may take to say that it ended. */
export const INTERRUPT_WAIT_MS = 5_000
const RETRY_MS = 25
/** Longer than any interruption takes to be understood; what then matters is whether anything is. */
const LIMIT = { limitMs: 3_000, isPatient: true } as const

export interface Stopping {
  readonly shared: Shared
  readonly attachment: Attachment
  readonly turn: Turn
  readonly helpers: Helpers
  readonly goal: GoalWatch
}

/** Returns when Codex has understood, or has nothing to stop. The sub-agents stop, too, and no goal begins it anew. */
export async function interruptTurn(stopping: Stopping): Promise<void> {
  const { shared, attachment, turn } = stopping
  const { clock, log } = shared.context
  await interruptAround(stopping)
  // Codex accepts a prompt a moment before its turn can be interrupted.
  const until = clock.now() + INTERRUPT_WAIT_MS
  while (turn.id !== null && !turn.isEnded && clock.now() < until) {
    const { connection, id } = await attachment.attached()
    try {
      const target = { threadId: turn.helper ?? id, turnId: turn.id }
      await connection.request("turn/interrupt", target, LIMIT)
      return
    } catch (error) {
      // Picking the session up again interrupts it, too.
      if (error instanceof ConnectionLost) return
      if (error instanceof Unanswered) return await connection.ping().catch(unlessLost)
      if (!(error instanceof Refused)) throw error
      log.debug({ error }, "Codex has no such turn to interrupt")
    }
    await Promise.race([turn.ended, wait(clock, RETRY_MS)])
  }
}

/** Stops what would go on without the turn, or begin another. */
async function interruptAround({ shared, attachment, turn, helpers, goal }: Stopping): Promise<void> {
  const { log } = shared.context
  try {
    const { connection, id } = await attachment.attached()
    if (goal.isActive) await connection.request("thread/goal/set", { threadId: id, status: "paused" }, LIMIT)
    const others = helpers.atWork().filter(({ threadId }) => threadId !== turn.helper)
    await Promise.all(
      others.map((target) => connection.request("turn/interrupt", target, LIMIT).catch(unlessRefused)),
    )
  } catch (error) {
    const isKnown = error instanceof ConnectionLost || error instanceof Refused || error instanceof Unanswered
    if (!isKnown) throw error
    log.info({ error }, "Codex did not stop what goes on beside a turn")
  }
}

function unlessLost(error: unknown): void {
  if (!(error instanceof ConnectionLost)) throw error
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof Refused)) throw error
}

/** An interrupted turn leaves its command running and, in the directories it could write to, empty mount points. */
export async function cleanUp(
  { shared, attachment, turn, helpers }: Stopping,
  litter: Litter,
): Promise<void> {
  const { clock, log } = shared.context
  try {
    const { connection, id } = await attachment.attached()
    const thread = turn.helper ?? id
    await connection.request("thread/backgroundTerminals/clean", { threadId: thread })
    const threads = [thread, ...helpers.threads()]
    await Promise.all(threads.map((one) => awaitCommandsGone({ thread: one, since: turn.startedAt }, clock)))
    await removeLitter(litter)
  } catch (error) {
    log.error({ error }, "what an interrupted Codex left behind could not be cleaned up")
  }
}

/** Stops a turn of which nothing has been heard for too long. How it ends if not even that is answered; null if it is. */
export async function giveUp(stopping: Stopping): Promise<Outcome | null> {
  const { shared, attachment, turn } = stopping
  if (turn.isEnded) return null
  const failure: Failure = { class: turn.isReconnecting ? "transport" : "timeout" }
  turn.stop ??= { kind: "gave_up", failure }
  if (turn.id === null) {
    // Not even accepted: the app-server itself is mute. Whoever sent the prompt finds out what became of it.
    attachment.thread?.connection.close()
    return null
  }
  await interruptTurn(stopping).catch((error: unknown) =>
    shared.context.log.error({ error }, "a silent Codex could not be interrupted"),
  )
  await Promise.race([turn.ended, wait(shared.context.clock, INTERRUPT_WAIT_MS)])
  return { kind: "failed", failure, text: turn.text() }
}
