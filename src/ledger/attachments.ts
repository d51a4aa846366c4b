import type { DatabaseSync } from "node:sqlite"
import type { Instant, SessionId, TurnId } from "../protocol/ids.ts"

export interface Attachment {
  readonly id: string
  readonly session: SessionId
  readonly turn: TurnId | null
  readonly direction: "in" | "out"
  readonly name: string
  readonly mediaType: string
  readonly size: number
  readonly sha256: string
  readonly path: string
}

export function attachmentsTable(db: DatabaseSync) {
  const insert = db.prepare(`INSERT INTO attachments
    (id, session, turn, direction, name, media_type, size, sha256, path, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const setTurn = db.prepare("UPDATE attachments SET turn = ? WHERE path = ? AND turn IS NULL")
  const forget = db.prepare("DELETE FROM attachments WHERE path = ?")
  const ofSession = db.prepare("SELECT * FROM attachments WHERE session = ? ORDER BY created_at DESC LIMIT ?")
  return {
    add(attachment: Attachment, now: Instant): void {
      const { id, session, turn, direction, name, mediaType, size, sha256, path } = attachment
      insert.run(id, session, turn, direction, name, mediaType, size, sha256, path, now)
    },
    /** The prompt of this turn came with the file. */
    cameWith(path: string, turn: TurnId): void {
      setTurn.run(turn, path)
    },
    /** The file is gone. */
    forget(path: string): void {
      forget.run(path)
    },
    /** Newest first. */
    ofSession: (session: SessionId, limit: number): readonly Attachment[] =>
      ofSession.all(session, limit).map((row) => ({
        id: row.id as string,
        session: row.session as SessionId,
        turn: row.turn as TurnId | null,
        direction: row.direction as Attachment["direction"],
        name: row.name as string,
        mediaType: row.media_type as string,
        size: row.size as number,
        sha256: row.sha256 as string,
        path: row.path as string,
      })),
  }
}
