//! The table of last batches: a checkpoint writes those that can still be retried, many in a row, in place of those of the one before.

use crate::counting::ledger::isolates::KEEP_MS;
use crate::counting::ledger::last_batch::LastBatch;
use crate::counting::ledger::state::{Ledger, unreadable};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at};

/// The bytes of a row, to within a batch: half of the 2 MB that a row may have. 25,000 batches of lone visits fit.
const ROW_BYTES: usize = 1024 * 1024;

/// Creates the table.
pub const CREATE: &str = "CREATE TABLE last_batches (number INTEGER PRIMARY KEY, body BLOB NOT NULL)";
/// Writes a row in place of the one that had its number.
pub const SET: &str = "INSERT OR REPLACE INTO last_batches (number, body) VALUES (?, ?)";
/// A row.
pub const GET: &str = "SELECT body FROM last_batches WHERE number = ?";
/// Drops the rows from a number on.
pub const DROP_FROM: &str = "DELETE FROM last_batches WHERE number >= ?";

/// The last batches of the first shape of the tables, which had a row each.
pub const RECENT: &str = "SELECT isolate, sequence, at, receipt FROM recent";
/// Drops that table.
pub const DROP_RECENT: &str = "DROP TABLE recent";

impl<S: Sql> Ledger<S> {
    /// Writes the last batches that can still be retried, and returns in how many rows. A later start of the object need not read others.
    pub(super) fn store_last_batches(&self) -> Result<u64, StorageError> {
        let over = self.latest.saturating_sub(KEEP_MS);
        let rows = write_rows(&self.sql, self.isolates.iter().filter(|batch| batch.at >= over))?;
        if rows < self.last_batch_rows {
            self.sql.write(DROP_FROM, &[Value::count(rows)])?;
        }
        Ok(rows)
    }

    /// Drops the stored batches if none of them can be retried any more.
    pub(super) fn forget_last_batches(&mut self, now: u64) -> Result<(), StorageError> {
        self.isolates.forget(now);
        if self.last_batch_rows > 0 && self.isolates.newest().saturating_add(KEEP_MS) < now {
            self.sql.write(DROP_FROM, &[Value::count(0)])?;
            self.last_batch_rows = 0;
        }
        Ok(())
    }

    /// Reads the stored batches that can still be retried.
    pub(super) fn load_last_batches(&mut self, now: u64) -> Result<(), StorageError> {
        while let [row] = self.sql.run(GET, &[Value::count(self.last_batch_rows)])?.as_slice() {
            let mut body = blob_at(row, 0)?;
            while !body.is_empty() {
                let batch = LastBatch::read(&mut body).ok_or_else(|| unreadable("a last batch"))?;
                if batch.at >= now.saturating_sub(KEEP_MS) {
                    self.isolates.insert(batch);
                }
            }
            self.last_batch_rows = self.last_batch_rows.saturating_add(1);
        }
        Ok(())
    }
}

/// Takes over the last batches of the first shape of the tables: a batch may be sent again while the new version of the program starts.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn take_over(sql: &dyn Sql) -> Result<(), StorageError> {
    let rows = sql.run(RECENT, &[])?;
    let mut batches = Vec::with_capacity(rows.len());
    for row in &rows {
        let isolate = blob_at(row, 0)?.try_into().map(u128::from_be_bytes).map_err(|_| unreadable("an isolate"))?;
        batches.push(LastBatch { isolate, sequence: count_at(row, 1)?, at: count_at(row, 2)?, receipt: blob_at(row, 3)? });
    }
    write_rows(sql, batches.into_iter()).map(|_| ())
}

/// Writes batches into the first rows, and returns into how many.
fn write_rows<'a>(sql: &dyn Sql, batches: impl Iterator<Item = LastBatch<'a>>) -> Result<u64, StorageError> {
    let (mut rows, mut body) = (0_u64, Vec::new());
    let mut write = |body| {
        let number = Value::count(rows);
        rows = rows.saturating_add(1);
        sql.write(SET, &[number, Value::Blob(body)])
    };
    for batch in batches {
        batch.write(&mut body);
        if body.len() >= ROW_BYTES {
            write(std::mem::take(&mut body))?;
        }
    }
    if !body.is_empty() {
        write(body)?;
    }
    Ok(rows)
}
