/** What the owner may call a message by, and the turn that it means. */
import type { Ledger } from "../../../ledger/ledger.ts"
import type { OutboxRow } from "../../../ledger/outbox.ts"
import type { Turn } from "../../../ledger/turns.ts"
import type { AttemptId, RequestId, TurnId } from "../../../protocol/ids.ts"

export type TraceTarget =
  | { readonly kind: "id"; readonly id: string }
  /** `bot` null: whichever bot's. */
  | {
      readonly kind: "telegram"
      readonly bot: number | null
      readonly chat: number
      readonly message: string
    }

/** Links to messages of groups are `https://t.me/c/<chat without -100>/[<topic>/]<message>`. */
const LINK = /^(?:https?:\/\/)?t\.me\/c\/(\d{1,16})\/(?:\d{1,16}\/)?(\d{1,16})(?:\?.*)?$/
const PLACE = /^(?:(\d{1,16}):)?(-?\d{1,16})\/(\d{1,16})$/

export function parseTarget(text: string): TraceTarget {
  const link = LINK.exec(text)
  if (link) return { kind: "telegram", bot: null, chat: Number(`-100${link[1]}`), message: link[2] ?? "" }
  const place = PLACE.exec(text)
  if (!place) return { kind: "id", id: text }
  const [, bot, chat, message = ""] = place
  return { kind: "telegram", bot: bot === undefined ? null : Number(bot), chat: Number(chat), message }
}

/** The turn that a message began, or that it tells of; null when nothing is known of it. */
export function findTurn(ledger: Ledger, target: TraceTarget): Turn | null {
  return target.kind === "id" ? findById(ledger, target.id) : findByMessage(ledger, target)
}

function findById({ turns, requests, facts }: Ledger, id: string): Turn | null {
  return (
    turns.find(id as TurnId) ??
    turns.findByClientId(id) ??
    turns.findByAttempt(id as AttemptId) ??
    turnOr(turns, facts.turnOfAttempt(id as AttemptId)) ??
    turnOr(turns, requests.find(id as RequestId)?.turn ?? null)
  )
}

const turnOr = (turns: Ledger["turns"], id: TurnId | null): Turn | null => (id ? turns.find(id) : null)

/** Bots number the messages of a private chat each for themselves: the newest turn is the one that was meant. */
function findByMessage(
  ledger: Ledger,
  { bot, chat, message }: Extract<TraceTarget, { kind: "telegram" }>,
): Turn | null {
  const places = ledger.channels
    .ofSurface("telegram")
    .map((channel) => ({ channel, ...placeOf(channel.address) }))
    .filter((place) => place.chat === chat && (bot === null || place.bot === bot))
  const asked = places.map(({ channel }) => ledger.turns.findByMessage(channel.id, message))
  const told = [...new Set(places.map((place) => `telegram:${place.bot}:${chat}`))].map((lane) =>
    turnOfRow(ledger, ledger.outbox.findByMessage(lane, message)),
  )
  const found = [...asked, ...told].filter((turn) => turn !== null)
  return found.toSorted((a, b) => b.createdAt - a.createdAt)[0] ?? null
}

/** Addresses of Telegram's channels are `bot:chat[:topic]`. */
function placeOf(address: string): { readonly bot: number; readonly chat: number } {
  const [bot, chat] = address.split(":")
  return { bot: Number(bot), chat: Number(chat) }
}

function turnOfRow({ turns, requests }: Ledger, row: OutboxRow | null): Turn | null {
  if (!row) return null
  const request = row.request ? requests.find(row.request) : null
  return turnOr(turns, row.turn ?? request?.turn ?? null)
}
