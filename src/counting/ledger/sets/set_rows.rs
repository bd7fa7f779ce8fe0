//! The rows of runs: one for each slice, with its keys in their order, and one for the filter of each group of slices.

use crate::counting::ledger::sets::sorted_keys::keys_of;
use crate::counting::storage::{Sql, StorageError, Value, blob_at};

/// Creates the table.
pub const CREATE: &str = "CREATE TABLE set_rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)";
/// Reads a row.
pub const SET_ROW: &str = "SELECT body FROM set_rows WHERE id = ?";
/// Reads the rows in a range, in their order.
pub const SET_ROWS: &str = "SELECT body FROM set_rows WHERE id >= ? AND id < ? ORDER BY id";
/// Writes a row.
pub const PUT_SET_ROW: &str = "INSERT OR REPLACE INTO set_rows (id, body) VALUES (?, ?)";
/// The first rows in a range.
pub const SET_ROW_IDS: &str = "SELECT id FROM set_rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
/// Drops the rows in a range.
pub const DROP_SET_ROWS: &str = "DELETE FROM set_rows WHERE id >= ? AND id < ?";

/// Of the number of a row, the lower bits tell its slice or group. Integers cross the platform exactly up to 2^53, which leaves 2^33 runs.
const ROW_BITS: u32 = 20;

/// The bit that tells rows of filters from rows of keys.
const FILTER: u64 = 1 << 19;

/// The most bits of slices that a run may have.
pub(crate) const MAX_BITS: u32 = 19;

/// The number of the row of a slice. That of the slice behind the last one is the end of a run's keys.
pub(crate) fn slice_row(run: u64, slice: u64) -> u64 {
    run.wrapping_shl(ROW_BITS).saturating_add(slice)
}

/// The number of the row of a group's filter.
pub(crate) fn filter_row(run: u64, group: u64) -> u64 {
    slice_row(run, group) | FILTER
}

/// Reads a row that must be there: without it, what was counted once would count again.
pub(crate) fn read(sql: &dyn Sql, id: u64) -> Result<Vec<u8>, StorageError> {
    match sql.run(SET_ROW, &[Value::count(id)])?.first_mut().and_then(|row| row.first_mut()) {
        Some(Value::Blob(body)) => Ok(std::mem::take(body)),
        _ => Err(missing()),
    }
}

/// Reads consecutive rows of keys, which must all be there.
pub(crate) fn read_keys(
    sql: &dyn Sql,
    run: u64,
    first: u64,
    last: u64,
    keys: &mut Vec<u64>,
    of: [u64; 2],
) -> Result<(), StorageError> {
    let end = last.saturating_add(1);
    let rows = sql.run(SET_ROWS, &[slice_row(run, first), slice_row(run, end)].map(Value::count))?;
    if u64::try_from(rows.len()) != Ok(end.saturating_sub(first)) {
        return Err(missing());
    }
    for row in &rows {
        let all = keys_of(blob_at(row, 0)?)?;
        keys.extend(all.iter().map(|key| u64::from_le_bytes(*key)).filter(|key| (of[0]..=of[1]).contains(key)));
    }
    Ok(())
}

/// Writes a row.
pub(crate) fn write(sql: &dyn Sql, id: u64, body: Vec<u8>) -> Result<(), StorageError> {
    sql.write(PUT_SET_ROW, &[Value::count(id), Value::Blob(body)])
}

pub(crate) fn missing() -> StorageError {
    StorageError("a row of a set is missing".to_owned())
}
