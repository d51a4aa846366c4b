import type { DatabaseSync } from "node:sqlite"

/**
 * Makes a table anew with another definition and all its rows; columns that only one of both has are left out. Its
 * indexes and its count of ids are kept. Foreign keys must be off.
 * @param definition what follows the table's name in `CREATE TABLE`.
 */
export function rebuildTable(db: DatabaseSync, table: string, definition: string): void {
  const indexes = db
    .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL")
    .all(table)
  const columnsOf = (name: string) =>
    db
      .prepare("SELECT name FROM pragma_table_info(?)")
      .all(name)
      .map((column) => String(column.name))
  db.exec(`CREATE TABLE ${table}_new ${definition}`)
  const had = columnsOf(table)
  const columns = columnsOf(`${table}_new`).filter((column) => had.includes(column))
  const list = columns.join(", ")
  db.exec(`INSERT INTO ${table}_new (${list}) SELECT ${list} FROM ${table}`)
  const counted = /AUTOINCREMENT/.test(definition)
    ? db.prepare("SELECT seq FROM sqlite_sequence WHERE name = ?").get(table)
    : undefined
  db.exec(`DROP TABLE ${table}; ALTER TABLE ${table}_new RENAME TO ${table}`)
  // Rows that were the last and are gone must not give their ids away.
  if (counted) {
    db.prepare("DELETE FROM sqlite_sequence WHERE name = ?").run(table)
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").run(table, counted.seq as number)
  }
  for (const { sql } of indexes) db.exec(String(sql))
}
