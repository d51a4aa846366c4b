import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { chooseBots } from "../../src/cli/setup/choose-bots.ts"
import { learnOwner } from "../../src/cli/setup/learn-owner.ts"
import type { Setup } from "../../src/cli/setup/setup-context.ts"
import { type Config, defaultConfig } from "../../src/core/config.ts"
import { setupText } from "../../src/core/texts/setup.ts"
import type { FakeBot } from "../fakes/telegram/bot.ts"
import { startTelegram, type TelegramServer } from "../fakes/telegram/server.ts"
import { Person } from "./person.ts"

let telegram: TelegramServer
let bot: FakeBot
beforeEach(async () => {
  telegram = await startTelegram()
  bot = telegram.addBot({ username: "mine_bot" })
})
afterEach(() => telegram.close())

function setupFor(person: Person, changes: Partial<Config["telegram"]> = {}): Setup {
  const config = defaultConfig("/nowhere", "/nowhere")
  return {
    config: { ...config, telegram: { ...config.telegram, apiRoot: telegram.apiRoot, ...changes } },
    say: setupText("en"),
    signal: new AbortController().signal,
    io: { input: person.input, output: person.output },
  }
}

const chosen = () => ({ id: bot.me.id, token: bot.token, username: bot.me.username })

describe("learning the owner", () => {
  it("takes who sends the code, confirms in the terminal, and greets", async () => {
    const person = new Person()
    const learning = learnOwner(setupFor(person), chosen())
    const [code] = await person.sees(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
    await telegram.user({ id: 666, first_name: "Mallory" }).chatWith(bot).says("let me in")
    await telegram.user({ id: 42, first_name: "Ada" }).chatWith(bot).says(`/start ${code}`)
    await person.sees(/came from Ada \(user id 42\)/)
    person.presses("\r")
    expect(await learning).toBe(42)
    const sent = telegram.calls.filter(({ method }) => method === "sendMessage")
    expect(sent.map(({ args }) => args.chat_id)).toEqual([42])
  })

  it("shows a new code when somebody else had the first one, and the old one no longer counts", async () => {
    const person = new Person()
    const learning = learnOwner(setupFor(person), chosen())
    const [first] = await person.sees(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
    const mallory = telegram.user({ id: 666, first_name: "Mallory" }).chatWith(bot)
    await mallory.says(first)
    await person.sees(/Is that you/)
    person.presses("n")
    const [second] = await person.sees(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
    await mallory.says(first)
    await telegram.user({ id: 42, first_name: "Ada" }).chatWith(bot).says(second)
    await person.sees(/user id 42/)
    person.presses("y")
    expect(await learning).toBe(42)
  })

  it("keeps the owner there is, without asking Telegram", async () => {
    const person = new Person()
    const learning = learnOwner(setupFor(person, { ownerId: 7 }), chosen())
    await person.sees(/still the owner/)
    person.presses("\r")
    expect(await learning).toBe(7)
    expect(telegram.calls).toEqual([])
  })
})

describe("choosing the bots", () => {
  it("asks again for what is no token, and checks with Telegram what is", async () => {
    const person = new Person()
    const choosing = chooseBots(setupFor(person))
    await person.sees(/Add a bot/)
    person.presses("\r")
    await person.sees(/Token of your bot/)
    person.presses("nonsense\r")
    await person.sees(/not a token/)
    person.presses("\u007f".repeat(8))
    person.presses(`${bot.token}\r`)
    await person.sees(/This is @mine_bot/)
    expect(await choosing).toEqual([chosen()])
  })

  it("offers another try for a token that Telegram does not know", async () => {
    const person = new Person()
    const choosing = chooseBots(setupFor(person))
    await person.sees(/Add a bot/)
    person.presses("\r")
    await person.sees(/Token of your bot/)
    person.presses(`999:${"z".repeat(35)}\r`)
    await person.sees(/does not know this token/)
    await person.sees(/Try again/)
    person.presses("n")
    expect(await choosing).toBeNull()
  })

  it("keeps the bots there are, named by Telegram", async () => {
    const person = new Person()
    const present = [{ id: bot.me.id, token: bot.token }]
    const choosing = chooseBots(setupFor(person, { bots: present }))
    await person.sees(/Keep the bots as they are \(@mine_bot\)/)
    person.presses("\r")
    expect(await choosing).toEqual([chosen()])
  })
})
