import type { Message } from "@grammyjs/types/message.js"
import type { CallbackAnswer, PendingTap } from "./bot.ts"
import { Signal, waitUntil } from "./signal.ts"

/** A tap on a button, and what the bot answered to it. */
export class Tap implements PendingTap {
  readonly id: string
  readonly tappedAt: number
  readonly answers: CallbackAnswer[] = []
  readonly answered = new Signal()
  /** Missing when the bot does not want taps. */
  updateId: number | undefined

  constructor(spec: { id: string; tappedAt: number }) {
    this.id = spec.id
    this.tappedAt = spec.tappedAt
  }

  /** Resolves with the first answer to this tap. */
  answer({ timeoutMs = 15_000 } = {}): Promise<CallbackAnswer> {
    return waitUntil({
      signal: this.answered,
      probe: () => this.answers[0],
      timeoutMs,
      describe: () => `The tap ${this.id} was not answered within ${timeoutMs} ms`,
    })
  }
}

/** The callback data of the button with this label or data. */
export function findButton(message: Message, labelOrData: string): string {
  const buttons = message.reply_markup?.inline_keyboard.flat() ?? []
  const isIt = (button: (typeof buttons)[number]) =>
    button.text === labelOrData || ("callback_data" in button && button.callback_data === labelOrData)
  const button = buttons.find(isIt)
  if (button && "callback_data" in button) return button.callback_data
  const labels = buttons.map((one) => one.text).join(", ") || "none"
  throw new Error(
    `Message ${message.message_id} has no button "${labelOrData}" that can be tapped; it has: ${labels}`,
  )
}
