// A statement of SQL in one crossing. See sql.rs. The platform caches compiled statements by their text.

/** Runs a statement that gives no rows. */
export function write(storage, statement, values) {
  storage.sql.exec(statement, ...values);
}

/** Runs a statement and returns its rows, as arrays. */
export function run(storage, statement, values) {
  return storage.sql.exec(statement, ...values).raw().toArray();
}
