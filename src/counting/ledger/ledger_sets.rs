//! The sets of a ledger: ids by window, visitors and marks of the day. When their keys are written, and what is stored beside them.

use crate::counting::ledger::schema;
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::{Ledger, unreadable};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, text_at};

/// The most rows of sets that are over that one transaction drops: some 4 MB.
const DROPPED_AT_ONCE: u64 = 64;

/// How many such transactions one alarm makes. The visitors and marks of a day are at most 15,000 rows, for which it takes 30 alarms.
const DROPS: usize = 8;

impl<S: Sql> Ledger<S> {
    /// Writes the keys that wait without a checkpoint, if they are many, and goes on with merges.
    pub(super) fn tend_sets(&mut self) -> Result<(), StorageError> {
        if self.sets.is_due() {
            self.flush_alone()?;
        }
        self.sets.work(&self.sql)
    }

    /// Writes the keys that wait, in a transaction of its own.
    fn flush_alone(&mut self) -> Result<(), StorageError> {
        let mut sets = std::mem::take(&mut self.sets);
        let outcome = self.sql.transaction(&mut || self.flush(&mut sets));
        self.sets = sets;
        self.seen.shares.all_stored();
        outcome
    }

    /// Writes the keys that wait, and who sent the ids; and drops some rows that are over.
    pub(super) fn flush(&self, sets: &mut Sets) -> Result<(), StorageError> {
        for (window, held) in self.seen.shares.unstored() {
            self.sql.write(schema::SET_META, &[Value::Text(held_key(window)), Value::Blob(held)])?;
        }
        sets.drop_rows(&self.sql, DROPPED_AT_ONCE)?;
        sets.flush(&self.sql, self.written)
    }

    /// Reads who sent the ids, from a window on.
    pub(super) fn load_shares(&mut self, first: u64) -> Result<(), StorageError> {
        for row in self.sql.run(HELD, &[Value::Text(held_key(first)), Value::Text(HELD_END.to_owned())])? {
            let window = text_at(&row, 0)?.strip_prefix(HELD_PREFIX).and_then(|number| number.parse().ok());
            self.seen.shares.load(window.ok_or_else(|| unreadable("the senders of ids"))?, blob_at(&row, 1)?)?;
        }
        Ok(())
    }

    /// Forgets the ids of the windows before one. The next flush drops them.
    pub(super) fn forget_ids(&mut self, before: u64) -> Result<(), StorageError> {
        self.sets.keep(SetKind::Ids, before..=u64::MAX);
        self.seen.shares.forget_before(before);
        self.sql.write(schema::FORGET_META, &[Value::Text(HELD_PREFIX.to_owned()), Value::Text(held_key(before))])
    }

    /// Drops from the tables who sent the ids of later windows.
    pub(super) fn drop_shares_after(&self, window: u64) -> Result<(), StorageError> {
        let after = held_key(window.saturating_add(1));
        self.sql.write(schema::FORGET_META, &[Value::Text(after), Value::Text(HELD_END.to_owned())])
    }

    /// Drops rows of sets that are over, as many as one alarm may.
    pub(super) fn drop_rows(&mut self) -> Result<(), StorageError> {
        for _ in 0..DROPS {
            if !self.sets.has_rows_to_drop() {
                break;
            }
            self.flush_alone()?;
        }
        Ok(())
    }

    /// Whether the sets have rows that are over.
    pub(crate) fn has_rows_to_drop(&self) -> bool {
        self.sets.has_rows_to_drop()
    }
}

/// Who sent the ids of windows, in a range of keys.
pub const HELD: &str = "SELECT key, value FROM meta WHERE key >= ? AND key < ?";

/// The key in `meta` of who sent the ids of a window. Up to the year 3000, keys have the order of their windows.
pub(super) fn held_key(window: u64) -> String {
    format!("{HELD_PREFIX}{window:07}")
}

const HELD_PREFIX: &str = "held ";

/// The end of the range of these keys.
const HELD_END: &str = "held!";
