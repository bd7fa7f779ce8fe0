//! What a ledger needs of SQLite. `edge::sql` gives it on the platform, rusqlite in the tests.

/// A value in a statement or a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// INTEGER. The platform hands integers over as f64, so they are exact to 2^53 - 1.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// The largest integer that crosses the platform unchanged.
pub const MAX_EXACT: i64 = (1 << 53) - 1;

impl Value {
    /// A count as a value. One over [`MAX_EXACT`] is an error of the statement that it is bound to: a million visits a second
    /// reach it after 285 years.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// Storage failed, or gave back what a ledger never stored. Whether anything was written is not known.
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

    /// Runs one statement that gives no rows. That is said because asking for none costs the platform as much as for some.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn write(&self, statement: &'static str, values: &[Value]) -> Result<(), StorageError> {
        self.run(statement, values).map(|_| ())
    }

    /// Runs `work`; if it fails, none of its statements has an effect.
    ///
    /// # Errors
    /// That of `work`, or one of the transaction itself.
    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError>;
}

/// The count in a row's column.
///
/// # Errors
/// The column holds none.
pub fn count_at(row: &[Value], column: usize) -> Result<u64, StorageError> {
    match row.get(column) {
        Some(Value::Integer(integer)) => {
            u64::try_from(*integer).map_err(|_| StorageError(format!("a stored count is {integer}")))
        }
        _ => Err(StorageError("a count was stored, something else came back".to_owned())),
    }
}

/// The text in a row's column.
///
/// # Errors
/// The column holds none.
pub fn text_at(row: &[Value], column: usize) -> Result<&str, StorageError> {
    match row.get(column) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(StorageError("a text was stored, something else came back".to_owned())),
    }
}

/// The bytes in a row's column.
///
/// # Errors
/// The column holds none.
pub fn blob_at(row: &[Value], column: usize) -> Result<&[u8], StorageError> {
    match row.get(column) {
        Some(Value::Blob(bytes)) => Ok(bytes),
        _ => Err(StorageError("bytes were stored, something else came back".to_owned())),
    }
}
