/**
 * What running turns look like while they run: a live draft of the answer in private chats, and a status card for
 * turns that take longer or where drafts are not possible. Nothing here is owed; it is rebuilt from state.
 */
import { formatDuration } from "../core/duration.ts"
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { TurnId } from "../protocol/ids.ts"
import type { Item, Notice } from "../protocol/session.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { LiveTurn } from "../runtime/live.ts"
import { type Address, isPrivate } from "./address.ts"
import type { DeliveryLanes } from "./delivery/lanes.ts"
import { footer } from "./footer.ts"
import { keys } from "./notify.ts"
import type { Outgoing } from "./outgoing.ts"
import { addressesOf, type Reach } from "./reach.ts"
import { renderStreaming } from "./rendering/markdown.ts"
import { bold, concat, expandableQuote, italic, join, type Rich, type RichPart } from "./rendering/rich.ts"
import { recentPart } from "./rendering/streaming.ts"

export interface ProgressSpec {
  readonly kernel: Kernel
  readonly reach: Reach
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly lanes: Pick<DeliveryLanes, "show" | "forget">
}

/** A turn that is done sooner needs no card: its answer is the card. */
const CARD_AFTER_MS = 4_000
const CARD_REFRESH_MS = 10_000
const ACTIONS_SHOWN = 5
const DRAFT_SHOWN = 3_500

interface Watched {
  readonly turn: Turn
  readonly session: Session
  readonly addresses: readonly Address[]
  /** Next time the card is due even if nothing happens: elapsed time goes on. */
  timer: { cancel(): void }
}

export class Progress {
  readonly #spec: ProgressSpec
  readonly #watched = new Map<TurnId, Watched>()

  constructor(spec: ProgressSpec) {
    this.#spec = spec
  }

  start(): () => void {
    const { kernel } = this.#spec
    for (const turn of kernel.ledger.turns.allOpen()) if (turn.state !== "queued") this.watch(turn)
    const unsubscribe = kernel.live.subscribe((live, change) => {
      if (change === "ended") this.forget(live.turn)
      else this.#onChange(live)
    })
    return () => {
      unsubscribe()
      for (const id of [...this.#watched.keys()]) this.forget(id)
    }
  }

  /** From the moment a turn is handed over until it ends or waits for another attempt. */
  watch(turn: Turn): void {
    if (this.#watched.has(turn.id)) return
    const { kernel, reach } = this.#spec
    const session = kernel.ledger.sessions.find(turn.session)
    if (!session) return
    const addresses = addressesOf(reach, turn)
    const timer = kernel.clock.after(CARD_AFTER_MS, () => this.#card(turn.id))
    this.#watched.set(turn.id, { turn, session, addresses, timer })
    for (const to of addresses) if (isPrivate(to.chat)) this.#showDraft(turn, to)
  }

  forget(id: TurnId): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    watched.timer.cancel()
    this.#watched.delete(id)
    for (const to of watched.addresses) {
      this.#spec.lanes.forget(draftSlot(watched.turn, to))
      this.#spec.lanes.forget(keys.card(watched.turn, to))
    }
  }

  /** Which turn a draft's Stop button belongs to. */
  turnOfDraft(address: Address, draftId: number): TurnId | null {
    for (const { turn, addresses } of this.#watched.values()) {
      const isHere = addresses.some((to) => to.bot === address.bot && to.chat === address.chat)
      if (isHere && draftIdOf(turn.id) === draftId) return turn.id
    }
    return null
  }

  #onChange(live: LiveTurn): void {
    const known = this.#watched.get(live.turn)
    if (!known) {
      const turn = this.#spec.kernel.ledger.turns.find(live.turn)
      if (turn && turn.endedAt === null) this.watch(turn)
      return
    }
    for (const to of known.addresses) {
      if (isPrivate(to.chat)) this.#showDraft(known.turn, to)
      this.#refreshCard(known, to)
    }
  }

  #showDraft(turn: Turn, to: Address): void {
    const render = () => ({ kind: "draft" as const, draftId: draftIdOf(turn.id), rich: this.#draft(turn.id) })
    this.#spec.lanes.show({ to, slot: draftSlot(turn, to), kind: "draft", render })
  }

  #draft(id: TurnId): Rich {
    const live = this.#spec.kernel.live.find(id)
    const text = live ? messageText(live) : ""
    const doing = live ? this.#doing(live) : this.#spec.say("status.thinking")
    if (text === "") return concat(italic(doing))
    return concat(renderStreaming(recentPart(text, DRAFT_SHOWN)), "\n\n", italic(doing))
  }

  /** Sends the card when the turn has run for a while, and keeps its clock going. */
  #card(id: TurnId): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    const { kernel, out, say } = this.#spec
    for (const to of watched.addresses) {
      kernel.ledger.transact(() => {
        const key = keys.card(watched.turn, to)
        if (kernel.ledger.outbox.findByKey(key)) return
        const stop = out.button(
          to,
          say("button.stop"),
          { kind: "turn.stop", turn: id, clearQueue: false },
          "danger",
        )
        const about = { session: watched.session.id, turn: id }
        out.text(to, this.#cardText(watched), {
          key,
          priority: "status",
          silent: true,
          buttons: [[stop]],
          ...about,
        })
      })
      this.#refreshCard(watched, to)
    }
    watched.timer = kernel.clock.after(CARD_REFRESH_MS, () => this.#card(id))
  }

  #refreshCard(watched: Watched, to: Address): void {
    const key = keys.card(watched.turn, to)
    const row = this.#spec.kernel.ledger.outbox.findByKey(key)
    if (row?.state !== "sent") return
    const payload = row.payload as { buttons?: readonly (readonly { label: string; action: string }[])[] }
    const render = () => ({
      kind: "edit" as const,
      target: { key },
      rich: this.#cardText(watched),
      ...(payload.buttons ? { buttons: payload.buttons } : {}),
    })
    this.#spec.lanes.show({ to, slot: key, kind: "edit", render })
  }

  #cardText({ turn, session }: Watched): Rich {
    const { kernel } = this.#spec
    const current = kernel.ledger.turns.find(turn.id) ?? turn
    const live = kernel.live.find(turn.id)
    const elapsed = formatDuration(kernel.clock.now() - (current.startedAt ?? current.createdAt))
    const binding = kernel.ledger.sessions.providerBinding(session.id, session.provider)
    const used = { ...session.settings, ...binding?.settings }
    const parts: readonly RichPart[] = [
      bold(`${this.#state(current, live)} · ${elapsed}`),
      live ? join(recentActions(live), "\n") : "",
      italic(footer(session, used, live?.usage ?? current.usage)),
    ]
    return join(
      parts.filter((part) => part !== "" && (typeof part === "string" || part.text !== "")),
      "\n",
    )
  }

  #state(turn: Turn, live: LiveTurn | null): string {
    const { say } = this.#spec
    if (turn.stopRequestedAt !== null) return say("status.stopping")
    if (turn.state === "waiting") return say("status.waiting")
    if (live?.notice) return this.#notice(live.notice)
    return turn.state === "dispatching" ? say("status.starting") : say("status.working")
  }

  #doing(live: LiveTurn): string {
    if (live.notice) return this.#notice(live.notice)
    const running = [...live.items.values()].findLast(
      (item) => item.status === "running" && item.kind !== "message",
    )
    return running ? actionLine(running) : this.#spec.say("status.working")
  }

  #notice(notice: Notice): string {
    const { say } = this.#spec
    switch (notice.code) {
      case "retrying":
        return say("status.retrying")
      case "silent":
        return say("status.silent", { seconds: Math.round(notice.seconds) })
      case "model_changed":
        return `→ ${notice.to}`
      case "context_compacted":
        return say("status.working")
      case "sandbox_unusable":
      case "warning":
        return notice.detail
    }
  }
}

/** Telegram wants a positive 32-bit number; the same turn always has the same. */
export function draftIdOf(turn: TurnId): number {
  return Number.parseInt(turn.replaceAll("-", "").slice(0, 8), 16) & 0x7fffffff || 1
}

const draftSlot = (turn: Turn, to: Address): string => `draft:${turn.id}:${to.bot}:${to.chat}`

/** The answer so far: finished messages and the one being written. */
function messageText(live: LiveTurn): string {
  const finished = [...live.items.values()].filter(
    (item) => item.kind === "message" && item.status !== "running",
  )
  const running = [...live.texts.values()]
    .filter(({ channel }) => channel === "message")
    .map(({ text }) => text)
  return [...finished.map((item) => (item.kind === "message" ? item.text : "")), ...running].join("\n\n")
}

function recentActions(live: LiveTurn): readonly RichPart[] {
  const actions = [...live.items.values()].filter(
    (item) => item.kind !== "message" && item.kind !== "reasoning",
  )
  const lines = actions.slice(-ACTIONS_SHOWN).map((item) => `${MARKS[item.status]} ${actionLine(item)}`)
  return lines.length > 2 ? [expandableQuote(lines.join("\n"))] : lines
}

const MARKS = {
  running: "▸",
  completed: "✓",
  failed: "✗",
  declined: "⊘",
  interrupted: "■",
  dropped: "–",
} as const

function actionLine(item: Item): string {
  switch (item.kind) {
    case "command":
      return oneLine(`$ ${item.command}`)
    case "file_change":
      return oneLine(item.changes.map((change) => change.path.split("/").at(-1)).join(", "))
    case "tool":
      return oneLine(item.title ?? item.name)
    case "plan":
      return oneLine(item.steps.find((step) => step.status === "running")?.text ?? item.text ?? "")
    case "image":
      return "🖼"
    case "message":
    case "reasoning":
      return "…"
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length <= 100 ? line : `${line.slice(0, 99).toWellFormed()}…`
}
