/** What a chat is shown in passing: never stored, the newest frame wins, shed whenever there is no room. */
import type { Address } from "../places/address.ts"
import type { Rich } from "../rendering/rich.ts"
import type { BotApi, CallOptions } from "../wire/api.ts"
import type { Buttons, Target } from "./payload.ts"
import { keyboard } from "./send.ts"

/** By the monotonic clock. */
type Instant = number

export type Cosmetic =
  /** A live preview in a private chat (`sendMessageDraft`); an empty text shows "Thinking…". */
  | { readonly kind: "draft"; readonly draftId: number; readonly rich: Rich }
  /** A new state of a card that was sent before. */
  | { readonly kind: "edit"; readonly target: Target; readonly rich: Rich; readonly buttons?: Buttons }
  | { readonly kind: "typing" }

export type CosmeticKind = Cosmetic["kind"]

/** One thing shown, under a key of the caller's. */
export interface Show {
  readonly to: Address
  readonly slot: string
  readonly kind: CosmeticKind
  /** Called when there is room, for the newest state; null leaves this frame out. */
  readonly render: () => Cosmetic | null
}

/** Drafts vanish after 30 s, a chat action after 5. */
const KEPT_ALIVE_MS: Readonly<Record<CosmeticKind, number | null>> = {
  draft: 22_000,
  typing: 4_500,
  edit: null,
}
/** The meter spaces drafts and edits over the whole chat; this spaces one slot's frames. */
const GAP_MS: Readonly<Record<CosmeticKind, number>> = { draft: 1_000, edit: 3_000, typing: 4_500 }

export class Slot {
  show: Show
  /** Something new to show. */
  #isDirty = true
  /** Shed or failed: not before this. */
  #notBefore: Instant = 0
  #shownAt: Instant | null = null
  #shown = ""

  constructor(show: Show) {
    this.show = show
  }

  /** A newer state takes the place of one that was not shown yet. */
  update(show: Show): void {
    this.show = show
    this.#isDirty = true
  }

  /** When the next frame is due; null when there is none. */
  get dueAt(): Instant | null {
    if (this.#shownAt === null) return this.#isDirty ? this.#notBefore : null
    const { kind } = this.show
    const pause = this.#isDirty ? GAP_MS[kind] : KEPT_ALIVE_MS[kind]
    return pause === null ? null : Math.max(this.#notBefore, this.#shownAt + pause)
  }

  /** The frame to send now, or null when nothing changed. */
  frame(now: Instant): Cosmetic | null {
    this.#isDirty = false
    const frame = this.show.render()
    if (frame === null) this.#notBefore = now + GAP_MS[this.show.kind]
    if (frame === null || (JSON.stringify(frame) === this.#shown && !this.#isFading(now))) return null
    return frame
  }

  /** The frame was not shown; whatever is newest then comes at `until`. */
  postpone(until: Instant): void {
    this.#isDirty = true
    this.#notBefore = until
  }

  shown(frame: Cosmetic, now: Instant): void {
    this.#shown = JSON.stringify(frame)
    this.#shownAt = now
  }

  #isFading(now: Instant): boolean {
    const kept = KEPT_ALIVE_MS[this.show.kind]
    return kept !== null && this.#shownAt !== null && now - this.#shownAt >= kept
  }
}

/** @throws CallError */
export async function showFrame(
  api: BotApi,
  given: { readonly to: Address; readonly frame: Cosmetic; readonly target: number },
  options: CallOptions,
): Promise<void> {
  const { to, frame, target } = given
  const place = { chat_id: to.chat, ...(to.thread === null ? {} : { message_thread_id: to.thread }) }
  switch (frame.kind) {
    case "draft": {
      const { text, entities } = frame.rich
      const content = { text, entities: [...entities], can_stop: true }
      await api.call("sendMessageDraft", { ...place, draft_id: frame.draftId, ...content }, options)
      return
    }
    case "edit": {
      const { text, entities } = frame.rich
      const buttons = frame.buttons ? { reply_markup: keyboard(frame.buttons) } : {}
      const content = {
        text,
        entities: [...entities],
        link_preview_options: { is_disabled: true },
        ...buttons,
      }
      await api.call("editMessageText", { chat_id: to.chat, message_id: target, ...content }, options)
      return
    }
    case "typing":
      await api.call("sendChatAction", { ...place, action: "typing" }, options)
  }
}
