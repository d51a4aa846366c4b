/** The owner changes a message that was sent before: its prompt while that waits; otherwise they are told. */
import type { Message } from "grammy/types"
import { shortText } from "../../core/short-text.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Turn } from "../../ledger/turns.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import { parseLine } from "../../runtime/commands/parse-line.ts"
import { findCommand } from "../../runtime/commands/table.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { uniqueFileOf } from "../files/received.ts"
import { type Address, formatAddress, TELEGRAM } from "../places/address.ts"
import { TEXT_LIMIT } from "../wire/limits.ts"
import { ownWords } from "./prompt-text.ts"

export interface EditsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
}

export interface Edited {
  readonly address: Address
  /** The same message as it was last told; null when that is no longer known. */
  readonly before: Message | null
}

/** What is passed on by a command is what follows it. */
const STEER = /^\/steer(?:@\w+)?\s+/i
const KNOWN = 80

export class Edits {
  readonly #spec: EditsSpec

  constructor(spec: EditsSpec) {
    this.#spec = spec
  }

  /** Null for words that became a command only now: they were none before, so nothing has come of them yet. */
  prepare(message: Message, { address, before }: Edited): Effect | null {
    // A live location is edited by moving about.
    if (message.location) return nothing
    const now = ownWords(message)
    const was = before === null ? null : ownWords(before)
    const hasOtherFile = before !== null && uniqueFileOf(before) !== uniqueFileOf(message)
    // Telegram also tells of changes that the owner did not make: a link's preview, a reaction.
    if (was === now && !hasOtherFile) return nothing
    const turn = this.#turnOf(message, address)
    if (turn) {
      const text = now.replace(STEER, "")
      if (text === "" || (was === null && text === turn.prompt.text)) return nothing
      return () =>
        this.#apply(
          turn,
          { now: text, was: was?.replace(STEER, "") ?? null, hasOtherFile },
          { message, address },
        )
    }
    const command = parseLine(message.text ?? "")
    const wasCommand = isCommand(before?.text ?? "")
    if (command && findCommand(command.name) && before !== null && !wasCommand) return null
    if (before === null) return nothing
    return () =>
      this.#tell(this.#spec.say("edit.no_effect", { text: shortText(was ?? "", KNOWN) }), {
        message,
        address,
      })
  }

  #turnOf(message: Message, address: Address): Turn | null {
    const { ledger } = this.#spec.kernel
    const channel = ledger.channels.at(TELEGRAM, formatAddress(address))
    return channel === null ? null : ledger.turns.findByMessage(channel.id, String(message.message_id))
  }

  #apply(turn: Turn, change: Change, at: { message: Message; address: Address }): void {
    const { kernel, say } = this.#spec
    const current = kernel.ledger.turns.find(turn.id)
    if (current?.state === "steering") return this.#tell(say("error.turn_steering"), at)
    if (current?.state !== "queued") return this.#tell(say("queue.edit_late"), at)
    if (change.hasOtherFile) this.#tell(say("edit.file_stays"), at)
    if (change.was === change.now) return
    const text = changed(current.prompt.text, change)
    if (text === null) return this.#tell(say("queue.edit_pieces"), at)
    kernel.turns.edit(turn.id, { text, files: current.prompt.files })
  }

  #tell(text: string, { message, address }: { message: Message; address: Address }): void {
    const key = `edit_late:${formatAddress(address)}:${message.message_id}:${message.edit_date ?? 0}:${text.length}`
    const about = { priority: "answer", replyTo: message.message_id, silent: true } as const
    this.#spec.out.text(address, text, { key, ...about })
  }
}

interface Change {
  readonly now: string
  readonly was: string | null
  readonly hasOtherFile: boolean
}

/** Only what this message said changes: others may have gone into the same prompt. Null when that cannot be told apart. */
function changed(prompt: string, { now, was }: Change): string | null {
  if (was === "") return prompt === "" ? now : `${now}\n${prompt}`
  if (was !== null && prompt.includes(was)) return prompt.replace(was, () => now)
  // It says something else by now, all of it the owner's: the newest word counts.
  return prompt.length <= TEXT_LIMIT ? now : null
}

function isCommand(text: string): boolean {
  const line = parseLine(text)
  return line !== null && findCommand(line.name) !== null
}
