/** What happened after a number, held back until something did. Goes when its readers use the live protocol. */
import { Hono } from "hono"
import { SessionId } from "../../protocol/ids.ts"
import { EventsQuery, type EventsReply, type LiveText } from "../../protocol/long-poll.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { SessionFeed } from "./session-feed.ts"

interface ControlContext {
  readonly kernel: Kernel
  readonly feed: SessionFeed
}

/** Most of one answer. */
const PAGE = { facts: 500, bytes: 256 * 1024 }

export function eventRoutes(context: ControlContext): Hono {
  return new Hono().get("/v1/sessions/:id/news", async (request) => {
    const { id } = context.kernel.sessions.must(SessionId.parse(request.req.param("id")))
    const query = EventsQuery.parse(request.req.query())
    return request.json(await awaitNews(context, { session: id, query, signal: request.req.raw.signal }))
  })
}

interface Reading {
  readonly session: SessionId
  readonly query: EventsQuery
  readonly signal: AbortSignal
}

async function awaitNews(context: ControlContext, { session, query, signal }: Reading): Promise<EventsReply> {
  const { feed, kernel } = context
  const until = kernel.clock.now() + query.wait
  for (;;) {
    const reply = readNow(context, session, query)
    const isOver = kernel.clock.now() >= until || signal.aborted || feed.isClosed
    if (isOver || hasNews(reply, query)) return reply
    await feed.next(session, { until, signal })
  }
}

/** A live revision that is not the reader's may also be one of an earlier run: then its text is worthless too. */
function hasNews(reply: EventsReply, query: EventsQuery): boolean {
  return reply.next > query.after || (reply.live !== undefined && reply.live.revision !== query.live)
}

function readNow(context: ControlContext, session: SessionId, query: EventsQuery): EventsReply {
  const { facts } = context.kernel.ledger
  const page = facts.after(session, query.after, PAGE)
  return {
    events: page.facts.map((record) => (record.cut ? (facts.one(session, record.seq) ?? record) : record)),
    next: page.facts.at(-1)?.seq ?? query.after,
    ...(query.live === undefined
      ? {}
      : { live: { revision: context.feed.revision(session), texts: liveTexts(context, session) } }),
  }
}

function liveTexts({ kernel }: ControlContext, session: SessionId): readonly LiveText[] {
  return kernel.ledger.turns.open(session).flatMap((turn) => {
    const texts = kernel.live.find(turn.id)?.texts ?? []
    return [...texts].map(([item, { channel, text }]) => ({ turn: turn.id, item, channel, text }))
  })
}
