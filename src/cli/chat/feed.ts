/** What happens in a session, asked for again and again; a runtime that goes away is waited for. */
import { setTimeout as pause } from "node:timers/promises"
import { ApiRefusal } from "../../protocol/calls.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { ControlClient, KnownEvents } from "../control-client.ts"

export type FeedBatch =
  | { readonly kind: "reply"; readonly reply: KnownEvents }
  | { readonly kind: "lost" }
  | { readonly kind: "back" }

export interface FeedRequest {
  readonly client: ControlClient
  readonly session: SessionId
  readonly after: number
  readonly signal: AbortSignal
}

/** Longest the runtime holds one answer back, in ms. */
const patienceMs = 25_000
const retryMs = 300

/** Ends when the signal aborts. @throws ApiRefusal when the runtime does not know the session. */
export async function* followSession(request: FeedRequest): AsyncGenerator<FeedBatch> {
  const { client, session, signal } = request
  let after = request.after
  let live = 0
  let isLost = false
  /** The past is answered at once, also when there is none. */
  let isFirst = true
  while (!signal.aborted) {
    try {
      const wait = isFirst || isLost ? 0 : patienceMs
      const reply = await client.events(session, { after, wait, live, signal })
      isFirst = false
      if (isLost) yield { kind: "back" }
      isLost = false
      after = reply.next
      live = reply.live?.revision ?? 0
      yield { kind: "reply", reply }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiRefusal && error.code !== "unavailable") throw error
      if (!isLost) yield { kind: "lost" }
      isLost = true
      live = 0
      await pause(retryMs, undefined, { signal }).catch(() => undefined)
    }
  }
}
