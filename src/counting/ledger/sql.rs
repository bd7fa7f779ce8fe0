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
const MAX_EXACT: i64 = (1 << 53) - 1;

impl Value {
    /// A count as a value.
    ///
    /// # Errors
    /// A count over 2^53 - 1: a million visits a second reach it after 285 years.
    pub fn count(count: u64) -> Result<Self, StorageError> {
        match i64::try_from(count) {
            Ok(integer @ 0..=MAX_EXACT) => Ok(Self::Integer(integer)),
            _ => Err(StorageError(format!("{count} is too large to be stored"))),
        }
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
    /// [`StorageError`]; the statement had no effect, or the database is broken.
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError>;

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
        other => Err(StorageError(format!("a count was stored, {other:?} came back"))),
    }
}

/// The bytes in a row's column.
///
/// # Errors
/// The column holds none.
pub fn blob_at(row: &[Value], column: usize) -> Result<&[u8], StorageError> {
    match row.get(column) {
        Some(Value::Blob(bytes)) => Ok(bytes),
        other => Err(StorageError(format!("bytes were stored, {other:?} came back"))),
    }
}
