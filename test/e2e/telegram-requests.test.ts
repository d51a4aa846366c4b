import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { SessionId } from "../../src/protocol/ids.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld, type World } from "../world.ts"
import { allDelivered, hostOutOfReach, inLedger, labels, screen, terminal } from "./telegram-stage.ts"

const TEN_MINUTES = 600_000

describe("what an agent asks", () => {
  it("is decided once, by taps, replies or elsewhere, and shows who decided", async () => {
    await using world = await startWorld({ bots: 5 })
    await Promise.all([
      allowsAndDenies(world.owner(0)),
      answersQuestions(world.owner(1)),
      decidesElsewhere(world, world.owner(2)),
      stopsInstead(world.owner(3)),
      decidesWhileAFileIsComing(world, world.owner(4)),
    ])
    world.telegram.assertClean()
  })

  it("is asked again after an absence in which a tap would have been lost, and not after a short one", async () => {
    await using world = await startWorld({ bots: 2 })
    const [early, late] = [world.owner(0), world.owner(1)]
    const asked = await Promise.all([asks(early, "echo early"), asks(late, "echo late")])
    await allDelivered(world)
    await world.restarts()
    await early.taps(asked[0], "Allow once")
    await early.sees(/\(allowed\)/)

    await world.dies()
    inLedger(world, "UPDATE settings SET value = ? WHERE key = 'telegram.awake'", Date.now() - TEN_MINUTES)
    await world.starts()
    const again = await late.sees((message) => isOpen(message) && message.message_id > asked[1].message_id)
    await late.sees(/Asked again below\./)
    expect(labels(late, asked[1].message_id)).toEqual([])
    await late.taps(again, "Allow once")
    await late.sees(/\(allowed\)/)
    await late.sees(/Allowed · Telegram · \d\d:\d\d/)
    expect(labels(late, again.message_id)).toEqual([])
    expect(screen(early).filter((text) => text.includes("Asked again"))).toEqual([])
    world.telegram.assertClean()
  })
})

const ENDED = "the agent's process ended, and its question with it."

describe("an answer that comes too late", () => {
  it("is said to have changed nothing, and why, also when it was taken before anybody could know", async () => {
    await using world = await startWorld({ bots: 2 })
    const [answered, open] = [world.owner(0), world.owner(1)]
    const [card, other] = await Promise.all([asks(answered, "echo lost"), asks(open, "echo open")])
    using host = await hostOutOfReach(world)
    expect((await (await answered.taps(card, "Allow once")).answer()).text).toBe("Allowed")
    await answered.sees(/Allowed · Telegram · \d\d:\d\d$/)
    host[Symbol.dispose]()
    const told = `Too late, this changes nothing: ${ENDED}`
    const missed = await answered.sees(({ text = "" }) => text.endsWith(told), { timeoutMs: 30_000 })
    expect(missed.text).toMatch(/echo lost\nAllowed · Telegram · \d\d:\d\d\nToo late/)

    const stale = dataOf(other, "Allow once")
    await open.sees(({ text = "" }) => text.endsWith(`No longer needed: ${ENDED}`))
    const late = await (await open.tapsForged(other, stale)).answer()
    expect(late).toMatchObject({ text: told, showAlert: true })
    world.telegram.assertClean()
  })
})

const isCard = ({ text = "" }: Message): boolean => text.includes("wants to run a command")
const isOpen = (message: Message): boolean => isCard(message) && message.reply_markup !== undefined

async function asks(owner: Conversation, command: string): Promise<Message> {
  await owner.says(`do it [[perm ${command}]]`)
  return owner.sees((message) => isOpen(message) && (message.text ?? "").includes(command))
}

const dataOf = (message: Message, label: string): string => {
  const button = message.reply_markup?.inline_keyboard.flat().find(({ text }) => text === label)
  return button && "callback_data" in button ? button.callback_data : ""
}

async function allowsAndDenies(owner: Conversation): Promise<void> {
  const first = await asks(owner, "rm -rf /")
  expect(first.text).toMatch(/^S\d+ · echo wants to run a command\n🔴 High risk: [^\n]*\nrm -rf \/$/)
  expect(labels(owner, first.message_id)).toEqual(["Allow once", "Deny"])
  await owner.replies(first, "no, because it is dangerous")
  await owner.sees("Please decide with the buttons.")
  expect((await (await owner.taps(first, "Deny")).answer()).text).toBe("Denied")
  await owner.sees(/\(denied\)/)
  await owner.sees(/wants to run a command\nrm -rf \/\nDenied · Telegram · \d\d:\d\d$/)
  expect(labels(owner, first.message_id)).toEqual([])

  const second = await asks(owner, "echo fine")
  const stale = dataOf(second, "Deny")
  expect((await (await owner.taps(second, "Allow once")).answer()).text).toBe("Allowed")
  await owner.sees(/\(allowed\)/)
  const late = await (await owner.tapsForged(second, stale)).answer()
  expect(late).toMatchObject({ text: "Already decided: Allowed (Telegram).", showAlert: true })
}

async function answersQuestions(owner: Conversation): Promise<void> {
  await owner.says("/new demo")
  await owner.sees(/S\d+ · Demonstration/)
  await owner.says("ask me")
  const color = await owner.sees(/Question 1 of 3/)
  await owner.replies(color, "something else")
  await owner.sees("Please decide with the buttons.")
  await owner.taps(color, "Green")
  const tools = await owner.sees(/Question 2 of 3/)
  expect(labels(owner, tools.message_id)).toEqual(["☐ Telegram", "☐ Browser", "☐ Terminal", "Done"])
  const none = await (await owner.taps(tools, "Done")).answer()
  expect(none).toMatchObject({ text: "Choose at least one first.", showAlert: true })
  await owner.taps(tools, "☐ Telegram")
  await owner.until(() => labels(owner, tools.message_id)[0] === "☑ Telegram" || undefined, "the choice")
  await owner.taps(tools, "☐ Terminal")
  await owner.until(() => labels(owner, tools.message_id)[2] === "☑ Terminal" || undefined, "both")
  await owner.taps(tools, "Done")
  const name = await owner.sees(/Question 3 of 3/)
  await owner.replies(name, "Ada")
  await owner.sees(/Answered: Green \/ Telegram, Terminal \/ Ada · Telegram · \d\d:\d\d/)
  await owner.sees(
    ({ message_id, text = "" }) =>
      message_id > name.message_id && /Green[\s\S]*Telegram, Terminal[\s\S]*Ada/.test(text),
  )
}

async function decidesElsewhere(world: World, owner: Conversation): Promise<void> {
  const card = await asks(owner, "echo elsewhere")
  const session = /^S\d+/.exec(card.text ?? "")?.[0] as SessionId
  const { events } = await terminal(world).call("event.page", { session })
  const opened = events.map(({ fact }) => fact).find((fact) => fact?.kind === "request.opened")
  if (opened?.kind !== "request.opened" || opened.body.kind !== "approval") throw new Error("no approval")
  const option = opened.body.options.find(({ effect }) => effect === "allow_once")?.id ?? ""
  const answer = { kind: "option", option } as const
  await terminal(world).call("request.answer", { request: opened.request, version: opened.version, answer })
  await owner.sees(/Allowed · terminal · \d\d:\d\d/)
  expect(labels(owner, card.message_id)).toEqual([])
  const late = await (await owner.tapsForged(card, dataOf(card, "Deny"))).answer()
  expect(late).toMatchObject({ text: "Already decided: Allowed (terminal).", showAlert: true })
  await owner.sees(/\(allowed\)/)
}

async function decidesWhileAFileIsComing(world: World, owner: Conversation): Promise<void> {
  const card = await asks(owner, "echo urgent")
  const slow = world.telegram.fault({ method: "getFile", kind: "delay" })
  await owner.sendsDocument("notes.txt", Buffer.from("the notes"), { caption: "then read this" })
  await slow.hit()
  expect((await (await owner.taps(card, "Allow once")).answer({ timeoutMs: 2_000 })).text).toBe("Allowed")
  await owner.sees(/\(allowed\)/)
  await owner.says("wait [[hold file]]")
  slow.release()
  await owner.sees("echo: then read this")
  await owner.seesDraft(/holding file/)
  await owner.says("/stop")
  await owner.sees(/^Stopped\.\n\nholding file/)
}

const STOPPED = "Too late, this changes nothing: the turn was stopped."

async function stopsInstead(owner: Conversation): Promise<void> {
  const card = await asks(owner, "echo never")
  await owner.says("/stop")
  await owner.sees(/No longer needed: the turn was stopped\.$/)
  expect(labels(owner, card.message_id)).toEqual([])
  await owner.sees(/^Stopped\./)
  const late = await (await owner.tapsForged(card, dataOf(card, "Allow once"))).answer()
  expect(late).toMatchObject({ text: STOPPED, showAlert: true })
  await owner.replies(card, "no, wait")
  await owner.sees(({ message_id, text }) => message_id > card.message_id && text === STOPPED)
}
