/** Long polling of one bot: what Telegram hands out is committed to the inbox before it is acknowledged. */
import { setImmediate as afterThis, setTimeout as sleep } from "node:timers/promises"
import type { Update, UserFromGetMe } from "grammy/types"
import type { Clock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Bot } from "../../ledger/machine.ts"
import type { Instant } from "../../protocol/ids.ts"
import { ignoredLane } from "../places/address.ts"
import { ACCEPTED_KINDS, authorise, type Rules } from "../places/authorise.ts"
import type { BotApi } from "../wire/api.ts"
import { CallError, describeFailure, type SendFailure } from "../wire/call-error.ts"

export type PollState = Bot["state"]

export interface PollTiming {
  /** How long Telegram holds a poll without updates, in seconds; at most 50. */
  readonly pollSeconds: number
  /** A poll that takes longer is given up together with its connection. */
  readonly stallMs: number
  readonly networkBackoff: Backoff
  readonly conflictBackoff: Backoff
  /** So long without another conflict until it counts as over: two pollers take turns in ending each other's polls. */
  readonly conflictCalmMs: number
  /** How often a revoked token is tried again. */
  readonly revokedMs: number
}

export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
}

const TIMING: PollTiming = {
  pollSeconds: 50,
  stallMs: 90_000,
  networkBackoff: { firstMs: 100, mostMs: 3000 },
  conflictBackoff: { firstMs: 1000, mostMs: 30_000 },
  conflictCalmMs: 60_000,
  revokedMs: 60_000,
}

export interface PollerSpec {
  readonly rules: Rules
  /** Makes a client with a connection of its own. */
  readonly connect: () => BotApi
  readonly ledger: Ledger
  readonly log: Log
  readonly clock: Clock
  readonly timing?: Partial<PollTiming>
  /** After the commit: lanes of the inbox that have something new. */
  readonly onReceived: (lanes: readonly string[]) => void
  /** On every change, and once when polling begins to work. `detail` is for the owner: Telegram's words, no secret. */
  readonly onState: (state: PollState, detail: string | null) => void
  /** One batch: how many updates, and milliseconds from their arrival to their commit. */
  readonly onBatch?: (batch: { readonly updates: number; readonly commitMs: number }) => void
}

const BATCH = 100
/** So long without a poll that worked, in ms, means that we were away. */
const AWAY_MS = 60_000

type WaitedMs = (update: Update) => number

export class Poller {
  readonly #spec: PollerSpec
  readonly #timing: PollTiming
  /** Set while it runs. */
  #stopping: AbortController | null = null
  #running: Promise<void> = Promise.resolve()
  #unwatch: () => void = () => undefined
  #api: BotApi | null = null
  /** What the next poll acknowledges; 0 asks for everything that was never acknowledged. */
  #offset = 0
  #me: UserFromGetMe | null = null
  #state: PollState | null = null
  /** When the last poll that worked ended, by Telegram's clock; null: none has since the start. */
  #polledAt: Instant | null = null
  /** What came while we were away is more than one batch. */
  #isCatchingUp = false
  /** By the monotonic clock. */
  #conflictAt = Number.NEGATIVE_INFINITY
  /** Failures of one kind in a row; decides how long to wait. */
  #failures: { kind: SendFailure["kind"] | "broken"; count: number } = { kind: "broken", count: 0 }

  constructor(spec: PollerSpec) {
    this.#spec = spec
    this.#timing = { ...TIMING, ...spec.timing }
  }

  get bot(): number {
    return this.#spec.rules.bot
  }

  /** What the bot says of itself; null until Telegram was reached. */
  get me(): UserFromGetMe | null {
    return this.#me
  }

  start(): void {
    if (this.#stopping) return
    const stopping = new AbortController()
    this.#stopping = stopping
    this.#unwatch = this.#spec.ledger.onStorage((state) => {
      if (state === "ok") this.#handOutAgain()
    })
    this.#running = this.#run(stopping.signal)
  }

  /** Gives the open poll up at once. What it would have brought comes with the next start. */
  async stop(): Promise<void> {
    this.#stopping?.abort()
    this.#unwatch()
    await this.#running
    this.#stopping = null
  }

  /** What was received could not be handled while the disk took nothing. */
  #handOutAgain(): void {
    const { ledger, rules, onReceived } = this.#spec
    const lanes = ledger.inbox.open().filter((row) => row.bot === rules.bot)
    onReceived([...new Set(lanes.map((row) => row.lane))])
  }

  /**
   * Asks the bot what it is now: its owner may have switched topics on in BotFather meanwhile.
   * @throws CallError
   */
  async refresh(): Promise<UserFromGetMe> {
    const api = this.#spec.connect()
    try {
      this.#me = await api.call("getMe", {})
    } finally {
      api.close()
    }
    if (this.#state) this.#record(this.#state, null)
    return this.#me
  }

  async #run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      try {
        await this.#step(stopped)
      } catch (error) {
        if (stopped.aborted) break
        await this.#recover(error, stopped)
      }
    }
    this.#disconnect()
  }

  async #step(stopped: AbortSignal): Promise<void> {
    this.#api ??= this.#spec.connect()
    if (this.#me === null) await this.#introduce(this.#api, stopped)
    const asked = this.#spec.clock.monotonic()
    const api = this.#api
    const updates = await api.call(
      "getUpdates",
      {
        offset: this.#offset,
        limit: BATCH,
        // After an outage a short poll tells at once that it is over.
        timeout: this.#state === "unreachable" ? 0 : this.#timing.pollSeconds,
        allowed_updates: ACCEPTED_KINDS,
      },
      { timeoutMs: this.#timing.stallMs, signal: stopped },
    )
    const arrived = performance.now()
    const waitedMs = this.#notePoll(updates.length, {
      now: api.time() ?? this.#spec.clock.now(),
      tookMs: this.#spec.clock.monotonic() - asked,
    })
    if (updates.length > 0) this.#commit(updates, { arrived, waitedMs })
    this.#worked()
    // The prompt first, the next poll after it.
    if (updates.length > 0) await afterThis()
  }

  /**
   * Returns how long an update waited because nobody asked for it, in ms. All of it by Telegram's own clock, which also
   * dates messages: how ours is set says nothing about whether we were there.
   */
  #notePoll(count: number, poll: { readonly now: Instant; readonly tookMs: number }): WaitedMs {
    const since = this.#polledAt ?? Number.NEGATIVE_INFINITY
    const wasAway = this.#isCatchingUp || poll.now - poll.tookMs - since >= AWAY_MS
    this.#polledAt = poll.now
    this.#isCatchingUp = wasAway && count === BATCH
    return ({ message }) => (wasAway && message ? Math.max(0, poll.now - message.date * 1000) : 0)
  }

  #worked(): void {
    const isRivalNear = this.#spec.clock.monotonic() - this.#conflictAt < this.#timing.conflictCalmMs
    if (this.#state === "conflict" && isRivalNear) return
    this.#failures = { kind: "broken", count: 0 }
    this.#enter("ok", null)
  }

  async #introduce(api: BotApi, signal: AbortSignal): Promise<void> {
    this.#me = await api.call("getMe", {}, { signal })
    this.#enter("ok", null)
  }

  /**
   * The order of ids means nothing (Telegram restarts them at random after a quiet week), so the next offset comes from
   * this batch alone and repeats are found by the ledger's set of ids.
   */
  #commit(updates: readonly Update[], { arrived, waitedMs }: { arrived: number; waitedMs: WaitedMs }): void {
    const { ledger, rules, clock, log } = this.#spec
    const at = clock.now()
    const lanes = new Set<string>()
    ledger.transact(() => {
      for (const update of updates) {
        const verdict = authorise(update, rules)
        const identity = { bot: rules.bot, updateId: update.update_id }
        if (verdict.kind === "ignore") {
          const row = { ...identity, lane: ignoredLane(rules.bot), body: null, ignored: verdict.why }
          if (ledger.inbox.receive(row, at))
            log.info({ ...identity, why: verdict.why }, "an update was ignored")
        } else if (this.#store(update, verdict.lane, { at, waitedMs })) {
          lanes.add(verdict.lane)
        }
      }
    })
    this.#offset = Math.max(...updates.map((update) => update.update_id)) + 1
    this.#spec.onBatch?.({ updates: updates.length, commitMs: performance.now() - arrived })
    if (lanes.size > 0) this.#spec.onReceived([...lanes])
  }

  #store(update: Update, lane: string, { at, waitedMs }: { at: Instant; waitedMs: WaitedMs }): boolean {
    const { ledger, rules } = this.#spec
    const identity = { bot: rules.bot, updateId: update.update_id }
    const isSame = (known: unknown) => identityOf(known as Update) === identityOf(update)
    return ledger.inbox.receive({ ...identity, lane, body: update, waitedMs: waitedMs(update), isSame }, at)
  }

  async #recover(error: unknown, stopped: AbortSignal): Promise<void> {
    const failure = failureOf(error)
    const kind = failure?.kind ?? "broken"
    const count = this.#failures.kind === kind ? this.#failures.count + 1 : 1
    this.#failures = { kind, count }
    if (failure === null) this.#spec.log.error({ err: error, bot: this.bot }, "updates could not be taken in")
    else this.#report(failure)
    if (failure?.kind === "conflict" && (await this.#removeWebhook(failure.description, stopped))) return
    await sleep(this.#pauseAfter(failure, count), undefined, { signal: stopped }).catch(ignoreAbort)
  }

  #report(failure: SendFailure): void {
    const { kind } = failure
    if (kind === "flood") return
    if (kind === "conflict") {
      this.#conflictAt = this.#spec.clock.monotonic()
      return this.#enter("conflict", failure.description)
    }
    if (kind === "revoked" || kind === "blocked") {
      this.#me = null
      return this.#enter("revoked", failure.description)
    }
    // A connection that failed or stalled is not used again.
    this.#disconnect()
    this.#enter("unreachable", describeFailure(failure))
  }

  #pauseAfter(failure: SendFailure | null, count: number): number {
    const { networkBackoff, conflictBackoff, revokedMs } = this.#timing
    switch (failure?.kind) {
      case "flood":
        return failure.retryAfterSeconds * 1000
      case "conflict":
        return grow(conflictBackoff, count)
      case "revoked":
      case "blocked":
        return revokedMs
      default:
        return grow(networkBackoff, count)
    }
  }

  /** A webhook left by another program keeps updates from us; the owner chose this bot for us. */
  async #removeWebhook(description: string, signal: AbortSignal): Promise<boolean> {
    if (this.#api === null || !/webhook/i.test(description)) return false
    try {
      return await this.#api.call("deleteWebhook", {}, { signal })
    } catch (error) {
      this.#spec.log.warn({ err: error, bot: this.bot }, "the webhook of the bot could not be removed")
      return false
    }
  }

  #disconnect(): void {
    this.#api?.close()
    this.#api = null
  }

  #enter(state: PollState, detail: string | null): void {
    if (this.#state === state) return
    try {
      this.#record(state, detail)
      this.#spec.onState(state, detail)
      this.#state = state
    } catch (error) {
      // Polling is what goes on whatever happens to what is told of it; the next poll tries to tell it again.
      const { log } = this.#spec
      log.warn({ err: error, bot: this.bot, state }, "the state of a bot could not be stored or told")
    }
  }

  #record(state: PollState, detail: string | null): void {
    const { ledger, clock } = this.#spec
    const known = ledger.machine.bots().find((bot) => bot.id === this.bot)
    const me = this.#me
    ledger.machine.putBot(
      {
        id: this.bot,
        username: me?.username ?? known?.username ?? "",
        name: me?.first_name ?? known?.name ?? "",
        hasTopics: me?.has_topics_enabled ?? known?.hasTopics ?? false,
        state,
        detail,
      },
      clock.now(),
    )
  }
}

function grow({ firstMs, mostMs }: Backoff, count: number): number {
  return Math.min(mostMs, firstMs * 2 ** (count - 1))
}

/** Null for what is no call's failure: our own ledger, for instance. */
function failureOf(error: unknown): SendFailure | null {
  return error instanceof CallError ? error.failure : null
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === "AbortError")) throw error
}

/** The same for the same update, whatever Telegram calls it. */
function identityOf({
  message,
  edited_message: edited,
  callback_query: tap,
  my_chat_member: member,
  ...rest
}: Update): string {
  const post = message ?? edited
  if (post) return `${post.chat.id}:${post.message_id}:${post.date}:${edited?.edit_date ?? ""}`
  if (tap) return `tap:${tap.id}`
  if (member) return `member:${member.chat.id}:${member.date}`
  return `draft:${rest.stopped_message_generation?.chat?.id}:${rest.stopped_message_generation?.draft_id}`
}
