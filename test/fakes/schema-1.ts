/** A ledger as the first version left it, with a past. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { LEDGER_FILE } from "../../src/ledger/database.ts"
import { foundation } from "../../src/ledger/migrations/0001-foundation.ts"

export interface Past {
  readonly sessions: number
  readonly turnsPerSession: number
  /** Besides `turn.queued`, `turn.started`, the answer's message and `turn.ended`. */
  readonly itemsPerTurn: number
  /** Characters of each item's output. */
  readonly output: number
}

export const PROMPT = "Please look at this."
export const ANSWER = "All done, as you asked."

/** Made by SQL alone, so that it may be large. */
export function makeSchema1(
  dataDir: string,
  { sessions, turnsPerSession, itemsPerTurn, output }: Past,
): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(dataDir, LEDGER_FILE))
  const perTurn = itemsPerTurn + 4
  const turns = sessions * turnsPerSession
  const upTo = (count: number) =>
    `(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count}) SELECT i FROM n)`
  const turn = "printf('00000000-0000-4000-8000-%012d', t.i)"
  const session = `printf('S%03d', t.i / ${turnsPerSession} + 1)`
  const events = (kind: string, place: number | string, body: string, also = "") => `
    INSERT INTO events (session, seq, turn, at, kind, body)
      SELECT ${session}, (t.i % ${turnsPerSession}) * ${perTurn} + ${place}, ${turn}, t.i * 100 + ${place}, '${kind}', ${body}
      FROM ${upTo(turns)} t ${also};`
  const item = (fields: string) => `json_object('item', json_object('status', 'completed', ${fields}))`
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN; ${foundation}
    INSERT INTO sessions (id, title, title_by, provider, workspace, workspace_kind, settings, state, next_seq, created_at, updated_at)
      SELECT printf('S%03d', s.i + 1), 'Work ' || s.i, 'runtime', 'codex', '/tmp', 'external', '{}', 'open',
        ${turnsPerSession * perTurn + 1}, s.i, s.i FROM ${upTo(sessions)} s;
    INSERT INTO channels (surface, address, session, created_at, updated_at)
      SELECT 'telegram', '7:42:' || s.i, printf('S%03d', s.i + 1), 1, 1 FROM ${upTo(sessions)} s;
    INSERT INTO turns (id, session, position, state, origin, channel, client_id, prompt, attempt, attempts, outcome,
        created_at, started_at, ended_at)
      SELECT ${turn}, ${session}, 1, 'completed', 'owner', t.i / ${turnsPerSession} + 1, 'client:' || t.i,
        '{"text":"${PROMPT}","files":[{"path":"/a.png","name":"a.png","mediaType":"image/png","size":3}]}', 'attempt-' || t.i, 1,
        '{"kind":"completed","text":"${ANSWER}"}', t.i * 100, t.i * 100 + 2, t.i * 100 + 99 FROM ${upTo(turns)} t;
    INSERT INTO outbox (key, lane, priority, payload, state, created_at, updated_at) VALUES ('gone', 'x', 1, '{}', 'sent', 1, 1);
    DELETE FROM outbox;
    ${events("turn.queued", 1, `json_object('origin', 'owner', 'text', '${PROMPT}', 'files', 1)`)}
    ${events("turn.started", 2, "json_object('attempt', 'attempt-' || t.i)")}
    ${events("item", "3 + e.i", item(`'id', 'i' || e.i, 'kind', 'command', 'command', 'make', 'output', printf('%.*c', ${output}, 'x')`), `, ${upTo(itemsPerTurn)} e WHERE ${itemsPerTurn} > 0`)}
    ${events("item", perTurn - 1, item(`'id', 'm', 'kind', 'message', 'text', '${ANSWER}'`))}
    ${events("turn.ended", perTurn, `json_object('outcome', json('{"kind":"completed","text":"${ANSWER}"}'), 'attempt', 'attempt-' || t.i)`)}
    PRAGMA user_version = 1; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`)
  db.close()
}
