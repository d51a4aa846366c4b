import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

describe("a bot and its owner", () => {
  it("talk through grammY's client", async () => {
    await using world = await open()
    const poll = world.api.getUpdates({ timeout: 5 })
    await world.owner.says("hello")
    const [update] = await poll
    expect(update?.message?.text).toBe("hello")
    const bold = [{ type: "bold" as const, offset: 4, length: 4 }]
    await world.api.sendMessage(ownerId, "hi, bold", { entities: bold })
    expect((await world.owner.sees("hi")).entities).toEqual(bold)
    expect(await world.api.getMe()).toEqual(world.bot.me)
    world.telegram.assertClean()
  })

  it("tap and answer", async () => {
    await using world = await open()
    const keyboard = { inline_keyboard: [[{ text: "Allow", callback_data: "a:1" }]] }
    await world.api.sendMessage(ownerId, "may I?", { reply_markup: keyboard })
    const tap = await world.owner.taps(await world.owner.sees("may I?"), "Allow")
    const [update] = await world.api.getUpdates()
    expect(update?.callback_query?.data).toBe("a:1")
    await world.api.answerCallbackQuery(update?.callback_query?.id ?? "", { text: "Done" })
    expect((await tap.answer()).text).toBe("Done")
  })

  it("cannot tap a button that is not there, unless forged", async () => {
    await using world = await open()
    const keyboard = { inline_keyboard: [[{ text: "Gone", disabled: {} }]] }
    const message = await world.api.sendMessage(ownerId, "x", { reply_markup: keyboard })
    await expect(world.owner.taps(message, "Gone")).rejects.toThrow(/no button "Gone" that can be tapped/)
    await world.owner.tapsForged(message, "evil")
    expect((await world.api.getUpdates())[0]?.callback_query?.data).toBe("evil")
  })

  it("see edits, also ones made before they looked", async () => {
    await using world = await open()
    const { message_id } = await world.api.sendMessage(ownerId, "working")
    await world.api.editMessageText(ownerId, message_id, "done")
    expect((await world.owner.sees("working")).message_id).toBe(message_id)
    const done = await world.owner.sees("done", { current: true })
    await expect(world.owner.sees("working", { current: true, timeoutMs: 1 })).rejects.toThrow()
    await expect(world.owner.sees("working", { after: done, timeoutMs: 1 })).rejects.toThrow()
  })

  it("fail with a transcript when something is not seen", async () => {
    await using world = await open()
    await world.api.sendMessage(ownerId, "something else")
    await expect(world.owner.sees("never", { timeoutMs: 5 })).rejects.toThrow(/something else/)
  })

  it("edit, reply, delete, react and block", async () => {
    await using world = await open()
    const asked = await world.api.sendMessage(ownerId, "question")
    const message = await world.owner.replies(asked, "answer")
    await world.owner.edits(message, "better answer")
    await world.owner.deletes(message)
    await world.api.setMessageReaction(ownerId, asked.message_id, [{ type: "emoji", emoji: "👀" }])
    await world.owner.seesReaction(asked.message_id, "👀")
    const updates = await world.api.getUpdates()
    expect(updates.map((update) => update.message?.text ?? update.edited_message?.text)).toEqual([
      "answer",
      "better answer",
    ])
    expect(updates[0]?.message?.reply_to_message?.message_id).toBe(asked.message_id)
    await world.owner.blocksBot()
    const refusal = await refusalOf(world.api.sendMessage(ownerId, "x"))
    expect(refusal).toMatchObject({ error_code: 403, description: "Forbidden: bot was blocked by the user" })
    await world.owner.unblocksBot()
    await world.api.sendMessage(ownerId, "x")
  })

  it("split a long paste like Telegram's clients", async () => {
    await using world = await open()
    const paste = Array.from({ length: 1200 }, (_, line) => `line ${line}`).join("\n")
    await world.owner.says(paste)
    const texts = (await world.api.getUpdates()).map((update) => update.message?.text ?? "")
    expect(texts.length).toBeGreaterThan(2)
    expect(texts.every((text) => text.length <= 4096)).toBe(true)
    expect(texts.join("\n")).toBe(paste)
  })
})

describe("in groups", () => {
  it("a bot in privacy mode hears only what is meant for it", async () => {
    await using world = await open()
    const group = world.telegram.user({ id: ownerId }).group(world.bot)
    const sent = await world.api.sendMessage(group.chat.chat.id, "hi all")
    await group.says("just talking")
    await group.says(`hey @${world.bot.me.username}`)
    await group.says("/status")
    await group.says("/status@another_bot")
    await group.replies(sent, "hello bot")
    const texts = (await world.api.getUpdates()).flatMap((update) => update.message?.text ?? [])
    expect(texts).toEqual([`hey @${world.bot.me.username}`, "/status", "hello bot"])
  })

  it("a bot that is an administrator hears everything, strangers too", async () => {
    await using world = await open()
    const group = world.telegram.user({ id: ownerId }).group(world.bot, { botIsAdmin: true })
    await group.as(world.telegram.user({ id: 7 }).user).says("just talking")
    const [, update] = await world.api.getUpdates()
    expect(update?.message?.from?.id).toBe(7)
  })

  it("a bot that is no member cannot speak", async () => {
    await using world = await open()
    const other = world.telegram.addBot()
    const group = world.telegram.user({ id: ownerId }).group(other)
    const refusal = await refusalOf(world.api.sendMessage(group.chat.chat.id, "x"))
    expect(refusal.error_code).toBe(403)
    expect((await refusalOf(world.api.sendMessage(999, "x"))).description).toBe("Bad Request: chat not found")
  })
})
