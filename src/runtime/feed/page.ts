/** Pages of what happened, bounded in number and in bytes as they go over a wire. */
import type { Ledger } from "../../ledger/ledger.ts"
import type { RecordedFact, Stream } from "../../protocol/facts.ts"

/** Most of one page. `bytes` of JSON in UTF-8. */
const PAGE = { facts: 500, bytes: 128 * 1024 } as const

export type PageFrom =
  /** What follows this number. */
  | { readonly after: number; readonly limit?: number }
  /** What came last before this number; null: the newest. */
  | { readonly before: number | null; readonly limit?: number }

export interface Page {
  /** In the order they happened. */
  readonly events: readonly RecordedFact[]
  /** The same, each as JSON. */
  readonly json: readonly string[]
  /** Whether there are more beyond it, in its direction. */
  readonly hasMore: boolean
}

/** Has at least one fact where there is any: a stored one is far below the limit. */
export function readPage({ after, before }: Ledger["facts"], stream: Stream, from: PageFrom): Page {
  const limits = { facts: Math.min(from.limit ?? PAGE.facts, PAGE.facts), bytes: PAGE.bytes }
  if ("after" in from) return within(after(stream, from.after, limits), (facts) => facts)
  const found = before(stream, from.before ?? Number.MAX_SAFE_INTEGER, limits)
  return within(found, (facts) => facts.toReversed())
}

interface Read {
  readonly facts: readonly RecordedFact[]
  readonly hasMore: boolean
}

/** @param ordered puts those first that the page must have; it is its own inverse. */
function within({ facts, hasMore }: Read, ordered: <T>(list: readonly T[]) => readonly T[]): Page {
  const kept: { readonly fact: RecordedFact; readonly json: string }[] = []
  let bytes = 0
  for (const fact of ordered(facts)) {
    const json = JSON.stringify(fact)
    bytes += Buffer.byteLength(json) + 1
    if (kept.length > 0 && bytes > PAGE.bytes) break
    kept.push({ fact, json })
  }
  const shown = ordered(kept)
  return {
    events: shown.map(({ fact }) => fact),
    json: shown.map(({ json }) => json),
    hasMore: hasMore || kept.length < facts.length,
  }
}
