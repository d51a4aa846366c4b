/** What the owner hears about a bot itself: that another program reads its messages, or that its token is void. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { Bot } from "../ledger/machine.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Outgoing } from "./delivery/outgoing.ts"
import { actionsOf, readPayload } from "./delivery/payload.ts"
import { formatAddress, laneOf } from "./places/address.ts"
import { living } from "./places/reach.ts"
import type { RequestNotices } from "./requests/notice.ts"

export interface BotStatesSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly owner: number
  /** All of them, in the configured order. */
  readonly bots: readonly number[]
  readonly requests: Pick<RequestNotices, "bring">
  readonly wake: (lane: string) => void
}

/** More than any chat is owed at once. */
const ROWS = 1_000

export class BotStates {
  readonly #spec: BotStatesSpec
  /** What was last heard of each bot; the ledger's rows are those of the present already. */
  readonly #last: Map<number, Bot["state"]>

  constructor(spec: BotStatesSpec) {
    this.#spec = spec
    this.#last = new Map(spec.kernel.ledger.machine.bots().map(({ id, state }) => [id, state]))
  }

  changed(bot: number, state: Bot["state"], detail: string | null): void {
    const { kernel, say } = this.#spec
    const before = this.#last.get(bot)
    kernel.log.info({ bot, state, before, detail }, "a bot changed its state")
    // All of it or nothing: what a disk refuses is said again.
    kernel.ledger.transact(() => {
      if (state === "revoked") this.#bringElsewhere(bot)
      if (state === before) return
      const username = kernel.ledger.machine.bots().find(({ id }) => id === bot)?.username ?? ""
      kernel.record({ kind: "bot.changed", bot, username, state, detail }, "machine")
      if (state === "conflict") this.#tell(bot, say("bot.conflict"))
      if (state === "ok" && before === "conflict") this.#tell(bot, say("bot.conflict_over"))
      if (state === "revoked") this.#tellElsewhere(bot, say("bot.revoked", { bot: this.#nameOf(bot) }))
    })
    // A poll between two conflicts may fail for another reason: the conflict is over when polling works.
    if (before !== "conflict" || state !== "unreachable") this.#last.set(bot, state)
  }

  #nameOf(bot: number): string {
    const username = this.#spec.kernel.ledger.machine.bots().find(({ id }) => id === bot)?.username
    return username ? `@${username}` : String(bot)
  }

  /** Through a bot that Telegram still takes. */
  #tellElsewhere(bot: number, text: string): void {
    const other = this.#spec.bots.find((id) => id !== bot && this.#last.get(id) === "ok")
    if (other !== undefined) this.#tell(other, text)
  }

  /** What is owed through it, and what the owner can no longer tap there, goes to their chat with another bot. */
  #bringElsewhere(bot: number): void {
    const { kernel, bots, owner, requests } = this.#spec
    const { ledger, clock } = kernel
    const to = living({ ledger, bots }, { bot, chat: owner, thread: null })
    if (to.bot === bot) return
    ledger.transact(() => {
      const lane = laneOf({ bot, chat: owner })
      for (const row of ledger.outbox.openOf(lane, ROWS)) {
        const payload = readPayload(row.payload)
        const isOwed = row.priority === "final" || row.priority === "request"
        if (!isOwed || (payload?.kind !== "text" && payload?.kind !== "file")) continue
        for (const id of actionsOf(payload)) ledger.actions.move(id, formatAddress(to))
        const { replyTo: _, ...rest } = payload
        ledger.outbox.move(row.id, { lane: laneOf(to), key: row.key, payload: { ...rest, to } }, clock.now())
      }
      for (const request of ledger.requests.allOpen()) requests.bring(request, { from: bot, to })
      ledger.afterCommit(() => this.#spec.wake(laneOf(to)))
    })
  }

  /** Sending still works while another program reads the bot's messages. */
  #tell(bot: number, text: string): void {
    const { kernel, out, owner } = this.#spec
    const to = { bot, chat: owner, thread: null }
    kernel.ledger.transact(() => out.text(to, text, { key: null, priority: "answer" }))
  }
}
