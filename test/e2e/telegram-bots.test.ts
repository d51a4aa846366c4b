import { describe, expect, it } from "vitest"
import type { FakeBot } from "../fakes/telegram/bot.ts"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { prepareWorld, type World } from "../world.ts"
import { screen } from "./telegram-stage.ts"

const OUTAGE_MS = 2_000

describe("several bots over one machine", () => {
  it("keep answering when Telegram refuses, floods, breaks off, revokes or is gone, each on its own", async () => {
    await using world = await prepareWorld({ bots: 6 })
    const owners = world.bots.map((_, index) => world.owner(index))
    await world.starts()
    const [rival, revoked, flooded, broken, cut, other] = owners as [
      Conversation,
      Conversation,
      Conversation,
      Conversation,
      Conversation,
      Conversation,
    ]
    await Promise.all([
      meetsARival(world, rival),
      survivesFloods(world, flooded),
      survivesBrokenAnswers(world, broken, { kind: "status", code: 500 }),
      survivesBrokenAnswers(world, cut, { kind: "drop_after_apply" }),
    ])
    // The first bot that is well tells it.
    await losesAToken(world, revoked, flooded)
    await isOffline(world, other)
    world.telegram.assertClean(isExpected(world.bots))
  })
})

/** What the rival and the revocation make Telegram say is not our doing. */
const isExpected =
  (bots: readonly FakeBot[]) =>
  ({ botId, rejection }: CallRecord): boolean =>
    (botId === bots[0]?.id && rejection?.code === 409) || (botId === bots[1]?.id && rejection?.code === 401)

async function meetsARival(world: World, owner: Conversation): Promise<void> {
  const bot = world.bots[0] as FakeBot
  for (let polls = 0; polls < 2; polls++) {
    await bot.updates.polled()
    const stolen = await fetch(`${world.telegram.apiRoot}/bot${bot.token}/getUpdates?timeout=0`)
    expect(stolen.status).toBe(200)
  }
  await owner.sees("Another program is reading this bot's messages.")
  await owner.says("can you hear me?")
  await owner.sees("echo: can you hear me?")
  expect(screen(owner).filter((text) => text.startsWith("Another program"))).toHaveLength(1)
}

async function survivesFloods(world: World, owner: Conversation): Promise<void> {
  const bot = world.bots[2] as FakeBot
  const ours = { bot, kind: "status", code: 429, retryAfterSeconds: 2 } as const
  await owner.says("flood [[hold flood]]")
  await owner.seesDraft(/holding flood/)
  const final = world.telegram.fault({ ...ours, method: "sendMessage" })
  world.releases("flood")
  await final.hit()
  await owner.says("meanwhile")
  await owner.sees("echo: flood")
  await owner.sees("echo: meanwhile")
  expect(screen(owner).filter((text) => text.includes("echo: flood"))).toHaveLength(1)
  expect(screen(owner).some((text) => text.includes("(resent)"))).toBe(false)

  const draft = world.telegram.fault({ ...ours, method: "sendMessageDraft" })
  await owner.says("again [[hold drafts]]")
  await draft.hit()
  world.releases("drafts")
  await owner.sees("echo: again")
}

type Breakage = { kind: "status"; code: number } | { kind: "drop_after_apply" }

/** Nobody can tell whether it arrived, so it is sent once more and says so. */
async function survivesBrokenAnswers(world: World, owner: Conversation, breakage: Breakage): Promise<void> {
  const bot = world.bots.find((one) => owner.bots.includes(one)) as FakeBot
  await owner.says("hello")
  await owner.sees("echo: hello")
  const isFinal = ({ text }: Readonly<Record<string, unknown>>) => String(text).includes("echo: answer")
  world.telegram.fault({ ...breakage, bot, method: "sendMessage", when: isFinal })
  await owner.says("answer")
  await owner.sees("echo: answer\n(resent)")
  const copies = screen(owner).filter((text) => text.startsWith("echo: answer"))
  expect(copies).toHaveLength(breakage.kind === "status" ? 1 : 2)
  expect(world.consumed().filter(({ text }) => text === "answer").length).toBeGreaterThan(0)
}

async function losesAToken(world: World, owner: Conversation, elsewhere: Conversation): Promise<void> {
  const bot = world.bots[1] as FakeBot
  await owner.says("before")
  await owner.sees("echo: before")
  bot.revoke()
  await owner.says("wake the poll")
  await elsewhere.sees(`Telegram no longer accepts the token of @${bot.me.username}`)
  await elsewhere.says("still here")
  await elsewhere.sees("echo: still here")
}

async function isOffline(world: World, owner: Conversation): Promise<void> {
  await owner.says("work on [[hold outage]]")
  await owner.seesDraft(/holding outage/)
  await world.telegram.goDown()
  world.releases("outage")
  await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS))
  const back = performance.now()
  await world.telegram.comeBack()
  await owner.sees("echo: work on")
  await owner.says("and now?")
  await owner.sees("echo: and now?")
  expect(performance.now() - back).toBeLessThan(10_000)
  const answers = screen(owner).filter((text) => text.includes("echo: work on"))
  expect(answers.filter((text) => !text.includes("(resent)"))).toHaveLength(1)
}
