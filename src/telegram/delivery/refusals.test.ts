import { describe, expect, it } from "vitest"
import { type Delivery, startDelivery } from "../../../test/fakes/delivery.ts"
import { systemClock } from "../../core/clock.ts"
import type { ProviderId, SessionId, TurnId } from "../../protocol/ids.ts"
import { plain } from "../rendering/rich.ts"
import { Outgoing } from "./outgoing.ts"

const outgoing = ({ rig, lanes }: Delivery) =>
  new Outgoing(rig.ledger, systemClock, (lane) => lanes.wake(lane))

describe("what Telegram refuses", { concurrent: true }, () => {
  it("closes no chat when a reaction or a draft is forbidden", async () => {
    await using world = await startDelivery()
    const said = await world.chat.says("hello")
    const { telegram } = world.rig
    const forbidden = {
      kind: "status",
      code: 403,
      description: "Forbidden: bot was blocked by the user",
    } as const
    telegram.fault({ ...forbidden, method: "setMessageReaction" })
    const seen = { kind: "reaction", to: world.to, message: said.message_id, emoji: "👀" } as const
    await world.settled(world.owe(seen, { priority: "answer" }), "dropped")
    telegram.fault({ ...forbidden, method: "sendMessageDraft" })
    const render = () => ({ kind: "draft", draftId: 7, rich: plain("thinking") }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    await telegram.seesCalls(({ method, status }) => method === "sendMessageDraft" && status === 403)
    await world.settled(world.text("the answer"), "sent", 5_000)
    expect(world.heard.refusedSlots).toEqual(["turn"])
  })

  it("sends to the chat only the one message that a topic would not take, and calls a closed one not gone", async () => {
    await using world = await startDelivery()
    const bot = world.rig.addBot({ topics: true })
    const chat = world.rig.owner(bot)
    const topic = await chat.createsTopic("work")
    await world.lanes.stop()
    world.start({ bots: [bot] })
    const to = { bot: bot.id, chat: world.to.chat, thread: topic.threadId ?? 0 }
    const refused = (description: string) =>
      world.rig.telegram.fault({ kind: "status", code: 400, description, method: "sendMessage" })
    refused("Bad Request: TOPIC_CLOSED")
    await world.settled(world.text("one", { session: "S001" as SessionId }, to), "sent")
    expect(world.heard.goneTopics).toEqual([])
    refused("Bad Request: message thread not found")
    await world.settled(world.text("two", { session: "S001" as SessionId }, to), "sent")
    expect(world.heard.goneTopics).toEqual([to])
    await world.settled(world.text("three", { session: "S001" as SessionId }, to), "sent")
    const where = chat.chat.messages
    const sent = [...where.values()].filter(({ from }) => from?.is_bot)
    expect(sent.map(({ text, message_thread_id: thread }) => [text, thread])).toEqual([
      ["S001 · one", undefined],
      ["S001 · two", undefined],
      ["three", topic.threadId],
    ])
  })

  it("is not half a character: in labels, notices and names", async () => {
    await using world = await startDelivery()
    const out = outgoing(world)
    const half = "rocket \uD83D"
    world.rig.ledger.transact(() => {
      const button = out.button(world.to, `${"a".repeat(63)}🚀 launch`, { of: "card", verb: "dismiss" })
      out.text(world.to, "choose", {
        key: null,
        priority: "answer",
        buttons: [[button], [{ label: half, copy: half }]],
      })
      out.tap(world.to, "not-a-query", { text: `${half} ${"🚀".repeat(150)}` })
    })
    const sent = await world.chat.sees("choose")
    const labels = (sent.reply_markup?.inline_keyboard ?? []).flat().map(({ text }) => text)
    expect(labels).toEqual([`${"a".repeat(63)}…`, "rocket \uFFFD"])
    await world.rig.telegram.seesCalls(({ method }) => method === "answerCallbackQuery")
    for (const { args } of world.rig.telegram.calls) expect(JSON.stringify(args).isWellFormed()).toBe(true)
  })

  it("is not too long: an answer comes in as many messages as it needs, with its buttons under the last", async () => {
    await using world = await startDelivery()
    const out = outgoing(world)
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index} of a long list of many lines`)
    world.rig.ledger.transact(() => {
      const buttons = [[out.button(world.to, "Go", { of: "card", verb: "dismiss" })]]
      out.text(world.to, lines.join("\n"), { key: "long", priority: "answer", buttons })
    })
    await world.chat.sees(/line 299/)
    const messages = world.chat.messages()
    expect(messages.map(({ text }) => text).join("\n")).toBe(lines.join("\n"))
    expect(messages.map(({ reply_markup: markup }) => markup !== undefined)).toEqual(
      messages.map((_, index) => index === messages.length - 1),
    )
    expect(world.rig.telegram.calls.filter(({ rejection }) => rejection)).toEqual([])
  })

  it("is not told any more: the card of a turn that has its answer already", async () => {
    await using world = await startDelivery()
    const { ledger, telegram } = world.rig
    const session = ledger.transact(() => {
      const id = ledger.sessions.nextId()
      const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
      ledger.sessions.create(
        { id, title: "", titleBy: "runtime", provider: "demo" as ProviderId, ...where },
        1,
      )
      return id
    })
    const turn = "0b8b6ab0-98a4-4f6f-9a8e-3f2a7b6f0003" as TurnId
    const of = { origin: "owner", channel: null, sourceMessage: null, clientId: null, hold: null } as const
    ledger.turns.add({ id: turn, session, prompt: { text: "quick", files: [] }, ...of }, Date.now())
    const gate = telegram.fault({ kind: "delay", method: "sendMessage" })
    world.text("before it")
    await gate.hit()
    const card = world.text("⏳ Queued", { priority: "status", key: `card:${turn}:x`, turn })
    ledger.turns.setState(turn, "running", Date.now())
    ledger.turns.end(turn, { kind: "completed", text: "done" }, Date.now())
    gate.release()
    await world.settled(card, "dropped")
    expect(world.screen).toEqual(["before it"])
  })
})
