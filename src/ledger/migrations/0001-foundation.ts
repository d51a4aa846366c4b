/** Times are milliseconds since the epoch; columns named after a schema of `protocol/` hold its JSON. */
export const foundation = `
CREATE TABLE sessions (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  title       TEXT NOT NULL,
  title_by    TEXT NOT NULL CHECK (title_by IN ('runtime', 'provider', 'owner')),
  provider    TEXT NOT NULL,
  workspace   TEXT NOT NULL,
  workspace_kind TEXT NOT NULL CHECK (workspace_kind IN ('managed', 'external')),
  settings    TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'archived')),
  next_seq    INTEGER NOT NULL DEFAULT 1,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_recent ON sessions (state, updated_at DESC);

CREATE TABLE provider_bindings (
  session     TEXT NOT NULL REFERENCES sessions (id),
  provider    TEXT NOT NULL,
  native_id   TEXT NOT NULL,
  settings    TEXT NOT NULL,
  updated_at  INTEGER NOT NULL,
  PRIMARY KEY (session, provider)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX provider_bindings_native ON provider_bindings (provider, native_id);

CREATE TABLE bots (
  id          INTEGER PRIMARY KEY,
  username    TEXT NOT NULL,
  name        TEXT NOT NULL,
  has_topics  INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('ok', 'revoked', 'conflict', 'unreachable')),
  detail      TEXT,
  updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE channels (
  id          INTEGER PRIMARY KEY,
  surface     TEXT NOT NULL,
  address     TEXT NOT NULL,
  session     TEXT REFERENCES sessions (id),
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  UNIQUE (surface, address)
) STRICT;
CREATE INDEX channels_session ON channels (session) WHERE session IS NOT NULL;

CREATE TABLE turns (
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  position    REAL NOT NULL,
  state       TEXT NOT NULL CHECK (state IN
    ('queued', 'dispatching', 'running', 'waiting', 'completed', 'failed', 'stopped', 'indeterminate')),
  origin      TEXT NOT NULL CHECK (origin IN ('owner', 'provider', 'schedule')),
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
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_open ON turns (session, position)
  WHERE state IN ('queued', 'dispatching', 'running', 'waiting');
CREATE INDEX turns_session ON turns (session, created_at);
CREATE INDEX turns_message ON turns (channel, source_message) WHERE source_message IS NOT NULL;

CREATE TABLE events (
  session     TEXT NOT NULL REFERENCES sessions (id),
  seq         INTEGER NOT NULL,
  turn        TEXT NOT NULL,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_turn ON events (turn, seq);
CREATE INDEX events_attempt ON events (json_extract(body, '$.attempt')) WHERE kind = 'turn.started';

CREATE TABLE requests (
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  turn        TEXT NOT NULL REFERENCES turns (id),
  attempt     TEXT NOT NULL,
  version     INTEGER NOT NULL DEFAULT 1,
  body        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
  answer      TEXT,
  answered_by TEXT,
  delivered   INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  closed_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_open ON requests (session) WHERE state = 'open';
CREATE INDEX requests_undelivered ON requests (id) WHERE state = 'answered' AND delivered = 0;
CREATE INDEX requests_turn ON requests (turn);

CREATE TABLE inbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  bot         INTEGER NOT NULL,
  update_id   INTEGER NOT NULL,
  lane        TEXT NOT NULL,
  body        TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('received', 'handled', 'ignored')),
  note        TEXT,
  received_at INTEGER NOT NULL,
  handled_at  INTEGER,
  UNIQUE (bot, update_id)
) STRICT;
CREATE INDEX inbox_open ON inbox (lane, id) WHERE state = 'received';
CREATE INDEX inbox_age ON inbox (received_at);

CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT UNIQUE,
  lane        TEXT NOT NULL,
  priority    INTEGER NOT NULL,
  payload     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'dropped')),
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
) STRICT;
CREATE INDEX outbox_open ON outbox (lane, priority, id) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_message ON outbox (lane, message) WHERE message IS NOT NULL;
CREATE INDEX outbox_turn ON outbox (turn) WHERE turn IS NOT NULL;
CREATE INDEX outbox_request ON outbox (request) WHERE request IS NOT NULL;
CREATE INDEX outbox_age ON outbox (updated_at);

CREATE TABLE actions (
  id          TEXT PRIMARY KEY,
  address     TEXT NOT NULL,
  body        TEXT NOT NULL,
  used_at     INTEGER,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX actions_expiry ON actions (expires_at);

CREATE TABLE attachments (
  id          TEXT PRIMARY KEY,
  session     TEXT NOT NULL REFERENCES sessions (id),
  turn        TEXT,
  direction   TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  name        TEXT NOT NULL,
  media_type  TEXT NOT NULL,
  size        INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  path        TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_session ON attachments (session, created_at);
CREATE INDEX attachments_path ON attachments (path);

CREATE TABLE receipts (
  client_id   TEXT PRIMARY KEY,
  result      TEXT NOT NULL,
  at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_age ON receipts (at);

CREATE TABLE settings (
  key         TEXT PRIMARY KEY,
  value       TEXT NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE host_cursor (
  only        INTEGER PRIMARY KEY CHECK (only = 1),
  journal     TEXT NOT NULL,
  acked       INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  who         TEXT NOT NULL,
  what        TEXT NOT NULL,
  detail      TEXT NOT NULL
) STRICT;
`
