/**
 * A receipt says what it is for, so that a client id used for something else is refused. `client` is a hash of the
 * client id, and `hash` is keyed with the id itself, which stands nowhere: what was asked, an answer that is secret
 * among it, cannot be guessed from this table. None was written before.
 */
export const receipts = `
DROP TABLE receipts;
CREATE TABLE receipts (
  client      TEXT PRIMARY KEY,
  hash        TEXT NOT NULL,
  reply       TEXT NOT NULL,
  at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_age ON receipts (at);
`
