import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

const withTopics = { bot: { topics: true } }

describe("topics in a private chat", () => {
  it("are opened, named, used and deleted by the bot", async () => {
    await using world = await open(withTopics)
    const topic = await world.api.createForumTopic(ownerId, "S001")
    const place = { message_thread_id: topic.message_thread_id }
    const message = await world.api.sendMessage(ownerId, "in the topic", place)
    expect(message).toMatchObject({ ...place, is_topic_message: true })
    const [icon] = await world.api.getForumTopicIconStickers()
    const looks = { name: "S001 fix", icon_custom_emoji_id: icon?.custom_emoji_id ?? "" }
    await world.api.editForumTopic(ownerId, topic.message_thread_id, looks)
    expect(world.owner.topics()[0]).toMatchObject({
      name: "S001 fix",
      iconCustomEmojiId: looks.icon_custom_emoji_id,
    })
    const inTopic = world.owner.inTopic(topic.message_thread_id)
    await inTopic.sees("in the topic")
    await inTopic.says("hi")
    expect((await world.api.getUpdates())[0]?.message).toMatchObject(place)
    await world.api.deleteForumTopic(ownerId, topic.message_thread_id)
    expect(world.owner.messages()).toEqual([])
    world.telegram.assertClean()
    const words = (await refusalOf(world.api.sendMessage(ownerId, "x", place))).description
    expect(words).toBe("Bad Request: message thread not found")
  })

  it("are refused with wrong names, icons, ids, and when nothing changes", async () => {
    await using world = await open(withTopics)
    const { message_thread_id } = await world.api.createForumTopic(ownerId, "S001")
    const words = async (call: Promise<unknown>) => (await refusalOf(call)).description
    expect(await words(world.api.createForumTopic(ownerId, ""))).toMatch(/TOPIC_TITLE_INVALID/)
    expect(await words(world.api.createForumTopic(ownerId, "x".repeat(129)))).toMatch(/TOPIC_TITLE_INVALID/)
    expect(await words(world.api.createForumTopic(ownerId, "x", { icon_custom_emoji_id: "1" }))).toMatch(
      /INVALID/,
    )
    expect(await words(world.api.editForumTopic(ownerId, message_thread_id, { name: "S001" }))).toMatch(
      /NOT_MODIFIED/,
    )
    expect(await words(world.api.editForumTopic(ownerId, 999, { name: "x" }))).toMatch(/TOPIC_ID_INVALID/)
    expect(await words(world.api.sendMessage(ownerId, "x", { message_thread_id: 999 }))).toMatch(
      /thread not found/,
    )
    expect(await words(world.api.closeForumTopic(ownerId, message_thread_id))).toMatch(/not a supergroup/)
  })

  it("do not exist while they are off in BotFather", async () => {
    await using world = await open()
    const refusal = await refusalOf(world.api.createForumTopic(ownerId, "S001"))
    expect(refusal.description).toBe("Bad Request: the chat is not a forum")
  })

  it("open by themselves when the owner writes outside any", async () => {
    await using world = await open(withTopics)
    await world.owner.says("fix the tests")
    const [created, prompt] = (await world.api.getUpdates()).map((update) => update.message)
    expect(created?.forum_topic_created).toMatchObject({ is_name_implicit: true })
    expect(prompt).toMatchObject({ text: "fix the tests", message_thread_id: created?.message_thread_id })
  })

  it("vanish silently when the owner deletes them", async () => {
    await using world = await open(withTopics)
    const topic = await world.owner.createsTopic("mine")
    const before = (await world.api.getUpdates()).length
    await world.owner.deletesTopic(topic.threadId ?? 0)
    expect(await world.api.getUpdates()).toHaveLength(before)
    const place = { message_thread_id: topic.threadId ?? 0 }
    expect((await refusalOf(world.api.sendMessage(ownerId, "x", place))).description).toMatch(
      /message thread not found/,
    )
  })
})

describe("topics in a group", () => {
  it("need an administrator", async () => {
    await using world = await open()
    const owner = world.telegram.user({ id: ownerId })
    const asMember = owner.group(world.bot, { forum: true }).chat.chat.id
    const refusal = await refusalOf(world.api.createForumTopic(asMember, "x"))
    expect(refusal.description).toBe("Bad Request: not enough rights to create a topic")
    const asAdmin = owner.group(world.bot, { forum: true, botIsAdmin: true }).chat.chat.id
    const { message_thread_id } = await world.api.createForumTopic(asAdmin, "x")
    await world.api.closeForumTopic(asAdmin, message_thread_id)
    expect((await refusalOf(world.api.sendMessage(asAdmin, "x", { message_thread_id }))).description).toMatch(
      /CLOSED/,
    )
    await world.api.reopenForumTopic(asAdmin, message_thread_id)
    await world.api.sendMessage(asAdmin, "x", { message_thread_id })
  })
})

describe("drafts", () => {
  it("stream, and vanish after 30 seconds", async () => {
    await using world = await open()
    await world.api.sendMessageDraft(ownerId, 1, "par")
    world.telegram.skipTime(1000)
    await world.api.sendMessageDraft(ownerId, 1, "partial")
    expect(world.owner.draft()?.text).toBe("partial")
    await world.owner.seesDraft(/^par$/)
    world.telegram.skipTime(30_000)
    expect(world.owner.draft()).toBeUndefined()
    world.telegram.assertClean()
  })

  it("give way to a message in the same topic only", async () => {
    await using world = await open({ bot: { topics: true }, limits: "off" })
    const one = (await world.api.createForumTopic(ownerId, "one")).message_thread_id
    const two = (await world.api.createForumTopic(ownerId, "two")).message_thread_id
    await world.api.sendMessageDraft(ownerId, 1, "a", { message_thread_id: one })
    await world.api.sendMessageDraft(ownerId, 2, "b", { message_thread_id: two })
    await world.api.sendMessage(ownerId, "final", { message_thread_id: one })
    expect(world.owner.inTopic(one).draft()).toBeUndefined()
    expect(world.owner.inTopic(two).draft()?.text).toBe("b")
  })

  it("are stopped by an update that names no user", async () => {
    await using world = await open()
    await world.api.raw.sendMessageDraft({ chat_id: ownerId, draft_id: 7, text: "a", can_stop: true })
    await world.owner.stopsDraft()
    const [update] = await world.api.getUpdates()
    expect(update?.stopped_message_generation).toEqual({ chat: world.owner.chat.chat, draft_id: 7 })
    expect(world.owner.draft()).toBeUndefined()
  })

  it("cannot be stopped unless they say so", async () => {
    await using world = await open()
    await world.api.sendMessageDraft(ownerId, 7, "a")
    await expect(world.owner.stopsDraft()).rejects.toThrow(/No draft with a Stop button/)
  })

  it("are refused in groups, without an id, and when too long", async () => {
    await using world = await open({ limits: "off" })
    const group = world.telegram.user({ id: ownerId }).group(world.bot)
    expect((await refusalOf(world.api.sendMessageDraft(group.chat.chat.id, 1, "a"))).error_code).toBe(400)
    expect((await refusalOf(world.api.sendMessageDraft(ownerId, 0, "a"))).error_code).toBe(400)
    expect((await refusalOf(world.api.sendMessageDraft(ownerId, 1, "a".repeat(4097)))).error_code).toBe(400)
    await world.api.sendMessageDraft(ownerId, 1, "")
  })
})
