import { InputFile } from "grammy"
import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

const half = "rocket \uD83D"

describe("Telegram takes no half character, wherever it stands", () => {
  it.each([
    ["in a text", (api) => api.sendMessage(ownerId, half)],
    [
      "in a label",
      (api) =>
        api.sendMessage(ownerId, "x", {
          reply_markup: { inline_keyboard: [[{ text: half, callback_data: "a" }]] },
        }),
    ],
    ["in a tap's answer", (api) => api.answerCallbackQuery("1", { text: half })],
    ["in a topic's name", (api) => api.createForumTopic(ownerId, half)],
    ["in a command's description", (api) => api.setMyCommands([{ command: "a", description: half }])],
  ] satisfies [string, (api: Awaited<ReturnType<typeof open>>["api"]) => Promise<unknown>][])(
    "%s",
    async (_name, call) => {
      await using world = await open({ bot: { topics: true } })
      expect((await refusalOf(call(world.api))).description).toBe(
        "Bad Request: strings must be encoded in UTF-8",
      )
    },
  )
})

describe("Telegram takes only so much", () => {
  it("of a keyboard, however few buttons it has", async () => {
    await using world = await open()
    const keyboard = (text: string, count: number) => ({
      inline_keyboard: Array.from({ length: count }, (_, id) => [{ text, callback_data: `${id}` }]),
    })
    const send = (text: string, count: number) =>
      world.api.sendMessage(ownerId, "choose", { reply_markup: keyboard(text, count) })
    for (const [text, count] of [
      ["x".repeat(10_000), 1],
      ["x".repeat(150), 99],
    ] as const)
      expect((await refusalOf(send(text, count))).description).toBe("Bad Request: REPLY_MARKUP_TOO_LONG")
    await send("x".repeat(64), 40)
  })

  it("no topic without a visible name", async () => {
    await using world = await open({ bot: { topics: true } })
    expect((await refusalOf(world.api.createForumTopic(ownerId, "  "))).description).toMatch(/TOPIC_TITLE/)
  })

  it("gives as much of a file as is asked for", async () => {
    await using world = await open()
    const sent = await world.api.sendDocument(ownerId, new InputFile(Buffer.from("0123456789"), "digits.txt"))
    const { file_path: path } = await world.api.getFile(sent.document.file_id)
    const url = `${world.telegram.apiRoot}/file/bot${world.bot.token}/${path}`
    const rest = await fetch(url, { headers: { range: "bytes=4-" } })
    expect([rest.status, await rest.text()]).toEqual([206, "456789"])
    expect((await fetch(url, { headers: { range: "bytes=99-" } })).status).toBe(416)
  })
})
