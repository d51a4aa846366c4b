/** `GET /v1/trace/:message`: everything that happened to a message. */
import { Hono } from "hono"
import type { Ledger } from "../../ledger/ledger.ts"
import type { TracedUpdate } from "../../ledger/trace.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { TraceReply } from "../../protocol/control.ts"
import type { ControlContext } from "./context.ts"
import { ControlFault } from "./fault.ts"
import { type TurnTrace, traceSteps } from "./trace-steps.ts"
import { findTurn, parseTarget } from "./trace-target.ts"

export function traceRoutes({ kernel, say }: ControlContext): Hono {
  return new Hono().get("/v1/trace/:message", (request) => {
    const message = request.req.param("message")
    const turn = findTurn(kernel.ledger, parseTarget(message))
    if (!turn) throw new ControlFault("not_found", say("error.unknown_message", { message }))
    const steps = traceSteps(gather(kernel.ledger, turn), say)
    const reply: TraceReply = { session: turn.session, turn: turn.id, steps }
    return request.json(reply)
  })
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
