/** The journal's tables. It holds what must survive the host or wait for the runtime, and nothing else. */
import { chmodSync, existsSync, renameSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { isDamage } from "../../platform/sqlite-error.ts"

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

/** From each version to the next, appended to and never changed; the file's `user_version` is how many it has had. */
const STEPS: readonly string[] = [TABLES]

export interface SetAside {
  /** Where the file is now, for who wants to look into it. */
  readonly path: string
  readonly why: string
}

/** The file is no journal, a damaged one, or one of a later version. */
class Unusable extends Error {
  override readonly name = "Unusable"
}

/**
 * Opens the journal, creating it with the identity `newId()` when there is none. One that cannot be used is set aside for
 * a new one: its identity tells the runtime that this host knows nothing of what it was given before.
 * @throws when the disk does not give or take it.
 */
export function openJournalDatabase(
  path: string,
  newId: () => string,
  onSetAside: (one: SetAside) => void = () => undefined,
): DatabaseSync {
  try {
    return openSound(path, newId)
  } catch (error) {
    if (!(error instanceof Unusable || isDamage(error))) throw error
    const id = newId()
    onSetAside({ path: setAside(path, id), why: error instanceof Error ? error.message : String(error) })
    return openSound(path, () => id)
  }
}

function openSound(path: string, newId: () => string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    chmodSync(path, 0o600)
    database.exec(
      "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 4194304",
    )
    database.exec("PRAGMA synchronous = FULL")
    mustBeSound(database)
    migrate(database, newId)
    database.exec(`UPDATE sqlite_sequence SET seq = seq + ${SKIPPED_AT_START} WHERE name = 'events'`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Reads all of it: what is kept until the runtime has it is rarely more than a few megabytes. */
function mustBeSound(database: DatabaseSync): void {
  const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check
  if (found !== "ok") throw new Unusable(String(found))
}

function migrate(database: DatabaseSync, newId: () => string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version)
  if (version > STEPS.length)
    throw new Unusable(`it has version ${version}, and this build knows ${STEPS.length}`)
  for (const [at, step] of STEPS.entries()) {
    if (at < version) continue
    database.exec("BEGIN IMMEDIATE")
    database.exec(step)
    if (at === 0) begin(database, newId())
    database.exec(`PRAGMA user_version = ${at + 1}; COMMIT`)
  }
  const id = database.prepare("SELECT value FROM meta WHERE key = 'id'").get()
  if (id === undefined) throw new Unusable("it does not say which it is")
}

function begin(database: DatabaseSync, id: string): void {
  database.prepare("INSERT INTO meta VALUES ('id', ?)").run(id)
  database.exec("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', 0)")
}

function setAside(path: string, id: string): string {
  const aside = `${path}.damaged-${id.slice(0, 8)}`
  for (const end of ["-wal", "-shm", ""]) {
    if (existsSync(path + end)) renameSync(path + end, aside + end)
  }
  return aside
}
