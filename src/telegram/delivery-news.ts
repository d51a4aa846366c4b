/** What follows when Telegram took something, or will not take it. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { OutboxRow } from "../ledger/outbox.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Migrations } from "./chats/migrations.ts"
import type { Topics } from "./chats/topics.ts"
import type { Show } from "./delivery/cosmetic.ts"
import type { DeliveryHooks } from "./delivery/hooks.ts"
import type { Outgoing } from "./delivery/outgoing.ts"
import {
  actionsOf,
  type EditPayload,
  type FilePayload,
  type Payload,
  readPayload,
  type TextPayload,
} from "./delivery/payload.ts"
import { isTopicGone } from "./delivery/settle.ts"
import { type Address, formatAddress, isPrivate, TELEGRAM } from "./places/address.ts"
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
    if (isWhole(row)) this.#spec.requests.wholeSettled(row)
    const payload = readPayload(row.payload)
    if (message === null || payload === null) return
    if (payload.kind === "file" && "path" in payload) this.#recordFile(row, payload)
    const { topics } = this.#spec
    if (payload.kind === "topic_create") topics.created(row, Number(message))
    else if ((payload.kind === "text" || payload.kind === "file") && payload.to.thread !== null)
      topics.heard(payload.to)
  }

  #recordFile({ session, turn }: OutboxRow, payload: Extract<FilePayload, { path: string }>): void {
    if (session === null) return
    const { path, name, size = 0, to } = payload
    const place = { surface: TELEGRAM, address: formatAddress(to) }
    const about = turn === null ? session : { id: turn, session, attempt: null }
    this.#spec.kernel.record({ kind: "file.sent", file: { path, name, size }, to: place }, about)
  }

  /** Invariant: an answer is delivered, or visibly not. */
  readonly onUndeliverable = (row: OutboxRow, reason: string): void => {
    const { kernel, out, requests } = this.#spec
    const { id, key, priority, session, turn } = row
    kernel.log.warn({ row: id, key, turn, session, reason }, "Telegram did not take a message")
    const payload = readPayload(row.payload)
    // Its card follows, and says that it could not be shown.
    if (isWhole(row)) return kernel.ledger.transact(() => requests.wholeSettled(row))
    if (payload?.kind === "topic_create") return this.#noTopic(row, payload.to, reason)
    const isOwed = priority !== "status" && !key?.startsWith(TOLD)
    if (!isOwed || !isTold(payload)) return
    if (!isPrivate(payload.to.chat) && priority !== "answer") return this.#toOwner(row, payload)
    const text = this.#wordUndelivered(row, payload, reason)
    const to = isPrivate(payload.to.chat) ? { ...payload.to, thread: null } : payload.to
    kernel.ledger.transact(() => out.text(to, text, { key: `${TOLD}${id}`, priority: "answer", session }))
  }

  #wordUndelivered({ priority, session: of }: OutboxRow, payload: Told, reason: string): string {
    const { say } = this.#spec
    const session = of ?? ""
    if (payload.kind === "file") return say("file.undeliverable", { name: payload.name, reason })
    if (priority === "request") return say("request.undeliverable", { session, reason })
    return priority === "final"
      ? say("final.undeliverable", { session, reason })
      : say("reply.undeliverable", { reason })
  }

  /** The session is there all the same, and can be shown in the chat it was begun in. */
  #noTopic({ id, session }: OutboxRow, to: Address, reason: string): void {
    const { kernel, say, out } = this.#spec
    if (session === null) return
    kernel.ledger.transact(() => {
      const offer = { of: "switch", verb: "run", args: { session }, session } as const
      const buttons = [[out.button(to, say("button.show_here"), offer)]]
      const about = { key: `${TOLD}${id}`, priority: "answer", session, buttons } as const
      out.text(to, say("session.no_topic", { session, reason }), about)
    })
  }

  #toOwner(row: OutboxRow, payload: Told): void {
    // The message that was to be changed stays as it is.
    if (payload.kind !== "edit") this.#bringToOwner(row, payload)
  }

  /** A group that does not take it does not keep it from the owner. */
  #bringToOwner(row: OutboxRow, payload: Exclude<Told, EditPayload>): void {
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
    topics.missing(address)
    progress.relocate()
  }

  readonly onCosmeticRefused = ({ to, slot }: Show, reason: string): void => {
    this.#spec.progress.refused(slot)
    if (to.thread !== null && isTopicGone(reason)) this.onTopicGone(to)
  }
}

type Told = TextPayload | FilePayload | EditPayload

const isTold = (payload: Payload | null): payload is Told =>
  payload?.kind === "text" || payload?.kind === "file" || payload?.kind === "edit"

/** Rows that tell of one that was refused: nothing is told of those. */
const TOLD = "undeliverable:"

/** A full message keeps its content rather than the tag. */
function tagged(rich: Rich, session: string | null): Rich {
  const whole = session === null ? rich : concat(`[${session}] `, rich)
  return whole.text.length <= TEXT_LIMIT ? whole : rich
}
