//! SQLite, as far as the ledger needs it. `src/edge/runtime/sql.rs` implements it on the platform, and the tests do with rusqlite.

/// A value in a statement or a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// INTEGER. The platform passes integers as f64, so they are exact up to 2^53 - 1.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// The largest integer that crosses the platform unchanged.
pub const MAX_EXACT: i64 = (1 << 53) - 1;

impl Value {
    /// A count as a value. A statement with a count over [`MAX_EXACT`] fails. A million visits a second reach it after 285
    /// years.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// The storage failed, or returned what a ledger never stored. It is not known whether anything was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError(pub String);

/// The rows that a statement gave.
pub type Rows = Vec<Vec<Value>>;

/// A SQLite database whose statements run at once.
///
/// Writes with no await between them become durable together, before any answer leaves the object.
pub trait Sql {
    /// Runs one statement and gives its rows.
    ///
    /// # Errors
    /// [`StorageError`]; the statement had no effect, or the database is broken. An integer beyond [`MAX_EXACT`] is one.
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError>;

    /// Runs one statement that gives no rows. It is cheaper than [`Self::run`], because the platform need not look for rows.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn write(&self, statement: &'static str, values: &[Value]) -> Result<(), StorageError> {
        self.run(statement, values).map(|_| ())
    }

    /// Runs `work` in a transaction. If it fails, none of its statements has an effect.
    ///
    /// # Errors
    /// The error of `work`, or of the transaction itself.
    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError>;
}

/// The count in a row's column.
///
/// # Errors
/// The column holds something else.
pub(crate) fn count_at(row: &[Value], column: usize) -> Result<u64, StorageError> {
    match row.get(column) {
        Some(Value::Integer(integer)) => {
            u64::try_from(*integer).map_err(|_| StorageError(format!("a stored count is below 0: {integer}")))
        }
        _ => Err(StorageError("a count was stored, and something else came back".to_owned())),
    }
}

/// The text in a row's column.
///
/// # Errors
/// The column holds something else.
pub(crate) fn text_at(row: &[Value], column: usize) -> Result<&str, StorageError> {
    match row.get(column) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(StorageError("a text was stored, and something else came back".to_owned())),
    }
}

/// The bytes in a row's column.
///
/// # Errors
/// The column holds something else.
pub(crate) fn blob_at(row: &[Value], column: usize) -> Result<&[u8], StorageError> {
    match row.get(column) {
        Some(Value::Blob(bytes)) => Ok(bytes),
        _ => Err(StorageError("bytes were stored, and something else came back".to_owned())),
    }
}

/// The error for stored bytes or numbers that are not what was stored.
pub(crate) fn unreadable(what: &str) -> StorageError {
    StorageError(format!("{what} cannot be read"))
}
