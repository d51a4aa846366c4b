import type { InlineKeyboardButton } from "@grammyjs/types/markup.js"
import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

const keyboard = (...buttons: InlineKeyboardButton[]) => ({ reply_markup: { inline_keyboard: [buttons] } })

describe("arguments", () => {
  it.each<[string, string, object]>([
    ["an unknown one", "sendMessage", { chat_id: ownerId, text: "x", parse_mod: "HTML" }],
    ["a missing one", "sendMessage", { chat_id: ownerId }],
    ["a wrong value", "sendMessage", { chat_id: ownerId, text: "x", parse_mode: "HTLM" }],
    ["a wrong type", "sendMessage", { chat_id: ownerId, text: 5 }],
    ["a fraction", "editMessageText", { chat_id: ownerId, message_id: 1.5, text: "x" }],
    [
      "a button that does nothing",
      "sendMessage",
      {
        chat_id: ownerId,
        text: "x",
        ...keyboard({ text: "a", url: "" }),
        reply_markup: { inline_keyboard: [[{ text: "a" }]] },
      },
    ],
    [
      "a reaction that bots cannot use",
      "setMessageReaction",
      { chat_id: ownerId, message_id: 1, reaction: [{ type: "emoji", emoji: "🚀" }] },
    ],
  ])("%s is refused", async (_, method, args) => {
    await using world = await open()
    const response = await fetch(`${world.telegram.apiRoot}/bot${world.bot.token}/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
    })
    expect(await response.json()).toMatchObject({ ok: false, error_code: 400 })
    expect(world.telegram.rejections().map((call) => call.rejection?.reason)).toEqual(["schema"])
  })

  it("come as JSON, form or query, with any letter case in the method's name", async () => {
    await using world = await open()
    const root = `${world.telegram.apiRoot}/bot${world.bot.token}`
    await fetch(`${root}/SENDmessage?chat_id=${ownerId}&text=12`)
    await fetch(`${root}/sendMessage`, {
      method: "POST",
      body: new URLSearchParams({ chat_id: "42", text: "form", disable_notification: "true" }),
    })
    const form = new FormData()
    form.set("chat_id", "42")
    form.set("text", "multipart")
    form.set("entities", JSON.stringify([{ type: "bold", offset: 0, length: 5 }]))
    await fetch(`${root}/sendMessage`, { method: "POST", body: form })
    expect(world.owner.messages().map((message) => message.text)).toEqual(["12", "form", "multipart"])
    world.telegram.assertClean()
  })
})

describe("sendMessage", () => {
  it("refuses an empty text, in Telegram's two wordings", async () => {
    await using world = await open()
    expect((await refusalOf(world.api.sendMessage(ownerId, ""))).description).toBe(
      "Bad Request: message text is empty",
    )
    expect((await refusalOf(world.api.sendMessage(ownerId, " \n"))).description).toBe(
      "Bad Request: text must be non-empty",
    )
  })

  it("answers to messages that exist", async () => {
    await using world = await open()
    const asked = await world.owner.says("?")
    const reply = await world.api.sendMessage(ownerId, "!", {
      reply_parameters: { message_id: asked.message_id },
    })
    expect(reply.reply_to_message?.message_id).toBe(asked.message_id)
    const missing = { reply_parameters: { message_id: 9999 } }
    expect((await refusalOf(world.api.sendMessage(ownerId, "!", missing))).description).toBe(
      "Bad Request: message to be replied not found",
    )
    const lenient = { reply_parameters: { message_id: 9999, allow_sending_without_reply: true } }
    expect((await world.api.sendMessage(ownerId, "!", lenient)).reply_to_message).toBeUndefined()
  })

  it("refuses parameters that this server would ignore", async () => {
    await using world = await open()
    expect(
      (await refusalOf(world.api.sendMessage(ownerId, "x", { message_effect_id: "1" }))).error_code,
    ).toBe(501)
  })
})

describe("rich messages", () => {
  const paragraph = (text: string) => ({ type: "paragraph" as const, text })

  it("are taken as blocks, changed and drafted", async () => {
    await using world = await open({ limits: "off" })
    const cell = { text: "cell", align: "left" as const, valign: "top" as const }
    const blocks = [paragraph("hello"), { type: "list" as const, items: [{ blocks: [paragraph("item")] }] }]
    const sent = await world.api.raw.sendRichMessage({
      chat_id: ownerId,
      rich_message: { blocks: [...blocks, { type: "table", cells: [[cell]] }] },
    })
    await world.owner.sees("cell")
    const place = { chat_id: ownerId, message_id: sent.message_id }
    await world.api.raw.editMessageText({ ...place, rich_message: { blocks: [paragraph("changed")] } })
    await world.owner.sees("changed")
    const thinking = { blocks: [{ type: "thinking" as const, text: "hm" }] }
    await world.api.raw.sendRichMessageDraft({ chat_id: ownerId, draft_id: 1, rich_message: thinking })
    expect(world.owner.draft()?.text).toBe("hm")
    world.telegram.assertClean()
  })

  it.each<[string, object, number]>([
    ["empty", { blocks: [] }, 400],
    ["too long", { blocks: [paragraph("x".repeat(32_769))] }, 400],
    ["in too many blocks", { blocks: Array.from({ length: 501 }, () => paragraph("x")) }, 400],
    ["thinking in public", { blocks: [{ type: "thinking", text: "hm" }] }, 400],
    ["made of unknown blocks", { blocks: [{ type: "paragraf", text: "x" }] }, 400],
    ["markup that nobody can judge here", { markdown: "# x" }, 501],
  ])("are refused when %s", async (_, rich_message, code) => {
    await using world = await open()
    const args = { chat_id: ownerId, rich_message }
    expect((await refusalOf(world.api.raw.sendRichMessage(args))).error_code).toBe(code)
  })
})

describe("buttons", () => {
  it.each<[string, InlineKeyboardButton]>([
    ["64 bytes of data", { text: "a", callback_data: "x".repeat(64) }],
    ["a link", { text: "a", url: "https://example.com/" }],
    ["a Mini App", { text: "a", web_app: { url: "https://example.com/app" } }],
    ["something to copy", { text: "a", copy_text: { text: "git status" } }],
    ["a style", { text: "a", callback_data: "x", style: "danger" }],
  ])("with %s are accepted", async (_, button) => {
    await using world = await open()
    const message = await world.api.sendMessage(ownerId, "x", keyboard(button))
    expect(message.reply_markup?.inline_keyboard).toEqual([[button]])
  })

  it.each<[string, InlineKeyboardButton, string]>([
    ["65 bytes of data", { text: "a", callback_data: "é".repeat(33) }, "BUTTON_DATA_INVALID"],
    ["empty data", { text: "a", callback_data: "" }, "BUTTON_DATA_INVALID"],
    ["a link to localhost", { text: "a", url: "http://localhost:3000" }, "Wrong HTTP URL"],
    [
      "a Mini App over HTTP",
      { text: "a", web_app: { url: "http://example.com/" } },
      "Only HTTPS links are allowed",
    ],
    ["no text", { text: " ", callback_data: "x" }, "non-empty"],
    ["too much to copy", { text: "a", copy_text: { text: "x".repeat(257) } }, "BUTTON_COPY_TEXT_INVALID"],
  ])("with %s are refused", async (_, button, words) => {
    await using world = await open()
    expect((await refusalOf(world.api.sendMessage(ownerId, "x", keyboard(button)))).description).toContain(
      words,
    )
  })

  it("that open a Mini App are refused in groups", async () => {
    await using world = await open()
    const group = world.telegram.user({ id: ownerId }).group(world.bot)
    const button = keyboard({ text: "a", web_app: { url: "https://example.com/" } })
    expect((await refusalOf(world.api.sendMessage(group.chat.chat.id, "x", button))).description).toContain(
      "BUTTON_TYPE",
    )
  })
})

describe("edits and deletions", () => {
  it("change the bot's own messages", async () => {
    await using world = await open()
    const sent = await world.api.sendMessage(ownerId, "a", keyboard({ text: "b", callback_data: "c" }))
    const edited = await world.api.editMessageText(ownerId, sent.message_id, "b")
    expect(edited).toMatchObject({ text: "b", edit_date: expect.any(Number) })
    expect(edited).not.toHaveProperty("reply_markup")
    await world.api.editMessageReplyMarkup(
      ownerId,
      sent.message_id,
      keyboard({ text: "b", callback_data: "c" }),
    )
    await world.api.deleteMessage(ownerId, sent.message_id)
    await world.owner.seesGone(sent)
    world.telegram.assertClean()
  })

  it("are refused when nothing changes", async () => {
    await using world = await open()
    const markup = keyboard({ text: "b", callback_data: "c" })
    const { message_id } = await world.api.sendMessage(ownerId, "a", markup)
    const same = refusalOf(world.api.editMessageText(ownerId, message_id, "a", markup))
    expect((await same).description).toMatch(
      /^Bad Request: message is not modified: specified new message content/,
    )
    const sameMarkup = refusalOf(world.api.editMessageReplyMarkup(ownerId, message_id, markup))
    expect((await sameMarkup).description).toMatch(/message is not modified/)
    await world.api.editMessageText(ownerId, message_id, "a")
  })

  it("are refused for what is missing, another's or of another kind", async () => {
    await using world = await open()
    const { message_id } = await world.owner.says("mine")
    const words = async (call: Promise<unknown>) => (await refusalOf(call)).description
    expect(await words(world.api.editMessageText(ownerId, 999, "x"))).toBe(
      "Bad Request: message to edit not found",
    )
    expect(await words(world.api.editMessageText(ownerId, message_id, "x"))).toBe(
      "Bad Request: message can't be edited",
    )
    expect(await words(world.api.deleteMessage(ownerId, 999))).toBe(
      "Bad Request: message to delete not found",
    )
    const own = await world.api.sendMessage(ownerId, "old")
    world.telegram.skipTime(49 * 60 * 60 * 1000)
    expect(await words(world.api.deleteMessage(ownerId, own.message_id))).toMatch(
      /can't be deleted for everyone/,
    )
    expect(await words(world.api.editMessageCaption(ownerId, own.message_id, { caption: "x" }))).toMatch(
      /no caption/,
    )
  })
})

describe("reactions, commands, menu and profile", () => {
  it("keep what the bot sets", async () => {
    await using world = await open()
    const { message_id } = await world.owner.says("hello")
    await world.api.setMessageReaction(ownerId, message_id, [{ type: "emoji", emoji: "👍" }])
    await world.owner.seesReaction(message_id, "👍")
    const scope = { type: "chat" as const, chat_id: ownerId }
    await world.api.setMyCommands([{ command: "new", description: "New session" }], { scope })
    expect(await world.api.getMyCommands({ scope })).toEqual([{ command: "new", description: "New session" }])
    expect(await world.api.getMyCommands()).toEqual([])
    expect(await world.api.getMyCommands({ scope, language_code: "ko" })).toEqual([])
    const menu = { type: "web_app" as const, text: "Open", web_app: { url: "https://example.com/" } }
    await world.api.setChatMenuButton({ chat_id: ownerId, menu_button: menu })
    expect(await world.api.getChatMenuButton({ chat_id: ownerId })).toEqual(menu)
    await world.api.setMyDescription("Runs agents")
    expect(await world.api.getMyDescription()).toEqual({ description: "Runs agents" })
    await world.api.pinChatMessage(ownerId, message_id)
    expect((await world.api.getChat(ownerId)).pinned_message?.message_id).toBe(message_id)
    await world.api.sendChatAction(ownerId, "typing")
    expect(world.owner.chat.actions.map((one) => one.action)).toEqual(["typing"])
    world.telegram.assertClean()
  })

  it("refuse what Telegram does not take", async () => {
    await using world = await open()
    const { message_id } = await world.owner.says("hello")
    const words = async (call: Promise<unknown>) => (await refusalOf(call)).description
    const two = ["👍", "👎"].map((emoji) => ({ type: "emoji", emoji: emoji as "👍" }) as const)
    expect(await words(world.api.setMessageReaction(ownerId, message_id, two))).toMatch(/REACTIONS_TOO_MANY/)
    expect(await words(world.api.setMessageReaction(ownerId, 999, []))).toBe(
      "Bad Request: message to react not found",
    )
    expect(await words(world.api.setMyCommands([{ command: "New", description: "x" }]))).toMatch(
      /BOT_COMMAND_INVALID/,
    )
    expect(await words(world.api.setMyCommands([{ command: "new", description: "" }]))).toMatch(
      /DESCRIPTION_INVALID/,
    )
    const menu = { type: "web_app" as const, text: "Open", web_app: { url: "http://example.com/" } }
    expect(await words(world.api.setChatMenuButton({ menu_button: menu }))).toMatch(
      /Only HTTPS links are allowed/,
    )
    expect(await words(world.api.setMyDescription("x".repeat(513)))).toMatch(/DESCRIPTION_INVALID/)
    expect(await words(world.api.pinChatMessage(ownerId, 999))).toBe("Bad Request: message to pin not found")
  })
})
