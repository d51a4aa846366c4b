/** Telegram as a surface of the runtime: every bot polled at once, one delivery lane per chat, one conversation. */
import type { Config } from "../core/config.ts"
import type { Bot } from "../ledger/machine.ts"
import { endsTurn, type Fact } from "../protocol/facts.ts"
import { commands } from "../runtime/commands/table.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { About, Surface } from "../runtime/surface.ts"
import { assemble, type Parts } from "./assemble.ts"
import { Poller, type PollTiming } from "./intake/poller.ts"
import { registerMenu } from "./menu.ts"
import { laneOfIntake } from "./places/address.ts"
import type { Rules } from "./places/authorise.ts"
import { isGroupOn } from "./places/groups.ts"
import { watchForLostTaps } from "./requests/repost.ts"
import { type BotApi, createBotApi } from "./wire/api.ts"

export interface TelegramSpec {
  readonly kernel: Kernel
  readonly config: Pick<Config, "telegram" | "language" | "dataDir" | "artifacts">
  /** Called on every change of a bot's state, after it is stored. */
  readonly onBotState?: (bot: number, state: Bot["state"]) => void
  readonly onBatch?: (batch: { readonly updates: number; readonly commitMs: number }) => void
  /** Once per attempt to deliver that came to an end. */
  readonly onDelivery?: (result: "sent" | "undeliverable") => void
  readonly pollTiming?: Partial<PollTiming>
}

export class TelegramSurface implements Surface {
  readonly name = "telegram"
  readonly #spec: TelegramSpec
  readonly #owner: number
  readonly #apis: ReadonlyMap<number, BotApi>
  readonly #parts: Parts
  readonly #pollers: readonly Poller[]
  readonly #stopping = new AbortController()
  /** Bots whose command menu is registered: once in the life of a process is enough. */
  readonly #withMenu = new Set<number>()
  #ends: readonly (() => void)[] = []

  /** `config.telegram` must name an owner and at least one bot. */
  constructor(spec: TelegramSpec) {
    this.#spec = spec
    const { kernel, config, onDelivery } = spec
    const { bots, ownerId, apiRoot } = config.telegram
    if (ownerId === null) throw new Error("Telegram cannot be started without an owner")
    this.#owner = ownerId
    const connect = (bot: number, token: string) => createBotApi({ bot, token, apiRoot })
    this.#apis = new Map(bots.map(({ id, token }) => [id, connect(id, token)]))
    this.#parts = assemble({
      kernel,
      config,
      owner: ownerId,
      apis: this.#apis,
      rulesOf: (bot) => this.#rulesOf(bot),
      stopping: this.#stopping.signal,
      ...(onDelivery ? { onDelivery } : {}),
    })
    this.#pollers = bots.map(({ id, token }) => this.#poller(id, () => connect(id, token)))
  }

  onFact(fact: Fact, about: About): void {
    const { notices, progress } = this.#parts
    const { ledger } = this.#spec.kernel
    notices.onFact(fact, about)
    if (fact.kind === "turn.started") {
      const { turn } = about
      ledger.afterCommit(() => progress.watch(turn))
    }
    if (fact.kind === "turn.held" || endsTurn(fact)) this.#forgetProgress(about)
  }

  onFault(fact: Fact, about: About, logId: string): void {
    this.#parts.notices.onFault(fact, about, logId)
    if (endsTurn(fact)) this.#forgetProgress(about)
  }

  #forgetProgress({ turn }: About): void {
    this.#spec.kernel.ledger.afterCommit(() => this.#parts.progress.forget(turn.id))
  }

  start(): void {
    const { lanes, progress, intake, requests } = this.#parts
    lanes.start()
    this.#ends = [progress.start(), watchForLostTaps({ kernel: this.#spec.kernel, requests })]
    intake.start()
    for (const poller of this.#pollers) poller.start()
  }

  /** Polling ends at once; deliveries in flight get a few seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const end of this.#ends) end()
    await Promise.all([...this.#pollers.map((poller) => poller.stop()), this.#parts.intake.stop()])
    await this.#parts.lanes.stop()
  }

  #rulesOf(bot: number): Rules {
    const { ledger } = this.#spec.kernel
    return { owner: this.#owner, bot, groupsOn: (chat) => isGroupOn(ledger, chat) }
  }

  #poller(bot: number, connect: () => BotApi): Poller {
    const { kernel, onBatch, pollTiming } = this.#spec
    const { ledger, clock, log } = kernel
    return new Poller({
      rules: this.#rulesOf(bot),
      connect,
      ledger,
      log,
      clock,
      ...(pollTiming ? { timing: pollTiming } : {}),
      ...(onBatch ? { onBatch } : {}),
      onReceived: (lanes) => {
        this.#parts.intake.wake(lanes)
        for (const lane of lanes) this.#parts.lanes.reopen(laneOfIntake(lane))
        // There is no menu for a chat that the owner has not opened yet; now they have.
        void this.#registerMenu(bot)
      },
      onState: (state, detail) => this.#onState(bot, state, detail),
    })
  }

  #onState(bot: number, state: Bot["state"], detail: string | null): void {
    this.#parts.botStates.changed(bot, state, detail)
    this.#spec.onBotState?.(bot, state)
    if (state !== "ok") return
    this.#parts.lanes.resume(bot)
    void this.#registerMenu(bot)
  }

  async #registerMenu(bot: number): Promise<void> {
    const api = this.#apis.get(bot)
    if (!api || this.#withMenu.has(bot)) return
    this.#withMenu.add(bot)
    const { kernel, config } = this.#spec
    const menu = { commands, owner: this.#owner, language: config.language, log: kernel.log }
    if (!(await registerMenu(api, menu))) this.#withMenu.delete(bot)
  }
}
