/** A place for every machine, with how far its host was heard; what is here already is on this one. */
export const machines = `
CREATE TABLE machines (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
  line        TEXT NOT NULL,
  journal     TEXT,
  acked       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO machines (id, name, line, journal, acked)
  SELECT 'here', 'here', '{"kind":"local"}', (SELECT journal FROM host_cursor),
    coalesce((SELECT acked FROM host_cursor), 0);
DROP TABLE host_cursor;

ALTER TABLE sessions ADD COLUMN machine TEXT NOT NULL DEFAULT 'here' REFERENCES machines (id);

DROP INDEX provider_bindings_native;
ALTER TABLE provider_bindings ADD COLUMN machine TEXT NOT NULL DEFAULT 'here' REFERENCES machines (id);
CREATE UNIQUE INDEX provider_bindings_native ON provider_bindings (machine, provider, native_id);

DROP INDEX hand_overs_owed;
ALTER TABLE hand_overs ADD COLUMN machine TEXT NOT NULL DEFAULT 'here' REFERENCES machines (id);
CREATE INDEX hand_overs_owed ON hand_overs (machine, number) WHERE state = 'owed';
`
