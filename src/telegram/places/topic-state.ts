/** What we know of a topic. */
import type { Ledger } from "../../ledger/ledger.ts"
import type { Instant, SessionId } from "../../protocol/ids.ts"
import { type Address, formatAddress } from "./address.ts"

export interface TopicState {
  readonly name: string
  /** `client`: Telegram's app made the name up. Only the owner's own names are left as they are. */
  readonly namedBy: "owner" | "client" | "session"
  readonly isGone: boolean
  /** When Telegram first said that it is not there, with no sign of it since. */
  readonly doubtedAt?: Instant
  /** What it showed when it was taken to be gone. */
  readonly showed?: SessionId | null
}

type Settings = Pick<Ledger, "machine">

export function topicState({ machine }: Settings, to: Address): TopicState | null {
  return to.thread === null ? null : machine.setting<TopicState>(keyOf(to))
}

export function setTopicState({ machine }: Settings, to: Address, state: TopicState, now: Instant): void {
  machine.set(keyOf(to), state, now)
}

export function isTopicGone(ledger: Settings, to: Address): boolean {
  return topicState(ledger, to)?.isGone ?? false
}

const keyOf = (to: Address): string => `topic.${formatAddress(to)}`
