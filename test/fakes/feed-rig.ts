/** A ledger with one session, the feed over it, and clients that take frames as the test lets them. */
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate as nextRound } from "node:timers/promises"
import type { Clock } from "../../src/core/clock.ts"
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts"
import type { Turn } from "../../src/ledger/turns.ts"
import type { Fact } from "../../src/protocol/facts.ts"
import type { AttemptId, ItemId, ProviderId, SessionId, TurnId } from "../../src/protocol/ids.ts"
import { type FromClient, type FromServer, readFrame } from "../../src/protocol/live.ts"
import type { Item } from "../../src/protocol/session.ts"
import { LiveClient } from "../../src/runtime/feed/client.ts"
import { Feed } from "../../src/runtime/feed/feed.ts"
import { LiveTurns } from "../../src/runtime/live.ts"
import { Recorder } from "../../src/runtime/recorder.ts"

export const S1 = "S001" as SessionId
export const TOPIC = "session:S001" as const

export class FeedRig implements Disposable {
  readonly ledger: Ledger
  readonly live = new LiveTurns()
  readonly feed: Feed
  readonly timers = new Set<() => void>()
  /** In ms. */
  now = 1_000
  readonly clock: Clock = {
    now: () => this.now,
    monotonic: () => this.now,
    after: (_, run) => {
      this.timers.add(run)
      return { cancel: () => this.timers.delete(run) }
    },
  }
  readonly #directory: string
  readonly #recorder: Recorder

  private constructor(directory: string, ledger: Ledger) {
    this.#directory = directory
    this.ledger = ledger
    const log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "kept" }
    this.#recorder = new Recorder({ ledger, clock: this.clock, log })
    this.feed = new Feed({ ledger, live: this.live, clock: this.clock, hostPid: null })
    this.#recorder.add(this.feed)
    this.addSession(S1)
  }

  static async open(): Promise<FeedRig> {
    const directory = mkdtempSync(join(tmpdir(), "feed-"))
    return new FeedRig(directory, await openLedger(directory, 0))
  }

  addSession(id: SessionId): void {
    const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
    const provider = "demo" as ProviderId
    this.ledger.sessions.create({ id, title: id, titleBy: "owner", provider, ...where }, this.now)
  }

  /** A turn at work. */
  begin(): Turn {
    const id = randomUUID() as TurnId
    const { ledger } = this
    ledger.transact(() => {
      const from = { origin: "owner", channel: null, sourceMessage: null, clientId: null } as const
      ledger.turns.add({ id, session: S1, ...from, prompt: { text: "go", files: [] }, hold: null }, this.now)
      ledger.turns.dispatch(id, randomUUID() as AttemptId)
      ledger.turns.setState(id, "running", this.now)
      this.record({ kind: "turn.started", origin: "owner", attempts: 1 }, this.turn(id))
    })
    return this.turn(id)
  }

  end(turn: Turn): void {
    const outcome = { kind: "completed", text: "done" } as const
    this.ledger.transact(() => {
      this.ledger.turns.end(turn.id, outcome, this.now)
      this.record({ kind: "turn.ended", outcome }, turn)
      this.ledger.afterCommit(() => this.live.end(turn.id))
    })
  }

  item(turn: Turn, item: Item): void {
    this.ledger.transact(() => {
      if (item.status !== "running") this.record({ kind: "item", item }, turn)
      this.ledger.afterCommit(() => this.live.item(turn.id, S1, item))
    })
  }

  record(fact: Fact, turn: Turn | SessionId = S1): void {
    this.ledger.transact(() => this.#recorder.record(fact, turn))
  }

  turn(id: TurnId): Turn {
    const found = this.ledger.turns.find(id)
    if (!found) throw new Error(`no turn ${id}`)
    return found
  }

  client(): RigClient {
    return new RigClient(this)
  }

  /** Until the feed has told what is due. */
  async settles(): Promise<void> {
    for (let round = 0; round < 3; round += 1) await nextRound()
  }

  [Symbol.dispose](): void {
    this.feed.close()
    this.ledger.close()
    rmSync(this.#directory, { recursive: true })
  }
}

/** The far end of a connection: what it was sent waits until it is read. */
export class RigClient {
  readonly sent: string[] = []
  isClosed = false
  readonly #client: LiveClient

  constructor(rig: FeedRig) {
    this.#client = new LiveClient({
      ...{ feed: rig.feed, ledger: rig.ledger, clock: rig.clock },
      welcome: {
        ...{ ledger: "a", run: "b", build: "c" },
        you: { device: null, door: "machine", expiresAt: null, stepUpUntil: null },
      },
      wire: {
        send: (text) => this.sent.push(text),
        close: () => {
          this.isClosed = true
        },
      },
    })
    this.says({ type: "hello", protocol: 1, client: randomUUID(), build: "test", surface: "web" })
  }

  says(message: FromClient): void {
    this.#client.receive(JSON.stringify(message))
  }

  saysRaw(text: string): void {
    this.#client.receive(text)
  }

  leaves(): void {
    this.#client.closed()
  }

  /** What was sent since the last time. */
  reads(): readonly FromServer[] {
    return this.sent.splice(0).map((text) => {
      const frame = readFrame(text)
      if (!frame) throw new Error(`not of the protocol: ${text.slice(0, 500)}`)
      return frame
    })
  }
}

export const command = (id: string, output: string, status: Item["status"] = "completed"): Item => ({
  ...{ id: id as ItemId, kind: "command", command: "make", output, status },
})
export const message = (id: string, text: string, status: Item["status"] = "completed"): Item => ({
  ...{ id: id as ItemId, kind: "message", text, status },
})
