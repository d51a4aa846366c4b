import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it, vi } from "vitest"
import type { FakeBot } from "../../../test/fakes/telegram/bot.ts"
import type { TelegramOptions } from "../../../test/fakes/telegram/server.ts"
import { OWNER, startRig, type TelegramRig } from "../../../test/fakes/telegram-rig.ts"
import { LEDGER_FILE } from "../../ledger/database.ts"
import type { OutboxRow, Owed } from "../../ledger/outbox.ts"
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import { type Address, laneOf } from "../address.ts"
import { FairShare } from "../fair-share.ts"
import type { Payload } from "../payload.ts"
import { bold, plain } from "../rendering/rich.ts"
import { DeliveryLanes } from "./lanes.ts"

const resent = "(resent)"
const texts = { resent, sessionTag: (session: string | null) => `${session} · ` }

interface Heard {
  readonly undeliverable: { readonly row: OutboxRow; readonly reason: string }[]
  readonly goneTopics: Address[]
  readonly refusedSlots: string[]
}

async function startWorld(options: TelegramOptions = {}) {
  const rig = await startRig(options)
  const bot = rig.addBot({ topics: false })
  const world = new World(rig, bot)
  world.start()
  return world
}

class World implements AsyncDisposable {
  readonly rig: TelegramRig
  readonly bot: FakeBot
  readonly heard: Heard = { undeliverable: [], goneTopics: [], refusedSlots: [] }
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

  start(bots: readonly FakeBot[] = [this.bot]): void {
    const { heard } = this
    const lanes = new DeliveryLanes({
      ledger: this.rig.ledger,
      bots: bots.map((bot) => this.rig.connect(bot)),
      texts,
      log: this.rig.log,
      share: new FairShare(),
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
    const id = ledger.outbox.owe({ key: null, priority: "final", ...row, lane, payload }, Date.now())
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

describe("delivery", { concurrent: true }, () => {
  it("sends what is owed and remembers the message it became", async () => {
    await using world = await startWorld()
    const id = world.text("hello")
    const message = await world.chat.sees("hello")
    const row = await world.settled(id, "sent")
    expect(row.message).toBe(String(message.message_id))
    world.rig.telegram.assertClean()
  })

  it("hears every wake-up, also after one that brought nothing", async () => {
    await using world = await startWorld()
    world.lanes.wake(laneOf(world.to))
    const id = world.text("hello")
    await world.settled(id, "sent")
  })

  it("sends the more urgent first and the parts of one answer in order", async () => {
    await using world = await startWorld()
    const turn = "0b8b6ab0-98a4-4f6f-9a8e-3f2a7b6f0001" as TurnId
    const gate = world.rig.telegram.fault({ kind: "delay", method: "sendMessage" })
    world.text("first")
    await gate.hit()
    world.text("card", { priority: "status" })
    world.text("part 1", { turn })
    world.text("part 2", { turn })
    world.text("may I?", { priority: "request" })
    world.text("done", { priority: "answer" })
    gate.release()
    await world.chat.sees("card")
    expect(world.screen).toEqual(["first", "done", "may I?", "part 1", "part 2", "card"])
  })

  it("never sends part 2 before part 1, even when part 1 meets an error", async () => {
    await using world = await startWorld()
    const turn = "0b8b6ab0-98a4-4f6f-9a8e-3f2a7b6f0002" as TurnId
    world.rig.telegram.fault({ kind: "status", code: 502, method: "sendMessage" })
    world.text("part 1", { turn })
    world.text("part 2", { turn })
    const other = world.text("another answer")
    await world.chat.sees("part 2")
    expect(world.screen).toEqual(["another answer", `part 1\n${resent}`, "part 2"])
    expect(world.row(other).ambiguous).toBe(0)
  })

  it("marks the repeat of a send whose outcome was unknown", async () => {
    await using world = await startWorld()
    world.rig.telegram.fault({ kind: "drop_after_apply", method: "sendMessage" })
    const id = world.text("the answer")
    await world.settled(id, "sent")
    expect(world.screen).toEqual(["the answer", `the answer\n${resent}`])
  })

  it.each(["half_body", "drop_before_apply"] as const)("repeats after %s", async (kind) => {
    await using world = await startWorld()
    world.rig.telegram.fault({ kind, method: "sendMessage" })
    const id = world.text("the answer")
    await world.settled(id, "sent")
    expect(world.screen.at(-1)).toBe(`the answer\n${resent}`)
    expect(world.row(id)).toMatchObject({ ambiguous: 1, attempts: 2 })
  })

  it("does not repeat a status text of unknown outcome", async () => {
    await using world = await startWorld()
    world.rig.telegram.fault({ kind: "drop_after_apply", method: "sendMessage" })
    const id = world.text("working", { priority: "status" })
    await world.settled(id, "dropped")
    expect(world.screen).toEqual(["working"])
  })

  it("sends once what another program kept it from recording", async () => {
    await using world = await startWorld()
    const gate = world.rig.telegram.fault({ kind: "delay", phase: "after_apply", method: "sendMessage" })
    const id = world.text("once")
    await gate.hit()
    const other = new DatabaseSync(join(world.rig.directory, LEDGER_FILE))
    other.exec("BEGIN IMMEDIATE")
    const isStuck = new Promise<void>((resolve) => world.rig.ledger.onStorage(() => resolve()))
    gate.release()
    await isStuck
    other.exec("ROLLBACK")
    other.close()
    await world.settled(id, "sent")
    expect(world.screen).toEqual(["once"])
    world.rig.telegram.assertClean()
  })

  it("takes up an interrupted send after a crash, marked, and an unsent one unmarked", async () => {
    await using world = await startWorld()
    const gate = world.rig.telegram.fault({ kind: "delay", phase: "after_apply", method: "sendMessage" })
    const cut = world.text("cut off")
    await gate.hit()
    const next = world.text("never begun", { priority: "status" })
    await world.restart()
    gate.release()
    await world.settled(cut, "sent")
    await world.settled(next, "sent")
    expect(world.screen).toEqual(["cut off", `cut off\n${resent}`, "never begun"])
  })

  it("waits out a 429 of one chat while another chat is served", async () => {
    await using world = await startWorld()
    const other = world.rig.addBot()
    await world.lanes.stop()
    world.start([world.bot, other])
    void world.rig.owner(other)
    const fault = world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 2, method: "sendMessage" },
      bot: world.bot,
    })
    const held = world.text("held up")
    await fault.hit()
    const started = Date.now()
    const free = world.text("free", {}, { bot: other.id, chat: OWNER, thread: null })
    await world.settled(free, "sent")
    expect(Date.now() - started).toBeLessThan(1000)
    await world.settled(held, "sent")
    expect(Date.now() - started).toBeGreaterThanOrEqual(1900)
    expect(world.screen).toEqual(["held up"])
    expect(world.rig.telegram.penaltyViolations()).toEqual([])
  })

  it("does not speak into a penalty after a restart", async () => {
    await using world = await startWorld()
    const fault = world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 2, method: "sendMessage" },
    })
    const held = world.text("held up")
    await fault.hit()
    await vi.waitFor(() => expect(world.row(held).state).toBe("pending"))
    await world.restart()
    const later = world.text("urgent", { priority: "answer" })
    await world.settled(later, "sent")
    await world.settled(held, "sent")
    expect(world.rig.telegram.penaltyViolations()).toEqual([])
  })

  it("holds up no other chat of the same bot", async () => {
    await using world = await startWorld()
    const group = world.rig.telegram.user({ id: OWNER }).group(world.bot)
    const to = { bot: world.bot.id, chat: group.chat.chat.id, thread: null }
    const fault = world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 2, method: "sendMessage" },
      when: (args: Readonly<Record<string, unknown>>) => args.chat_id === OWNER,
    })
    const held = world.text("held up")
    await fault.hit()
    const started = Date.now()
    await world.settled(world.text("free", {}, to), "sent")
    expect(Date.now() - started).toBeLessThan(1000)
    expect(world.row(held).state).toBe("pending")
  })

  it("keeps a burst of texts and drafts below Telegram's limits", async () => {
    await using world = await startWorld()
    let frame = 0
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(`frame ${++frame}`) }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    const ids = Array.from({ length: 18 }, (_, index) => world.text(`text ${index}`))
    await world.settled(ids.at(-1) ?? 0, "sent", 20_000)
    world.rig.telegram.assertClean()
    expect(world.screen).toEqual(ids.map((_, index) => `text ${index}`))
  })

  it("recovers within three seconds after Telegram was away for two", async () => {
    await using world = await startWorld()
    await world.settled(world.text("before"), "sent")
    await world.rig.telegram.goDown()
    const one = world.text("one")
    const two = world.text("two")
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const back = Date.now()
    await world.rig.telegram.comeBack()
    await world.settled(two, "sent")
    expect(Date.now() - back).toBeLessThan(3000)
    expect(world.screen.map((text) => text.replace(`\n${resent}`, ""))).toEqual(["before", "one", "two"])
    expect(world.row(one).state).toBe("sent")
  })

  it("edits a message by the key of the row that became it, also after a restart", async () => {
    await using world = await startWorld()
    await world.settled(world.text("question?", { key: "q1", priority: "request" }), "sent")
    await world.restart()
    const edit = world.owe({ kind: "edit", to: world.to, target: { key: "q1" }, rich: plain("answered") })
    await world.settled(edit, "sent")
    expect(world.screen).toEqual(["answered"])
  })

  it("holds an edit back until its message is there, and only the newest edit goes", async () => {
    await using world = await startWorld()
    const gate = world.rig.telegram.fault({ kind: "delay", method: "sendMessage" })
    world.text("card", { key: "c", priority: "status" })
    await gate.hit()
    const target = { key: "c" }
    const old = world.owe({ kind: "edit", to: world.to, target, rich: plain("v1") }, { priority: "answer" })
    const last = world.owe({ kind: "edit", to: world.to, target, rich: plain("v2") }, { priority: "answer" })
    gate.release()
    await world.settled(last, "sent")
    expect(world.row(old).state).toBe("dropped")
    expect(world.screen).toEqual(["v2"])
    expect(world.rig.telegram.calls.filter((call) => call.method === "editMessageText")).toHaveLength(1)
  })

  it("drops the edit of a message that was never delivered", async () => {
    await using world = await startWorld()
    const description = "Bad Request: message is too long"
    world.rig.telegram.fault({ kind: "status", code: 400, description, method: "sendMessage" })
    const card = world.text("card", { key: "c" })
    const edit = world.owe({ kind: "edit", to: world.to, target: { key: "c" }, rich: plain("v1") })
    await world.settled(card, "failed")
    await world.settled(edit, "dropped")
    expect(world.heard.undeliverable.map(({ row }) => row.id)).toEqual([card])
  })

  it("keeps what it owes to an owner who has blocked the bot, and sends it in order when they are heard", async () => {
    await using world = await startWorld()
    await world.chat.blocksBot()
    const first = world.text("first")
    await world.rig.telegram.seesCalls((call) => call.rejection?.code === 403)
    const second = world.text("second")
    await world.chat.unblocksBot()
    world.lanes.reopen(laneOf(world.to))
    await world.settled(second, "sent")
    expect(world.screen).toEqual(["first", "second"])
    expect(world.row(first)).toMatchObject({ state: "sent", attempts: 2, ambiguous: 0 })
    expect(world.rig.telegram.rejections()).toHaveLength(1)
  })

  it("counts an unchanged or vanished message as edited", async () => {
    await using world = await startWorld()
    await world.settled(world.text("same", { key: "k" }), "sent")
    const [message] = world.chat.messages()
    if (!message) throw new Error("no message")
    const same = world.owe({ kind: "edit", to: world.to, target: { key: "k" }, rich: plain("same") })
    await world.settled(same, "sent")
    await world.chat.deletes(message)
    const gone = world.owe({ kind: "edit", to: world.to, target: { key: "k" }, rich: plain("new") })
    await world.settled(gone, "dropped")
    expect(world.heard.undeliverable).toEqual([])
  })

  it("sends the text without formatting when Telegram refuses the formatting", async () => {
    await using world = await startWorld()
    const bad = { type: "text_link", url: "http://localhost:1", offset: 0, length: 4 } as const
    const id = world.owe({ kind: "text", to: world.to, rich: { text: "look here", entities: [bad] } })
    await world.settled(id, "sent")
    expect(world.screen).toEqual(["look here"])
    expect(world.rig.telegram.calls.filter((call) => call.method === "sendMessage")).toHaveLength(2)
  })

  it("fails visibly what Telegram will never take", async () => {
    await using world = await startWorld()
    const id = world.owe({ kind: "text", to: world.to, rich: plain("x".repeat(5000)) })
    const row = await world.settled(id, "failed")
    expect(row.error).toMatch(/too long/)
    expect(world.heard.undeliverable.map((one) => one.row.id)).toEqual([id])
  })

  it("sends to the flat chat, under the session's name, when the topic is gone", async () => {
    await using world = await startWorld()
    const topics = world.rig.addBot({ topics: true })
    await world.lanes.stop()
    world.start([topics])
    const chat = world.rig.owner(topics)
    const to = { bot: topics.id, chat: OWNER, thread: 99_999 }
    const session = "S007" as SessionId
    const id = world.owe({ kind: "text", to, rich: bold("the answer") }, { session })
    await world.settled(id, "sent")
    const message = await chat.sees(/the answer/)
    expect(message).toMatchObject({ text: "S007 · the answer", entities: [{ type: "bold", offset: 7 }] })
    expect(world.heard.goneTopics).toEqual([to])
  })

  it("opens, renames and leaves a topic", async () => {
    await using world = await startWorld()
    const topics = world.rig.addBot({ topics: true })
    await world.lanes.stop()
    world.start([topics])
    const chat = world.rig.owner(topics)
    const to = { bot: topics.id, chat: OWNER, thread: null }
    const created = await world.settled(world.owe({ kind: "topic_create", to, name: "S001 build" }), "sent")
    const thread = Number(created.message)
    await world.settled(world.owe({ kind: "topic_edit", to: { ...to, thread }, name: "S001 built" }), "sent")
    expect(chat.topics().map((topic) => [topic.id, topic.name])).toEqual([[thread, "S001 built"]])
    await world.settled(world.owe({ kind: "text", to: { ...to, thread }, rich: plain("in it") }), "sent")
    expect(chat.inTopic(thread).messages().at(-1)?.text).toBe("in it")
    await world.settled(world.owe({ kind: "topic_delete", to: { ...to, thread } }), "sent")
    expect(chat.topics()).toEqual([])
  })

  it("sends a file under a safe name, and says so when it is gone", async () => {
    await using world = await startWorld()
    const path = join(world.rig.directory, "report.txt")
    await writeFile(path, "numbers")
    const file = { kind: "file", to: world.to, name: 'a/b/re"port\r\n.txt', as: "document" } as const
    await world.settled(world.owe({ ...file, path, caption: plain("see") }), "sent")
    const message = await world.chat.sees("see")
    expect(message.document?.file_name).toBe("re_port__.txt")
    expect(world.chat.downloads(message).toString()).toBe("numbers")
    const missing = await world.settled(world.owe({ ...file, path: `${path}.not` }), "failed")
    expect(missing.error).toMatch(/cannot be read/)
  })

  it("sends a photo that is none as a document", async () => {
    await using world = await startWorld()
    const path = join(world.rig.directory, "chart.png")
    await writeFile(path, "not a picture")
    const id = world.owe({ kind: "file", to: world.to, path, name: "chart.png", as: "photo" })
    await world.settled(id, "sent")
    expect(world.chat.messages().at(-1)?.document?.file_name).toBe("chart.png")
  })

  it("answers a tap at once and puts a reaction on a message", async () => {
    await using world = await startWorld()
    const said = await world.chat.says("go")
    const buttons = [[{ label: "Yes", action: "a1", style: "success" as const }]]
    const asked = world.owe({ kind: "text", to: world.to, rich: plain("sure?"), buttons })
    await world.settled(asked, "sent")
    const message = await world.chat.sees("sure?")
    const tap = await world.chat.taps(message, "Yes")
    await world.settled(world.owe({ kind: "tap", bot: world.bot.id, queryId: tap.id, text: "OK" }), "sent")
    const reaction = { kind: "reaction", to: world.to, message: said.message_id, emoji: "👀" } as const
    await world.settled(world.owe(reaction), "sent")
    await world.chat.seesReaction(said.message_id, "👀")
    const stale = world.owe({ kind: "tap", bot: world.bot.id, queryId: "1" })
    await world.settled(stale, "dropped")
  })

  it("leaves other bots' and other surfaces' rows alone", async () => {
    await using world = await startWorld()
    const foreign = world.text("not mine", {}, { bot: 1, chat: OWNER, thread: null })
    await world.settled(world.text("mine"), "sent")
    expect(world.row(foreign).state).toBe("pending")
  })
})

describe("what is shown in passing", { concurrent: true }, () => {
  it("streams the newest draft, at least a second apart, with a Stop button", async () => {
    await using world = await startWorld()
    let words = "one"
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(words) }) as const
    const show = () => world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    show()
    await world.chat.seesDraft("one")
    for (words of ["two", "three", "four"]) show()
    const draft = await world.chat.seesDraft("four")
    expect(draft.canStop).toBe(true)
    const frames = world.rig.telegram.calls.filter((call) => call.method === "sendMessageDraft")
    expect(frames.map((call) => call.args.text)).toEqual(["one", "four"])
    world.rig.telegram.assertClean()
  })

  it("shows nothing more once forgotten, and the final comes at once", async () => {
    await using world = await startWorld()
    const render = () => ({ kind: "draft", draftId: 7, rich: plain("thinking") }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    await world.chat.seesDraft("thinking")
    world.lanes.show({
      to: world.to,
      slot: "turn",
      kind: "draft",
      render: () => ({ ...render(), rich: plain("late") }),
    })
    world.lanes.forget("turn")
    await world.settled(world.text("the answer"), "sent")
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(world.chat.draft()).toBeUndefined()
    const frames = world.rig.telegram.calls.filter((call) => call.method === "sendMessageDraft")
    expect(frames).toHaveLength(1)
  })

  it("sheds drafts during their penalty while the final passes", async () => {
    await using world = await startWorld()
    world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 3, method: "sendMessageDraft" },
    })
    let frame = 0
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(`frame ${++frame}`) }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    await world.rig.telegram.seesCalls("sendMessageDraft")
    const started = Date.now()
    await world.settled(world.text("the answer"), "sent")
    expect(Date.now() - started).toBeLessThan(1000)
    await world.chat.seesDraft(/frame/)
    expect(Date.now() - started).toBeGreaterThanOrEqual(2900)
    expect(world.rig.telegram.penaltyViolations()).toEqual([])
  })

  it("edits a card by the key of its row and tells when frames are refused", async () => {
    await using world = await startWorld()
    world.text("card v1", { key: "card", priority: "status" })
    const target = { key: "card" }
    const render = () => ({ kind: "edit", target, rich: plain("card v2") }) as const
    world.lanes.show({ to: world.to, slot: "card", kind: "edit", render })
    await world.chat.sees("card v2")
    const group = { bot: world.bot.id, chat: -100_200_300, thread: null }
    const draft = () => ({ kind: "draft", draftId: 1, rich: plain("x") }) as const
    void group
    world.rig.telegram.fault({ kind: "status", code: 400, method: "sendMessageDraft" })
    world.lanes.show({ to: world.to, slot: "draft", kind: "draft", render: draft })
    await vi.waitFor(() => expect(world.heard.refusedSlots).toEqual(["draft"]))
  })
})
