/**
 * Tells clients what is new. A commit or a live change only marks a session; once in a turn of the event loop the
 * ledger is read for all its watchers together, and made into text once. Nothing is told that is not committed.
 */
import type { Fact } from "../../protocol/facts.ts"
import type { RequestId, SessionId } from "../../protocol/ids.ts"
import type { LiveChange, LiveTurn, LiveTurns } from "../live.ts"
import type { About, Surface } from "../surface.ts"
import { eventsFrame, type Frame, frameOf, pageFrame } from "./frame.ts"
import { Growing } from "./growing.ts"
import { noteForOverview } from "./note.ts"
import { toldRequest } from "./open-request.ts"
import { type OverviewSource, readOverview, readRow, readWorkStatus } from "./overview.ts"
import { readPage } from "./page.ts"
import { readWork } from "./work.ts"

/** Whoever watches a topic. */
export interface Watcher {
  /** In order, and not to be left out: without it what follows makes no sense. */
  tell(frame: Frame): void
  /** May be left out while the watcher is behind; then `Feed.work` is asked for when it is not. */
  tellLive(frame: Frame): void
}

interface Watched {
  readonly watchers: Set<Watcher>
  /** Everybody who watches was told everything up to this event. */
  sent: number
  hasFacts: boolean
  isWorkOld: boolean
  readonly growing: Growing
}

type Settled = Parameters<typeof frameOf>[0] & { readonly type: "settled" }

export interface FeedOptions extends OverviewSource {
  readonly live: LiveTurns
}

export class Feed implements Surface {
  readonly name = "feed"
  readonly #options: FeedOptions
  readonly #sessions = new Map<SessionId, Watched>()
  readonly #overview = new Set<Watcher>()
  readonly #oldRows = new Set<SessionId>()
  #opened = new Set<RequestId>()
  #settled: Settled[] = []
  readonly #unsubscribe: () => void
  #isDue = false

  constructor(options: FeedOptions) {
    this.#options = options
    this.#unsubscribe = options.live.subscribe((turn, change) => this.#onLive(turn, change))
  }

  onFact(fact: Fact, { record }: About): void {
    const { ledger } = this.#options
    const { stream, seq } = record
    if (stream === "machine") return
    noteForOverview(ledger.glance, { session: stream, seq, fact })
    ledger.afterCommit(() => this.#onCommitted(stream, fact))
  }

  /**
   * Begins with a page: what follows `after` where that fits one page, else the newest.
   * @param session one that exists.
   */
  watch(session: SessionId, after: number | null, watcher: Watcher): void {
    const { ledger } = this.#options
    const watched = this.#watched(session)
    watched.watchers.delete(watcher)
    const page = this.#page(session, after, watched.sent)
    watcher.tell(pageFrame(page.head, page.json, this.#work(session)))
    for (const request of ledger.requests.openOf(session))
      watcher.tell(frameOf({ type: "request", request: toldRequest(ledger, request) }))
    watched.watchers.add(watcher)
  }

  unwatch(session: SessionId, watcher: Watcher): void {
    const watched = this.#sessions.get(session)
    watched?.watchers.delete(watcher)
    if (watched?.watchers.size === 0) this.#sessions.delete(session)
  }

  watchOverview(watcher: Watcher): void {
    const { frame, further } = readOverview(this.#options)
    watcher.tell(frameOf(frame))
    for (const request of further) watcher.tell(frameOf({ type: "request", request }))
    this.#overview.add(watcher)
  }

  unwatchOverview(watcher: Watcher): void {
    this.#overview.delete(watcher)
  }

  /** The owner looks at it: nothing of it is news any more. */
  seen(session: SessionId): void {
    const { ledger } = this.#options
    if (!ledger.glance.read(session, ledger.facts.lastSeq(session)) || this.#overview.size === 0) return
    this.#oldRows.add(session)
    this.#schedule()
  }

  /** Running items and growing texts among it: what a watcher that was behind has missed. */
  work(session: SessionId): Frame {
    return frameOf({ type: "work", session, work: JSON.parse(this.#work(session)) })
  }

  close(): void {
    this.#unsubscribe()
    this.#sessions.clear()
    this.#overview.clear()
  }

  #watched(session: SessionId): Watched {
    const known = this.#sessions.get(session)
    if (known) return known
    const sent = this.#options.ledger.facts.lastSeq(session)
    const fresh = { sent, watchers: new Set<Watcher>(), growing: new Growing(session) }
    const watched = { ...fresh, hasFacts: false, isWorkOld: false }
    this.#sessions.set(session, watched)
    return watched
  }

  /** Never beyond what the others were told: what comes then comes to all. */
  #page(session: SessionId, cursor: number | null, sent: number) {
    const { facts } = this.#options.ledger
    const head = { session, last: sent }
    if (cursor !== null && cursor <= sent && cursor >= facts.floorSeq(session)) {
      const { events, json, hasMore } = readPage(facts, session, { after: cursor })
      const known = json.slice(0, events.findLastIndex(({ seq }) => seq <= sent) + 1)
      const isWhole = !hasMore || known.length < json.length || cursor + known.length === sent
      if (isWhole) return { head: { ...head, resume: "ok" as const, after: cursor }, json: known }
    }
    const { events, json } = readPage(facts, session, { before: sent + 1 })
    const after = (events[0]?.seq ?? sent + 1) - 1
    return { head: { ...head, resume: "gap" as const, after }, json }
  }

  #work(session: SessionId): string {
    return JSON.stringify(readWork(this.#options.ledger, this.#options.live, session))
  }

  #onCommitted(session: SessionId, fact: Fact): void {
    const watched = this.#sessions.get(session)
    if (watched) {
      watched.hasFacts = true
      if (fact.kind !== "item") watched.isWorkOld = true
    }
    if (watched || this.#overview.size > 0) this.#noteRequest(session, fact)
    if (this.#overview.size > 0) this.#oldRows.add(session)
    this.#schedule()
  }

  #noteRequest(session: SessionId, fact: Fact): void {
    if (fact.kind === "request.opened") this.#opened.add(fact.request)
    const settled = { type: "settled", session } as const
    if (fact.kind === "request.answered")
      this.#settled.push({ ...settled, request: fact.request, why: "answered", by: fact.by })
    if (fact.kind === "request.closed")
      this.#settled.push({ ...settled, request: fact.request, why: fact.why, by: null })
  }

  #onLive({ session, turn }: LiveTurn, change: LiveChange): void {
    const watched = this.#sessions.get(session)
    if (!watched) return
    if (change.kind === "notice" || change.kind === "usage") watched.isWorkOld = true
    else watched.growing.note(turn, change)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isDue = false
    for (const [session, watched] of this.#sessions) this.#tellSession(session, watched)
    this.#tellRequests()
    if (this.#oldRows.size > 0 && this.#overview.size > 0) this.#tellRows()
    this.#oldRows.clear()
  }

  #tellSession(session: SessionId, watched: Watched): void {
    const { watchers, growing } = watched
    if (watched.hasFacts) this.#tellFacts(session, watched)
    if (watched.isWorkOld) {
      // It has all that grew until now.
      growing.clear()
      watched.isWorkOld = false
      const work = this.work(session)
      for (const watcher of watchers) watcher.tell(work)
    }
    for (const frame of growing.take()) for (const watcher of watchers) watcher.tellLive(frame)
  }

  /** One page in a turn of the event loop: a flood leaves room for everything else. */
  #tellFacts(session: SessionId, watched: Watched): void {
    const { events, json, hasMore } = readPage(this.#options.ledger.facts, session, { after: watched.sent })
    watched.hasFacts = hasMore
    const last = events.at(-1)
    if (!last) return
    watched.sent = last.seq
    const frame = eventsFrame(session, json)
    for (const watcher of watched.watchers) watcher.tell(frame)
    if (hasMore) this.#schedule()
  }

  #tellRequests(): void {
    const { ledger } = this.#options
    const open = [...this.#opened].map((id) => ledger.requests.find(id))
    const settled = this.#settled
    this.#opened = new Set()
    this.#settled = []
    for (const request of open) {
      if (request?.state !== "open") continue
      this.#tellOf(request.session, frameOf({ type: "request", request: toldRequest(ledger, request) }))
    }
    for (const one of settled) this.#tellOf(one.session as SessionId, frameOf(one))
  }

  #tellOf(session: SessionId, frame: Frame): void {
    const watchers = new Set([...this.#overview, ...(this.#sessions.get(session)?.watchers ?? [])])
    for (const watcher of watchers) watcher.tell(frame)
  }

  #tellRows(): void {
    const frames = [...this.#oldRows].map((session) => {
      const row = readRow(this.#options, session)
      return frameOf(row ? { type: "row", row } : { type: "gone", session })
    })
    frames.push(frameOf({ type: "status", status: readWorkStatus(this.#options) }))
    for (const watcher of this.#overview) for (const frame of frames) watcher.tell(frame)
  }
}
