/** What happened in a session, in pages that are bounded in bytes. */
import { readPage } from "../../../runtime/feed/page.ts"
import type { ApiContext } from "../context.ts"
import { ApiFault } from "../fault.ts"
import type { Handlers } from "../handler.ts"

export function eventHandlers({ kernel, say }: ApiContext): Handlers<"event.page" | "event.read"> {
  const { facts } = kernel.ledger
  return {
    "event.page": ({ session, after, before, limit }) => {
      kernel.sessions.must(session)
      const from = after === undefined ? { before: before ?? null } : { after }
      const { events, hasMore } = readPage(facts, session, { ...from, limit })
      return { events, hasMore, last: facts.lastSeq(session), floor: facts.floorSeq(session) }
    },
    "event.read": ({ session, seq }) => {
      kernel.sessions.must(session)
      const event = facts.one(session, seq)
      if (event) return event
      throw new ApiFault({
        ...{ code: "not_found", reason: "unknown_event", remedy: { kind: "reload" } },
        message: say("error.unknown_event", { session, seq }),
      })
    },
  }
}
