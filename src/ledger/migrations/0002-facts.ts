/**
 * One history a stream, of the facts in `protocol/facts.ts`; long texts apart and packed. Lists of values that will
 * grow are no longer part of any table's definition.
 */
import type { DatabaseSync } from "node:sqlite"
import { withoutSecrets } from "../../core/secret-answer.ts"
import { packText, splitFact } from "../long-texts.ts"
import type { Report } from "../migrate.ts"
import { factOf, type OldEvent, Retold } from "./0002-old-events.ts"
import { rebuildTable } from "./rebuild.ts"

export function facts(db: DatabaseSync, report: Report): void {
  db.exec(STREAMS)
  retell(db, report)
  db.exec("DROP TABLE old_events; DROP TABLE temp.in_time")
  for (const [table, definition] of Object.entries(OPEN_LISTS)) rebuildTable(db, table, definition)
  forgetSecrets(db)
  // The answer is the event that ended the turn.
  db.exec("UPDATE turns SET outcome = json_remove(outcome, '$.text') WHERE outcome IS NOT NULL")
}

const STREAMS = `
CREATE TABLE streams (
  name        TEXT PRIMARY KEY,
  next_seq    INTEGER NOT NULL DEFAULT 1,
  floor_seq   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO streams (name, next_seq) SELECT id, next_seq FROM sessions WHERE next_seq > 1;

ALTER TABLE events RENAME TO old_events;
DROP INDEX events_turn;
DROP INDEX events_attempt;
CREATE TABLE events (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  stream      TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  turn        TEXT,
  attempt     TEXT,
  at          INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  body        TEXT NOT NULL,
  cut         TEXT,
  same        INTEGER,
  UNIQUE (stream, seq)
) STRICT;
CREATE TABLE texts (
  event       INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  path        TEXT NOT NULL,
  bulk        INTEGER NOT NULL,
  packed      BLOB NOT NULL,
  UNIQUE (event, path)
) STRICT;
CREATE TEMP TABLE in_time AS SELECT session, seq FROM old_events ORDER BY at, session, seq;
`

const REPORT_EVERY = 5_000

/** In the order of time, so that ids tell age across sessions. One event after another: a long past needs no memory. */
function retell(db: DatabaseSync, report: Report): void {
  const count = Number(db.prepare("SELECT count(*) AS n FROM temp.in_time").get()?.n)
  // What follows, with the file's being written anew, takes about a third as long.
  const of = Math.ceil(count * (4 / 3))
  report(0, of)
  const old =
    db.prepare(`SELECT e.session, e.seq, e.turn, e.at, e.kind, e.body, t.origin, t.client_id, t.attempt,
      t.started_at, json_extract(t.prompt, '$.files') AS files, c.surface
    FROM temp.in_time o CROSS JOIN old_events e ON e.session = o.session AND e.seq = o.seq
    LEFT JOIN turns t ON t.id = e.turn LEFT JOIN channels c ON c.id = t.channel ORDER BY o.rowid`)
  const insert =
    db.prepare(`INSERT INTO events (stream, seq, turn, attempt, at, recorded_at, kind, body, cut, same)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const addText = db.prepare("INSERT INTO texts (event, path, bulk, packed) VALUES (?, ?, ?, ?)")
  const retold = new Retold()
  let done = 0
  for (const row of old.iterate()) {
    const event = row as unknown as OldEvent
    const { fact, attempt, same } = retold.next(event, factOf(event))
    const { body, cut, texts } = splitFact(fact)
    const { lastInsertRowid } = insert.run(
      ...([event.session, event.seq, event.turn, attempt, event.at, event.at] as const),
      ...([fact.kind, body, cut.length === 0 ? null : JSON.stringify(cut), same] as const),
    )
    for (const { path, isBulk, text } of texts)
      addText.run(lastInsertRowid, path, isBulk ? 1 : 0, packText(text))
    done += 1
    if (done % REPORT_EVERY === 0) report(done, of)
  }
  db.exec(`CREATE INDEX events_turn ON events (turn, seq) WHERE turn IS NOT NULL;
    CREATE INDEX events_attempt ON events (attempt) WHERE kind = 'turn.started';
    CREATE INDEX events_closures ON events (json_extract(body, '$.request'))
      WHERE kind IN ('request.closed', 'request.overtaken', 'request.missed');
    CREATE INDEX texts_bulk ON texts (event) WHERE bulk = 1`)
}

/** Answers that the agent has had long ago. */
function forgetSecrets(db: DatabaseSync): void {
  const set = db.prepare("UPDATE requests SET answer = ? WHERE id = ?")
  const delivered = db.prepare(`SELECT id, body, answer FROM requests
    WHERE delivered = 1 AND answer IS NOT NULL AND body LIKE '%"secret":true%'`)
  for (const { id, body, answer } of delivered.all())
    set.run(
      JSON.stringify(withoutSecrets(JSON.parse(String(body)), JSON.parse(String(answer)))),
      id as string,
    )
}

const OPEN_LISTS = {
  sessions: `(
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  title       TEXT NOT NULL,
  title_by    TEXT NOT NULL,
  provider    TEXT NOT NULL,
  workspace   TEXT NOT NULL,
  workspace_kind TEXT NOT NULL,
  settings    TEXT NOT NULL,
  state       TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT`,
  bots: `(
  id          INTEGER PRIMARY KEY,
  username    TEXT NOT NULL,
  name        TEXT NOT NULL,
  has_topics  INTEGER NOT NULL,
  state       TEXT NOT NULL,
  detail      TEXT,
  updated_at  INTEGER NOT NULL
) STRICT`,
  turns: `(
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  position    REAL NOT NULL,
  state       TEXT NOT NULL,
  origin      TEXT NOT NULL,
  channel     INTEGER REFERENCES channels (id),
  source_message TEXT,
  client_id   TEXT UNIQUE,
  prompt      TEXT NOT NULL,
  hold        TEXT,
  attempt     TEXT UNIQUE,
  attempts    INTEGER NOT NULL DEFAULT 0,
  journal     TEXT,
  stop_requested_at INTEGER,
  outcome     TEXT,
  usage       TEXT,
  created_at  INTEGER NOT NULL,
  started_at  INTEGER,
  ended_at    INTEGER
) STRICT, WITHOUT ROWID`,
  requests: `(
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  turn        TEXT NOT NULL REFERENCES turns (id),
  attempt     TEXT NOT NULL,
  version     INTEGER NOT NULL DEFAULT 1,
  body        TEXT NOT NULL,
  state       TEXT NOT NULL,
  answer      TEXT,
  answered_by TEXT,
  delivered   INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  closed_at   INTEGER
) STRICT, WITHOUT ROWID`,
  inbox: `(
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  bot         INTEGER NOT NULL,
  update_id   INTEGER NOT NULL,
  lane        TEXT NOT NULL,
  body        TEXT NOT NULL,
  state       TEXT NOT NULL,
  note        TEXT,
  received_at INTEGER NOT NULL,
  handled_at  INTEGER,
  UNIQUE (bot, update_id)
) STRICT`,
  outbox: `(
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT UNIQUE,
  lane        TEXT NOT NULL,
  priority    INTEGER NOT NULL,
  payload     TEXT NOT NULL,
  state       TEXT NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  ambiguous   INTEGER NOT NULL DEFAULT 0,
  not_before  INTEGER NOT NULL DEFAULT 0,
  session     TEXT,
  turn        TEXT,
  request     TEXT,
  message     TEXT,
  error       TEXT,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT`,
  attachments: `(
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  turn        TEXT,
  direction   TEXT NOT NULL,
  name        TEXT NOT NULL,
  media_type  TEXT NOT NULL,
  size        INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  path        TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
} as const
