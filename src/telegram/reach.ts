/** Where in Telegram something about a session is told. */
import type { Ledger } from "../ledger/ledger.ts"
import type { SessionId } from "../protocol/ids.ts"
import { type Address, formatAddress, parseAddress, TELEGRAM } from "./address.ts"
import { isTopicGone } from "./topic-state.ts"

export interface Reach {
  readonly ledger: Ledger
  /** Where the owner is told what belongs to no chat: their private chat with the first bot; null without bots. */
  readonly fallback: Address | null
}

/** Where a turn came from, else wherever its session is shown, else the owner's own chat. */
export function addressesOf(
  reach: Reach,
  turn: { channel: number | null; session: SessionId },
): readonly Address[] {
  const { ledger, fallback } = reach
  const channels =
    turn.channel === null ? ledger.channels.boundTo(turn.session) : [ledger.channels.find(turn.channel)]
  const addresses = channels
    .filter((channel) => channel?.surface === TELEGRAM)
    .map((channel) => parseAddress(channel?.address ?? ""))
    .filter((address) => address !== null)
    .map((address) => (isTopicGone(ledger, address) ? { ...address, thread: null } : address))
  if (addresses.length > 0 || fallback === null) return withoutRepeats(addresses)
  return [fallback]
}

function withoutRepeats(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [formatAddress(address), address])).values()]
}

/** The session that a place shows now. */
export function shownAt(ledger: Ledger, to: Address): SessionId | null {
  return ledger.channels.at(TELEGRAM, formatAddress(to))?.session ?? null
}
