/** `/v1/sessions`: which there are, new ones, their prompts, and stopping what runs. */
import { Hono } from "hono"
import { nextInQueue } from "../../core/turn.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import {
  NewPrompt,
  NewSession,
  type PromptReceipt,
  type SessionSummary,
  type SessionsReply,
  type StopTurnReceipt,
} from "../../protocol/control.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { ControlContext } from "./context.ts"
import { readBody, readSessionId } from "./input.ts"

/** More than anyone has; only so that an answer has an end. */
const MOST_SESSIONS = 10_000

export function sessionRoutes({ kernel, say }: ControlContext): Hono {
  return new Hono()
    .get("/v1/sessions", (request) => {
      const archived = request.req.query("archived") === "1"
      const sessions = kernel.ledger.sessions.list({ limit: MOST_SESSIONS, archived })
      const reply: SessionsReply = { sessions: summarise(kernel, sessions) }
      return request.json(reply)
    })
    .post("/v1/sessions", async (request) =>
      request.json(await createSession(kernel, await readBody(request, NewSession, say))),
    )
    .post("/v1/sessions/:id/prompts", async (request) => {
      const { id } = kernel.sessions.must(readSessionId(request))
      return request.json(submit(kernel, id, await readBody(request, NewPrompt, say)))
    })
    .post("/v1/sessions/:id/stop", (request) =>
      request.json(stopTurn(kernel, kernel.sessions.must(readSessionId(request)).id)),
    )
}

async function createSession(kernel: Kernel, wanted: NewSession): Promise<SessionSummary | undefined> {
  const { providers } = kernel
  const provider = wanted.provider ? await providers.mustKnow(wanted.provider) : await providers.choose()
  const { workspace } = wanted
  const session = kernel.sessions.create({ provider, ...(workspace === undefined ? {} : { workspace }) })
  if (wanted.provider) providers.rememberFirst(provider)
  return summarise(kernel, [session])[0]
}

function submit(kernel: Kernel, session: SessionId, { clientId, text }: NewPrompt): PromptReceipt {
  const { ledger } = kernel
  return ledger.transact(() => {
    const repeated = ledger.turns.findByClientId(clientId) !== null
    const turn = kernel.turns.submit({
      ...{ session, clientId, origin: "owner", channel: null, sourceMessage: null, hold: null },
      prompt: { text, files: [] },
    })
    const before = ledger.turns.open(turn.session).findIndex((other) => other.id === turn.id)
    return { turn: turn.id, session: turn.session, state: turn.state, ahead: Math.max(0, before), repeated }
  })
}

function stopTurn(kernel: Kernel, session: SessionId): StopTurnReceipt {
  const { running } = kernel.turns.stop(session, { clearQueue: false })
  return { turn: running?.id ?? null, queued: queuedOf(kernel.ledger.turns.open(session)) }
}

/** Open turns and requests are few, sessions are many: they are read once for all. */
function summarise(kernel: Kernel, sessions: readonly Session[]): readonly SessionSummary[] {
  const { ledger, clock } = kernel
  const turns = Map.groupBy(ledger.turns.allOpen(), (turn) => turn.session)
  const requests = Map.groupBy(ledger.requests.allOpen(), (request) => request.session)
  return sessions.map(({ id, titleBy: _, settings: __, ...session }) => {
    const open = turns.get(id) ?? []
    const next = nextInQueue(open, clock.now())
    return {
      ...session,
      id,
      turn: next.kind === "idle" ? null : next.turn.state,
      queued: queuedOf(open),
      openRequests: requests.get(id)?.length ?? 0,
      lastSeq: ledger.facts.lastSeq(id),
    }
  })
}

const queuedOf = (open: readonly Turn[]): number => open.filter((turn) => turn.state === "queued").length
