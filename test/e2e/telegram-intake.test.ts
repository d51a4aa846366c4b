import { describe, expect, it } from "vitest"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld, type World } from "../world.ts"
import { labels, screen } from "./telegram-stage.ts"

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
)
const TEN_MINUTES = 600

const prompts = (world: World, words: string) => world.consumed().filter(({ text }) => text.includes(words))

describe("what the owner sends", () => {
  it("becomes one prompt each, with its files, quotes and edits, in the session it is meant for", async () => {
    await using world = await startWorld({ bots: 5 })
    await Promise.all([
      walksAbout(world, world.owner(4)),
      sendsFilesAndPastes(world, world.owner(0)),
      repliesAndForwards(world, world.owner(1)),
      editsWhileWaiting(world, world.owner(2)),
      sendsWhatNobodyCanRead(world.owner(3)),
    ])
    world.telegram.assertClean()
  })

  it("is offered instead of run when it came while nobody was here, whatever it was", async () => {
    await using world = await startWorld()
    await wasAway(world, world.owner())
    world.telegram.assertClean()
  })

  it("is not lost and not run in pieces when the runtime dies while an album or a paste is still coming", async () => {
    await using world = await startWorld({ bots: 2 })
    const [albums, pastes] = [world.owner(0), world.owner(1)]
    await Promise.all([albums.says("one"), pastes.says("two")])
    await Promise.all([albums.sees("echo: one"), pastes.sees("echo: two")])
    const before = world.consumed().length

    await albums.sendsPhoto(PNG, { mediaGroup: "g", caption: "both of these" })
    const [first = "", second = ""] = [`${"a".repeat(4095)}.`, "the end of it"]
    await pastes.says(first)
    await received(world)
    await world.dies()
    await albums.sendsPhoto(PNG, { mediaGroup: "g" })
    await pastes.says(second)
    await world.starts()

    await albums.sees("echo: both of these")
    await pastes.sees("the end of it")
    expect(world.consumed().slice(before)).toHaveLength(2)
    expect(prompts(world, "both of these")[0]?.files).toEqual(["image image/png", "image image/png"])
    expect(prompts(world, "the end of it")[0]?.text).toBe(first + second)
    world.telegram.assertClean()
  })
})

/** Everything that was sent is in the ledger. */
async function received(world: World): Promise<void> {
  for (const { updates } of world.bots) {
    const last = updates.history.at(-1)
    if (last) await updates.acknowledged(last.update_id)
  }
}

async function sendsFilesAndPastes(world: World, owner: Conversation): Promise<void> {
  await owner.sendsAlbum([
    { kind: "photo", data: PNG, caption: "compare these" },
    { kind: "photo", data: PNG },
  ])
  await owner.sees("echo: compare these")
  expect(prompts(world, "compare these").map(({ files }) => files)).toEqual([
    ["image image/png", "image image/png"],
  ])

  await owner.sendsDocument("notes.txt", Buffer.from("remember the milk"), { caption: "read this" })
  await owner.sees("echo: read this")
  expect(prompts(world, "read this")[0]?.files).toEqual(["resource remember the milk"])

  const paste = Array.from({ length: 420 }, (_, line) => `line ${line} of the paste`).join("\n")
  await owner.says(paste)
  await owner.sees(/line 419 of the paste/)
  expect(prompts(world, "of the paste").map(({ text }) => text)).toEqual([paste])
}

async function repliesAndForwards(world: World, owner: Conversation): Promise<void> {
  await owner.says("first session")
  const answer = await owner.sees("echo: first session")
  await owner.says("/new")
  const fresh = await owner.sees("Send your first prompt")
  await owner.says("second session")
  await owner.sees("echo: second session", { after: fresh })

  await owner.replies(answer, "back to the first")
  const tagged = await owner.sees("echo: back to the first")
  expect(tagged.text).toMatch(/^S\d+ · first session\n\n/)
  expect(tagged.reply_to_message?.message_id).toBeDefined()
  await owner.says("and the second")
  expect((await owner.sees("echo: and the second")).text).toBe("echo: and the second")

  const quote = { quote: { text: "the part", position: 0, is_manual: true as const } }
  await owner.replies(answer, "what about it?", quote)
  await owner.sees("what about it?")
  expect(prompts(world, "what about it?")[0]?.text).toBe("> the part\n\nwhat about it?")

  const origin = { type: "hidden_user" as const, sender_user_name: "Ann", date: 1 }
  await owner.says("look at this error", { forward_origin: origin })
  await owner.sees("look at this error")
  expect(prompts(world, "look at this error")[0]?.text).toBe("[Forwarded from Ann]\n> look at this error")
}

async function editsWhileWaiting(world: World, owner: Conversation): Promise<void> {
  const running = await owner.says("start [[hold edits]]")
  await owner.seesDraft(/holding edits/)
  const waiting = await owner.says("with a tpyo")
  await owner.sees(/Queued\nwith a tpyo/)
  await owner.edits(waiting, "with a typo")
  await owner.sees(/Queued\nwith a typo/)
  await owner.edits(running, "start over")
  await owner.sees(/Too late: this prompt is already running/)
  const steered = await owner.says("/steer look hree")
  await owner.sees(/it runs next instead\.\nlook hree/)
  await owner.edits(steered, "/steer look here")
  await owner.sees("Queued\nlook here")
  await owner.says("/status")
  expect((await owner.sees(/^S\d+ · start/)).text).toContain("State: Working\nQueue: 2")
  await owner.says("/queue")
  const { text: listed } = await owner.sees(/^Waiting in/)
  expect(listed).toMatch(/1\. Running now: start .*\n2\. look here\n3\. with a typo$/)
  world.releases("edits")
  await owner.sees("echo: with a typo")
  expect(prompts(world, "tpyo")).toEqual([])
  expect(prompts(world, "start over")).toEqual([])
}

async function wasAway(world: World, owner: Conversation): Promise<void> {
  await world.dies()
  await owner.says("run me later")
  await owner.says("skip me")
  await owner.says("/steer pass this on")
  world.telegram.skipTime(TEN_MINUTES * 1000)
  await world.starts()
  const offered = await owner.sees(/This came while I was away/)
  expect(offered.text).toContain("run me later")
  expect(labels(owner, offered.message_id)).toEqual(["Run", "Edit", "Skip"])
  const second = await owner.sees(/away[\s\S]*skip me/)
  await owner.sees(/away[\s\S]*pass this on/)
  await owner.says("meanwhile")
  await owner.sees("echo: meanwhile")
  const early = world.consumed().map(({ text }) => text)
  expect(early.filter((text) => /run me later|pass this on/.test(text))).toEqual([])

  await owner.taps(offered, "Edit")
  const asked = await owner.sees("Reply to this message with the new text.")
  await owner.replies(asked, "run me now")
  await owner.sees("Changed.")
  expect((await (await owner.taps(offered, "Run")).answer()).text).toBe("It runs.")
  await owner.sees("echo: run me now")
  expect((await (await owner.taps(second, "Skip")).answer()).text).toBe("Skipped by you; it was not run.")
  await owner.sees(/^Skipped by you; it was not run\.\nskip me$/)
  expect(labels(owner, second.message_id)).toEqual([])
  expect(prompts(world, "skip me")).toEqual([])
}

async function walksAbout(world: World, owner: Conversation): Promise<void> {
  const place = { latitude: 1.5, longitude: 2, live_period: 60 }
  const { message_id } = await owner.sends({ location: place })
  await owner.sees("echo: [Location: 1.5, 2]")
  const [bot] = owner.bots
  const { chat } = owner.chat
  const moved = { message_id, date: 1, edit_date: 2, chat, from: owner.user }
  const update = { edited_message: { ...moved, location: { ...place, latitude: 1.6 } } }
  if (bot) await bot.updates.acknowledged(world.telegram.push(bot, update) ?? 0)
  await owner.sends({ venue: { location: place, title: "Cafe", address: "Main Street" }, location: place })
  await owner.sees("echo: [Venue: Cafe, Main Street (1.5, 2)]")
  expect(screen(owner).filter((text) => text.includes("Too late"))).toEqual([])
}

async function sendsWhatNobodyCanRead(owner: Conversation): Promise<void> {
  await owner.sends({ dice: { emoji: "🎲", value: 3 } })
  await owner.sees("I cannot pass this kind of message on")
  await owner.sends({
    pinned_message: { message_id: 1, date: 0, chat: { id: 1, type: "private", first_name: "x" } },
  })
  await owner.says("/list")
  await owner.sees(/No sessions yet|Sessions/)
  expect(owner.messages().filter((message) => message.from?.is_bot)).toHaveLength(2)
}
