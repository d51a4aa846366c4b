import type { DatabaseSync } from "node:sqlite"
import type { Instant, SessionId } from "../protocol/ids.ts"

/** A place a session is seen from. The address means something only to its surface. */
export interface Channel {
  readonly id: number
  readonly surface: string
  readonly address: string
  readonly session: SessionId | null
}

const toChannel = (row: Record<string, unknown>): Channel => ({
  id: row.id as number,
  surface: row.surface as string,
  address: row.address as string,
  session: row.session as SessionId | null,
})

export function channelsTable(db: DatabaseSync) {
  const insert = db.prepare(
    "INSERT INTO channels (surface, address, created_at, updated_at) VALUES (?, ?, ?, ?)",
  )
  const at = db.prepare("SELECT * FROM channels WHERE surface = ? AND address = ?")
  const get = db.prepare("SELECT * FROM channels WHERE id = ?")
  const bind = db.prepare("UPDATE channels SET session = ?, updated_at = ? WHERE id = ?")
  const readdress = db.prepare("UPDATE channels SET address = ?, updated_at = ? WHERE id = ?")
  const boundTo = db.prepare("SELECT * FROM channels WHERE session = ?")
  const ofSurface = db.prepare("SELECT * FROM channels WHERE surface = ?")
  const findAt = (surface: string, address: string): Channel | null => {
    const row = at.get(surface, address)
    return row ? toChannel(row) : null
  }
  return {
    /** Writes only for a place that is new: every message asks. */
    ensure(surface: string, address: string, now: Instant): Channel {
      const known = findAt(surface, address)
      if (known) return known
      insert.run(surface, address, now, now)
      return findAt(surface, address) as Channel
    },
    at: findAt,
    find(id: number): Channel | null {
      const row = get.get(id)
      return row ? toChannel(row) : null
    },
    bind(id: number, session: SessionId | null, now: Instant): void {
      bind.run(session, now, id)
    },
    /** The same place under another address; where that is a channel already, its session goes there if it has none. */
    readdress(id: number, { surface, address }: Pick<Channel, "surface" | "address">, now: Instant): void {
      const there = findAt(surface, address)
      if (!there) readdress.run(address, now, id)
      else {
        const session = get.get(id)?.session as SessionId | null
        if (there.session === null) bind.run(session, now, there.id)
        bind.run(null, now, id)
      }
    },
    boundTo: (session: SessionId): readonly Channel[] => boundTo.all(session).map(toChannel),
    ofSurface: (surface: string): readonly Channel[] => ofSurface.all(surface).map(toChannel),
  }
}
