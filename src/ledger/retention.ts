/**
 * What of the past goes: first what commands printed and diffs said, later the steps of the work. What was said and
 * decided stays. Each call does a bounded part; nothing here reads more than it removes, whatever the ledger's size.
 */
import type { DatabaseSync } from "node:sqlite"
import type { Stream } from "../protocol/facts.ts"
import type { Instant } from "../protocol/ids.ts"

/** Setting: facts up to this id have been gone through for their steps. */
const STEPS_DONE = "retention.steps"

/** Free pages that a file keeps: new rows fill them without its growing again. */
const SPARE_PAGES = 2_000

interface StepRow {
  readonly id: number
  readonly stream: Stream
  readonly seq: number
  readonly kind: string
  readonly item: string | null
}

export function retentionQueries(db: DatabaseSync) {
  const bounds = db.prepare(`SELECT coalesce((SELECT min(id) FROM events), 1) AS first,
    coalesce((SELECT max(id) FROM events), 0) AS last`)
  const recordedFrom = db.prepare("SELECT recorded_at AS at FROM events WHERE id >= ? ORDER BY id LIMIT 1")
  const dropBulk = db.prepare(`DELETE FROM texts WHERE rowid IN
    (SELECT rowid FROM texts WHERE bulk = 1 AND event < ? ORDER BY event LIMIT ?)`)
  const some =
    db.prepare(`SELECT id, stream, seq, kind, CASE kind WHEN 'item' THEN json_extract(body, '$.item.kind') END
      AS item FROM events WHERE id > ? AND id < ? ORDER BY id LIMIT ?`)
  const drop = db.prepare("DELETE FROM events WHERE id = ?")
  const raiseFloor = db.prepare("UPDATE streams SET floor_seq = max(floor_seq, ?) WHERE name = ?")
  const done = db.prepare("SELECT value FROM settings WHERE key = ?")
  const setDone = db.prepare(`INSERT INTO settings (key, value, updated_at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`)
  const free = db.prepare("PRAGMA freelist_count")

  /** The first id that was recorded at `time` or later: ids rise with time, so it is found by halving. */
  function idAt(time: Instant): number {
    const { first, last } = bounds.get() as { first: number; last: number }
    let low = first
    let high = last + 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const at = recordedFrom.get(middle)?.at as number | undefined
      if (at === undefined || at >= time) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    /** Outputs and diffs recorded before `time`; their beginning and end stay. At most `limit`; how many went. */
    dropBulk: (time: Instant, limit: number): number => Number(dropBulk.run(idAt(time), limit).changes),
    /** Goes through at most `limit` facts recorded before `time`; how many it went through, and how many of them went. */
    dropSteps(
      time: Instant,
      limit: number,
      now: Instant,
    ): { readonly seen: number; readonly removed: number } {
      const from = Number(done.get(STEPS_DONE)?.value ?? 0)
      const rows = some.all(from, idAt(time), limit) as unknown as readonly StepRow[]
      const last = rows.at(-1)
      if (!last) return { seen: 0, removed: 0 }
      const steps = rows.filter(isStep)
      for (const { id, stream, seq } of steps) {
        drop.run(id)
        raiseFloor.run(seq, stream)
      }
      setDone.run(STEPS_DONE, String(last.id), now)
      return { seen: rows.length, removed: steps.length }
    },
    /** Makes the file smaller by at most `pages`; false when there is nothing worth it. Not inside a transaction. */
    giveBack(pages: number): boolean {
      const spare = Number(free.get()?.freelist_count) - SPARE_PAGES
      if (spare <= 0) return false
      db.exec(`PRAGMA incremental_vacuum(${Math.min(pages, spare)})`)
      return true
    },
  }
}

const PASSING: ReadonlySet<string> = new Set(["notice", "limits.changed", "bot.changed", "provider.changed"])

/** How the work went, as opposed to what was asked, answered and decided. */
function isStep({ kind, item }: StepRow): boolean {
  return PASSING.has(kind) || (kind === "item" && item !== "message" && item !== "image")
}
