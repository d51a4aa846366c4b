import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld } from "../world.ts"
import { labels } from "./telegram-stage.ts"

const LONG = `${Array.from({ length: 92 }, (_, step) => `echo step ${step} of the harmless preparation;`).join(" ")} node deploy.js --target production`

describe("an approval that is longer than a message", () => {
  it("comes whole as a file first, and can be allowed after it", async () => {
    await using world = await startWorld({ bots: 2 })
    await Promise.all([seesItWhole(world.owner(0)), cannotSeeIt()])

    async function cannotSeeIt(): Promise<void> {
      const owner = world.owner(1)
      const [, bot] = world.bots
      if (!bot) throw new Error("there is no second bot")
      world.telegram.fault({
        method: "sendDocument",
        bot,
        kind: "status",
        code: 400,
        description: "Bad Request",
      })
      const card = await asked(owner)
      expect(card.text).toContain("could not be sent, so it cannot be allowed here")
      expect(labels(owner, card.message_id)).toEqual(["Deny"])
      await owner.taps(card, "Deny")
      await owner.sees(/\(denied\)/)
    }
  })
})

async function asked(owner: Conversation): Promise<Message> {
  await owner.says(`do it [[perm ${LONG}]]`)
  return owner.sees(
    (message) => /wants to run a command/.test(message.text ?? "") && message.reply_markup !== undefined,
  )
}

async function seesItWhole(owner: Conversation): Promise<void> {
  const card = await asked(owner)
  const file = owner.messages().find(({ document }) => document !== undefined)
  if (!file) throw new Error("there is no file")
  expect(file.message_id).toBeLessThan(card.message_id)
  expect(owner.downloads(file).toString("utf8")).toContain(LONG)
  expect(card.text).toMatch(/node deploy\.js --target production\n/)
  expect(card.text).toContain("Read all of it in the file above")
  await owner.taps(card, "Allow once")
  await owner.sees(/\(allowed\)/)
}
