//! [`Sql`] over SQLite in memory, and a wrapper whose statements can fail before or after they take effect.

use footfall::counting::storage::MAX_EXACT;
use footfall::counting::storage::{Rows, Sql, StorageError, Value};
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, StatementStatus, ToSql, params_from_iter};
use std::cell::Cell;
use std::rc::Rc;

/// A database in memory. A clone is another handle to the same one, so a ledger that is dropped can be opened again.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite(Rc<Connection>, Rc<Cell<u64>>, Rc<Cell<u64>>);

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Owned(Stored::Null),
            // As on the platform, which takes integers as doubles.
            Value::Integer(integer) if integer.unsigned_abs() > MAX_EXACT.unsigned_abs() => {
                return Err(rusqlite::Error::IntegralValueOutOfRange(0, *integer));
            }
            Value::Integer(integer) => ToSqlOutput::Owned(Stored::Integer(*integer)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self::over(Connection::open_in_memory().unwrap())
    }

    /// The database of a connection.
    pub(crate) fn over(connection: Connection) -> Self {
        // A shard has fewer statements than this.
        connection.set_prepared_statement_cache_capacity(100);
        Self(Rc::new(connection), Rc::default(), Rc::default())
    }

    /// Runs any statement. Tests use this for what a ledger never does: to look into its tables, or to break a row.
    pub(crate) fn query(&self, statement: &str, values: &[Value]) -> rusqlite::Result<Rows> {
        self.2.set(self.2.get() + 1);
        let mut statement = self.0.prepare_cached(statement)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(integer) => Value::Integer(integer),
                    ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
                    ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
                    ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                })
            });
            read.push(cells.collect::<rusqlite::Result<_>>()?);
        }
        drop(rows);
        let steps = statement.reset_status(StatementStatus::VmStep);
        self.1.set(self.1.get() + u64::from(steps.unsigned_abs()));
        Ok(read)
    }

    /// The one number that a statement gives.
    pub(crate) fn number(&self, statement: &str) -> i64 {
        let rows = self.query(statement, &[]).unwrap();
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Integer(number)) => *number,
            other => panic!("{statement}: {other:?}"),
        }
    }

    /// The names of the database's tables.
    pub(crate) fn tables(&self) -> Vec<String> {
        let rows = self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", &[]).unwrap();
        rows.into_iter().map(|row| if let [Value::Text(name)] = &row[..] { name.clone() } else { panic!("{row:?}") }).collect()
    }

    /// Another database with the same content, so that many tests can start from one long preparation.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy.query("BEGIN", &[]).unwrap();
        for row in self.query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL", &[]).unwrap() {
            let [Value::Text(create)] = &row[..] else { panic!("{row:?}") };
            copy.query(create, &[]).unwrap();
        }
        for table in self.tables() {
            for row in self.query(&format!("SELECT * FROM {table}"), &[]).unwrap() {
                let marks = vec!["?"; row.len()].join(", ");
                copy.query(&format!("INSERT INTO {table} VALUES ({marks})"), &row).unwrap();
            }
        }
        copy.query("COMMIT", &[]).unwrap();
        copy
    }

    /// Steps of SQLite's virtual machine since the database was opened: a dozen for each row that it reads, or looks at and skips.
    pub(crate) fn steps(&self) -> u64 {
        self.1.get()
    }

    /// Statements that ran since the database was opened.
    pub(crate) fn statements(&self) -> u64 {
        self.2.get()
    }

    /// Rows that were inserted, changed or deleted since the database was opened.
    pub(crate) fn rows_written(&self) -> u64 {
        self.0.total_changes()
    }
}

impl Sql for Sqlite {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        self.query(statement, values).map_err(|error| StorageError(error.to_string()))
    }

    /// As on the platform: unread rows keep their statement open there, and the next commit fails.
    fn write(&self, statement: &'static str, values: &[Value]) -> Result<(), StorageError> {
        match self.run(statement, values)?.len() {
            0 => Ok(()),
            rows => Err(StorageError(format!("{rows} rows that nobody reads: {statement}"))),
        }
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        self.run("SAVEPOINT work", &[])?;
        let outcome = work();
        if outcome.is_err() {
            self.run("ROLLBACK TO work", &[])?;
        }
        self.run("RELEASE work", &[])?;
        outcome
    }
}

/// What a failing statement leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It failed and had no effect.
    Failed,
    /// It had its effect, and only its answer was lost.
    FailedButApplied,
}

pub(crate) const FAULTS: [Fault; 2] = [Fault::Failed, Fault::FailedButApplied];

/// A database with one statement that fails: the `n`th after the fault was set. The begin and the commit of a transaction count as
/// statements.
#[derive(Clone, Debug)]
pub(crate) struct Faulty<S> {
    inner: S,
    due: Rc<Cell<Option<(u32, Fault)>>>,
    ran: Rc<Cell<u32>>,
}

impl<S> Faulty<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, due: Rc::default(), ran: Rc::default() }
    }

    /// Makes the `n`th statement from now fail; 1 is the next.
    pub(crate) fn fail_nth(&self, n: u32, fault: Fault) {
        self.due.set(Some((n, fault)));
    }

    /// Removes the fault, and says whether it was still to come.
    pub(crate) fn clear(&self) -> bool {
        self.due.take().is_some()
    }

    /// The number of statements that ran so far.
    pub(crate) fn statements(&self) -> u32 {
        self.ran.get()
    }

    fn next(&self) -> Option<Fault> {
        self.ran.set(self.ran.get() + 1);
        let (n, fault) = self.due.get()?;
        self.due.set((n > 1).then(|| (n - 1, fault)));
        (n <= 1).then_some(fault)
    }
}

fn broken() -> StorageError {
    StorageError("a fault of the test".to_owned())
}

impl<S: Sql> Sql for Faulty<S> {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        match self.next() {
            None => self.inner.run(statement, values),
            Some(Fault::Failed) => Err(broken()),
            Some(Fault::FailedButApplied) => self.inner.run(statement, values).and(Err(broken())),
        }
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        if self.next().is_some() {
            return Err(broken());
        }
        let mut lost = false;
        self.inner.transaction(&mut || {
            work()?;
            match self.next() {
                None => Ok(()),
                Some(Fault::Failed) => Err(broken()),
                Some(Fault::FailedButApplied) => {
                    lost = true;
                    Ok(())
                }
            }
        })?;
        if lost { Err(broken()) } else { Ok(()) }
    }
}
