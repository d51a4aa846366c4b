/** What follows when Telegram took something, or will not take it. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { OutboxRow } from "../ledger/outbox.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Migrations } from "./chats/migrations.ts"
import type { Topics } from "./chats/topics.ts"
import type { Show } from "./delivery/cosmetic.ts"
import type { DeliveryHooks } from "./delivery/lane.ts"
import type { Outgoing } from "./delivery/outgoing.ts"
import { actionsOf, type FilePayload, readPayload, type TextPayload } from "./delivery/payload.ts"
import { isTopicGone } from "./delivery/settle.ts"
import { type Address, formatAddress, isPrivate } from "./places/address.ts"
import type { Migration } from "./places/groups.ts"
import { concat, type Rich } from "./rendering/rich.ts"
import { isWhole, type RequestNotices } from "./requests/notice.ts"
import type { Progress } from "./turns/progress.ts"
import { TEXT_LIMIT } from "./wire/limits.ts"

export interface DeliveryNewsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly topics: Topics
  readonly progress: Progress
  readonly requests: Pick<RequestNotices, "wholeSettled">
  readonly migrations: Pick<Migrations, "follow">
  readonly owner: number
}

export class DeliveryNews implements Required<DeliveryHooks> {
  readonly #spec: DeliveryNewsSpec

  constructor(spec: DeliveryNewsSpec) {
    this.#spec = spec
  }

  readonly onSent = (row: OutboxRow, message: string | null): void => {
    if (message !== null && readPayload(row.payload)?.kind === "topic_create")
      this.#spec.topics.created(row, Number(message))
    if (isWhole(row)) this.#spec.requests.wholeSettled(row)
  }

  /** Invariant: an answer is delivered, or visibly not. */
  readonly onUndeliverable = (row: OutboxRow, reason: string): void => {
    const { kernel, say, out, requests } = this.#spec
    const { id, key, priority, session, turn } = row
    kernel.log.warn({ row: id, key, turn, session, reason }, "Telegram did not take a message")
    const payload = readPayload(row.payload)
    // Its card follows, and says that it could not be shown.
    if (isWhole(row)) return kernel.ledger.transact(() => requests.wholeSettled(row))
    const isOwed = priority === "final" || priority === "request"
    if (!isOwed || (payload?.kind !== "text" && payload?.kind !== "file")) return
    if (!isPrivate(payload.to.chat)) return this.#bringToOwner(row, payload)
    const to = { ...payload.to, thread: null }
    const text =
      payload.kind === "file"
        ? say("file.undeliverable", { name: payload.name, reason })
        : say("final.undeliverable", { session: session ?? "", reason })
    const about = { key: `undeliverable:${id}`, priority: "answer", session } as const
    kernel.ledger.transact(() => out.text(to, text, about))
  }

  /** A group that does not take it does not keep it from the owner. */
  #bringToOwner(row: OutboxRow, payload: TextPayload | FilePayload): void {
    const { kernel, out, owner } = this.#spec
    const { key, priority, session, turn, request } = row
    const to = { bot: payload.to.bot, chat: owner, thread: null }
    const { replyTo: _, ...rest } = payload
    const content = rest.kind === "text" ? { ...rest, rich: tagged(rest.rich, session) } : rest
    kernel.ledger.transact(() => {
      for (const id of actionsOf(payload)) kernel.ledger.actions.move(id, formatAddress(to))
      const about = { key: `${key ?? row.id}:moved`, priority, session, turn, request }
      out.owe(to, { ...content, to }, about)
    })
  }

  readonly onMigrated = (moved: Migration): void => this.#spec.migrations.follow(moved)

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

/** A full message keeps its content rather than the tag. */
function tagged(rich: Rich, session: string | null): Rich {
  const whole = session === null ? rich : concat(`[${session}] `, rich)
  return whole.text.length <= TEXT_LIMIT ? whole : rich
}
