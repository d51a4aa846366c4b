import { describe, expect, it } from "vitest"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { prepareWorld, startWorld, type World } from "../world.ts"
import { inLedger, labels, screen, terminal } from "./telegram-stage.ts"

const MINUTE = 60_000

/** What a blocked bot is told, and what is then owed, is looked at here; nothing else may be refused. */
const isBlocked = ({ rejection }: CallRecord): boolean =>
  /blocked by the user|chat not found/.test(rejection?.description ?? "")

describe("an owner who has blocked the bot", () => {
  it("gets everything once, in order, when they unblock it, and is asked again what is still open", async () => {
    await using world = await startWorld({ bots: 3 })
    await Promise.all([
      unblocks(world, world.owner(0)),
      isAskedAgain(world, world.owner(1)),
      onlyWrites(world, world.owner(2)),
    ])
    world.telegram.assertClean(isBlocked)
  })

  it("gets it also after a restart in between, and nothing that is outdated by then", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("work [[hold restart]]")
    await owner.seesDraft(/holding restart/)
    await owner.blocksBot()
    await owner.says("unheard")
    await refused(world)
    const session = (await terminal(world).call("session.list", {})).sessions[0]?.id
    if (!session) throw new Error("no session")
    await terminal(world).call("prompt.send", { session: session, clientId: "one", text: "and this" })
    await world.restarts()
    world.releases("restart")
    await refused(world)
    inLedger(world, "UPDATE outbox SET created_at = created_at - ?", MINUTE)
    await owner.unblocksBot()
    await owner.sees("echo: work")
    await owner.sees("echo: and this")
    const said = screen(owner)
    expect(said.filter((text) => text.includes("echo: work"))).toHaveLength(1)
    expect(said.filter((text) => text.includes("echo: and this"))).toHaveLength(1)
    expect(said.filter((text) => text.includes("Queued"))).toEqual([])
    world.telegram.assertClean(isBlocked)
  })

  it("or never opened it is asked as soon as they do", async () => {
    await using world = await prepareWorld()
    await world.starts()
    const session = await terminal(world).call("session.create", {})
    await terminal(world).call("prompt.send", {
      session: session.id,
      clientId: "one",
      text: "may you? [[perm echo early]]",
    })
    await refused(world)
    const owner = world.owner()
    await owner.says("/list")
    const asked = await owner.sees(/wants to run a command\necho early/)
    await (await owner.taps(asked, "Allow once")).answer()
    await owner.sees(/Allowed · Telegram/)
    world.telegram.assertClean(isBlocked)
  })
})

async function refused({ telegram }: World, count = 1): Promise<void> {
  const before = telegram.calls.filter(isBlocked).length
  await telegram.seesCalls(isBlocked, { count: Math.max(1, before) + count - 1 })
}

async function unblocks(world: World, owner: Conversation): Promise<void> {
  await owner.says("first [[hold blocked]]")
  await owner.seesDraft(/holding blocked/)
  await owner.says("second [[big 9000]]")
  await owner.sees("Queued")
  await owner.blocksBot()
  world.releases("blocked")
  const isMine = (call: CallRecord) => isBlocked(call) && call.botId === owner.bots[0]?.id
  await world.telegram.seesCalls(isMine)
  await expect.poll(() => world.consumed().filter(({ text }) => text.startsWith("second")).length).toBe(1)
  await owner.unblocksBot()
  await owner.sees("echo: first")
  const isPart = (text: string) => /^[0-9\n]+$/.test(text)
  await owner.until(() => screen(owner).filter(isPart).length === 3 || undefined, "three parts")
  const said = screen(owner)
  expect(said.filter((text) => text.includes("echo: first"))).toHaveLength(1)
  expect(said.findIndex((text) => text.includes("echo: first"))).toBeLessThan(said.findIndex(isPart))
  expect(said.filter(isPart).join("")).toBe("0123456789".repeat(900))
  expect(said.some((text) => text.includes("(resent)"))).toBe(false)
}

async function isAskedAgain(world: World, owner: Conversation): Promise<void> {
  await owner.says("ask [[perm echo open]]")
  const card = await owner.sees(/wants to run a command\necho open/)
  await owner.blocksBot()
  await owner.unblocksBot()
  const again = await owner.sees(
    ({ message_id, text = "" }) => message_id > card.message_id && text.includes("echo open"),
  )
  await owner.sees(/Asked again below\./)
  expect(labels(owner, card.message_id)).toEqual([])
  await (await owner.taps(again, "Allow once")).answer()
  await owner.sees(/\(allowed\)/)
  expect(world.consumed().filter(({ text }) => text.includes("echo open"))).toHaveLength(1)
}

/** Telegram keeps the news of an unblocking for a day only; what the owner writes tells it just as well. */
async function onlyWrites(world: World, owner: Conversation): Promise<void> {
  await owner.says("before [[hold writes]]")
  await owner.seesDraft(/holding writes/)
  owner.chat.isClosedToBot = true
  world.releases("writes")
  const isMine = ({ botId, ...call }: CallRecord) =>
    isBlocked({ botId, ...call }) && botId === owner.bots[0]?.id && call.method === "sendMessage"
  await world.telegram.seesCalls(isMine)
  owner.chat.isClosedToBot = false
  await owner.says("hello again")
  await owner.sees("echo: before")
  await owner.sees("echo: hello again")
  expect(screen(owner).filter((text) => text.includes("echo: before"))).toHaveLength(1)
}
