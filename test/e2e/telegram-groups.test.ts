import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { OWNER, startWorld, type World } from "../world.ts"
import { allDelivered, labels, screen } from "./telegram-stage.ts"

const STRANGER = { id: 666, is_bot: false as const, first_name: "Mallory" }

describe("a group", { concurrent: true }, () => {
  it("is off until the owner switches it on, and then hears the owner alone", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    const group = aGroup(world, "Team")
    await group.says("/status")
    const card = await owner.sees(/^I am in the group “Team” now, and listen to nobody there/)
    expect(labels(owner, card.message_id)).toEqual(["Listen to me there"])
    expect(screen(group)).toEqual([])

    await (await owner.taps(card, "Listen to me there")).answer()
    await owner.sees(/^I listen to you in “Team”\./)
    await group.says("hello from the group")
    await group.sees("echo: hello from the group")
    const stranger = group.as(STRANGER)
    await stranger.says("/stop")
    await stranger.says("rm -rf /")
    await group.says("may you? [[perm echo group]]")
    const asked = await group.sees(/wants to run a command\necho group/)
    await stranger.taps(asked, "Allow once")
    await group.taps(asked, "Deny")
    await group.sees(/\(denied\)/)
    expect(world.consumed().map(({ text }) => text)).toEqual([
      "hello from the group",
      "may you? [[perm echo group]]",
    ])

    await (await owner.taps(card, "Switch it off")).answer()
    await owner.sees("Off: I listen to nobody in “Team”.")
    const before = screen(group).length
    await group.says("are you there?")
    await owner.says("/list")
    await owner.sees(/^Sessions\n/)
    expect(screen(group)).toHaveLength(before)
    world.telegram.assertClean()
  })

  it("keeps its session, its cards and what is owed to it when it becomes a supergroup", async () => {
    await using world = await startWorld({ bots: 2 })
    const [told, untold] = await Promise.all([switchedOn(world, 0, "Told"), switchedOn(world, 1, "Untold")])
    const [supergroup] = await Promise.all([movesWithNews(world, told), movesWithRefusal(world, untold)])
    await allDelivered(world)
    await world.restarts()
    await supergroup.says("after a restart")
    await supergroup.sees(/^echo: after a restart$/)
    world.telegram.assertClean(isDiscovery)
  })

  it("that removed the bot keeps no answer from the owner", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    const group = await switchedOn(world, 0, "Gone")
    await group.says("work [[hold gone]]")
    await group.sees("Working", { timeoutMs: 20_000 })
    group.chat.bots.clear()
    world.releases("gone")
    const answer = await owner.sees(/echo: work/)
    expect(answer.text).toMatch(/^\[S\d+\] /)
  })
})

/** A group is told of its new number by the refusal of what was sent to the old one. */
const isDiscovery = ({ rejection }: CallRecord): boolean =>
  /upgraded to a supergroup/.test(rejection?.description ?? "")

function aGroup(world: World, title: string, bot = 0): Conversation {
  const chosen = world.bots[bot]
  if (!chosen) throw new Error(`there is no bot ${bot}`)
  return world.telegram
    .user({ id: OWNER, first_name: "Owner" })
    .group(chosen, { title, basic: true, botIsAdmin: true })
}

async function switchedOn(world: World, bot: number, title: string): Promise<Conversation> {
  const owner = world.owner(bot)
  const group = aGroup(world, title, bot)
  const card = await owner.sees(new RegExp(`^I am in the group “${title}” now`))
  await (await owner.taps(card, "Listen to me there")).answer()
  return group
}

const isCard = ({ text = "" }: Message): boolean => text.includes("wants to run a command")

async function movesWithNews(world: World, group: Conversation): Promise<Conversation> {
  await group.says("first of the group")
  await group.sees("echo: first of the group")
  await group.says("ask [[perm echo told]]")
  await group.sees(isCard)
  await group.says("queued one")
  await group.sees("Queued\nqueued one")
  const there = await group.as(STRANGER).upgrades()
  const supergroup = there.as(group.user)
  const asked = await supergroup.sees(isCard)
  const queued = await supergroup.sees("Queued\nqueued one")
  await supergroup.taps(asked, "Allow once")
  await supergroup.sees(/\(allowed\)/)
  await supergroup.sees("echo: queued one")
  await supergroup.until(() => labels(supergroup, queued.message_id).length === 0 || undefined, "its end", {
    timeoutMs: 40_000,
  })
  expect(screen(supergroup).filter((text) => text.includes("wants to run"))).toHaveLength(1)

  await there.says("a stranger asks")
  await supergroup.says("/status")
  const status = await supergroup.sees(/^S\d+ · first of the group/)
  expect(status.text).toContain("Queue: 0")
  expect(world.consumed().map(({ text }) => text)).not.toContain("a stranger asks")
  return supergroup
}

async function movesWithRefusal(world: World, group: Conversation): Promise<void> {
  await group.says("work on [[hold untold]]")
  await group.sees("Working", { timeoutMs: 20_000 })
  const there = await group.upgrades({ silently: true })
  world.releases("untold")
  await there.sees("echo: work on")
  expect(screen(there).filter((said) => said.includes("echo: work on"))).toHaveLength(1)
  await there.says("still the same session")
  await there.sees(/^echo: still the same session$/)
}
