/** What a list of sessions shows of each, kept as it changes: looking it up in a long past would take too long. */
export const glance = `
ALTER TABLE sessions ADD COLUMN pinned_at INTEGER;
ALTER TABLE sessions ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN notable_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN last_line TEXT NOT NULL DEFAULT '';
`
