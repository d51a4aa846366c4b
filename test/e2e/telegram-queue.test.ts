import { join } from "node:path"
import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld, type World } from "../world.ts"
import { hostOutOfReach, labels, screen } from "./telegram-stage.ts"

const SECOND = 1_000

describe("while a turn runs", () => {
  it("shows what waits and what runs on one card a turn, and does what the owner taps or types", async () => {
    await using world = await startWorld({ bots: 5 })
    await Promise.all([
      arrangesTheQueue(world, world.owner(0)),
      steersWhereThatIsImpossible(world, world.owner(1)),
      stops(world, world.owner(2)),
      stopsTheDraft(world.owner(3)),
      waitsLong(world, world.owner(4)),
    ])
    world.telegram.assertClean()
  })

  it("answers a stop that comes while the agent is still being opened", async () => {
    const echo = join(import.meta.dirname, "..", "fakes", "acp-agent.ts")
    const slowly = `sleep 1.5; exec ${process.execPath} ${echo}`
    const agent = { command: "/bin/sh", args: ["-c", slowly] }
    await using world = await startWorld({ config: { providers: { acp: { echo: agent } } } })
    const owner = world.owner()
    const asked = await owner.says("never mind [[slow 9000]]")
    await owner.seesReaction(asked.message_id, "👀")
    await owner.says("/stop")
    await owner.sees("Stopping S001…")
    const ended = await owner.sees("Stopped.")
    expect(ended.reply_to_message?.message_id).toBe(asked.message_id)
    world.telegram.assertClean()
  })

  it("stops what has not begun because the agents cannot be reached, and says so", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("first")
    await owner.sees("echo: first")
    using host = await hostOutOfReach(world)
    await owner.says("never run this")
    await owner.says("but this")
    await owner.sees("Queued\nbut this")
    await owner.says("/stop")
    const stopped = await owner.sees("Stopped before it had begun: never run this")
    expect(labels(owner, stopped.message_id)).toEqual(["Stop and clear queue"])
    host[Symbol.dispose]()
    await owner.sees("echo: but this", { timeoutMs: 30_000 })
    expect(world.consumed().map(({ text }) => text)).toEqual(["first", "but this"])
    await world.dies()
    await owner.says("offered")
    world.telegram.skipTime(600 * SECOND)
    await world.starts()
    await owner.sees(/This came while I was away/)
    await owner.says("/stop")
    await owner.sees("Nothing is running here. Waiting for your word: 1. /queue shows what.")
    world.telegram.assertClean()
  })
})

const notice = async (owner: Conversation, card: Message, label: string) =>
  (await (await owner.taps(card, label)).answer()).text

const now = (owner: Conversation, message: Message) => owner.chat.messages.get(message.message_id)?.text ?? ""

async function arrangesTheQueue(world: World, owner: Conversation): Promise<void> {
  await owner.says("busy [[hold queue]]")
  await owner.seesDraft(/holding queue/)
  const cards: Message[] = []
  for (const text of ["first in line", "second in line", "third in line"]) {
    await owner.says(text)
    cards.push(await owner.sees(`Queued\n${text}`))
  }
  const [first, second, third] = cards as [Message, Message, Message]
  expect(labels(owner, first.message_id)).toEqual(["Edit", "Drop", "Steer now", "Run next"])

  expect(await notice(owner, first, "Drop")).toBe("Dropped.")
  await owner.sees("Dropped.\nfirst in line")
  expect(await notice(owner, third, "Run next")).toBe("It runs next.")
  await owner.sees("Queued\nthird in line", { after: third })
  expect(await notice(owner, third, "Run next")).toBe("It is next already.")
  await owner.taps(second, "Edit")
  const asked = await owner.sees("Reply to this message with the new text.")
  expect(asked.reply_markup).toBeUndefined()
  await owner.replies(asked, "second, changed")
  await owner.sees("Queued\nsecond, changed")
  await owner.says("/queue")
  const listed = await owner.sees(/Waiting in S\d+/)
  expect(listed.text).toMatch(/Running now: busy.*\n2\. third in line\n3\. second, changed$/s)

  world.releases("queue")
  await owner.sees("echo: third in line")
  await owner.sees("echo: second, changed")
  const order = world.consumed().map(({ text }) => text)
  expect(order.filter((text) => text.includes("line") || text.includes("changed"))).toEqual([
    "third in line",
    "second, changed",
  ])
  for (const card of [second, third]) {
    await owner.until(() => now(owner, card).includes("✓ Done") || undefined, "the card's last state")
    expect(labels(owner, card.message_id)).toEqual([])
  }
  await owner.replies(asked, "too late")
  await owner.sees("Too late: it is already running or done.")
  expect(screen(owner).filter((text) => text.includes("Queued"))).toEqual([])
}

async function steersWhereThatIsImpossible(world: World, owner: Conversation): Promise<void> {
  await owner.says("busy [[hold steer]]")
  await owner.seesDraft(/holding steer/)
  await owner.says("wait for me")
  await owner.sees("Queued\nwait for me")
  await owner.says("listen")
  const card = await owner.sees("Queued\nlisten")
  expect(await notice(owner, card, "Steer now")).toBe("Passing it on…")
  await owner.sees(/takes nothing in while it works; it runs next instead\.\nlisten/)
  expect(labels(owner, card.message_id)).toEqual(["Edit", "Drop"])
  await owner.says("/steer and this")
  await owner.sees(/it runs next instead\.\nand this/)
  world.releases("steer")
  await owner.sees("echo: wait for me")
  const order = world.consumed().map(({ text }) => text)
  expect(order.filter((text) => ["wait for me", "listen", "and this"].includes(text))).toEqual([
    "and this",
    "listen",
    "wait for me",
  ])
}

async function stops(world: World, owner: Conversation): Promise<void> {
  await owner.says("/stop")
  await owner.sees("There is no session in this chat yet")
  await owner.says("quiet [[silent]]")
  await owner.seesDraft(/silent from now on/)
  await owner.says("next one [[hold stop]]")
  await owner.sees("Queued\nnext one")
  await owner.says("never run")
  const dropped = await owner.sees("Queued\nnever run")

  const asked = performance.now()
  await owner.says("/stop")
  const stopping = await owner.sees(/Stopping S\d+…/)
  expect(performance.now() - asked).toBeLessThan(SECOND)
  expect(labels(owner, stopping.message_id)).toEqual(["Stop and clear queue"])
  await owner.sees(/^Stopped\.\n\nsilent from now on/)

  await owner.seesDraft(/holding stop/)
  expect(await notice(owner, stopping, "Stop and clear queue")).toBe("Stopped. Dropped from the queue: 1.")
  await owner.sees(/^Stopped\.\n\nholding stop/)
  await owner.until(() => now(owner, dropped).startsWith("Dropped.") || undefined, "the dropped card")
  await owner.says("/stop")
  await owner.sees("Nothing is running here.")
  expect(world.consumed().map(({ text }) => text)).not.toContain("never run")
}

async function stopsTheDraft(owner: Conversation): Promise<void> {
  await owner.says("quiet [[silent]]")
  await owner.seesDraft(/silent from now on/)
  await owner.stopsDraft()
  await owner.sees(/^Stopped\.\n\nsilent from now on/)
  expect(owner.draft()).toBeUndefined()
  await owner.says("go on")
  await owner.sees("echo: go on")
}

async function waitsLong(world: World, owner: Conversation): Promise<void> {
  await owner.says("long [[tool true]] [[hold long]]")
  const card = await owner.sees(/Working · 1\ds\n✓ \$ true\necho · echo-1 · S\d+$/, { timeoutMs: 25_000 })
  expect(labels(owner, card.message_id)).toEqual(["Stop"])
  world.releases("long")
  await owner.sees("echo: long")
  await owner.sees(/^✓ Done · 1\ds · echo · echo-1 · S\d+$/)
  expect(labels(owner, card.message_id)).toEqual([])
}
