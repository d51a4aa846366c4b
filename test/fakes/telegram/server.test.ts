import { Api, HttpError } from "grammy"
import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

describe("tokens and methods", () => {
  it("answers 401 to unknown and revoked tokens", async () => {
    await using world = await open()
    const stranger = new Api("1:nobody", { apiRoot: world.telegram.apiRoot })
    expect(await refusalOf(stranger.getMe())).toMatchObject({ error_code: 401, description: "Unauthorized" })
    await world.api.getMe()
    world.bot.revoke()
    expect((await refusalOf(world.api.getMe())).error_code).toBe(401)
  })

  it("tells unknown methods from those that this server lacks, and counts both", async () => {
    await using world = await open()
    const root = `${world.telegram.apiRoot}/bot${world.bot.token}`
    expect((await fetch(`${root}/noSuchMethod`)).status).toBe(404)
    expect((await refusalOf(world.api.sendDice(ownerId, "🎲"))).error_code).toBe(501)
    expect(world.telegram.rejections().map((call) => call.rejection?.reason)).toEqual([
      "not_found",
      "unimplemented",
    ])
  })

  it("keeps several bots apart", async () => {
    await using world = await open()
    const other = world.telegram.addBot()
    const otherApi = new Api(other.token, { apiRoot: world.telegram.apiRoot })
    await world.telegram.user({ id: ownerId }).chatWith(other).says("to the other")
    expect(await world.api.getUpdates()).toEqual([])
    expect(await otherApi.getUpdates()).toHaveLength(1)
  })
})

describe("faults", () => {
  it("can answer with an error that is not held against the bot", async () => {
    await using world = await open()
    const fault = world.telegram.fault({ method: "sendMessage", kind: "status", code: 502, times: 2 })
    expect((await refusalOf(world.api.sendMessage(ownerId, "a"))).error_code).toBe(502)
    expect((await refusalOf(world.api.sendMessage(ownerId, "b"))).error_code).toBe(502)
    await world.api.sendMessage(ownerId, "c")
    expect(fault.hits).toBe(2)
    expect(world.owner.messages().map((message) => message.text)).toEqual(["c"])
    world.telegram.assertClean()
  })

  it("can drop a call before it takes effect", async () => {
    await using world = await open()
    world.telegram.fault({ method: "*", kind: "drop_before_apply" })
    await expect(world.api.sendMessage(ownerId, "a")).rejects.toThrow(HttpError)
    expect(world.owner.messages()).toEqual([])
  })

  it("can lose the answer of a call that took effect", async () => {
    await using world = await open()
    world.telegram.fault({ method: "sendMessage", kind: "drop_after_apply" })
    await expect(world.api.sendMessage(ownerId, "a")).rejects.toThrow(HttpError)
    await world.owner.sees("a")
    expect(world.telegram.calls[0]).toMatchObject({ injected: "drop_after_apply" })
    expect(world.telegram.calls[0]?.status).toBeUndefined()
  })

  it("can break off in the middle of the answer", async () => {
    await using world = await open()
    world.telegram.fault({ method: "sendMessage", kind: "half_body" })
    // Not through grammY's own node-fetch: that waits for the other half until its timeout of 500 s.
    const answer = fetch(
      `${world.telegram.apiRoot}/bot${world.bot.token}/sendMessage?chat_id=${ownerId}&text=a`,
    )
    await expect((await answer).json()).rejects.toThrow()
    await world.owner.sees("a")
    expect(world.telegram.calls[0]).toMatchObject({ injected: "half_body" })
  })

  it("can hold a call until released", async () => {
    await using world = await open()
    const fault = world.telegram.fault({ method: "sendMessage", kind: "delay" })
    const call = world.api.sendMessage(ownerId, "a")
    await fault.hit()
    expect(world.owner.messages()).toEqual([])
    fault.release()
    await call
    await world.owner.sees("a")
  })

  it("hit only the bot and the arguments they are meant for", async () => {
    await using world = await open()
    const other = world.telegram.addBot()
    world.telegram.fault({ method: "*", bot: other, kind: "status", code: 500 })
    world.telegram.fault({
      method: "sendMessage",
      when: (args) => args.text === "b",
      kind: "status",
      code: 500,
    })
    await world.api.sendMessage(ownerId, "a")
    expect((await refusalOf(world.api.sendMessage(ownerId, "b"))).error_code).toBe(500)
  })

  it("do not excuse a call that is wrong in itself", async () => {
    await using world = await open()
    world.telegram.fault({ method: "sendMessage", kind: "status", code: 500 })
    const wrong: object = { parse_mod: "HTML" }
    expect((await refusalOf(world.api.sendMessage(ownerId, "a", wrong))).error_code).toBe(400)
    expect(world.telegram.rejections()).toHaveLength(1)
  })
})

describe("outages", () => {
  it("reset open polls, refuse new connections, and end on the same port with everything kept", async () => {
    await using world = await open()
    await world.owner.says("before")
    const [update] = await world.api.getUpdates()
    const poll = world.api.getUpdates({ offset: (update?.update_id ?? 0) + 1, timeout: 30 }).then(
      () => "answered",
      () => "reset",
    )
    await world.bot.updates.polled()
    const { apiRoot } = world.telegram
    await world.telegram.goDown()
    expect(await poll).toBe("reset")
    await expect(world.api.getMe()).rejects.toThrow(HttpError)
    await world.owner.says("during")
    await world.telegram.comeBack()
    expect(world.telegram.apiRoot).toBe(apiRoot)
    expect((await world.api.getUpdates()).map((one) => one.message?.text)).toEqual(["during"])
  })
})

describe("the record of calls", () => {
  it("holds arguments, uploads, times and outcomes", async () => {
    await using world = await open()
    await world.api.sendMessage(ownerId, "a")
    const [call] = await world.telegram.seesCalls("sendMessage")
    expect(call).toMatchObject({ botId: world.bot.id, args: { chat_id: ownerId, text: "a" }, status: 200 })
    await expect(world.telegram.seesCalls("sendPhoto", { timeoutMs: 1 })).rejects.toThrow(
      /Saw 0 of 1 calls sendPhoto/,
    )
  })

  it("is clean unless something was refused", async () => {
    await using world = await open()
    world.telegram.assertClean()
    await refusalOf(world.api.sendMessage(ownerId, ""))
    expect(() => world.telegram.assertClean()).toThrow(/message text is empty/)
    world.telegram.assertClean((call) => call.rejection?.reason === "bad_request")
  })
})
