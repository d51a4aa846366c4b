/** What follows when Telegram took something, or will not take it. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { OutboxRow } from "../ledger/outbox.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Address } from "./address.ts"
import type { Show } from "./delivery/cosmetic.ts"
import type { DeliveryHooks } from "./delivery/lane.ts"
import { isTopicGone } from "./delivery/settle.ts"
import type { Outgoing } from "./outgoing.ts"
import { readPayload } from "./payload.ts"
import type { Progress } from "./progress.ts"
import type { Topics } from "./topics.ts"

export interface DeliveryNewsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly topics: Topics
  readonly progress: Progress
}

export class DeliveryNews implements Required<DeliveryHooks> {
  readonly #spec: DeliveryNewsSpec

  constructor(spec: DeliveryNewsSpec) {
    this.#spec = spec
  }

  readonly onSent = (row: OutboxRow, message: string | null): void => {
    if (message !== null && readPayload(row.payload)?.kind === "topic_create")
      this.#spec.topics.created(row, Number(message))
  }

  /** Invariant: an answer is delivered, or visibly not. */
  readonly onUndeliverable = (row: OutboxRow, reason: string): void => {
    const { kernel, say, out } = this.#spec
    const { id, key, priority, session, turn } = row
    kernel.log.warn({ row: id, key, turn, session, reason }, "Telegram did not take a message")
    const payload = readPayload(row.payload)
    const isOwed = priority === "final" || priority === "request"
    if (!isOwed || (payload?.kind !== "text" && payload?.kind !== "file")) return
    const to = { ...payload.to, thread: null }
    const text =
      payload.kind === "file"
        ? say("file.undeliverable", { name: payload.name, reason })
        : say("final.undeliverable", { session: session ?? "", reason })
    const about = { key: `undeliverable:${id}`, priority: "answer", session } as const
    kernel.ledger.transact(() => out.text(to, text, about))
  }

  readonly onTopicGone = (address: Address): void => {
    const { topics, progress } = this.#spec
    topics.gone(address)
    progress.relocate()
  }

  readonly onCosmeticRefused = ({ to, slot }: Show, reason: string): void => {
    if (to.thread !== null && isTopicGone(reason)) return this.onTopicGone(to)
    this.#spec.progress.mute(slot)
  }
}
