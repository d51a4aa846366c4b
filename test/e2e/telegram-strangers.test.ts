import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { FakeBot } from "../fakes/telegram/bot.ts"
import type { UpdateContent } from "../fakes/telegram/update-queue.ts"
import { OWNER, startWorld, type World } from "../world.ts"
import { inLedger, labels, logLines } from "./telegram-stage.ts"

const STRANGER = { id: 666, is_bot: false as const, first_name: "Mallory" }
const OWNER_USER = { id: OWNER, is_bot: false as const, first_name: "Owner" }
const OTHER_BOT = { id: 77, is_bot: true as const, first_name: "Bot", username: "other_bot" }

const strangersChat = { id: STRANGER.id, type: "private" as const, first_name: "Mallory" }
const ownersChat = { id: OWNER, type: "private" as const, first_name: "Owner" }
const group = { id: -1_001_234, type: "supergroup" as const, title: "Group" }
const channel = { id: -1_009_999, type: "channel" as const, title: "News" }

let number = 100_000
const content = (more: object): Message =>
  ({ message_id: ++number, date: Math.floor(Date.now() / 1000), text: "rm -rf /", ...more }) as Message
/** The push takes what Telegram could send; these are shapes that it does send. */
const update = (content: object): UpdateContent => content as UpdateContent

/** Everything that somebody else can make Telegram deliver to a bot, by the name of the trick. */
function intrusions(stolen: {
  data: string
  message: Message
}): readonly (readonly [string, UpdateContent])[] {
  const tap = { id: "1", chat_instance: "1", data: stolen.data }
  const said = (more: object) => update({ message: content(more) })
  return [
    ["a message", said({ from: STRANGER, chat: strangersChat })],
    ["a command", said({ from: STRANGER, chat: strangersChat, text: "/start echo" })],
    [
      "a file",
      said({ from: STRANGER, chat: strangersChat, document: { file_id: "x", file_unique_id: "y" } }),
    ],
    ["an edit", update({ edited_message: content({ from: STRANGER, chat: strangersChat, edit_date: 1 }) })],
    [
      "a forward of the owner's words",
      said({
        from: STRANGER,
        chat: strangersChat,
        forward_origin: { type: "user", date: 1, sender_user: OWNER_USER },
      }),
    ],
    ["a message in a group", said({ from: STRANGER, chat: group })],
    ["the owner in a group that is off", said({ from: OWNER_USER, chat: group })],
    ["an anonymous admin with the owner's id", said({ from: OWNER_USER, sender_chat: group, chat: group })],
    [
      "a channel's automatic forward",
      said({ from: OWNER_USER, chat: ownersChat, is_automatic_forward: true }),
    ],
    ["a message via another bot", said({ from: OWNER_USER, chat: ownersChat, via_bot: OTHER_BOT })],
    ["another bot", said({ from: OTHER_BOT, chat: ownersChat })],
    ["a bot with the owner's id", said({ from: { ...OWNER_USER, is_bot: true }, chat: ownersChat })],
    ["a business message", said({ from: OWNER_USER, chat: ownersChat, business_connection_id: "b" })],
    ["a guest message", said({ from: OWNER_USER, chat: ownersChat, guest_query_id: "g" })],
    ["no sender", said({ chat: ownersChat })],
    ["the owner's id in somebody else's chat", said({ from: OWNER_USER, chat: strangersChat })],
    ["a channel post as a message", said({ from: OWNER_USER, chat: channel })],
    ["a stolen button", update({ callback_query: { ...tap, from: STRANGER, message: stolen.message } })],
    [
      "forged data",
      update({ callback_query: { ...tap, from: STRANGER, data: "x".repeat(22), message: stolen.message } }),
    ],
    ["a tap by a bot", update({ callback_query: { ...tap, from: OTHER_BOT, message: stolen.message } })],
    ["an inline tap", update({ callback_query: { ...tap, from: OWNER_USER, inline_message_id: "i" } })],
    [
      "a tap in a group",
      update({ callback_query: { ...tap, from: STRANGER, message: { ...stolen.message, chat: group } } }),
    ],
    [
      "a stop in a foreign chat",
      update({ stopped_message_generation: { chat: strangersChat, draft_id: 1 } }),
    ],
    ["a stop in a group", update({ stopped_message_generation: { chat: group, draft_id: 1 } })],
    [
      "being added to a group",
      update({
        my_chat_member: {
          chat: group,
          from: STRANGER,
          date: 1,
          old_chat_member: { status: "left", user: OTHER_BOT },
          new_chat_member: { status: "member", user: OTHER_BOT },
        },
      }),
    ],
  ]
}

/** Kinds that are never even delivered, because they are not asked for. */
const UNWANTED: readonly (readonly [string, object])[] = [
  ["a channel post", { channel_post: content({ chat: channel }) }],
  ["an edited channel post", { edited_channel_post: content({ chat: channel }) }],
  ["a business message", { business_message: content({ from: STRANGER, chat: strangersChat }) }],
  ["a guest message", { guest_message: content({ from: STRANGER, chat: strangersChat }) }],
  ["an inline query", { inline_query: { id: "1", from: STRANGER, query: "x", offset: "" } }],
]

const otherCalls = (world: World) => world.telegram.calls.filter(({ method }) => method !== "getUpdates")

async function handled(bot: FakeBot, updateId: number | undefined): Promise<void> {
  if (updateId === undefined) throw new Error("the bot did not want this update")
  await bot.updates.acknowledged(updateId)
}

describe("Telegram, when it is not the owner", () => {
  it("reaches no agent, causes no call and leaves a line in the log; the owner's own taps do what they say", async () => {
    await using world = await startWorld({ bots: 2 })
    const owner = world.owner()
    const elsewhere = world.owner(1)
    const bot = world.bots[0] as FakeBot
    await owner.says("/model")
    const settled = await owner.sees("There is no session")
    await owner.says("hello")
    await owner.sees("echo: hello")
    await owner.says("/model")
    const card = await owner.sees(/Model of S001/, { after: settled })
    const key = card.reply_markup?.inline_keyboard[0]?.[0]
    const data = key && "callback_data" in key ? key.callback_data : ""
    expect(data).not.toBe("")

    const before = otherCalls(world).length
    let last: number | undefined
    for (const [name, intrusion] of intrusions({ data, message: card })) {
      last = world.telegram.push(bot, intrusion)
      expect(last, name).toBeDefined()
    }
    for (const [name, unwanted] of UNWANTED)
      expect(world.telegram.push(bot, update(unwanted)), name).toBeUndefined()
    await handled(bot, last)
    expect(
      otherCalls(world)
        .slice(before)
        .map(({ method }) => method),
    ).toEqual([])
    expect(world.consumed().map(({ text }) => text)).toEqual(["hello"])
    const ignored = logLines(world).filter(({ msg }) => msg === "an update was ignored")
    expect(ignored).toHaveLength(intrusions({ data, message: card }).length)
    expect(new Set(ignored.map(({ updateId }) => updateId)).size).toBe(ignored.length)

    const forged = await owner.tapsForged(card, "A".repeat(22))
    expect((await forged.answer()).text).toBe("This button has expired.")
    const foreign = await elsewhere.tapsForged(await fromOther(world), data)
    expect((await foreign.answer()).text).toBe("This button belongs to another chat.")
    await usedAndExpired(world)

    await owner.says("still there?")
    await owner.sees("echo: still there?")
    world.telegram.assertClean()
  })
})

/** A message of the other bot to tap at. */
async function fromOther(world: World): Promise<Message> {
  await world.owner(1).says("/help")
  return world.owner(1).sees("What I understand")
}

async function usedAndExpired(world: World): Promise<void> {
  const owner = world.owner()
  await owner.says("[[error broken]]")
  const failed = await owner.sees("Failed")
  expect(labels(owner, failed.message_id)).toEqual(["Run again"])
  const again = failed.reply_markup?.inline_keyboard[0]?.[0]
  const data = again && "callback_data" in again ? again.callback_data : ""
  await (await owner.taps(failed, "Run again")).answer()
  const second = await owner.sees(
    (message) => message.message_id > failed.message_id && (message.text ?? "").includes("Failed"),
  )
  const used = await owner.tapsForged(failed, data)
  expect((await used.answer()).text).toBe("Already done.")
  expect(world.consumed().filter(({ text }) => text.includes("[[error"))).toHaveLength(2)

  inLedger(world, "UPDATE actions SET expires_at = 1")
  const expired = await owner.taps(second, "Run again")
  expect((await expired.answer()).text).toBe("This button has expired.")
}
