import { describe, expect, it } from "vitest"
import { WallClock } from "../../../test/fakes/delivery.ts"
import type { FakeBot } from "../../../test/fakes/telegram/bot.ts"
import { OWNER, startRig, type TelegramRig } from "../../../test/fakes/telegram-rig.ts"
import { Poller, type PollState, type PollTiming } from "./poller.ts"

const quick: Partial<PollTiming> = {
  pollSeconds: 1,
  conflictBackoff: { firstMs: 50, mostMs: 200 },
  conflictCalmMs: 500,
  revokedMs: 100,
}

class Intake {
  readonly rig: TelegramRig
  readonly bot: FakeBot
  readonly states: PollState[] = []
  readonly details: (string | null)[] = []
  readonly lanes: string[] = []
  readonly clock = new WallClock()
  /** As a disk that takes nothing of what is told. */
  refuses = false
  poller: Poller

  constructor(rig: TelegramRig, bot: FakeBot, timing: Partial<PollTiming> = quick) {
    this.rig = rig
    this.bot = bot
    this.poller = this.make(timing)
    rig.onEnd(() => this.poller.stop())
  }

  make(timing: Partial<PollTiming> = quick): Poller {
    const { rig, bot } = this
    this.poller = new Poller({
      rules: { owner: OWNER, bot: bot.id, groupsOn: () => false },
      connect: () => rig.connect(bot),
      ledger: rig.ledger,
      log: rig.log,
      clock: this.clock,
      timing,
      onReceived: (lanes) => this.lanes.push(...lanes),
      onState: (state, detail) => {
        if (this.refuses)
          throw Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 10 })
        this.states.push(state)
        this.details.push(detail)
      },
    })
    return this.poller
  }

  /** As after SIGKILL: new objects over what was committed. */
  async restart(): Promise<void> {
    await this.poller.stop()
    await this.rig.reopenLedger()
    this.make().start()
  }

  /** Texts of this bot in the inbox, not handled yet. */
  get received(): readonly (string | undefined)[] {
    return this.rig.ledger.inbox
      .open()
      .filter((row) => row.bot === this.bot.id)
      .map((row) => (row.body as { message?: { text?: string } }).message?.text)
  }

  /** Whether each message of the inbox had waited for minutes before it was asked for. */
  get waited(): readonly boolean[] {
    return this.rig.ledger.inbox.open().map((row) => row.waitedMs >= 300_000)
  }

  async until<T>(probe: () => T, wanted: T, timeout = 10_000): Promise<void> {
    await expect.poll(probe, { timeout, interval: 10 }).toEqual(wanted)
  }

  polls() {
    return this.rig.telegram.calls.filter((call) => call.method === "getUpdates")
  }
}

async function startIntake(timing?: Partial<PollTiming>) {
  const rig = await startRig({ limits: "off" })
  const intake = new Intake(rig, rig.addBot({ username: "my_bot" }), timing)
  return { rig, intake, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() }
}

describe("the poller", () => {
  it("commits what the owner says before the next poll acknowledges it", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await rig.owner(intake.bot).says("hello")
    await intake.until(() => intake.received, ["hello"])
    await intake.until(() => intake.bot.updates.pendingCount, 0)
    expect(intake.lanes).toEqual([`telegram:${intake.bot.id}:${OWNER}`])
    expect(rig.ledger.machine.bots()).toMatchObject([
      { id: intake.bot.id, username: "my_bot", hasTopics: false, state: "ok" },
    ])
    expect(intake.states).toEqual(["ok"])
    expect(intake.polls()[0]?.args.allowed_updates).toContain("stopped_message_generation")
    rig.telegram.assertClean()
  })

  it("takes each update once when Telegram hands a batch out again", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    const chat = rig.owner(intake.bot)
    await chat.says("one")
    await chat.says("two")
    const fault = rig.telegram.fault({ kind: "half_body", method: "getUpdates" })
    intake.poller.start()
    await fault.hit()
    await intake.until(() => intake.received, ["one", "two"])
    await intake.poller.stop()
    intake.make().start()
    await chat.says("three")
    await intake.until(() => intake.received, ["one", "two", "three"])
  })

  it("loses nothing and doubles nothing over ten restarts in the middle of things", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    const chat = rig.owner(intake.bot)
    const words: string[] = []
    for (let round = 0; round < 10; round++) {
      for (let index = 0; index < 3; index++) {
        const word = `${round}-${index}`
        words.push(word)
        await chat.says(word)
      }
      await intake.restart()
    }
    await intake.until(() => intake.received.toSorted(), words.toSorted())
    await intake.until(() => intake.bot.updates.pendingCount, 0)
  })

  it("follows Telegram when it begins to number at random", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    const chat = rig.owner(intake.bot)
    await chat.says("high")
    await intake.until(() => intake.received, ["high"])
    await intake.until(() => intake.bot.updates.pendingCount, 0)
    intake.bot.updates.restartNumberingAt(17)
    await chat.says("low")
    await intake.until(() => intake.received, ["high", "low"])
    await chat.says("lower still")
    await intake.until(() => intake.received, ["high", "low", "lower still"])
  })

  it("records strangers without their content", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await rig.telegram.user({ id: 666 }).chatWith(intake.bot).says("let me in")
    await rig.owner(intake.bot).says("me")
    await intake.until(() => intake.received, ["me"])
    const rows = rig.ledger.inbox.openOf(`telegram:${intake.bot.id}:ignored`, 10)
    expect(rows).toEqual([])
    expect(intake.lanes).toEqual([`telegram:${intake.bot.id}:${OWNER}`])
  })

  it("says that another program polls, keeps trying, and goes on when it has left", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    const rival = rig.connect(intake.bot)
    intake.poller.start()
    await intake.until(() => intake.bot.updates.isPolled, true)
    await rival.call("getUpdates", { timeout: 0 })
    await intake.until(() => intake.states, ["ok", "conflict"])
    expect(intake.details[1]).toMatch(/terminated by other getUpdates/)
    await rig.owner(intake.bot).says("still here")
    await intake.until(() => intake.received, ["still here"])
    expect(intake.states).toEqual(["ok", "conflict"])
    await intake.until(() => intake.states, ["ok", "conflict", "ok"])
  })

  it("goes on polling when what is told of it fails, and tells it again", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await intake.until(() => intake.states, ["ok"])
    intake.refuses = true
    const fault = rig.telegram.fault({ kind: "drop_after_apply", method: "getUpdates", times: 2 })
    await intake.until(() => fault.isSpent, true)
    await rig.owner(intake.bot).says("heard all the same")
    await intake.until(() => intake.received, ["heard all the same"])
    intake.refuses = false
    rig.telegram.fault({ kind: "drop_after_apply", method: "getUpdates" })
    await intake.until(() => intake.states, ["ok", "unreachable", "ok"])
  })

  it("removes a webhook that keeps updates from it", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    const setup = rig.connect(intake.bot)
    await setup.call("setWebhook", { url: "https://example.org/hook" })
    intake.poller.start()
    await rig.owner(intake.bot).says("hello")
    await intake.until(() => intake.received, ["hello"])
    expect(intake.bot.updates.webhookUrl).toBe("")
  })

  it("stops at a revoked token, this bot only, and looks again", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    const other = new Intake(rig, rig.addBot())
    intake.poller.start()
    other.poller.start()
    await intake.until(() => intake.states, ["ok"])
    intake.bot.revoke()
    await rig.owner(intake.bot).says("wake the poll")
    await intake.until(() => intake.states, ["ok", "revoked"])
    await rig.owner(other.bot).says("hello")
    await other.until(() => other.received, ["hello"])
    expect(rig.ledger.machine.bots().map((bot) => bot.state)).toEqual(["revoked", "ok"])
    intake.bot.isRevoked = false
    await intake.until(() => intake.states, ["ok", "revoked", "ok"])
  })

  it("waits as long as a 429 says", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    rig.telegram.fault({ kind: "status", code: 429, retryAfterSeconds: 1, method: "getUpdates" })
    intake.poller.start()
    await intake.until(() => intake.polls().length, 2)
    const [first, second] = intake.polls()
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990)
    expect(rig.telegram.penaltyViolations()).toEqual([])
  })

  it.each([500, 502])("goes on after status %i", async (code) => {
    await using world = await startIntake()
    const { rig, intake } = world
    rig.telegram.fault({ kind: "status", code, method: "getUpdates", times: 2 })
    intake.poller.start()
    await rig.owner(intake.bot).says("hello")
    await intake.until(() => intake.received, ["hello"])
    expect(intake.states).toEqual(["ok", "unreachable", "ok"])
  })

  it("has the message within three seconds after Telegram was away for two", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await intake.until(() => intake.bot.updates.isPolled, true)
    await rig.telegram.goDown()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await rig.owner(intake.bot).says("while you were away")
    const back = Date.now()
    await rig.telegram.comeBack()
    await intake.until(() => intake.received, ["while you were away"])
    expect(Date.now() - back).toBeLessThan(3000)
  })

  it("says what came while nobody polled, however our own clock is set", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.clock.offsetMs = 6 * 60_000
    intake.poller.start()
    await rig.owner(intake.bot).says("we are here")
    await intake.until(() => intake.waited, [false])
    await intake.poller.stop()
    await rig.owner(intake.bot).says("we are away")
    rig.telegram.skipTime(600_000)
    await rig.owner(intake.bot).says("we are back")
    intake.poller.start()
    await intake.until(() => intake.waited, [false, true, false])
    await intake.restart()
    await rig.owner(intake.bot).sends({ text: "delivered late", date: 1 })
    await intake.until(() => intake.received.length, 4)
  })

  it("gives up a poll that stalls, and its connection", async () => {
    await using world = await startIntake({ ...quick, stallMs: 300 })
    const { rig, intake } = world
    const fault = rig.telegram.fault({ kind: "delay", method: "getUpdates" })
    intake.poller.start()
    await fault.hit()
    await rig.owner(intake.bot).says("hello")
    await intake.until(() => intake.received, ["hello"])
    expect(intake.states.slice(0, 2)).toEqual(["ok", "unreachable"])
  })

  it("ends at once in the middle of a long poll", async () => {
    await using world = await startIntake()
    const { intake } = world
    intake.poller.start()
    await intake.until(() => intake.bot.updates.isPolled, true)
    const started = Date.now()
    await intake.poller.stop()
    expect(Date.now() - started).toBeLessThan(200)
  })

  it("does not acknowledge what it could not commit", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await intake.until(() => intake.bot.updates.isPolled, true)
    const { receive } = rig.ledger.inbox
    const broken = Object.assign(rig.ledger.inbox, {
      receive: () => {
        throw new Error("disk full")
      },
    })
    await rig.owner(intake.bot).says("precious")
    await intake.until(() => rig.log.lines.some((line) => line.includes("disk full")), true)
    expect(intake.bot.updates.pendingCount).toBe(1)
    Object.assign(broken, { receive })
    await intake.until(() => intake.received, ["precious"])
  })

  it("learns that topics were switched on", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    intake.poller.start()
    await intake.until(() => intake.states, ["ok"])
    intake.bot.me.has_topics_enabled = true
    expect((await intake.poller.refresh()).has_topics_enabled).toBe(true)
    expect(rig.ledger.machine.bots()).toMatchObject([{ hasTopics: true, state: "ok" }])
  })

  it("never shows the token in what it logs, tells or stores", async () => {
    await using world = await startIntake()
    const { rig, intake } = world
    const secret = intake.bot.token.split(":")[1] ?? ""
    intake.poller.start()
    await intake.until(() => intake.states, ["ok"])
    await rig.telegram.goDown()
    await intake.until(() => intake.states, ["ok", "unreachable"])
    await rig.telegram.comeBack()
    intake.bot.revoke()
    await intake.until(() => intake.states.at(-1), "revoked")
    const all = JSON.stringify([rig.log.lines, intake.details, rig.ledger.machine.bots()])
    expect(all).not.toContain(secret)
  })
})
