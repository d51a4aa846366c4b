/** Where in Telegram something about a session is told. */
import type { Ledger } from "../../ledger/ledger.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { type Address, formatAddress, isPrivate, parseAddress, TELEGRAM } from "./address.ts"
import { followed } from "./groups.ts"
import { isTopicGone } from "./topic-state.ts"

export interface Reach {
  readonly ledger: Ledger
  /** Where the owner is told what belongs to no chat: their private chat with the first bot; null without bots. */
  readonly fallback: Address | null
  /** All bots, in the configured order. */
  readonly bots: readonly number[]
}

/**
 * Where a turn came from, else wherever its session is shown. One of a local client in a session that no chat shows is
 * nobody's here: that client reads the session itself. What a schedule began is told to the owner in any case.
 */
export function addressesOf(
  reach: Reach,
  turn: Pick<Turn, "channel" | "session" | "origin">,
): readonly Address[] {
  const places = placesOf(reach, turn)
  if (places.length > 0 || turn.origin !== "schedule" || reach.fallback === null) return places
  return [living(reach, reach.fallback)]
}

/** The same, except that what an agent waits for reaches the owner wherever they are. */
export function addressesOfRequest(
  reach: Reach,
  turn: Pick<Turn, "channel" | "session">,
): readonly Address[] {
  const places = placesOf(reach, turn)
  return places.length > 0 || reach.fallback === null ? places : [living(reach, reach.fallback)]
}

function placesOf(reach: Reach, turn: Pick<Turn, "channel" | "session">): readonly Address[] {
  const { ledger } = reach
  const channels =
    turn.channel === null ? ledger.channels.boundTo(turn.session) : [ledger.channels.find(turn.channel)]
  const addresses = channels
    .filter((channel) => channel?.surface === TELEGRAM)
    .map((channel) => parseAddress(channel?.address ?? ""))
    .filter((address) => address !== null)
    .map((address) => followed(ledger, address))
    .map((address) => (isTopicGone(ledger, address) ? { ...address, thread: null } : address))
    .map((address) => living(reach, address))
  return withoutRepeats(addresses)
}

/** The owner's chat with a bot that Telegram still takes, in place of one with a bot whose token is void. */
export function living({ ledger, bots }: Pick<Reach, "ledger" | "bots">, at: Address): Address {
  const dead = new Set(ledger.machine.bots().flatMap(({ id, state }) => (state === "revoked" ? [id] : [])))
  const other = dead.has(at.bot) && isPrivate(at.chat) ? bots.find((bot) => !dead.has(bot)) : undefined
  return other === undefined ? at : { bot: other, chat: at.chat, thread: null }
}

function withoutRepeats(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()]
}

/** The session that a place shows now. */
export function shownAt(ledger: Ledger, to: Address): SessionId | null {
  return ledger.channels.at(TELEGRAM, formatAddress(to))?.session ?? null
}
