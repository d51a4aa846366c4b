/** Small inputs that once went wrong: each chat plays one of them, all in one world. */
import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it, vi } from "vitest"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld, type World } from "../world.ts"
import { labels } from "./telegram-stage.ts"

describe("what the owner does", () => {
  it("means what it says, when it was said and where", async () => {
    await using world = await startWorld({ bots: 7, telegram: { limits: "off" } })
    await Promise.all([
      tapsAnOldCard(world.owner(0)),
      edits(world, world.owner(1)),
      sendsAFileThatCannotBeHad(world, world.owner(2)),
      writesWhatOnlyLooksLikeACommand(world, world.owner(3)),
      answersInWords(world.owner(4)),
      looksForTheQuestion(world.owner(5)),
      stopsWhatIsLongOver(world, world.owner(6)),
    ])
  })

  it("stays within reach when the bot that asked is gone", async () => {
    await using world = await startWorld({ bots: 2, telegram: { limits: "off" } })
    const [asked, other] = [world.owner(0), world.owner(1)]
    await other.says("here I am")
    await other.sees("echo: here I am")
    await asked.says("may you [[perm echo yes]]")
    await asked.sees(/wants to run a command/)
    world.bots[0]?.revoke()
    await asked.says("wake the poll")
    const card = await other.sees(/wants to run a command/)
    await other.taps(card, "Allow once")
    await other.sees(/echo: may you/)
  })

  it("does not wait for agents that do not answer", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("hello")
    await owner.sees("echo: hello")
    const host = world.hostPid ?? 0
    process.kill(host, "SIGSTOP")
    try {
      await owner.says("/model")
      await owner.says("/help")
      await owner.sees("The agents did not answer in time", { timeoutMs: 20_000 })
      await owner.sees("What I understand", { timeoutMs: 20_000 })
    } finally {
      process.kill(host, "SIGCONT")
    }
  })
})

const texts = (world: World) => world.consumed().map(({ text }) => text)

async function tapsAnOldCard(owner: Conversation): Promise<void> {
  await owner.says("which model")
  await owner.sees("echo: which model")
  await owner.says("/model")
  const card = await owner.sees(/^Model of (S\d+)/)
  const session = /S\d+/.exec(card.text ?? "")?.[0]
  await owner.says("/new")
  await owner.sees("Send your first prompt.")
  await owner.taps(card, "Echo 2")
  await owner.sees(`${session} uses echo-2 from the next prompt on.`)
  const again = await owner.tapsForged(card, buttonOf(card, "Echo 2"))
  expect((await again.answer()).text).toBe("Already done.")
}

function buttonOf(message: Message, label: string): string {
  const button = (message.reply_markup?.inline_keyboard ?? []).flat().find(({ text }) => text === label)
  return button && "callback_data" in button ? button.callback_data : ""
}

async function edits(world: World, owner: Conversation): Promise<void> {
  await owner.says("busy [[hold edited]]")
  await owner.seesDraft(/holding edited/)
  const waiting = await owner.says("typo here")
  const card = await owner.sees("Queued\ntypo here")
  await owner.taps(card, "Edit")
  await owner.replies(await owner.sees("Reply to this message with the new text."), "rewritten by hand")
  await owner.sees("Queued\nrewritten by hand")
  // Telegram tells of a link's preview as of an edit; the words are the same.
  await owner.edits(waiting, "typo here")
  const mistyped = await owner.says("/stpo")
  await owner.sees("I do not know /stpo.")
  await owner.edits(mistyped, "/queue")
  const queue = await owner.sees(/^Waiting in S\d+/)
  expect(queue.text).toContain("rewritten by hand")
  const listed = await owner.says("/list")
  await owner.sees(/^Sessions/)
  await owner.edits(listed, "/list -a")
  await owner.sees("This edit changes nothing: “/list” was dealt with already.")
  world.releases("edited")
  await owner.sees("echo: rewritten by hand")
  expect(texts(world)).not.toContain("typo here")
}

async function sendsAFileThatCannotBeHad(world: World, owner: Conversation): Promise<void> {
  await owner.says("files please")
  await owner.sees("echo: files please")
  const fault = world.telegram.fault({
    ...({ kind: "status", code: 400, description: "Bad Request: file is temporarily unavailable" } as const),
    ...{ method: "getFile", bot: world.bots[2] as { id: number }, times: 100 },
  })
  await owner.sendsDocument("data.csv", Buffer.from("a,b"), { caption: "sum this up" })
  const asked = await owner.sees(/^data\.csv could not be fetched/)
  expect(labels(owner, asked.message_id)).toEqual(["Try again", "Run without it", "Skip"])
  expect(texts(world)).not.toContain("sum this up")
  fault.cancel()
  await owner.taps(asked, "Try again")
  await owner.sees(/^echo: sum this up/)
  const ran = world.consumed().filter(({ text }) => text.includes("sum this up"))
  expect(ran).toHaveLength(1)
  expect(ran[0]?.files).toHaveLength(1)
}

async function writesWhatOnlyLooksLikeACommand(world: World, owner: Conversation): Promise<void> {
  await owner.says("/tmp is full, clean it up")
  await owner.sees("echo: /tmp is full, clean it up")
  await owner.says("/compact")
  await owner.sees("echo: /compact")
  await owner.says("/frobnicate now")
  const unknown = await owner.sees("I do not know /frobnicate.")
  await owner.taps(unknown, "Send it to echo")
  await owner.sees("echo: /frobnicate now")
  const user = { id: 9, is_bot: false, first_name: "Eve" }
  await owner.says("/stop", { forward_origin: { type: "user", date: 1, sender_user: user } })
  await owner.sees(/echo: \[Forwarded from Eve\]/)
  expect(texts(world)).toContain("[Forwarded from Eve]\n> /stop")
  const busy = await owner.says("busy [[hold caption]]")
  await owner.seesDraft(/holding caption/)
  await owner.sendsPhoto(PNG, { caption: "/stop" })
  await owner.sees(/^Stopping S\d+/, { after: busy })
  await owner.sees("The file that came with /stop was not used.")
}

async function answersInWords(owner: Conversation): Promise<void> {
  await owner.says("ask me [[ask]]")
  const card = await owner.sees(/echo asks/)
  const [first = ""] = labels(owner, card.message_id)
  await owner.says(first.toLowerCase())
  await owner.sees(new RegExp(`Answered: ${first}`))
}

async function looksForTheQuestion(owner: Conversation): Promise<void> {
  await owner.says("may you [[perm echo yes]]")
  const card = await owner.sees(/wants to run a command/)
  const session = /S\d+/.exec(card.text ?? "")?.[0] ?? ""
  await owner.deletes(card)
  await owner.says(`/switch ${session}`)
  const again = await owner.sees(/wants to run a command/, { after: card, current: true })
  await owner.taps(again, "Allow once")
  await owner.sees(/echo: may you/)
}

async function stopsWhatIsLongOver(world: World, owner: Conversation): Promise<void> {
  await owner.says("one [[hold old]]")
  await owner.seesDraft(/holding old/)
  await owner.says("two")
  await owner.sees("Queued\ntwo")
  await owner.says("/stop")
  const stopping = await owner.sees(/^Stopping S\d+/)
  await owner.sees("echo: two")
  await owner.says("three [[hold new]]")
  await owner.seesDraft(/holding new/)
  await owner.says("four")
  await owner.sees("Queued\nfour")
  const tap = await owner.taps(stopping, "Stop and clear queue")
  expect((await tap.answer()).text).toBe("Nothing is running here.")
  world.releases("new")
  await owner.sees("echo: four")
  await vi.waitFor(() => expect(texts(world)).toContain("four"))
}

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
)
