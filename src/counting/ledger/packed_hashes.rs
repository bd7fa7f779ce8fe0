//! The ids, visitors and marks of the first shape of the tables, which had up to 100,000 of them packed in a row, and how they become sets.

use crate::counting::ledger::held_shares::HeldShares;
use crate::counting::ledger::ledger_sets::held_key;
use crate::counting::ledger::schema;
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::sets::sorted_keys::keys_of;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::model::share::Share;
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at, unreadable};

/// The next row of ids: 8 bytes each, and their senders' shares, 2 bytes each; little endian.
pub const SEEN: &str =
    "SELECT number, half_day, ids, shares FROM seen WHERE (half_day, number) > (?, ?) ORDER BY half_day, number LIMIT 1";
/// The next row of a day's visitors: 8 bytes each, little endian.
pub const VISITORS: &str = "SELECT number, day, hashes FROM visitors WHERE day = ? AND number > ? ORDER BY number LIMIT 1";
/// The next row of a day's marks: 8 bytes each, little endian.
pub const MARKS: &str = "SELECT number, day, hashes FROM marks WHERE day = ? AND number > ? ORDER BY number LIMIT 1";

/// Takes over all of them, a row at a time.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn take_over(sql: &dyn Sql, instance: &Instance) -> Result<(), StorageError> {
    let (day, checkpointed) = (schema::number_in_meta(sql, "day")?, schema::number_in_meta(sql, "checkpointed")?);
    let mut sets = Sets::open(sql, instance)?;
    let mut shares = HeldShares::default();
    for (kind, statement, mut after) in [
        (SetKind::Ids, SEEN, [Value::Integer(-1), Value::Integer(-1)]),
        (SetKind::Visitors, VISITORS, [Value::count(day), Value::Integer(-1)]),
        (SetKind::Marks, MARKS, [Value::count(day), Value::Integer(-1)]),
    ] {
        while let [row] = sql.run(statement, &after)?.as_slice() {
            let (number, period) = (count_at(row, 0)?, count_at(row, 1)?);
            let elements = keys_of(blob_at(row, 2)?)?;
            for element in elements {
                let key = sets.key(u64::from_le_bytes(*element));
                sets.insert(kind, period, key);
            }
            if kind == SetKind::Ids {
                let (senders, []) = blob_at(row, 3)?.as_chunks() else { return Err(unreadable("the senders of ids")) };
                if senders.len() != elements.len() {
                    return Err(unreadable("the senders of ids"));
                }
                senders.iter().for_each(|share| shares.add(Share(u16::from_le_bytes(*share)), period, 1));
            }
            sets.flush(sql, checkpointed)?;
            after = [period, number].map(Value::count);
        }
    }
    for (window, held) in shares.unstored() {
        sql.write(schema::SET_META, &[Value::Text(held_key(window)), Value::Blob(held)])?;
    }
    Ok(())
}
