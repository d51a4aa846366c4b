import type { Update } from "grammy/types"
import { describe, expect, it } from "vitest"
import { authorise, type Refusal } from "./authorise.ts"

const owner = { id: 42, is_bot: false, first_name: "Owner" }
const stranger = { id: 666, is_bot: false, first_name: "Mallory" }
const otherBot = { id: 77, is_bot: true, first_name: "Robot" }
const anonymousAdmin = { id: 1087968824, is_bot: true, first_name: "Group" }
const bot = { id: 5, is_bot: true, first_name: "RemoteAgent" }

const home = { id: 42, type: "private", first_name: "Owner" }
const elsewhere = { id: 666, type: "private", first_name: "Mallory" }
const groupOn = { id: -1001, type: "supergroup", title: "On" }
const groupOff = { id: -1002, type: "supergroup", title: "Off" }
const channel = { id: -1003, type: "channel", title: "News" }

const rules = { owner: 42, bot: 5, groupsOn: (chat: number) => chat === groupOn.id }

const say = (fields: object = {}) => ({
  message_id: 1,
  date: 1,
  text: "hi",
  from: owner,
  chat: home,
  ...fields,
})
const shown = (fields: object = {}) => ({
  message_id: 9,
  date: 1,
  text: "?",
  from: bot,
  chat: home,
  ...fields,
})
const tap = (fields: object = {}) => ({
  ...{ id: "1", from: owner, chat_instance: "x", data: "a", message: shown() },
  ...fields,
})
const member = (fields: object = {}) => ({
  ...{ chat: home, from: owner, date: 1 },
  old_chat_member: { status: "member", user: bot },
  new_chat_member: { status: "kicked", user: bot, until_date: 0 },
  ...fields,
})

/** Telegram's server decides what arrives, not our types: anything may. */
const judge = (fields: object) => authorise({ update_id: 1, ...fields } as Update, rules)

describe("accepts from the owner", () => {
  it.each<[string, object, string, number | null]>([
    ["a message", { message: say() }, "telegram:5:42", null],
    [
      "a message in a topic",
      { message: say({ message_thread_id: 7, is_topic_message: true }) },
      "telegram:5:42:7",
      7,
    ],
    [
      "a comment thread, which is no topic",
      { message: say({ message_thread_id: 7 }) },
      "telegram:5:42",
      null,
    ],
    ["an edit", { edited_message: say({ edit_date: 2 }) }, "telegram:5:42", null],
    [
      "a forwarded channel post",
      { message: say({ forward_origin: { type: "channel" } }) },
      "telegram:5:42",
      null,
    ],
    ["a message in a group that is on", { message: say({ chat: groupOn }) }, "telegram:5:-1001", null],
    ["a tap", { callback_query: tap() }, "telegram:5:42", null],
    [
      "a tap in a topic",
      { callback_query: tap({ message: shown({ message_thread_id: 7, is_topic_message: true }) }) },
      "telegram:5:42:7",
      7,
    ],
    [
      "a tap on a message too old to be shown",
      { callback_query: tap({ message: { chat: home, message_id: 9, date: 0 } }) },
      "telegram:5:42",
      null,
    ],
    [
      "Stop, which names no user",
      { stopped_message_generation: { chat: home, draft_id: 3 } },
      "telegram:5:42",
      null,
    ],
    [
      "Stop in a topic",
      { stopped_message_generation: { chat: home, draft_id: 3, message_thread_id: 7 } },
      "telegram:5:42:7",
      7,
    ],
    ["blocking the bot", { my_chat_member: member() }, "telegram:5:42", null],
    [
      "that a group which is on became a supergroup, whoever did that",
      { message: say({ chat: { ...groupOn, type: "group" }, from: stranger, migrate_to_chat_id: -1009 }) },
      "telegram:5:-1001",
      null,
    ],
    [
      "the same as the supergroup tells it",
      { message: say({ chat: groupOff, from: stranger, migrate_from_chat_id: groupOn.id }) },
      "telegram:5:-1002",
      null,
    ],
    [
      "adding the bot to a group that is off",
      { my_chat_member: member({ chat: groupOff }) },
      "telegram:5:-1002",
      null,
    ],
  ])("%s", (_name, update, lane, thread) => {
    expect(judge(update)).toMatchObject({ kind: "accept", lane, address: { bot: 5, thread } })
  })
})

describe("ignores", () => {
  it.each<[string, object, Refusal]>([
    ["a stranger", { message: say({ from: stranger, chat: elsewhere }) }, "not_owner"],
    ["a stranger in the owner's chat", { message: say({ from: stranger }) }, "not_owner"],
    ["the owner's id in a stranger's chat", { message: say({ chat: elsewhere }) }, "foreign_chat"],
    ["a message without a sender", { message: say({ from: undefined }) }, "not_owner"],
    ["a bot with the owner's id", { message: say({ from: { ...otherBot, id: 42 } }) }, "bot"],
    ["a sender who does not say what they are", { message: say({ from: { id: 42 } }) }, "bot"],
    ["the owner's id as text", { message: say({ from: { ...owner, id: "42" } }) }, "not_owner"],
    ["another bot", { message: say({ from: otherBot, chat: groupOn }) }, "bot"],
    ["a message through an inline bot", { message: say({ via_bot: otherBot }) }, "via_bot"],
    [
      "an anonymous admin",
      { message: say({ from: anonymousAdmin, chat: groupOn, sender_chat: groupOn }) },
      "anonymous",
    ],
    [
      "the owner in the name of a channel",
      { message: say({ chat: groupOn, sender_chat: channel }) },
      "anonymous",
    ],
    [
      "a post forwarded by its channel",
      { message: say({ chat: groupOn, is_automatic_forward: true }) },
      "anonymous",
    ],
    ["a business message", { message: say({ business_connection_id: "b" }) }, "business"],
    ["a guest message in disguise", { message: say({ guest_query_id: "g" }) }, "guest"],
    [
      "that a group which is off became a supergroup",
      { message: say({ chat: { ...groupOff, type: "group" }, migrate_to_chat_id: -1009 }) },
      "group_off",
    ],
    [
      "a supergroup that claims to have been a private chat",
      { message: say({ chat: groupOff, from: stranger, migrate_from_chat_id: 42 }) },
      "not_owner",
    ],
    ["a group that is off", { message: say({ chat: groupOff }) }, "group_off"],
    ["a stranger in a group that is on", { message: say({ chat: groupOn, from: stranger }) }, "not_owner"],
    ["a message that claims a channel", { message: say({ chat: channel }) }, "channel"],
    ["a chat of a new type", { message: say({ chat: { id: 42, type: "galaxy" } }) }, "foreign_chat"],
    ["a private chat with a group's id", { message: say({ chat: { ...home, id: -42 } }) }, "foreign_chat"],
    ["a group with the owner's id", { message: say({ chat: { ...groupOn, id: 42 } }) }, "foreign_chat"],
    ["a stranger's edit", { edited_message: say({ from: stranger, chat: elsewhere }) }, "not_owner"],
    ["a stranger's tap", { callback_query: tap({ from: stranger }) }, "not_owner"],
    [
      "a stranger's tap in a group that is on",
      { callback_query: tap({ from: stranger, message: shown({ chat: groupOn }) }) },
      "not_owner",
    ],
    [
      "a tap in a group that is off",
      { callback_query: tap({ message: shown({ chat: groupOff }) }) },
      "group_off",
    ],
    [
      "a tap in a stranger's chat",
      { callback_query: tap({ message: shown({ chat: elsewhere }) }) },
      "foreign_chat",
    ],
    [
      "a tap on a message of another bot",
      { callback_query: tap({ message: shown({ from: otherBot }) }) },
      "bot",
    ],
    [
      "a tap on an inline message",
      { callback_query: tap({ message: undefined, inline_message_id: "i" }) },
      "no_message",
    ],
    ["a tap by a bot", { callback_query: tap({ from: otherBot }) }, "bot"],
    ["a stranger's Stop", { stopped_message_generation: { chat: elsewhere, draft_id: 3 } }, "foreign_chat"],
    ["Stop in a group", { stopped_message_generation: { chat: groupOn, draft_id: 3 } }, "foreign_chat"],
    ["Stop without a chat", { stopped_message_generation: { draft_id: 3 } }, "foreign_chat"],
    [
      "a stranger who adds the bot",
      { my_chat_member: member({ from: stranger, chat: groupOff }) },
      "not_owner",
    ],
    ["the bot in a channel", { my_chat_member: member({ chat: channel }) }, "channel"],
    ["an update without content", {}, "unknown_kind"],
    ["an update with two contents", { message: say(), callback_query: tap() }, "unknown_kind"],
    ["the owner's message beside something unknown", { message: say(), from_the_future: {} }, "unknown_kind"],
  ])("%s", (_name, update, why) => {
    expect(judge(update)).toEqual({ kind: "ignore", why })
  })

  it.each([
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "subscription",
    "something_from_the_future",
  ])("%s, even with the owner's name on it", (kind) => {
    expect(judge({ [kind]: { ...say(), user: owner } })).toEqual({ kind: "ignore", why: "unknown_kind" })
  })
})
