/** Telegram as a surface of the runtime: every bot polled at once, one delivery lane per chat, one conversation. */
import { join } from "node:path"
import type { Config } from "../core/config.ts"
import { riskText } from "../core/texts/risk.ts"
import { telegramText } from "../core/texts/telegram.ts"
import type { Bot } from "../ledger/machine.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Fact, Surface } from "../runtime/surface.ts"
import { type Address, formatAddress } from "./address.ts"
import { type BotApi, createBotApi } from "./api.ts"
import type { Rules } from "./authorise.ts"
import { commands } from "./commands/table.ts"
import { Conversation } from "./conversation.ts"
import { DeliveryLanes } from "./delivery/lanes.ts"
import { fetchFiles } from "./fetch.ts"
import { Intake } from "./intake.ts"
import { registerMenu } from "./menu.ts"
import { TelegramNotices } from "./notify.ts"
import { Outgoing } from "./outgoing.ts"
import { Poller, type PollTiming } from "./poller.ts"
import { Progress } from "./progress.ts"
import type { Reach } from "./reach.ts"
import { Taps } from "./taps.ts"

export interface TelegramSpec {
  readonly kernel: Kernel
  readonly config: Pick<Config, "telegram" | "language" | "dataDir" | "artifacts">
  /** Called on every change of a bot's state, after it is stored. */
  readonly onBotState?: (bot: number, state: Bot["state"]) => void
  readonly onBatch?: (batch: { readonly updates: number; readonly commitMs: number }) => void
  readonly pollTiming?: Partial<PollTiming>
}

export class TelegramSurface implements Surface {
  readonly name = "telegram"
  readonly #spec: TelegramSpec
  readonly #owner: number
  readonly #apis: ReadonlyMap<number, BotApi>
  readonly #lanes: DeliveryLanes
  readonly #out: Outgoing
  readonly #notices: TelegramNotices
  readonly #progress: Progress
  readonly #intake: Intake
  readonly #pollers: readonly Poller[]
  readonly #stopping = new AbortController()
  #stopProgress: () => void = () => {}

  /** `config.telegram` must name an owner and at least one bot. */
  constructor(spec: TelegramSpec) {
    this.#spec = spec
    const { kernel, config } = spec
    const { telegram, language } = config
    if (telegram.ownerId === null) throw new Error("Telegram cannot be started without an owner")
    this.#owner = telegram.ownerId
    const { ledger, clock, log } = kernel
    const say = telegramText(language)
    const connect = (bot: number, token: string) => createBotApi({ bot, token, apiRoot: telegram.apiRoot })
    this.#apis = new Map(telegram.bots.map(({ id, token }) => [id, connect(id, token)]))
    this.#lanes = new DeliveryLanes({
      ledger,
      bots: [...this.#apis.values()],
      log,
      clock,
      texts: { resent: say("resent"), sessionTag: (session) => (session === null ? "" : `[${session}] `) },
    })
    this.#out = new Outgoing(ledger, clock, (lane) => this.#lanes.wake(lane))
    const out = this.#out
    const reach: Reach = { ledger, fallback: this.#fallback() }
    const attachmentsOf = (session: Session) => join(config.dataDir, "attachments", session.id)
    this.#notices = new TelegramNotices({ reach, say, sayRisk: riskText(language), out, attachmentsOf })
    this.#progress = new Progress({ kernel, reach, say, out, lanes: this.#lanes })
    const taps = new Taps({
      kernel,
      say,
      out,
      notices: this.#notices,
      runLine: (line, place) => conversation.runLine(line, place),
      askEdit: (turn, to) => {
        const key = `edit:${turn}:${formatAddress(to)}:${clock.now()}`
        out.text(to, say("queue.edit_how"), { key, priority: "answer", turn })
      },
    })
    const fetchSpec = { kernel, say, apiOf: (bot: number) => this.#apis.get(bot) ?? null, attachmentsOf }
    const conversation = new Conversation({
      kernel,
      say,
      out,
      taps,
      progress: this.#progress,
      usernameOf: (bot) => ledger.machine.bots().find(({ id }) => id === bot)?.username ?? null,
      fetchFiles: (messages, place) =>
        fetchFiles(messages, place, {
          ...fetchSpec,
          limit: config.artifacts.maxBytes,
          signal: this.#stopping.signal,
        }),
    })
    const rulesOf = (bot: number) => ({
      owner: this.#owner,
      bot,
      groupsOn: (chat: number) => this.#isGroupOn(chat),
    })
    this.#intake = new Intake({ kernel, say, out, conversation, rulesOf })
    this.#pollers = telegram.bots.map(({ id, token }) =>
      this.#poller(id, () => connect(id, token), rulesOf(id)),
    )
  }

  onFact(fact: Fact): void {
    this.#notices.onFact(fact)
    if (fact.kind === "turn.started") {
      this.#spec.kernel.ledger.afterCommit(() => this.#progress.watch(fact.turn))
    }
    if (fact.kind === "turn.ended" || fact.kind === "turn.held") {
      this.#spec.kernel.ledger.afterCommit(() => this.#progress.forget(fact.turn.id))
    }
  }

  start(): void {
    this.#lanes.start()
    this.#stopProgress = this.#progress.start()
    this.#intake.start()
    for (const poller of this.#pollers) poller.start()
  }

  /** Polling ends at once; deliveries in flight get a few seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#stopProgress()
    await Promise.all([...this.#pollers.map((poller) => poller.stop()), this.#intake.stop()])
    await this.#lanes.stop()
  }

  #fallback(): Address | null {
    const [bot] = this.#spec.config.telegram.bots
    return bot ? { bot: bot.id, chat: this.#owner, thread: null } : null
  }

  #poller(bot: number, connect: () => BotApi, rules: Rules): Poller {
    const { kernel, onBatch, pollTiming } = this.#spec
    const { ledger, clock, log } = kernel
    return new Poller({
      rules,
      connect,
      ledger,
      log,
      now: () => clock.now(),
      ...(pollTiming ? { timing: pollTiming } : {}),
      ...(onBatch ? { onBatch } : {}),
      onReceived: (lanes) => this.#intake.wake(lanes),
      onState: (state, detail) => this.#onState(bot, state, detail),
    })
  }

  #onState(bot: number, state: Bot["state"], detail: string | null): void {
    const { kernel, config, onBotState } = this.#spec
    const before = kernel.ledger.machine.bots().find(({ id }) => id === bot)
    kernel.log.info({ bot, state, detail }, "a bot changed its state")
    if (before) kernel.ledger.machine.putBot({ ...before, state, detail }, kernel.clock.now())
    onBotState?.(bot, state)
    if (state === "ok") {
      this.#lanes.resume(bot)
      const api = this.#apis.get(bot)
      if (api)
        void registerMenu(api, { commands, owner: this.#owner, language: config.language, log: kernel.log })
    }
    this.#tellConflict(bot, state, before?.state ?? null)
  }

  /** Sending still works while another program reads the bot's messages. */
  #tellConflict(bot: number, state: Bot["state"], before: Bot["state"] | null): void {
    const { kernel, config } = this.#spec
    const say = telegramText(config.language)
    const text =
      state === "conflict"
        ? say("bot.conflict")
        : before === "conflict" && state === "ok"
          ? say("bot.conflict_over")
          : null
    if (text === null) return
    const to = { bot, chat: this.#owner, thread: null }
    kernel.ledger.transact(() => this.#out.text(to, text, { key: null, priority: "status" }))
  }

  #isGroupOn(chat: number): boolean {
    return this.#spec.kernel.ledger.machine.setting<boolean>(`group.${chat}`) === true
  }
}
