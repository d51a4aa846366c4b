/** The journal's tables. It holds what must survive the host or wait for the runtime, and nothing else. */
import { chmodSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

const JOURNAL_VERSION = 1

const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- began: order of arrival. prompt: null for work the provider began by itself, and once the attempt has ended.
CREATE TABLE attempts (
  began INTEGER PRIMARY KEY AUTOINCREMENT,
  attempt TEXT NOT NULL UNIQUE,
  session TEXT NOT NULL,
  spec TEXT NOT NULL,
  prompt TEXT,
  state TEXT NOT NULL CHECK (state IN ('recorded', 'handing_over', 'accepted', 'ended')),
  recorded_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX attempts_open ON attempts (state) WHERE state <> 'ended';
CREATE INDEX attempts_ended ON attempts (ended_at) WHERE state = 'ended';

-- item: set for states of an item, of which only the first and the last are kept.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL,
  at INTEGER NOT NULL,
  attempt TEXT,
  item TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX events_item ON events (attempt, item, seq) WHERE item IS NOT NULL;

CREATE TABLE requests (request TEXT PRIMARY KEY, attempt TEXT NOT NULL) STRICT;
CREATE INDEX requests_attempt ON requests (attempt);

-- digest: of the answer, which may be a secret and is not kept. outcome: null until the provider said.
CREATE TABLE answers (
  request TEXT PRIMARY KEY, attempt TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT
) STRICT;
CREATE TABLE steers (steer TEXT PRIMARY KEY, attempt TEXT NOT NULL, outcome TEXT) STRICT;

CREATE TABLE children (
  pid INTEGER PRIMARY KEY, start_time TEXT NOT NULL, label TEXT NOT NULL, survives_host INTEGER NOT NULL
) STRICT;
`

/**
 * Numbers skipped at every start. Ordinary events are not synced one by one, so a power cut may take the last of them
 * although the runtime has committed them; without the skip their numbers would come again and be taken for known.
 */
const SKIPPED_AT_START = 1_000_000

/** Opens the journal, creating it with the identity `newId()` when there is none. */
export function openJournalDatabase(path: string, newId: () => string): DatabaseSync {
  const database = new DatabaseSync(path)
  chmodSync(path, 0o600)
  database.exec(
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 4194304",
  )
  database.exec("PRAGMA synchronous = FULL")
  const version = database.prepare("PRAGMA user_version").get()?.user_version
  if (version === 0) create(database, newId())
  else if (version !== JOURNAL_VERSION) {
    database.close()
    throw new Error(`the journal has version ${version}, this build knows ${JOURNAL_VERSION}`)
  }
  database.exec(`UPDATE sqlite_sequence SET seq = seq + ${SKIPPED_AT_START} WHERE name = 'events'`)
  return database
}

function create(database: DatabaseSync, id: string): void {
  database.exec("BEGIN")
  database.exec(TABLES)
  database.prepare("INSERT INTO meta VALUES ('id', ?)").run(id)
  database.exec("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', 0)")
  database.exec(`PRAGMA user_version = ${JOURNAL_VERSION}; COMMIT`)
}
