/** What happens in a session, told as it happens; a runtime that goes away is waited for. */
import { setTimeout as pause } from "node:timers/promises"
import { emptyView, type LiveView, receive, reconnected, type SessionView } from "../core/view/live-view.ts"
import { ApiRefusal } from "../protocol/calls.ts"
import { isKnown, type RecordedFact } from "../protocol/facts.ts"
import type { SessionId } from "../protocol/ids.ts"
import type { FromServer, Topic } from "../protocol/live.ts"
import { type ControlClient, NotRunningError } from "./control-client.ts"
import { connectLive, type LiveConnection } from "./live-connection.ts"

export type FeedBatch =
  | {
      readonly kind: "news"
      /** Applied since the batch before; of a newer runtime, those of known kinds. */
      readonly events: readonly RecordedFact[]
      readonly session: SessionView
      /** More happened than is told: the rest is read apart. */
      readonly isGap: boolean
    }
  | { readonly kind: "lost" }
  | { readonly kind: "back" }

export interface FeedRequest {
  readonly client: ControlClient
  readonly session: SessionId
  /** Events up to this number are not wanted. */
  readonly after: number
  readonly signal: AbortSignal
}

const RETRY_MS = 300

/** Ends when the signal aborts. @throws ApiRefusal when the runtime does not know the session. */
export async function* followSession({
  client,
  session,
  after,
  signal,
}: FeedRequest): AsyncGenerator<FeedBatch> {
  const topic: Topic = `session:${session}`
  let view = begunAt(emptyView([topic]), session, after)
  let isLost = false
  while (!signal.aborted) {
    try {
      await using connection = await connectLive(client.socket, signal)
      view = reconnected(view)
      for await (const batch of readNews({ client, connection, view, session })) {
        view = batch.view
        if (isLost) yield { kind: "back" }
        isLost = false
        yield batch.news
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ApiRefusal) throw error
      if (!(error instanceof NotRunningError) && !isCutOff(error)) throw error
    }
    if (signal.aborted) return
    if (!isLost) yield { kind: "lost" }
    isLost = true
    await pause(RETRY_MS, undefined, { signal }).catch(() => undefined)
  }
}

interface Reading {
  readonly client: ControlClient
  readonly connection: LiveConnection
  readonly view: LiveView
  readonly session: SessionId
}

async function* readNews({ client, connection, view: begun, session }: Reading) {
  let view = begun
  for await (const frame of connection.frames) {
    refuseFault(frame)
    const before = view.sessions.get(session)
    const step = receive(view, frame)
    view = step.view
    for (const message of step.ask) connection.say(message)
    const now = view.sessions.get(session)
    if (!now || now === before) continue
    const fresh = now.events.filter(isKnown).filter(({ seq }) => seq > (before?.cursor ?? 0))
    const events = await Promise.all(fresh.map((record) => whole(client, record)))
    const isGap = frame.type === "page" && frame.resume === "gap"
    yield { view, news: { kind: "news", events, session: now, isGap } as const }
  }
}

/** A page that follows `after` is all that is wanted of the past. */
function begunAt(view: LiveView, session: SessionId, after: number): LiveView {
  const work = { turns: [], items: [], texts: [], notice: null, usage: null }
  return { ...view, sessions: new Map([[session, { cursor: after, events: [], work }]]) }
}

function refuseFault(frame: FromServer): void {
  if (frame.type !== "fault") return
  const { code: reason, message } = frame
  throw new ApiRefusal({ code: reason === "unknown_session" ? "not_found" : "invalid", reason, message })
}

/** The connection ended in the middle of its beginning. */
const isCutOff = (error: unknown): boolean =>
  error instanceof Error &&
  /WebSocket was closed|socket hang up|Unexpected server response/.test(error.message)

/** What is said is shown whole, however long it is; of what a command said, its beginning and end are enough. */
const SAID = /^(?:item\.text|outcome\.text|prompt\.text|)$/

export async function whole(client: ControlClient, record: RecordedFact): Promise<RecordedFact> {
  const { stream, seq, cut = [] } = record
  if (stream === "machine" || !cut.some(({ path }) => SAID.test(path))) return record
  const found = await client.call("event.read", { session: stream, seq })
  return isKnown(found) ? found : record
}
