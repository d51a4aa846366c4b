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
  if (payload.kind !== "text" || row.ambiguous > 0) return false
  const isFresh = now - row.createdAt < OUTDATED_AFTER_MS
  if (row.request !== null) return !isFresh && requests.find(row.request)?.state !== "open"
  if (row.turn === null || !row.key?.startsWith("card:")) return false
  const turn = turns.find(row.turn)
  if (turn?.endedAt == null) return false
  // Its answer says more. What never ran has none: the card is all that tells what became of it.
  return !isFresh || turn.startedAt !== null
}
