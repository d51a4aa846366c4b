import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

describe("flood limits", () => {
  it("let a burst of 20 into a private chat, then one a second", async () => {
    await using world = await open({ now: () => 1_000_000 })
    for (let i = 0; i < 20; i++) await world.api.sendMessage(ownerId, `message ${i}`)
    const refusal = await refusalOf(world.api.sendMessage(ownerId, "one too many"))
    expect(refusal).toMatchObject({ error_code: 429, parameters: { retry_after: 1 } })
    world.telegram.skipTime(1000)
    await world.api.sendMessage(ownerId, "after the wait")
    expect(world.telegram.rejections()).toHaveLength(1)
    expect(world.telegram.penaltyViolations()).toHaveLength(0)
  })

  it("count edits and sends of a chat together", async () => {
    await using world = await open({ now: () => 1_000_000 })
    const { message_id } = await world.api.sendMessage(ownerId, "0")
    for (let i = 1; i < 20; i++) await world.api.editMessageText(ownerId, message_id, `${i}`)
    expect((await refusalOf(world.api.editMessageText(ownerId, message_id, "20"))).error_code).toBe(429)
  })

  it("record what is sent into an open penalty apart, and do not lengthen it", async () => {
    await using world = await open({
      now: () => 1_000_000,
      limits: { privateBurst: 1, minPenaltySeconds: 5 },
    })
    await world.api.sendMessage(ownerId, "1")
    expect((await refusalOf(world.api.sendMessage(ownerId, "2"))).parameters.retry_after).toBe(5)
    world.telegram.skipTime(3000)
    expect((await refusalOf(world.api.sendMessage(ownerId, "3"))).parameters.retry_after).toBe(2)
    expect(world.telegram.penaltyViolations().map((call) => call.args.text)).toEqual(["3"])
    expect(world.telegram.rejections().map((call) => call.args.text)).toEqual(["2"])
    expect(() => world.telegram.assertClean()).toThrow(/refused 2 calls/)
    world.telegram.skipTime(2000)
    await world.api.sendMessage(ownerId, "4")
  })

  it("do not hold one chat's penalty against another", async () => {
    await using world = await open({ now: () => 1_000_000, limits: { privateBurst: 1 } })
    world.telegram.user({ id: 7 }).chatWith(world.bot)
    await world.api.sendMessage(ownerId, "1")
    await refusalOf(world.api.sendMessage(ownerId, "2"))
    await world.api.sendMessage(7, "1")
  })

  it("allow 20 messages a minute in a group", async () => {
    await using world = await open({ now: () => 1_000_000 })
    const group = world.telegram.user({ id: ownerId }).group(world.bot)
    for (let i = 0; i < 20; i++) await world.api.sendMessage(group.chat.chat.id, `${i}`)
    const refusal = await refusalOf(world.api.sendMessage(group.chat.chat.id, "20"))
    expect(refusal.parameters.retry_after).toBe(3)
    world.telegram.skipTime(3000)
    await world.api.sendMessage(group.chat.chat.id, "21")
  })

  it("give drafts a meter of their own, one frame a second", async () => {
    await using world = await open({ now: () => 1_000_000, limits: { privateBurst: 1 } })
    await world.api.sendMessageDraft(ownerId, 1, "a")
    expect((await refusalOf(world.api.sendMessageDraft(ownerId, 1, "ab"))).parameters.retry_after).toBe(1)
    await world.api.sendMessage(ownerId, "not held up by the draft's penalty")
    world.telegram.skipTime(1000)
    await world.api.sendMessageDraft(ownerId, 1, "abc")
  })

  it("allow 30 calls a second for one bot over all chats", async () => {
    await using world = await open({ now: () => 1_000_000 })
    for (let id = 100; id < 131; id++) world.telegram.user({ id }).chatWith(world.bot)
    for (let id = 100; id < 130; id++) await world.api.sendMessage(id, "x")
    expect((await refusalOf(world.api.sendMessage(130, "x"))).error_code).toBe(429)
    await world.api.getMe()
    const other = await open({ now: () => 1_000_000 })
    await other.api.sendMessage(ownerId, "x")
    await other.telegram.close()
  })

  it("take an album for as many messages as it has", async () => {
    await using world = await open({ now: () => 1_000_000, limits: { privateBurst: 1 } })
    const media = ["a", "b"].map((name) => ({ type: "document" as const, media: name }))
    expect((await refusalOf(world.api.sendMediaGroup(ownerId, media))).error_code).toBe(429)
  })

  it("send Retry-After with the 429", async () => {
    await using world = await open({ now: () => 1_000_000, limits: { privateBurst: 0.5 } })
    const body = JSON.stringify({ chat_id: ownerId, text: "x" })
    const response = await fetch(`${world.telegram.apiRoot}/bot${world.bot.token}/sendMessage`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    })
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "1"])
  })

  it("are the bot's own doing even when a fault has touched the call", async () => {
    await using world = await open({ now: () => 1_000_000, limits: { privateBurst: 1 } })
    await world.api.sendMessage(ownerId, "1")
    world.telegram.fault({ method: "sendMessage", kind: "delay", ms: 1 })
    await refusalOf(world.api.sendMessage(ownerId, "2"))
    expect(world.telegram.rejections()).toHaveLength(1)
  })

  it("can be switched off, but not an injected penalty", async () => {
    await using world = await open({ now: () => 1_000_000, limits: "off" })
    for (let i = 0; i < 40; i++) await world.api.sendMessage(ownerId, `${i}`)
    world.telegram.fault({ method: "sendMessage", kind: "status", code: 429, retryAfterSeconds: 7 })
    expect((await refusalOf(world.api.sendMessage(ownerId, "x"))).parameters.retry_after).toBe(7)
    expect(world.telegram.rejections()).toHaveLength(0)
    await refusalOf(world.api.sendMessage(ownerId, "too early"))
    expect(world.telegram.penaltyViolations()).toHaveLength(1)
  })
})
