// A statement of SQL in one crossing. See sql.rs.

/** Runs a statement and returns its rows, as arrays. The platform keeps what it compiled, by the statement's text. */
export function run(storage, statement, values) {
  return storage.sql.exec(statement, ...values).raw().toArray();
}
