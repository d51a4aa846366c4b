import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it, vi } from "vitest"
import { resent, startDelivery } from "../../../test/fakes/delivery.ts"
import { OWNER } from "../../../test/fakes/telegram-rig.ts"
import { LEDGER_FILE } from "../../ledger/database.ts"
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import { laneOf } from "../places/address.ts"
import { bold, plain } from "../rendering/rich.ts"
import { FairShare } from "./fair-share.ts"

describe("delivery", { concurrent: true }, () => {
  it("sends what is owed and remembers the message it became", async () => {
    await using world = await startDelivery()
    const id = world.text("hello")
    const message = await world.chat.sees("hello")
    const row = await world.settled(id, "sent")
    expect(row.message).toBe(String(message.message_id))
    world.rig.telegram.assertClean()
  })

  it("hears every wake-up, also after one that brought nothing", async () => {
    await using world = await startDelivery()
    world.lanes.wake(laneOf(world.to))
    const id = world.text("hello")
    await world.settled(id, "sent")
  })

  it("sends the more urgent first and the parts of one answer in order", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    world.rig.telegram.fault({ kind: "drop_after_apply", method: "sendMessage" })
    const id = world.text("the answer")
    await world.settled(id, "sent")
    expect(world.screen).toEqual(["the answer", `the answer\n${resent}`])
  })

  it.each(["half_body", "drop_before_apply"] as const)("repeats after %s", async (kind) => {
    await using world = await startDelivery()
    world.rig.telegram.fault({ kind, method: "sendMessage" })
    const id = world.text("the answer")
    await world.settled(id, "sent")
    expect(world.screen.at(-1)).toBe(`the answer\n${resent}`)
    expect(world.row(id)).toMatchObject({ ambiguous: 1, attempts: 2 })
  })

  it("does not repeat a status text of unknown outcome", async () => {
    await using world = await startDelivery()
    world.rig.telegram.fault({ kind: "drop_after_apply", method: "sendMessage" })
    const id = world.text("working", { priority: "status" })
    await world.settled(id, "dropped")
    expect(world.screen).toEqual(["working"])
  })

  it("sends once what another program kept it from recording", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    const other = world.rig.addBot()
    await world.lanes.stop()
    world.start({ bots: [world.bot, other] })
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
    await using world = await startDelivery()
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

  it("takes turns: a step that used up its share lets the rest of the program go first", async () => {
    await using world = await startDelivery()
    await world.lanes.stop()
    let now = 0
    world.start({ share: new FairShare(1, () => now) })
    const group = world.rig.telegram.user({ id: OWNER }).group(world.bot)
    const there = { bot: world.bot.id, chat: group.chat.chat.id, thread: null }
    const first = world.text("first")
    now = 1
    const second = world.text("second", {}, there)
    // All that follows without a new round of the event loop.
    for (let tick = 0; tick < 50; tick++) await Promise.resolve()
    expect([first, second].map((id) => world.row(id).state)).toEqual(["sending", "pending"])
    await Promise.all([world.settled(first, "sent"), world.settled(second, "sent")])
  })

  it("holds up no other chat of the same bot", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    let frame = 0
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(`frame ${++frame}`) }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    const ids = Array.from({ length: 18 }, (_, index) => world.text(`text ${index}`))
    await world.settled(ids.at(-1) ?? 0, "sent", 20_000)
    world.rig.telegram.assertClean()
    expect(world.screen).toEqual(ids.map((_, index) => `text ${index}`))
  })

  it("recovers within three seconds after Telegram was away for two", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    await world.settled(world.text("question?", { key: "q1", priority: "request" }), "sent")
    await world.restart()
    const edit = world.owe({ kind: "edit", to: world.to, target: { key: "q1" }, rich: plain("answered") })
    await world.settled(edit, "sent")
    expect(world.screen).toEqual(["answered"])
  })

  it("holds an edit back until its message is there, and only the newest edit goes", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    const description = "Bad Request: message is too long"
    world.rig.telegram.fault({ kind: "status", code: 400, description, method: "sendMessage" })
    const card = world.text("card", { key: "c" })
    const edit = world.owe({ kind: "edit", to: world.to, target: { key: "c" }, rich: plain("v1") })
    await world.settled(card, "failed")
    await world.settled(edit, "dropped")
    expect(world.heard.undeliverable.map(({ row }) => row.id)).toEqual([card])
  })

  it("keeps what it owes to an owner who has blocked the bot, and sends it in order when they are heard", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    const bad = { type: "text_link", url: "http://localhost:1", offset: 0, length: 4 } as const
    const id = world.owe({ kind: "text", to: world.to, rich: { text: "look here", entities: [bad] } })
    await world.settled(id, "sent")
    expect(world.screen).toEqual(["look here"])
    expect(world.rig.telegram.calls.filter((call) => call.method === "sendMessage")).toHaveLength(2)
  })

  it("fails visibly what Telegram will never take", async () => {
    await using world = await startDelivery()
    const id = world.owe({ kind: "text", to: world.to, rich: plain("x".repeat(5000)) })
    const row = await world.settled(id, "failed")
    expect(row.error).toMatch(/too long/)
    expect(world.heard.undeliverable.map((one) => one.row.id)).toEqual([id])
  })

  it("sends to the flat chat, under the session's name, when the topic is gone", async () => {
    await using world = await startDelivery()
    const topics = world.rig.addBot({ topics: true })
    await world.lanes.stop()
    world.start({ bots: [topics] })
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
    await using world = await startDelivery()
    const topics = world.rig.addBot({ topics: true })
    await world.lanes.stop()
    world.start({ bots: [topics] })
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
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    const path = join(world.rig.directory, "chart.png")
    await writeFile(path, "not a picture")
    const id = world.owe({ kind: "file", to: world.to, path, name: "chart.png", as: "photo" })
    await world.settled(id, "sent")
    expect(world.chat.messages().at(-1)?.document?.file_name).toBe("chart.png")
  })

  it("answers a tap at once and puts a reaction on a message", async () => {
    await using world = await startDelivery()
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
    await using world = await startDelivery()
    const foreign = world.text("not mine", {}, { bot: 1, chat: OWNER, thread: null })
    await world.settled(world.text("mine"), "sent")
    expect(world.row(foreign).state).toBe("pending")
  })
})
