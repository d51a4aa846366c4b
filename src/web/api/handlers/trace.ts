/** Everything that happened to a message. */
import type { Ledger } from "../../../ledger/ledger.ts"
import type { TracedUpdate } from "../../../ledger/trace.ts"
import type { Turn } from "../../../ledger/turns.ts"
import type { ApiContext } from "../context.ts"
import { ApiFault } from "../fault.ts"
import type { Handlers } from "../handler.ts"
import { type TurnTrace, traceSteps } from "./trace-steps.ts"
import { findTurn, parseTarget } from "./trace-target.ts"

export function traceHandlers({ kernel, say }: ApiContext): Handlers<"trace.read"> {
  return {
    "trace.read": ({ message }) => {
      const turn = findTurn(kernel.ledger, parseTarget(message))
      if (turn) {
        const steps = traceSteps(gather(kernel.ledger, turn), say)
        return { session: turn.session, turn: turn.id, steps }
      }
      throw new ApiFault({
        ...{ code: "not_found", reason: "unknown_message" },
        message: say("error.unknown_message", { message }),
      })
    },
  }
}

function gather(ledger: Ledger, turn: Turn): TurnTrace {
  const { sessions, channels, facts, trace, outbox } = ledger
  const provider = sessions.find(turn.session)?.provider
  const clientId = trace.clientIdOf(turn.id)
  const requests = trace.requests(turn.id)
  const rows = [...outbox.ofTurn(turn.id), ...requests.flatMap(({ id }) => outbox.ofRequest(id))]
  return {
    ...{ turn, clientId, requests },
    journal: turn.attempt && ledger.handOvers.journalOf(turn.attempt),
    update: updateOf(ledger, clientId),
    channel: turn.channel === null ? null : (channels.find(turn.channel)?.address ?? null),
    provider: provider ?? "",
    nativeId: provider ? (sessions.providerBinding(turn.session, provider)?.nativeId ?? null) : null,
    facts: facts.outline(turn.id),
    outbox: [...new Map(rows.map((row) => [row.id, row])).values()],
  }
}

/** What Telegram's updates cause carries `telegram:<bot>:<update>:<…>` as its client id. */
function updateOf({ trace }: Ledger, clientId: string | null): TracedUpdate | null {
  const match = /^telegram:(\d{1,16}):(\d{1,16}):/.exec(clientId ?? "")
  return match ? trace.update(Number(match[1]), Number(match[2])) : null
}
