import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

const minute = 60_000

describe("getUpdates", () => {
  it("redelivers until the offset acknowledges", async () => {
    await using world = await open()
    await world.owner.says("one")
    await world.owner.says("two")
    const first = await world.api.getUpdates()
    expect(await world.api.getUpdates()).toEqual(first)
    expect(await world.api.getUpdates({ offset: first[1]?.update_id ?? 0 })).toEqual([first[1]])
    expect(await world.api.getUpdates({ offset: (first[1]?.update_id ?? 0) + 1 })).toEqual([])
    expect(world.bot.updates.isPending(first[0]?.update_id ?? 0)).toBe(false)
  })

  it("gives no more than the limit, and refuses limits beyond 100", async () => {
    await using world = await open()
    await world.owner.says("one")
    await world.owner.says("two")
    expect(await world.api.getUpdates({ limit: 1 })).toHaveLength(1)
    expect((await refusalOf(world.api.getUpdates({ limit: 101 }))).error_code).toBe(400)
  })

  it("keeps only the last ones for a negative offset", async () => {
    await using world = await open()
    for (const text of ["one", "two", "three"]) await world.owner.says(text)
    const updates = await world.api.getUpdates({ offset: -1 })
    expect(updates.map((update) => update.message?.text)).toEqual(["three"])
    expect(await world.api.getUpdates()).toEqual(updates)
  })

  it("ignores an offset far beyond the tail and starts at the head again", async () => {
    await using world = await open()
    await world.owner.says("one")
    const { nextUpdateId } = world.bot.updates
    expect(await world.api.getUpdates({ offset: nextUpdateId + 11 })).toHaveLength(1)
    expect(await world.api.getUpdates({ offset: nextUpdateId + 10 })).toHaveLength(0)
  })

  it("remembers allowed_updates until told otherwise", async () => {
    await using world = await open()
    await world.api.getUpdates({ allowed_updates: ["callback_query"] })
    await world.owner.says("not wanted")
    await world.api.getUpdates()
    await world.owner.says("still not wanted")
    expect(await world.api.getUpdates({ allowed_updates: [] })).toEqual([])
    await world.owner.says("wanted")
    expect(await world.api.getUpdates()).toHaveLength(1)
  })

  it("sends reactions only to who asks for them", async () => {
    await using world = await open()
    const { chat, user } = { chat: world.owner.chat.chat, user: world.owner.user }
    const reaction = { chat, message_id: 1, user, date: 1, old_reaction: [], new_reaction: [] }
    expect(world.telegram.push(world.bot, { message_reaction: reaction })).toBeUndefined()
    await world.api.getUpdates({ allowed_updates: ["message_reaction"] })
    expect(world.telegram.push(world.bot, { message_reaction: reaction })).toBeTypeOf("number")
  })

  it("refuses an unknown update type", async () => {
    await using world = await open()
    const wrong: object = { allowed_updates: ["massage"] }
    expect((await refusalOf(world.api.getUpdates(wrong))).error_code).toBe(400)
  })

  it("forgets taps after 150 seconds and messages after a day", async () => {
    await using world = await open()
    const message = await world.owner.says("hello")
    await world.owner.tapsForged(message, "data")
    world.telegram.skipTime(149_000)
    expect(await world.api.getUpdates()).toHaveLength(2)
    world.telegram.skipTime(2_000)
    expect((await world.api.getUpdates()).map((update) => Object.keys(update)[1])).toEqual(["message"])
    world.telegram.skipTime(24 * 60 * minute)
    expect(await world.api.getUpdates()).toEqual([])
  })

  it("ends the older of two polls with 409", async () => {
    await using world = await open()
    const older = refusalOf(world.api.getUpdates({ timeout: 10 }))
    await world.bot.updates.polled()
    const newer = world.api.getUpdates({ timeout: 10 })
    expect((await older).description).toBe(
      "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await world.owner.says("for the newer")
    expect(await newer).toHaveLength(1)
    expect(world.telegram.rejections().map((call) => call.rejection?.reason)).toEqual(["conflict"])
  })

  it("does not acknowledge or conflict when the poller goes away", async () => {
    await using world = await open()
    const going = new AbortController()
    const url = `${world.telegram.apiRoot}/bot${world.bot.token}/getUpdates?timeout=50`
    const poll = fetch(url, { signal: going.signal }).catch(() => "aborted")
    await world.bot.updates.polled()
    going.abort()
    await poll
    await world.telegram.seesCalls("getUpdates", { timeoutMs: 5000 })
    await world.owner.says("kept")
    expect(await world.api.getUpdates()).toHaveLength(1)
    world.telegram.assertClean()
  })

  it("answers 409 while a webhook is set", async () => {
    await using world = await open()
    expect((await refusalOf(world.api.setWebhook("http://insecure.example"))).error_code).toBe(400)
    await world.api.setWebhook("https://elsewhere.example/hook")
    expect((await refusalOf(world.api.getUpdates())).description).toMatch(
      /^Conflict: can't use getUpdates method while/,
    )
    await world.owner.says("waiting")
    expect(await world.api.getWebhookInfo()).toMatchObject({ pending_update_count: 1 })
    await world.api.deleteWebhook()
    expect(await world.api.getUpdates()).toHaveLength(1)
  })
})

describe("answerCallbackQuery", () => {
  it("accepts a fresh tap and refuses unknown and old ones", async () => {
    await using world = await open()
    const message = await world.api.sendMessage(ownerId, "x")
    const tap = await world.owner.tapsForged(message, "data")
    await world.api.answerCallbackQuery(tap.id)
    const tooOld = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    expect((await refusalOf(world.api.answerCallbackQuery("1"))).description).toBe(tooOld)
    const late = await world.owner.tapsForged(message, "data")
    expect(
      (await refusalOf(world.api.answerCallbackQuery(late.id, { text: "x".repeat(201) }))).error_code,
    ).toBe(400)
    world.telegram.skipTime(151_000)
    expect((await refusalOf(world.api.answerCallbackQuery(late.id))).description).toBe(tooOld)
  })
})
