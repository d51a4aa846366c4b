/** Learns who the owner is: the first private message that contains a code only the terminal shows. */
import type { Update } from "grammy/types"

export interface PairedUser {
  readonly id: number
  readonly name: string
}

/** Without letters and digits that look alike. */
const alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
const codeLength = 8

/** A code like `K7QM-2XWD`: 39 bits, and good only while the terminal waits for it. */
export function pairingCode(randomBelow: (limit: number) => number): string {
  const letters = Array.from({ length: codeLength }, () => alphabet[randomBelow(alphabet.length)])
  return `${letters.slice(0, codeLength / 2).join("")}-${letters.slice(codeLength / 2).join("")}`
}

/** Who sent the code; null for every other update: groups, channels, other bots, forwarded or edited messages. */
export function pairedBy(update: Update, code: string): PairedUser | null {
  const { message } = update
  if (!message?.from || message.chat.type !== "private" || message.from.is_bot) return null
  if (message.forward_origin || message.chat.id !== message.from.id) return null
  if (!plain(message.text ?? "").includes(plain(code))) return null
  const { id, first_name, last_name, username } = message.from
  const name = [first_name, last_name].filter(Boolean).join(" ")
  return { id, name: username ? `${name} (@${username})` : name }
}

function plain(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, "")
}
