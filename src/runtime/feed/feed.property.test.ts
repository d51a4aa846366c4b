import fc from "fast-check"
import { expect, it } from "vitest"
import { command, FeedRig, message, S1, TOPIC } from "../../../test/fakes/feed-rig.ts"
import { emptyView, type LiveView, receive, reconnected } from "../../core/view/live-view.ts"
import type { Turn } from "../../ledger/turns.ts"
import { type FromServer, readFrame } from "../../protocol/live.ts"

/** What happens in the runtime, and to what it tells. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("write" as const), item: fc.nat(3), text: fc.string() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("finish" as const), item: fc.nat(3) }) },
  fc.record({ kind: fc.constant("run" as const), item: fc.nat(3) }),
  fc.record({ kind: fc.constant("flood" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant("notice" as const) }),
  fc.record({ kind: fc.constant("turn" as const) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("deliver" as const), seeds: fc.array(fc.nat(9)) }) },
  fc.record({ kind: fc.constant("cut" as const) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Scene {
  readonly rig: FeedRig
  #client
  #view: LiveView = emptyView([TOPIC])
  #underway: FromServer[] = []
  #turn: Turn
  /** Written so far, by item. */
  readonly #written = new Map<string, string>()
  #items = 0

  constructor(rig: FeedRig) {
    this.rig = rig
    this.#client = rig.client()
    this.#turn = rig.begin()
  }

  async play(one: Step): Promise<void> {
    // Nobody says more than twenty things a second.
    this.rig.now += 1_000
    const { rig } = this
    switch (one.kind) {
      case "write": {
        const id = this.#id(one.item)
        const before = this.#written.get(id) ?? ""
        this.#written.set(id, before + one.text)
        const more = { item: id, channel: "message", offset: before.length, text: one.text } as const
        return rig.live.text(this.#turn.id, S1, more)
      }
      case "run":
        return rig.item(this.#turn, command(`c${one.item} ${this.#items}`, "", "running"))
      case "finish": {
        const id = this.#id(one.item)
        rig.item(this.#turn, message(id, this.#written.get(id) ?? ""))
        this.#items += 1
        return this.#written.clear()
      }
      case "flood":
        for (let index = 0; index < one.count; index += 1)
          rig.item(this.#turn, message(`flood ${this.#items++}`, "x".repeat(9_000)))
        return
      case "notice":
        return rig.live.notice(this.#turn.id, S1, { code: "context_compacted" })
      case "turn":
        rig.end(this.#turn)
        this.#written.clear()
        this.#turn = rig.begin()
        return
      case "settle":
        return await rig.settles()
      case "deliver":
        return this.#deliver(one.seeds)
      case "cut":
        return this.#reconnect()
    }
  }

  /** Everything arrives from now on, and something happens after it. */
  async heal(): Promise<LiveView> {
    await this.rig.settles()
    for (let round = 0; round < 20; round += 1) {
      this.rig.now += 1_000
      // A client that hears nothing takes another connection: even the greeting may be lost.
      if (round === 10 && this.#view.stale.size > 0) this.#reconnect()
      if (round < 2) this.rig.record({ kind: "session.renamed", title: `t${round}`, by: "owner" })
      for (let again = 0; again < 5; again += 1) await this.rig.settles()
      this.#take()
      for (const frame of this.#underway.splice(0)) this.#receive(frame)
      this.#client.says({ type: "taken", n: this.#view.n })
    }
    return this.#view
  }

  #reconnect(): void {
    this.#client.leaves()
    this.#client = this.rig.client()
    this.#underway = []
    this.#view = reconnected(this.#view)
  }

  /** Loses, repeats and puts in another order, as the seeds say. */
  #deliver(seeds: readonly number[]): void {
    this.#take()
    const frames = this.#underway.splice(0)
    const mixed = frames.flatMap((frame, index) => {
      const seed = seeds[index % Math.max(1, seeds.length)] ?? 0
      if (seed === 1) return []
      return seed === 2 ? [frame, frame] : [frame]
    })
    if (seeds[0] === 3) mixed.reverse()
    if (seeds[0] === 4) mixed.push(...mixed.splice(0, 1))
    for (const frame of mixed) this.#receive(frame)
    this.#client.says({ type: "taken", n: this.#view.n })
  }

  #take(): void {
    for (const text of this.#client.sent.splice(0)) {
      const frame = readFrame(text)
      if (!frame) throw new Error(`not of the protocol: ${text.slice(0, 300)}`)
      this.#underway.push(frame)
    }
  }

  #receive(frame: FromServer): void {
    const next = receive(this.#view, frame)
    this.#view = next.view
    for (const ask of next.ask) {
      this.rig.now += 1_000
      this.#client.says(ask)
    }
  }

  #id = (item: number) => `m${item} ${this.#items}`
}

function freshLoad(rig: FeedRig): LiveView {
  const client = rig.client()
  let view = emptyView([TOPIC])
  for (let round = 0; round < 3; round += 1)
    for (const frame of client.reads()) {
      const next = receive(view, frame)
      view = next.view
      for (const ask of next.ask) client.says(ask)
    }
  return view
}

it("however frames are lost, repeated, cut off or put in another order, a client ends where a fresh one does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      using rig = await FeedRig.open()
      const scene = new Scene(rig)
      for (const one of steps) await scene.play(one)
      const [view, fresh] = [await scene.heal(), freshLoad(rig)]
      const [known, wanted] = [view.sessions.get(S1), fresh.sessions.get(S1)]
      expect(known?.cursor).toBe(wanted?.cursor)
      expect(known?.work).toEqual(wanted?.work)
      expect(view.requests).toEqual(fresh.requests)
      const shown = known?.events ?? []
      const newest = wanted?.events ?? []
      expect(shown.slice(-newest.length)).toEqual(newest.slice(-shown.length))
      expect(shown.map(({ seq }) => seq)).toEqual(shown.map((_, index) => (shown[0]?.seq ?? 0) + index))
    }),
    { numRuns: 30 },
  )
})
