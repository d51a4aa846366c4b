/** Facts about the whole machine rather than a session: settings, bots, the audit trail. */
import type { DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"

export interface Bot {
  readonly id: number
  readonly username: string
  readonly name: string
  readonly hasTopics: boolean
  readonly state: "ok" | "revoked" | "conflict" | "unreachable"
  readonly detail: string | null
}

export function machineTables(db: DatabaseSync) {
  const getSetting = db.prepare("SELECT value FROM settings WHERE key = ?")
  const setSetting = db.prepare(`INSERT INTO settings (key, value, updated_at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`)
  const putBot = db.prepare(`INSERT INTO bots (id, username, name, has_topics, state, detail, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET username = excluded.username, name = excluded.name,
    has_topics = excluded.has_topics, state = excluded.state, detail = excluded.detail, updated_at = excluded.updated_at`)
  const getBots = db.prepare("SELECT * FROM bots ORDER BY id")
  const addAudit = db.prepare("INSERT INTO audit (at, who, what, detail) VALUES (?, ?, ?, ?)")
  return {
    setting<T>(key: string): T | null {
      const row = getSetting.get(key)
      return row ? (JSON.parse(row.value as string) as T) : null
    },
    set(key: string, value: unknown, now: Instant): void {
      setSetting.run(key, JSON.stringify(value), now)
    },
    putBot(bot: Bot, now: Instant): void {
      putBot.run(bot.id, bot.username, bot.name, bot.hasTopics ? 1 : 0, bot.state, bot.detail, now)
    },
    bots: (): readonly Bot[] =>
      getBots.all().map((row) => ({
        id: row.id as number,
        username: row.username as string,
        name: row.name as string,
        hasTopics: row.has_topics === 1,
        state: row.state as Bot["state"],
        detail: row.detail as string | null,
      })),
    audit(who: string, what: string, detail: unknown, now: Instant): void {
      addAudit.run(now, who, what, JSON.stringify(detail))
    },
  }
}
