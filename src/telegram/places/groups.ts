/** Which groups the owner has switched on, and what became of groups that Telegram gave another number. */
import type { Message } from "grammy/types"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Instant } from "../../protocol/ids.ts"
import { type Address, isPrivate } from "./address.ts"

type Settings = Pick<Ledger, "machine">

/** A basic group that became a supergroup: Telegram knows it under `to` from then on, and never moves it again. */
export interface Migration {
  readonly from: number
  readonly to: number
}

/** Off unless the owner said otherwise. */
export function isGroupOn(ledger: Settings, chat: number): boolean {
  return ledger.machine.setting<boolean>(`group.${movedTo(ledger, chat) ?? chat}`) === true
}

export function switchGroup(
  ledger: Settings,
  chat: number,
  { on, now }: { on: boolean; now: Instant },
): void {
  ledger.machine.set(`group.${movedTo(ledger, chat) ?? chat}`, on, now)
}

/** The number a chat has now; null when it is still its own. */
export function movedTo({ machine }: Settings, chat: number): number | null {
  return isPrivate(chat) ? null : machine.setting<number>(movedKey(chat))
}

export function noteMigration(ledger: Settings, { from, to }: Migration, now: Instant): void {
  const wasOn = isGroupOn(ledger, from)
  ledger.machine.set(movedKey(from), to, now)
  if (wasOn) switchGroup(ledger, to, { on: true, now })
}

/** Where a place is now. */
export function followed(ledger: Settings, at: Address): Address {
  const chat = movedTo(ledger, at.chat)
  return chat === null ? at : { ...at, chat }
}

/** What Telegram itself says of it, in the old chat or in the new one; null for any other message. */
export function migrationOf({
  chat,
  migrate_to_chat_id: to,
  migrate_from_chat_id: from,
}: Message): Migration | null {
  if (typeof to === "number" && chat.type === "group") return sound({ from: chat.id, to })
  if (typeof from === "number" && chat.type === "supergroup") return sound({ from, to: chat.id })
  return null
}

const sound = (moved: Migration): Migration | null =>
  isPrivate(moved.from) || isPrivate(moved.to) || moved.from === moved.to ? null : moved

const movedKey = (chat: number): string => `moved.${chat}`
