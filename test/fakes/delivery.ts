/** The lanes of a bot's chats on a real ledger, against the strict Bot API server. */
import { expect, vi } from "vitest"
import { type Clock, systemClock } from "../../src/core/clock.ts"
import type { OutboxRow, Owed } from "../../src/ledger/outbox.ts"
import { FairShare } from "../../src/telegram/delivery/fair-share.ts"
import { DeliveryLanes } from "../../src/telegram/delivery/lanes.ts"
import type { Payload } from "../../src/telegram/delivery/payload.ts"
import type { Unpack } from "../../src/telegram/delivery/unpacking.ts"
import { type Address, laneOf } from "../../src/telegram/places/address.ts"
import { plain } from "../../src/telegram/rendering/rich.ts"
import type { FakeBot } from "./telegram/bot.ts"
import type { TelegramOptions } from "./telegram/server.ts"
import { OWNER, startRig, type TelegramRig } from "./telegram-rig.ts"

export const resent = "(resent)"
const texts = { resent, sessionTag: (session: string | null) => `${session} · ` }

interface Heard {
  readonly undeliverable: { readonly row: OutboxRow; readonly reason: string }[]
  readonly goneTopics: Address[]
  readonly refusedSlots: string[]
}

interface Starting {
  readonly bots?: readonly FakeBot[]
  readonly share?: FairShare
}

/** A clock whose time on the wall a test sets, while time itself goes on. */
export class WallClock implements Clock {
  offsetMs = 0
  now = () => Date.now() + this.offsetMs
  monotonic = () => performance.now()
  after = systemClock.after
}

export async function startDelivery(options: TelegramOptions = {}): Promise<Delivery> {
  const rig = await startRig(options)
  const bot = rig.addBot({ topics: false })
  const world = new Delivery(rig, bot)
  world.start()
  return world
}

export class Delivery implements AsyncDisposable {
  readonly rig: TelegramRig
  readonly bot: FakeBot
  readonly heard: Heard = { undeliverable: [], goneTopics: [], refusedSlots: [] }
  readonly clock = new WallClock()
  /** What becomes of a file that a row names. */
  unpack: Unpack = () => Promise.resolve(null)
  #lanes: DeliveryLanes | null = null

  constructor(rig: TelegramRig, bot: FakeBot) {
    this.rig = rig
    this.bot = bot
  }

  get lanes(): DeliveryLanes {
    if (!this.#lanes) throw new Error("not started")
    return this.#lanes
  }

  get chat() {
    return this.rig.owner(this.bot)
  }

  get to(): Address {
    void this.chat
    return { bot: this.bot.id, chat: OWNER, thread: null }
  }

  start({ bots = [this.bot], share = new FairShare() }: Starting = {}): void {
    const { heard } = this
    const lanes = new DeliveryLanes({
      ledger: this.rig.ledger,
      bots: bots.map((bot) => this.rig.connect(bot)),
      texts,
      log: this.rig.log,
      share,
      unpack: this.unpack,
      clock: this.clock,
      hooks: {
        onUndeliverable: (row, reason) => heard.undeliverable.push({ row, reason }),
        onTopicGone: (address) => heard.goneTopics.push(address),
        onCosmeticRefused: (show) => heard.refusedSlots.push(show.slot),
      },
    })
    this.#lanes = lanes
    lanes.start()
  }

  /** As after SIGKILL: nothing of the old objects goes on, the ledger is what was committed. */
  async restart(): Promise<void> {
    await this.lanes.stop()
    await this.rig.reopenLedger()
    this.start()
  }

  owe(payload: Payload, row: Partial<Owed> = {}): number {
    const lane = "to" in payload ? laneOf(payload.to) : laneOf(this.to)
    const { ledger } = this.rig
    const id = ledger.outbox.owe({ key: null, priority: "final", ...row, lane, payload }, this.clock.now())
    if (id === null) throw new Error("owed already")
    this.lanes.wake(lane)
    return id
  }

  text(words: string, row: Partial<Owed> = {}, to: Address = this.to): number {
    return this.owe({ kind: "text", to, rich: plain(words) }, row)
  }

  row(id: number): OutboxRow {
    const row = this.rig.ledger.outbox.find(id)
    if (!row) throw new Error(`no row ${id}`)
    return row
  }

  /** Waits until a row is where it should be; every change of a row follows a call. */
  async settled(id: number, state: OutboxRow["state"], timeoutMs = 10_000): Promise<OutboxRow> {
    await vi.waitFor(() => expect(this.row(id).state).toBe(state), { timeout: timeoutMs, interval: 10 })
    return this.row(id)
  }

  get screen(): readonly string[] {
    return this.chat.messages().map((message) => message.text ?? message.caption ?? "")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lanes?.stop()
    await this.rig[Symbol.asyncDispose]()
  }
}
