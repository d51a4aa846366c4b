import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Address } from "../places/address.ts"
import type { Migration } from "../places/groups.ts"
import type { Show } from "./cosmetic.ts"

/** What the rest of the adapter hears of deliveries. */
export interface DeliveryHooks {
  /** In the transaction that records the delivery. `message`: the new message's or topic's number, if one was made. */
  readonly onSent?: (row: OutboxRow, message: string | null) => void
  /** After the commit: Telegram will not take it. `reason` is Telegram's own wording. */
  readonly onUndeliverable?: (row: OutboxRow, reason: string) => void
  /** A topic is no longer there; what was for it goes to the flat chat. */
  readonly onTopicGone?: (address: Address) => void
  /** The group has another number now: what is owed to it must go there. */
  readonly onMigrated?: (moved: Migration) => void
  /** Telegram refuses this slot's frames; nothing more is shown under it until it is shown anew. */
  readonly onCosmeticRefused?: (show: Show, reason: string) => void
}

export interface DeliveryTexts {
  /** Added to what may have arrived before. */
  readonly resent: string
  /** Put before what goes to the flat chat because its topic is gone. */
  readonly sessionTag: (session: string | null) => string
}
