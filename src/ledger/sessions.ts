import type { DatabaseSync } from "node:sqlite"
import { HERE, type Instant, type MachineId, type ProviderId, type SessionId } from "../protocol/ids.ts"
import type { Settings } from "../protocol/session.ts"

export interface Session {
  readonly id: SessionId
  /** Where it lives, with its workspace and the agent's transcript; never changed. */
  readonly machine: MachineId
  readonly title: string
  readonly titleBy: "runtime" | "provider" | "owner"
  readonly provider: ProviderId
  readonly workspace: string
  readonly workspaceKind: "managed" | "external"
  /** What the owner chose. */
  readonly settings: Settings
  readonly state: "open" | "archived"
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export type NewSession = Omit<Session, "machine" | "state" | "createdAt" | "updatedAt"> & {
  /** Here unless told. */
  readonly machine?: MachineId
}

/** The provider's side of a session, as the provider reports it. */
export interface ProviderBinding {
  readonly nativeId: string
  readonly settings: Settings
}

export interface SessionWindow {
  readonly before: { readonly updatedAt: Instant; readonly number: number } | null
  readonly limit: number
  readonly archived: boolean
}

/** A provider's thread: each machine has its own. */
export interface NativeThread {
  readonly machine: MachineId
  readonly provider: ProviderId
  readonly nativeId: string
}

type Row = Record<string, unknown>

const toSession = (row: Row): Session => ({
  id: row.id as SessionId,
  machine: row.machine as MachineId,
  title: row.title as string,
  titleBy: row.title_by as Session["titleBy"],
  provider: row.provider as ProviderId,
  workspace: row.workspace as string,
  workspaceKind: row.workspace_kind as Session["workspaceKind"],
  settings: JSON.parse(row.settings as string) as Settings,
  state: row.state as Session["state"],
  createdAt: row.created_at as Instant,
  updatedAt: row.updated_at as Instant,
})

export function sessionsTable(db: DatabaseSync) {
  const next = db.prepare(
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'sessions'), 0) + 1 AS n",
  )
  const insert = db.prepare(`INSERT INTO sessions
    (number, id, title, title_by, provider, workspace, workspace_kind, settings, state, created_at, updated_at,
      machine) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?)`)
  const get = db.prepare("SELECT * FROM sessions WHERE id = ?")
  const recent = db.prepare("SELECT * FROM sessions WHERE state = 'open' ORDER BY updated_at DESC LIMIT ?")
  // Both halves come in order from their index; one question over all states would sort every session there is.
  const all = db.prepare(`SELECT * FROM (SELECT * FROM sessions WHERE state = 'open'
    UNION ALL SELECT * FROM sessions WHERE state = 'archived') ORDER BY updated_at DESC LIMIT ?`)
  const windowOf = (state: Session["state"]) => `SELECT * FROM sessions
    WHERE state = '${state}' AND updated_at <= ?1 AND (updated_at < ?1 OR number > ?2)`
  const newestFirst = "ORDER BY updated_at DESC, number LIMIT ?3"
  const openWindow = db.prepare(`${windowOf("open")} ${newestFirst}`)
  const wholeWindow = db.prepare(
    `SELECT * FROM (${windowOf("open")} UNION ALL ${windowOf("archived")}) ${newestFirst}`,
  )
  const setTitle = db.prepare("UPDATE sessions SET title = ?, title_by = ?, updated_at = ? WHERE id = ?")
  const setSettings = db.prepare("UPDATE sessions SET settings = ?, updated_at = ? WHERE id = ?")
  const setState = db.prepare("UPDATE sessions SET state = ?, updated_at = ? WHERE id = ?")
  const touch = db.prepare("UPDATE sessions SET updated_at = ? WHERE id = ?")
  const bindProvider =
    db.prepare(`INSERT INTO provider_bindings (session, provider, native_id, settings, updated_at,
    machine) SELECT ?, ?, ?, ?, ?, machine FROM sessions WHERE id = ? ON CONFLICT (session, provider)
    DO UPDATE SET native_id = excluded.native_id, settings = excluded.settings, updated_at = excluded.updated_at`)
  const binding = db.prepare(
    "SELECT native_id, settings FROM provider_bindings WHERE session = ? AND provider = ?",
  )
  const byNative = db.prepare(`SELECT s.* FROM sessions s JOIN provider_bindings b ON b.session = s.id
    WHERE b.machine = ? AND b.provider = ? AND b.native_id = ?`)
  const machineOf = db.prepare("SELECT machine FROM sessions WHERE id = ?")

  return {
    /** The id the next `create` will take; only meaningful inside the same transaction. */
    nextId(): SessionId {
      return `S${String(next.get()?.n).padStart(3, "0")}` as SessionId
    },
    create(session: NewSession, now: Instant): void {
      const { id, machine = HERE, title, titleBy, provider, workspace, workspaceKind, settings } = session
      const number = Number(id.slice(1))
      insert.run(
        number,
        id,
        title,
        titleBy,
        provider,
        workspace,
        workspaceKind,
        JSON.stringify(settings),
        now,
        now,
        machine,
      )
    },
    machineOf: (id: SessionId): MachineId | null =>
      (machineOf.get(id)?.machine as MachineId | undefined) ?? null,
    find(id: SessionId): Session | null {
      const row = get.get(id)
      return row ? toSession(row) : null
    },
    /** Newest first. */
    list(query: { readonly limit: number; readonly archived?: boolean }): readonly Session[] {
      return (query.archived ? all : recent).all(query.limit).map(toSession)
    },
    /** Newest first; `before`: the last one of the window that came before. */
    window({ before, limit, archived }: SessionWindow): readonly Session[] {
      const from = before ?? { updatedAt: Number.MAX_SAFE_INTEGER, number: 0 }
      return (archived ? wholeWindow : openWindow).all(from.updatedAt, from.number, limit).map(toSession)
    },
    rename(id: SessionId, title: string, by: Session["titleBy"], now: Instant): void {
      setTitle.run(title, by, now, id)
    },
    configure(id: SessionId, settings: Settings, now: Instant): void {
      setSettings.run(JSON.stringify(settings), now, id)
    },
    setState(id: SessionId, state: Session["state"], now: Instant): void {
      setState.run(state, now, id)
    },
    touch(id: SessionId, now: Instant): void {
      touch.run(now, id)
    },
    bindProvider(id: SessionId, provider: ProviderId, binding: ProviderBinding, now: Instant): void {
      bindProvider.run(id, provider, binding.nativeId, JSON.stringify(binding.settings), now, id)
    },
    providerBinding(id: SessionId, provider: ProviderId): ProviderBinding | null {
      const row = binding.get(id, provider)
      if (!row) return null
      return { nativeId: row.native_id as string, settings: JSON.parse(row.settings as string) as Settings }
    },
    /** The session that already holds the provider's thread, if any: a native session is bound at most once. */
    findByNative({ machine, provider, nativeId }: NativeThread): Session | null {
      const row = byNative.get(machine, provider, nativeId)
      return row ? toSession(row) : null
    },
  }
}
