/** The owner's machines: how each is reached, and how far its host was heard. */
import type { DatabaseSync } from "node:sqlite"
import type { MachineId } from "../protocol/ids.ts"

/** What carries the link to a machine's host; only `local` is within reach of this process. */
export interface Line {
  readonly kind: string
}

export interface Machine {
  readonly id: MachineId
  readonly name: string
  readonly line: Line
}

/** The last event that is committed here, of the journal it was told from. */
export interface HostCursor {
  readonly journal: string
  readonly acked: number
}

export function machinesTable(db: DatabaseSync) {
  const all = db.prepare("SELECT id, name, line FROM machines ORDER BY name")
  const insert = db.prepare("INSERT INTO machines (id, name, line) VALUES (?, ?, ?)")
  const getCursor = db.prepare("SELECT journal, acked FROM machines WHERE id = ? AND journal IS NOT NULL")
  const setCursor = db.prepare("UPDATE machines SET journal = ?, acked = ? WHERE id = ?")
  return {
    all: (): readonly Machine[] =>
      all.all().map((row) => ({
        id: row.id as MachineId,
        name: row.name as string,
        line: JSON.parse(row.line as string) as Line,
      })),
    add({ id, name, line }: Machine): void {
      insert.run(id, name, JSON.stringify(line))
    },
    /** Null when its host was never heard. */
    cursor(id: MachineId): HostCursor | null {
      const row = getCursor.get(id)
      return row ? { journal: row.journal as string, acked: row.acked as number } : null
    },
    setCursor(id: MachineId, { journal, acked }: HostCursor): void {
      setCursor.run(journal, acked, id)
    },
  }
}
