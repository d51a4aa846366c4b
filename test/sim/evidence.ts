/** What the files say when everything has come to rest, read as anyone could. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Message } from "grammy/types"

export interface TurnRow {
  readonly id: string
  readonly state: string
  readonly hold: string | null
  readonly source_message: string | null
  readonly channel: number
  readonly outcome: string | null
  readonly attempt: string | null
  readonly attempts: number
  readonly created_at: number
  readonly ended_at: number | null
  readonly started_at: number | null
}

export type LedgerEvidence = ReturnType<typeof readLedger>

export function readLedger(dataDir: string) {
  const db = new DatabaseSync(join(dataDir, "ledger.db"))
  const all = <T>(sql: string): readonly T[] => db.prepare(sql).all() as T[]
  const turns = all<TurnRow>("SELECT * FROM turns ORDER BY created_at, id")
  const channels = all<{ id: number; address: string }>("SELECT id, address FROM channels")
  const open = {
    turns: turns
      .filter(({ outcome }) => outcome === null)
      .map(({ id, state, hold, source_message }) => ({ id, state, hold, source_message })),
    inbox: all("SELECT id, lane FROM inbox WHERE state = 'received'"),
    outbox: all(
      "SELECT id, state, priority, key, not_before, error FROM outbox WHERE state IN ('pending', 'sending')",
    ),
    attempts: readJournal(dataDir),
  }
  const rows = all<{
    id: number
    lane: string
    request: string | null
    key: string | null
    message: string | null
    state: string
    payload: string
    error: string | null
  }>("SELECT * FROM outbox")
  /** What was to be done to a message since, and what became of it. */
  const ofBot = (bot: number) => rows.filter(({ lane }) => lane.includes(`${bot}:`))
  const changesOf = (bot: number, message: number): string => {
    const posted = ofBot(bot).filter((row) => row.message === String(message))
    const changes = ofBot(bot).filter(({ payload }) => {
      const { target } = JSON.parse(payload) as { target?: { key?: string; message?: number } }
      return (
        target && (target.message === message || posted.some(({ key }) => key !== null && key === target.key))
      )
    })
    return `posted as ${posted.map(({ key }) => key).join() || "nothing"}; changes: ${changes.map(({ state, error, payload }) => `${state} ${error ?? ""} ${payload.slice(0, 12)}`).join(" | ") || "none"}`
  }
  /** A message whose sending was cut off has a number that nobody told us: it cannot be changed. */
  const isKnown = (bot: number, message: number): boolean =>
    ofBot(bot).some((row) => row.message === String(message))
  const answerTo = (request: string): string | null => {
    const row = all<{ id: string; answer: string | null }>("SELECT id, answer FROM requests").find(
      ({ id }) => id === request,
    )
    return row?.answer ? ((JSON.parse(row.answer) as { option?: string }).option ?? null) : null
  }
  const answers = new Map(all<{ id: string }>("SELECT id FROM requests").map(({ id }) => [id, answerTo(id)]))
  const cardsOf = (request: string): readonly string[] =>
    rows
      .filter((row) => row.request === request && row.message !== null)
      .map(({ lane, message }) => `${lane.split(":")[1]}:${message}`)
  const check = String(db.prepare("PRAGMA integrity_check").get()?.integrity_check)
  db.close()
  const turnsOf = (message: Message, bot: number): readonly TurnRow[] =>
    turns.filter(({ source_message, channel }) => {
      const address = channels.find(({ id }) => id === channel)?.address ?? ""
      return source_message === String(message.message_id) && address.startsWith(`${bot}:`)
    })
  return {
    turns,
    open,
    check,
    turnsOf,
    changesOf,
    isKnown,
    cardsOf,
    answerTo: (request: string) => answers.get(request) ?? null,
  }
}

function readJournal(dataDir: string): readonly unknown[] {
  const path = join(dataDir, "host-journal.sqlite")
  if (!existsSync(path)) return []
  const db = new DatabaseSync(path)
  const rows = db.prepare("SELECT attempt, state FROM attempts WHERE state <> 'ended'").all()
  db.close()
  return rows
}
