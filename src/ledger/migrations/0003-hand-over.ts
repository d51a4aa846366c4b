/**
 * What is owed to a host becomes rows of one kind, and being passed on a state of a turn. Prompts that were being
 * passed on keep the id the host knows them by: the turn's.
 */
export const handOver = `
CREATE TABLE hand_overs (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  session     TEXT NOT NULL REFERENCES sessions (id),
  turn        TEXT NOT NULL REFERENCES turns (id),
  attempt     TEXT NOT NULL,
  request     TEXT REFERENCES requests (id),
  journal     TEXT,
  state       TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  done_at     INTEGER
) STRICT;

INSERT INTO hand_overs (id, kind, session, turn, attempt, journal, state, created_at, done_at)
  SELECT attempt, 'start', session, id, attempt, journal,
    iif(state IN ('dispatching', 'running', 'waiting'), 'owed', 'done'), created_at, ended_at
  FROM turns WHERE attempt IS NOT NULL ORDER BY created_at;
INSERT INTO hand_overs (id, kind, session, turn, attempt, journal, state, created_at)
  SELECT 'stop:' || attempt, 'stop', session, id, attempt, journal, 'owed', stop_requested_at
  FROM turns WHERE stop_requested_at IS NOT NULL AND state IN ('dispatching', 'running', 'waiting');
INSERT INTO hand_overs (id, kind, session, turn, attempt, state, created_at)
  SELECT id, 'steer', session, id, json_extract(hold, '$.into'), 'owed', created_at
  FROM turns WHERE state = 'queued' AND json_extract(hold, '$.kind') = 'steer';
INSERT INTO hand_overs (id, kind, session, turn, attempt, request, state, created_at, done_at)
  SELECT 'answer:' || id, 'answer', session, turn, attempt, id, iif(delivered = 0, 'owed', 'done'), closed_at,
    iif(delivered = 0, NULL, closed_at)
  FROM requests WHERE state = 'answered' ORDER BY closed_at;
CREATE INDEX hand_overs_owed ON hand_overs (number) WHERE state = 'owed';
CREATE INDEX hand_overs_done ON hand_overs (done_at) WHERE state = 'done';
CREATE INDEX hand_overs_turn ON hand_overs (turn);
CREATE INDEX hand_overs_request ON hand_overs (request) WHERE request IS NOT NULL;

DROP INDEX requests_undelivered;
ALTER TABLE requests DROP COLUMN delivered;
DROP INDEX turns_open;
UPDATE turns SET state = 'steering', hold = NULL WHERE state = 'queued' AND json_extract(hold, '$.kind') = 'steer';
ALTER TABLE turns DROP COLUMN journal;
CREATE INDEX turns_open ON turns (session, position)
  WHERE state IN ('queued', 'steering', 'dispatching', 'running', 'waiting');
`
