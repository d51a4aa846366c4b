/** The one way in which the owner's words become a turn, whatever they were written into. */
import type { Hold } from "../../core/turn.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Prompt } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"

export interface OwnerPrompt {
  readonly session: SessionId
  readonly prompt: Prompt
  /** Where it came from. */
  readonly channel: number | null
  /** Telegram's number of the message that it answers or was written in. */
  readonly source: string | null
  /** Why it has to wait: it came while nobody was here. */
  readonly hold: Hold | null
  /** Identifies the update across redeliveries. */
  readonly clientId: string
}

/** Only inside a transaction. */
export function submitOwnerPrompt(kernel: Kernel, given: OwnerPrompt): Turn {
  const { session, prompt, channel, source, hold, clientId } = given
  return kernel.turns.submit({
    session,
    origin: "owner",
    channel,
    sourceMessage: source,
    clientId,
    prompt,
    hold,
  })
}
