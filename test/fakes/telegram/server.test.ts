import { Api, GrammyError } from "grammy"
import { afterEach, describe, expect, it } from "vitest"
import { startTelegram, type TelegramServer } from "./server.ts"

let telegram: TelegramServer
afterEach(() => telegram.close())

async function start(options: Parameters<typeof startTelegram>[0] = {}) {
  telegram = await startTelegram(options)
  const bot = telegram.addBot()
  const api = new Api(bot.token, { apiRoot: telegram.apiRoot })
  const owner = telegram.user({ id: 42, first_name: "Olive" }).chatWith(bot)
  return { bot, api, owner }
}

async function refusalOf(call: Promise<unknown>): Promise<GrammyError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof GrammyError)) throw new Error(`Expected a refusal, got ${String(error)}`)
  return error
}

describe("a bot and its owner", () => {
  it("talk through grammY's client", async () => {
    const { api, owner } = await start()
    const poll = api.getUpdates({ timeout: 5 })
    await owner.says("hello")
    const [update] = await poll
    expect(update?.message?.text).toBe("hello")
    await api.sendMessage(42, "hi, bold", { entities: [{ type: "bold", offset: 4, length: 4 }] })
    const seen = await owner.sees("hi")
    expect(seen.entities).toEqual([{ type: "bold", offset: 4, length: 4 }])
    telegram.assertClean()
  })

  it("tap and answer", async () => {
    const { api, owner } = await start()
    const keyboard = { inline_keyboard: [[{ text: "Allow", callback_data: "a:1" }]] }
    await api.sendMessage(42, "may I?", { reply_markup: keyboard })
    const tap = await owner.taps(await owner.sees("may I?"), "Allow")
    const [update] = await api.getUpdates()
    await api.answerCallbackQuery(update?.callback_query?.id ?? "", { text: "Done" })
    expect((await tap.answer()).text).toBe("Done")
  })

  it("shows the transcript when something is not seen", async () => {
    const { api, owner } = await start()
    await api.sendMessage(42, "something else")
    await expect(owner.sees("never", { timeoutMs: 5 })).rejects.toThrow(/something else/)
  })
})

describe("refusals", () => {
  it("refuses arguments that the schema does not know", async () => {
    const { api } = await start()
    const other: object = { parse_mod: "HTML" }
    expect((await refusalOf(api.sendMessage(42, "x", other))).description).toContain("parse_mod")
    expect(telegram.rejections()).toHaveLength(1)
  })
})
