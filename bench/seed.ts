/** Fills a ledger with the past of a long use, by SQL alone: what the product would have written over years. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { LEDGER_FILE } from "../src/ledger/database.ts"

export interface Past {
  readonly sessions: number
  readonly turnsPerSession: number
  readonly eventsPerTurn: number
}

/** 2,000 sessions and a million events. */
export const LONG_USE: Past = { sessions: 2_000, turnsPerSession: 50, eventsPerTurn: 10 }

/** Numbers of seeded sessions begin here, out of the way of those that the measures make. */
const FIRST = 100_000

/** The runtime of the data directory must not run; its ledger must exist. */
export function seedLedger(dataDir: string, { sessions, turnsPerSession, eventsPerTurn }: Past): void {
  const db = new DatabaseSync(join(dataDir, LEDGER_FILE))
  const upTo = (count: number) =>
    `(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count}) SELECT i FROM n)`
  const now = Date.now()
  const ago = (unit: string) => `${now} - ${3 * 86_400_000} - (${unit}) * 60000`
  const turnId = "printf('00000000-0000-4000-8000-%012d', t.i)"
  const turns = sessions * turnsPerSession
  const session = (turn: string) => `printf('S%d', ${FIRST} + ${turn} / ${turnsPerSession})`
  db.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN;
  INSERT INTO sessions (number, id, title, title_by, provider, workspace, workspace_kind, settings, state,
      created_at, updated_at)
    SELECT ${FIRST} + s.i, printf('S%d', ${FIRST} + s.i), 'Work of the past ' || s.i, 'runtime', 'acp:echo', '/tmp', 'external',
      '{}', CASE WHEN s.i % 4 = 0 THEN 'open' ELSE 'archived' END,
      ${ago("s.i")}, ${ago("s.i")} FROM ${upTo(sessions)} s;
  INSERT INTO provider_bindings (session, provider, native_id, settings, updated_at)
    SELECT printf('S%d', ${FIRST} + s.i), 'acp:echo', 'past-' || s.i, '{}', ${now} FROM ${upTo(sessions)} s;
  INSERT INTO channels (id, surface, address, session, created_at, updated_at)
    SELECT ${FIRST} + s.i, 'telegram', printf('7%09d:42:%d', s.i % 8, s.i), printf('S%d', ${FIRST} + s.i), ${now}, ${now}
    FROM ${upTo(sessions)} s;
  INSERT INTO turns (id, session, position, state, origin, channel, source_message, client_id, prompt, attempt, attempts,
      outcome, created_at, started_at, ended_at)
    SELECT ${turnId}, ${session("t.i")}, 1, 'completed', 'owner', ${FIRST} + t.i / ${turnsPerSession}, t.i, 'past:' || t.i,
      json_object('text', 'Please look at part ' || t.i || ' of the work.', 'files', json('[]')), 'past-' || t.i, 1,
      json_object('kind', 'completed'), ${ago("t.i / 100")}, ${ago("t.i / 100")},
      ${ago("t.i / 100")} FROM ${upTo(turns)} t;
  INSERT INTO streams (name, next_seq)
    SELECT printf('S%d', ${FIRST} + s.i), ${turnsPerSession * eventsPerTurn + 1} FROM ${upTo(sessions)} s;
  INSERT INTO events (stream, seq, turn, attempt, at, recorded_at, kind, body)
    SELECT ${session("t.i")}, (t.i % ${turnsPerSession}) * ${eventsPerTurn} + e.i + 1, ${turnId}, 'past-' || t.i,
      ${ago("t.i / 100")}, ${ago("t.i / 100")},
      CASE e.i WHEN 0 THEN 'turn.queued' WHEN 1 THEN 'turn.started' WHEN ${eventsPerTurn - 1} THEN 'turn.ended' ELSE 'item' END,
      CASE e.i
        WHEN 0 THEN json_object('kind', 'turn.queued', 'origin', 'owner', 'from', 'telegram', 'clientId', 'past:' || t.i,
          'hold', null, 'behind', null, 'prompt', json_object('text', 'Please look at part ' || t.i, 'files', json('[]')))
        WHEN 1 THEN json_object('kind', 'turn.started', 'origin', 'owner', 'attempts', 1)
        WHEN ${eventsPerTurn - 1} THEN json_object('kind', 'turn.ended', 'outcome',
          json_object('kind', 'completed', 'text', printf('%.*c', 400, 'x')))
        ELSE json_object('kind', 'item', 'item', json_object('id', 'item-' || e.i, 'kind', 'message', 'status', 'completed',
          'text', printf('%.*c', 150, 'y'))) END
    FROM ${upTo(turns)} t, ${upTo(eventsPerTurn)} e;
  INSERT INTO inbox (bot, update_id, lane, body, state, note, received_at, handled_at)
    SELECT 7000000000 + t.i % 8, t.i, printf('telegram:7%09d:42', t.i % 8), '{"message":{}}', 'handled', 'handled',
      ${ago("t.i / 10")}, ${now} FROM ${upTo(Math.ceil(turns / 2))} t;
  INSERT INTO outbox (key, lane, priority, payload, state, attempts, session, turn, message, created_at, updated_at)
    SELECT 'past:' || t.i, printf('telegram:7%09d:42', t.i % 8), 2, '{"kind":"text"}', 'sent', 1, ${session("t.i")}, ${turnId},
      t.i, ${ago("t.i / 10")}, ${ago("t.i / 10")} FROM ${upTo(Math.ceil(turns / 2))} t;
  INSERT INTO actions (id, address, body, created_at, expires_at)
    SELECT 'past-' || t.i, '7000000000:42', '{}', ${now}, ${now + 86_400_000} FROM ${upTo(Math.ceil(turns / 4))} t;
  DELETE FROM sqlite_sequence WHERE name = 'sessions';
  INSERT INTO sqlite_sequence (name, seq) VALUES ('sessions', ${FIRST + sessions});
  COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`)
  db.close()
}
