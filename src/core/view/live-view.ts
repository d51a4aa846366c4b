/**
 * What a client of the live protocol knows, and how each frame changes it. Pure, and the same for every client: in
 * whatever order, how often and how incompletely frames come, it ends where a client ends that begins now.
 */
import type { FactRecord } from "../../protocol/facts.ts"
import type { RequestId, SessionId } from "../../protocol/ids.ts"
import type {
  FromClient,
  FromServer,
  LiveText,
  ServerFrame,
  SessionRow,
  ToldRequest,
  Topic,
  Work,
} from "../../protocol/live.ts"

export interface SessionView {
  /** Number of the last event that was applied. */
  readonly cursor: number
  /** The newest ones, in their order; what came before is read over HTTP. */
  readonly events: readonly FactRecord[]
  readonly work: Work
}

export interface OverviewView extends Pick<ServerFrame<"overview">, "more" | "status"> {
  readonly rows: ReadonlyMap<SessionId, SessionRow>
}

export interface LiveView {
  /** Of the last frame of this connection that was applied. */
  readonly n: number
  readonly ledger: string | null
  readonly wanted: ReadonlySet<Topic>
  /** Asked for anew: only a page or an overview says anything of them. */
  readonly stale: ReadonlySet<Topic>
  readonly sessions: ReadonlyMap<SessionId, SessionView>
  readonly overview: OverviewView | null
  readonly requests: ReadonlyMap<RequestId, ToldRequest>
}

export interface Step {
  readonly view: LiveView
  /** To be said to the server. */
  readonly ask: readonly FromClient[]
}

/** Events of one session that are kept. */
const EVENTS_KEPT = 2_000
/** UTF-16 units of one growing text that are kept. */
const TEXT_KEPT = 64 * 1024

export function emptyView(wanted: Iterable<Topic>): LiveView {
  const topics = new Set(wanted)
  const nothing = { sessions: new Map(), overview: null, requests: new Map() }
  return { n: 0, ledger: null, wanted: topics, stale: topics, ...nothing }
}

/** A new connection numbers its frames anew, and watches nothing yet. */
export function reconnected(view: LiveView): LiveView {
  return { ...view, n: 0, stale: view.wanted }
}

export function receive(view: LiveView, frame: FromServer): Step {
  if (frame.n <= view.n) return { view, ask: [] }
  const isNext = frame.n === view.n + 1
  const numbered = { ...view, n: frame.n }
  const before = isNext || frame.type === "welcome" ? { view: numbered, ask: [] } : askAll(numbered)
  const after = apply(before.view, frame)
  return { view: after.view, ask: [...before.ask, ...after.ask] }
}

function apply(view: LiveView, frame: FromServer): Step {
  switch (frame.type) {
    case "welcome": {
      // Cursors of another ledger are worth nothing.
      const isKnown = view.ledger === null || view.ledger === frame.ledger
      const known = isKnown ? view : { ...emptyView(view.wanted), n: view.n }
      return askAll({ ...known, ledger: frame.ledger })
    }
    case "page":
      return applyPage(view, frame)
    case "events":
      return applyEvents(view, frame)
    case "work":
      return still(changeSession(view, frame.session, (known) => ({ ...known, work: frame.work })))
    case "item":
      return still(changeWork(view, frame.session, (work) => withItem(work, frame)))
    case "text":
      return still(changeWork(view, frame.session, (work) => withText(work, frame)))
    case "overview": {
      const rows = new Map(frame.rows.map((row) => [row.id, row]))
      const requests = new Map(frame.requests.map((request) => [request.id, request]))
      const overview = { rows, more: frame.more, status: frame.status }
      return still({ ...fresh(view, "overview"), overview, requests })
    }
    case "row":
    case "gone":
    case "status":
      return still(applyRow(view, frame))
    case "request":
      return still({ ...view, requests: new Map(view.requests).set(frame.request.id, frame.request) })
    case "settled":
      return still({ ...view, requests: without(view.requests, frame.request) })
    case "lag":
      return askFor(view, frame.topic)
    case "fault":
    case "bye":
      return still(view)
  }
}

function applyPage(view: LiveView, frame: ServerFrame<"page">): Step {
  const { session, resume, after, events, last, work } = frame
  const known = view.sessions.get(session)
  const cursor = known?.cursor ?? 0
  // It follows another cursor than ours: what lies between is missing.
  if (resume === "ok" && after > cursor) return askFor(view, `session:${session}`)
  const isMore = resume === "ok" && known !== undefined
  const next = isMore ? events.filter(({ seq }) => seq > cursor) : events
  const all = isMore ? [...known.events, ...next] : next
  const sessions = new Map(view.sessions).set(session, {
    ...{ cursor: isMore ? Math.max(cursor, last) : last, events: all.slice(-EVENTS_KEPT), work },
  })
  // What is open is told again after it.
  const requests = new Map([...view.requests].filter(([, request]) => request.session !== session))
  return still({ ...fresh(view, `session:${session}`), sessions, requests })
}

function applyEvents(view: LiveView, { session, events }: ServerFrame<"events">): Step {
  const topic: Topic = `session:${session}`
  const known = view.sessions.get(session)
  if (!known || view.stale.has(topic)) return still(view)
  if (events[0]?.seq !== known.cursor + 1) return askFor(view, topic)
  return still(
    changeSession(view, session, (before) => ({
      cursor: events.at(-1)?.seq ?? before.cursor,
      events: [...before.events, ...events].slice(-EVENTS_KEPT),
      work: events.reduce(withoutFinished, before.work),
    })),
  )
}

function applyRow(view: LiveView, frame: ServerFrame<"row" | "gone" | "status">): LiveView {
  const { overview } = view
  if (!overview || view.stale.has("overview")) return view
  switch (frame.type) {
    case "row":
      return {
        ...view,
        overview: { ...overview, rows: new Map(overview.rows).set(frame.row.id, frame.row) },
      }
    case "gone":
      return { ...view, overview: { ...overview, rows: without(overview.rows, frame.session) } }
    case "status":
      return { ...view, overview: { ...overview, status: frame.status } }
  }
}

/** An item that is an event no longer runs, and nothing of a turn that is over does. */
function withoutFinished(work: Work, { turn, fact }: FactRecord): Work {
  if (fact?.kind === "item") {
    const isIt = (of: string, id: string) => of === turn && id === fact.item.id
    return {
      ...work,
      items: work.items.filter((one) => !isIt(one.turn, one.item.id)),
      texts: work.texts.filter((one) => !isIt(one.turn, one.item)),
    }
  }
  if (fact?.kind !== "turn.ended" && fact?.kind !== "turn.held") return work
  return {
    ...work,
    items: work.items.filter((one) => one.turn !== turn),
    texts: work.texts.filter((one) => one.turn !== turn),
  }
}

function withItem(work: Work, { turn, item }: ServerFrame<"item">): Work {
  const others = work.items.filter((one) => one.turn !== turn || one.item.id !== item.id)
  const isKnown = others.length < work.items.length
  const items = isKnown
    ? work.items.map((one) => (one.turn === turn && one.item.id === item.id ? { turn, item } : one))
    : [...work.items, { turn, item }]
  return { ...work, items }
}

function withText(work: Work, { turn, item, channel, at, text }: ServerFrame<"text">): Work {
  const more = { turn, item, channel, at, text }
  const index = work.texts.findIndex((one) => one.turn === turn && one.item === item)
  const known = work.texts[index]
  if (!known) return { ...work, texts: [...work.texts, tail(more)] }
  return { ...work, texts: work.texts.with(index, tail(grown(known, more))) }
}

/** After a gap only what follows it is known. */
function grown(known: LiveText, more: LiveText): LiveText {
  const isInside = more.at > 0 && more.at >= known.at && more.at <= known.at + known.text.length
  return isInside ? { ...known, text: known.text.slice(0, more.at - known.at) + more.text } : more
}

function tail(known: LiveText): LiveText {
  const excess = known.text.length - TEXT_KEPT
  return excess <= 0 ? known : { ...known, at: known.at + excess, text: known.text.slice(excess) }
}

function changeSession(
  view: LiveView,
  session: SessionId,
  change: (known: SessionView) => SessionView,
): LiveView {
  const known = view.sessions.get(session)
  if (!known || view.stale.has(`session:${session}`)) return view
  return { ...view, sessions: new Map(view.sessions).set(session, change(known)) }
}

const changeWork = (view: LiveView, session: SessionId, change: (work: Work) => Work): LiveView =>
  changeSession(view, session, (known) => ({ ...known, work: change(known.work) }))

const still = (view: LiveView): Step => ({ view, ask: [] })

function askFor(view: LiveView, topic: Topic): Step {
  if (!view.wanted.has(topic)) return still(view)
  const stale = new Set(view.stale).add(topic)
  return { view: { ...view, stale }, ask: [{ type: "watch", topic, after: cursorOf(view, topic) }] }
}

function askAll(view: LiveView): Step {
  const ask = [...view.wanted].map((topic) => ({
    ...({ type: "watch", topic, after: cursorOf(view, topic) } as const),
  }))
  return { view: { ...view, stale: view.wanted }, ask }
}

function cursorOf(view: LiveView, topic: Topic): number | null {
  if (topic === "overview") return null
  return view.sessions.get(topic.slice("session:".length) as SessionId)?.cursor ?? null
}

const fresh = (view: LiveView, topic: Topic): LiveView => ({
  ...view,
  stale: new Set([...view.stale].filter((one) => one !== topic)),
})

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> =>
  new Map([...map].filter(([one]) => one !== key))
