/** One topic is one session: topics carry their session's title, and outlive neither it nor the owner's wish. */
import type { Message } from "grammy/types"
import { shortText } from "../../core/short-text.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { readPayload } from "../delivery/payload.ts"
import { type Address, formatAddress, parseAddress, TELEGRAM } from "../places/address.ts"
import { setTopicState, topicState } from "../places/topic-state.ts"
import { NOTHING_VISIBLE } from "../rendering/clean-text.ts"

export interface TopicsSpec {
  readonly kernel: Kernel
  readonly out: Outgoing
  readonly say: TelegramSay
}

/** How long Telegram must go on saying that a topic is not there, in ms. */
const PROOF_AFTER_MS = 10 * 60_000
/** Characters that Telegram takes in a topic's name. */
const NAME_LIMIT = 128

export class Topics {
  readonly #spec: TopicsSpec

  constructor(spec: TopicsSpec) {
    this.#spec = spec
  }

  /** Null for any other message than the news of a topic. */
  onMessage(message: Message, address: Address): Effect | null {
    const { forum_topic_created: created, forum_topic_edited: edited } = message
    if (created) {
      const namedBy = created.is_name_implicit ? "client" : "owner"
      return () => this.#set(address, { name: created.name, namedBy, isGone: false })
    }
    if (!edited) return null
    const { name } = edited
    return name === undefined ? nothing : () => this.#renamedByOwner(address, name)
  }

  /** The title that the owner gave by naming the topic, if they did. */
  givenTitle(address: Address): string | null {
    const state = topicState(this.#spec.kernel.ledger, address)
    return state?.namedBy === "owner" ? state.name : null
  }

  /** Topics whose name is not the owner's own take their session's title. Only inside a transaction. */
  follow(id: SessionId): void {
    const { ledger } = this.#spec.kernel
    const session = ledger.sessions.find(id)
    if (!session?.title) return
    for (const channel of ledger.channels.boundTo(id)) {
      const address = channel.surface === TELEGRAM ? parseAddress(channel.address) : null
      if (address?.thread != null) this.#rename(address, session)
    }
  }

  /** Opens a topic for a session; what `created` does follows when Telegram has made it. Only inside a transaction. */
  open(session: Session, at: Address, name: string): void {
    const to = { ...at, thread: null }
    const row = {
      key: `topic:${session.id}:${formatAddress(to)}`,
      priority: "answer",
      session: session.id,
    } as const
    this.#spec.out.owe(to, { kind: "topic_create", to, name: cut(name) }, row)
  }

  /** The topic is there: it shows its session from now on. */
  created(row: OutboxRow, thread: number): void {
    const payload = readPayload(row.payload)
    const { kernel, out, say } = this.#spec
    const session = row.session === null ? null : kernel.ledger.sessions.find(row.session)
    if (payload?.kind !== "topic_create" || !session) return
    const address = { ...payload.to, thread }
    this.#set(address, { name: payload.name, namedBy: "session", isGone: false })
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    kernel.sessions.bind(channel.id, session.id)
    this.follow(session.id)
    out.text(address, say("session.send"), {
      key: `topic:${session.id}:${formatAddress(address)}:hello`,
      priority: "answer",
      session: session.id,
    })
  }

  /**
   * Telegram says that it is not there. It also says so of topics that are there again a moment later: only when it
   * still does after a good while, and nothing was heard of the topic in between, its session goes on without it.
   */
  missing(address: Address): void {
    const { kernel } = this.#spec
    const { ledger, clock } = kernel
    if (address.thread === null) return
    const now = clock.now()
    const known = topicState(ledger, address) ?? { name: "", namedBy: "client", isGone: false }
    if (known.isGone) return
    const since = known.doubtedAt ?? now
    ledger.transact(() => {
      if (now - since < PROOF_AFTER_MS) return this.#set(address, { ...known, doubtedAt: since })
      const channel = ledger.channels.ensure(TELEGRAM, formatAddress(address), now)
      this.#set(address, { ...known, doubtedAt: since, isGone: true, showed: channel.session })
      kernel.sessions.bind(channel.id, null)
    })
  }

  /** A sign of life: it shows again what it showed. */
  heard(address: Address): void {
    const { kernel } = this.#spec
    const { ledger, clock } = kernel
    const state = topicState(ledger, address)
    if (!state || (!state.isGone && state.doubtedAt === undefined)) return
    ledger.transact(() => {
      const { doubtedAt: _, showed, ...rest } = state
      this.#set(address, { ...rest, isGone: false })
      const channel = ledger.channels.ensure(TELEGRAM, formatAddress(address), clock.now())
      const isFree = channel.session === null && showed != null && ledger.sessions.find(showed) !== null
      if (state.isGone && isFree) kernel.sessions.bind(channel.id, showed)
    })
  }

  #rename(address: Address, session: Session): void {
    const state = topicState(this.#spec.kernel.ledger, address)
    const name = cut(session.title)
    if (!state || state.isGone || state.namedBy === "owner" || state.name === name) return
    this.#set(address, { name, namedBy: "session", isGone: false })
    const payload = { kind: "topic_edit", to: address, name } as const
    this.#spec.out.owe(address, payload, { key: null, priority: "status", session: session.id })
  }

  #renamedByOwner(address: Address, name: string): void {
    const { kernel } = this.#spec
    this.#set(address, { name, namedBy: "owner", isGone: false })
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    if (channel.session !== null) kernel.sessions.rename(channel.session, name)
  }

  #set(address: Address, state: Parameters<typeof setTopicState>[2]): void {
    const { ledger, clock } = this.#spec.kernel
    setTopicState(ledger, address, state, clock.now())
  }
}

const cut = (name: string): string => shortText(name, NAME_LIMIT) || NOTHING_VISIBLE
