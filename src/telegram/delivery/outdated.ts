/** What a long silence has made pointless: the card of a turn that has ended meanwhile, a question that is decided. */
import type { Ledger } from "../../ledger/ledger.ts"
import type { Instant } from "../../protocol/ids.ts"
import type { OpenRow } from "./order.ts"

/** Sooner than this, in ms, the owner may be looking for it. */
const OUTDATED_AFTER_MS = 30_000

/** Only what was certainly never sent: an earlier copy that did arrive still needs what is edited later. */
export function isOutdated(
  { row, payload }: OpenRow,
  { turns, requests }: Pick<Ledger, "turns" | "requests">,
  now: Instant,
): boolean {
  if (payload.kind !== "text" || row.ambiguous > 0 || now - row.createdAt < OUTDATED_AFTER_MS) return false
  if (row.request !== null) return requests.find(row.request)?.state !== "open"
  const isCard = row.key?.startsWith("card:") ?? false
  return isCard && row.turn !== null && turns.find(row.turn)?.endedAt != null
}
