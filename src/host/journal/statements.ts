import type { DatabaseSync } from "node:sqlite"

export type Statements = ReturnType<typeof prepareStatements>

export function prepareStatements(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text)
  return {
    id: sql("SELECT value FROM meta WHERE key = 'id'"),

    attempt: sql("SELECT * FROM attempts WHERE attempt = ?"),
    openAttempts: sql("SELECT * FROM attempts WHERE state <> 'ended' ORDER BY began"),
    addAttempt: sql(
      "INSERT INTO attempts (attempt, session, spec, prompt, state, recorded_at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    setState: sql("UPDATE attempts SET state = ? WHERE attempt = ? AND state <> 'ended'"),
    setSpec: sql("UPDATE attempts SET spec = ? WHERE attempt = ?"),
    endAttempt: sql(
      "UPDATE attempts SET state = 'ended', prompt = NULL, ended_at = ? WHERE attempt = ? AND state <> 'ended'",
    ),
    forgetAttempts: sql(
      `DELETE FROM attempts WHERE state = 'ended' AND ended_at < ?
       AND NOT EXISTS (SELECT 1 FROM events WHERE events.attempt = attempts.attempt)`,
    ),
    forgetAnswers: sql(
      "DELETE FROM answers WHERE attempt IN (SELECT attempt FROM attempts WHERE state = 'ended' AND ended_at < ?)",
    ),
    forgetSteers: sql(
      "DELETE FROM steers WHERE attempt IN (SELECT attempt FROM attempts WHERE state = 'ended' AND ended_at < ?)",
    ),

    addEvent: sql("INSERT INTO events (session, at, attempt, item, body) VALUES (?, ?, ?, ?, ?)"),
    supersede: sql(
      `DELETE FROM events WHERE attempt = $attempt AND item = $item AND seq >
       (SELECT min(seq) FROM events WHERE attempt = $attempt AND item = $item)`,
    ),
    eventsAfter: sql("SELECT seq, session, at, body FROM events WHERE seq > ? ORDER BY seq"),
    lastSeq: sql("SELECT seq FROM sqlite_sequence WHERE name = 'events'"),
    freePages: sql(
      "SELECT freelist_count AS pages, page_size AS size FROM pragma_freelist_count(), pragma_page_size()",
    ),
    anyEvent: sql("SELECT 1 FROM events LIMIT 1"),
    acknowledge: sql("DELETE FROM events WHERE seq <= ?"),

    openRequest: sql("INSERT OR IGNORE INTO requests (request, attempt) VALUES (?, ?)"),
    closeRequest: sql("DELETE FROM requests WHERE request = ?"),
    attemptOfRequest: sql("SELECT attempt FROM requests WHERE request = ?"),
    requestsOf: sql("SELECT request FROM requests WHERE attempt = ? ORDER BY rowid"),
    forgetRequestsOf: sql("DELETE FROM requests WHERE attempt = ?"),

    answer: sql("SELECT digest, outcome FROM answers WHERE request = ?"),
    forgetAnswer: sql("DELETE FROM answers WHERE request = ?"),
    addAnswer: sql("INSERT OR REPLACE INTO answers (request, attempt, digest) VALUES (?, ?, ?)"),
    setAnswerOutcome: sql("UPDATE answers SET outcome = ? WHERE request = ?"),
    steer: sql("SELECT outcome FROM steers WHERE steer = ?"),
    addSteer: sql("INSERT INTO steers (steer, attempt) VALUES (?, ?)"),
    setSteerOutcome: sql("UPDATE steers SET outcome = ? WHERE steer = ?"),
    forgetSteer: sql("DELETE FROM steers WHERE steer = ?"),

    children: sql("SELECT * FROM children"),
    addChild: sql(
      "INSERT OR REPLACE INTO children (pid, start_time, label, survives_host) VALUES (?, ?, ?, ?)",
    ),
    removeChild: sql("DELETE FROM children WHERE pid = ?"),
  }
}
