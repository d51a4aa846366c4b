/** One client of the live protocol, whatever carries it: what it watches, and how much it has taken. */
import type { Clock } from "../../core/clock.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import { SessionId } from "../../protocol/ids.ts"
import { FromClient, LIVE_PROTOCOL, type ServerFrame, type Topic } from "../../protocol/live.ts"
import type { Feed, Watcher } from "./feed.ts"
import { type Frame, frameOf, numbered, type Said } from "./frame.ts"

/** What carries frames to a client. */
export interface Wire {
  send(text: string): void
  /** Nothing is sent after it. */
  close(): void
}

export interface LiveClientOptions {
  readonly feed: Feed
  readonly ledger: Ledger
  readonly clock: Clock
  readonly wire: Wire
  readonly welcome: Omit<ServerFrame<"welcome">, "n" | "type" | "protocol" | "now">
}

/** Bytes that were sent and not yet taken: above the first, what may be left out is; above the second, topics end. */
const HOLD_BACK = 128 * 1024
const LAG = 512 * 1024
const TOPICS = 8
const MESSAGE_BYTES = 64 * 1024
const MESSAGES_A_SECOND = 20
/** Without `hello`, and without `taken` while something is on its way, in ms. */
const HELLO_MS = 5_000
const TAKEN_MS = 60_000

type Bye = ServerFrame<"bye">["reason"]

export class LiveClient {
  readonly #options: LiveClientOptions
  readonly #watched = new Map<Topic, Watcher>()
  /** Sessions whose watcher missed what may be left out. */
  readonly #missed = new Set<SessionId>()
  /** On their way, oldest first. */
  #underway: { readonly n: number; readonly bytes: number }[] = []
  #unacknowledged = 0
  #sent = 0
  #hasGreeted = false
  #isClosed = false
  #deadline: { cancel(): void }
  /** Messages of the second that began then. */
  #pace = { since: 0, count: 0 }

  constructor(options: LiveClientOptions) {
    this.#options = options
    this.#deadline = options.clock.after(HELLO_MS, () => this.end("protocol"))
  }

  receive(text: string): void {
    if (this.#isClosed) return
    if (text.length > MESSAGE_BYTES || this.#isTooFast()) return this.end("protocol")
    const message = read(text)
    if (message === "garbage") return this.end("protocol")
    // Of a newer client.
    if (message === null) return
    if (!this.#hasGreeted && message.type !== "hello") return this.end("protocol")
    this.#obey(message)
  }

  /** Says why, and ends it. */
  end(reason: Bye): void {
    if (this.#isClosed) return
    this.#send(frameOf({ type: "bye", reason }))
    this.closed()
    this.#options.wire.close()
  }

  /** The wire has gone. */
  closed(): void {
    this.#isClosed = true
    this.#deadline.cancel()
    for (const topic of [...this.#watched.keys()]) this.#unwatch(topic)
  }

  #obey(message: FromClient): void {
    switch (message.type) {
      case "hello":
        return this.#greet(message.protocol)
      case "watch":
        return this.#watch(message.topic, message.after)
      case "unwatch":
        return this.#unwatch(message.topic)
      case "taken":
        return this.#onTaken(message.n)
      case "here":
        return this.#onHere(message)
    }
  }

  #greet(protocol: number): void {
    if (this.#hasGreeted || protocol !== LIVE_PROTOCOL) return this.end("protocol")
    const { welcome, clock } = this.#options
    this.#hasGreeted = true
    this.#deadline.cancel()
    this.#say({ type: "welcome", protocol: LIVE_PROTOCOL, ...welcome, now: clock.now() })
  }

  #watch(topic: Topic, after: number | null): void {
    this.#unwatch(topic)
    if (this.#watched.size >= TOPICS)
      return this.#say({ type: "fault", code: "too_many_topics", message: `at most ${TOPICS} topics`, topic })
    if (this.#unacknowledged > LAG) return this.#say({ type: "lag", topic })
    const { feed, ledger } = this.#options
    const session = sessionOf(topic)
    if (session && !ledger.sessions.find(session))
      return this.#say({ type: "fault", code: "unknown_session", message: `no session ${session}`, topic })
    const watcher = this.#watcher(topic, session)
    this.#watched.set(topic, watcher)
    if (session) feed.watch(session, after, watcher)
    else feed.watchOverview(watcher)
    // It may have ended while it was told of all there is.
    if (!this.#watched.has(topic)) this.#leave(topic, watcher)
  }

  #watcher(topic: Topic, session: SessionId | null): Watcher {
    return {
      tell: (frame) => {
        if (this.#unacknowledged > LAG) this.#lag(topic)
        else this.#send(frame)
      },
      tellLive: (frame) => {
        const isBehind = this.#unacknowledged > HOLD_BACK || (session !== null && this.#missed.has(session))
        if (!isBehind) this.#send(frame)
        else if (session) this.#missed.add(session)
      },
    }
  }

  #lag(topic: Topic): void {
    if (!this.#watched.has(topic)) return
    this.#unwatch(topic)
    this.#say({ type: "lag", topic })
  }

  #unwatch(topic: Topic): void {
    const watcher = this.#watched.get(topic)
    this.#watched.delete(topic)
    if (watcher) this.#leave(topic, watcher)
  }

  #leave(topic: Topic, watcher: Watcher): void {
    const session = sessionOf(topic)
    if (session === null) return this.#options.feed.unwatchOverview(watcher)
    this.#missed.delete(session)
    this.#options.feed.unwatch(session, watcher)
  }

  #onTaken(n: number): void {
    while (this.#underway[0] && this.#underway[0].n <= n)
      this.#unacknowledged -= this.#underway.shift()?.bytes ?? 0
    this.#watchOver()
    if (this.#unacknowledged > HOLD_BACK) return
    const missed = [...this.#missed]
    this.#missed.clear()
    for (const session of missed) this.#send(this.#options.feed.work(session))
  }

  #onHere({ session, visible }: Extract<FromClient, { type: "here" }>): void {
    const { feed } = this.#options
    if (session && visible) feed.seen(session)
  }

  #isTooFast(): boolean {
    const now = this.#options.clock.monotonic()
    if (now - this.#pace.since >= 1_000) this.#pace = { since: now, count: 0 }
    this.#pace.count += 1
    return this.#pace.count > MESSAGES_A_SECOND
  }

  #say(said: Said): void {
    this.#send(frameOf(said))
  }

  #send(frame: Frame): void {
    if (this.#isClosed) return
    this.#sent += 1
    this.#options.wire.send(numbered(frame, this.#sent))
    this.#underway.push({ n: this.#sent, bytes: frame.bytes })
    this.#unacknowledged += frame.bytes
    if (this.#underway.length === 1 && this.#hasGreeted) this.#watchOver()
  }

  /** Begins anew with each word of the client, as long as something is on its way to it. */
  #watchOver(): void {
    this.#deadline.cancel()
    if (this.#underway.length === 0) return
    this.#deadline = this.#options.clock.after(TAKEN_MS, () => this.end("too_slow"))
  }
}

function sessionOf(topic: Topic): SessionId | null {
  return topic === "overview" ? null : SessionId.parse(topic.slice("session:".length))
}

/** Null for what a newer client says. */
function read(text: string): FromClient | "garbage" | null {
  try {
    const parsed = FromClient.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return "garbage"
  }
}
