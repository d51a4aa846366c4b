/** The one way in which the owner's words become a turn, whatever they were written into. */
import type { Hold } from "../../core/turn.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { Instant, SessionId } from "../../protocol/ids.ts"
import type { Prompt } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"

export interface OwnerPrompt {
  readonly session: SessionId
  readonly prompt: Prompt
  /** Where it came from. */
  readonly channel: number | null
  /** Telegram's number of the message that it answers or was written in. */
  readonly source: string | null
  /** When it was written, by Telegram's clock; null for a tap, which does not wait for long. */
  readonly sentAt: Instant | null
  /** Identifies the update across redeliveries. */
  readonly clientId: string
}

/** A message that waited longer than this, in ms, met nobody when it was sent: it is offered, not run. */
const OFFLINE_AFTER_MS = 5 * 60_000

/** Only inside a transaction. `now`: on Telegram's clock, with which it dates messages. */
export function submitOwnerPrompt(kernel: Kernel, given: OwnerPrompt, now: Instant): Turn {
  const { session, prompt, channel, source, sentAt, clientId } = given
  return kernel.turns.submit({
    session,
    origin: "owner",
    channel,
    sourceMessage: source,
    clientId,
    prompt,
    hold: sentAt === null ? null : offlineHold(sentAt, now),
  })
}

function offlineHold(sentAt: Instant, now: Instant): Hold | null {
  return sentAt < now - OFFLINE_AFTER_MS ? { kind: "confirm", sentAt } : null
}
