//! Checkpoints: saving what only the journal and the memory have.
//!
//! Ids, hashes and last batches go into their tables, many in a row. Counts go there only in a fold
//! ([`crate::counting::ledger::fold`]).

use crate::counting::ledger::distinct_visitors::CROWDED;
use crate::counting::ledger::schema;
use crate::counting::ledger::sets::sorted_keys::bytes_of;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::{JOURNAL_ROWS, JOURNAL_VISITS, Ledger};
use crate::counting::ledger::waiting_counts::{COUNTS, MAX_COUNTS_BYTES};
use crate::counting::model::visitor::Withheld;
use crate::counting::storage::{Sql, StorageError, Value};

impl<S: Sql> Ledger<S> {
    /// Whether the journal is full: the ring has no free row, or a start would take long.
    pub(super) fn is_checkpoint_due(&self) -> bool {
        self.written.saturating_sub(self.checkpointed) >= JOURNAL_ROWS || self.visits_waiting >= JOURNAL_VISITS
    }

    /// Saves what only the journal and the memory have, so that a start need not replay the journal. The counts that wait stay in memory, and
    /// are kept together in one row.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StorageError> {
        if self.is_saved() {
            return Ok(());
        }
        let counts = self.waiting_counts();
        self.save((counts.len() <= MAX_COUNTS_BYTES).then_some(counts))
    }

    /// Writes everything that waits into the tables: a checkpoint, and the counts, too.
    pub(crate) fn fold(&mut self) -> Result<(), StorageError> {
        if self.is_saved() && !self.keeps_counts { Ok(()) } else { self.save(None) }
    }

    /// Whether the last checkpoint has everything.
    fn is_saved(&self) -> bool {
        self.checkpointed == self.written && !self.distinct_visitors.has_news() && !self.sets.has_news()
    }

    /// Writes a checkpoint, in one transaction. It keeps these counts, or else adds those that wait to their tables.
    fn save(&mut self, mut counts: Option<Vec<u8>>) -> Result<(), StorageError> {
        let mut sets = std::mem::take(&mut self.sets);
        let this = &*self;
        let keeps = counts.is_some();
        let mut last_batch_rows = 0;
        let outcome = this.sql.transaction(&mut || {
            if !keeps {
                this.add_counts()?;
            }
            if keeps || this.keeps_counts {
                let counts = Value::Blob(counts.take().unwrap_or_default());
                this.sql.write(schema::SET_META, &[Value::Text(COUNTS.to_owned()), counts])?;
            }
            this.store_distinct_visitors()?;
            // The number of visitors of a day that is over is stored with this.
            let today = u64::from(this.distinct_visitors.day())..=u64::MAX;
            sets.keep(SetKind::Visitors, today.clone());
            sets.keep(SetKind::Marks, today);
            this.flush(&mut sets)?;
            last_batch_rows = this.store_last_batches()?;
            let [views, pages] = this.in_meta;
            this.set_if_new("views", this.views, views)?;
            this.set_if_new("pages", this.pages.known, pages)?;
            this.set_if_new("checkpointed", this.written, this.checkpointed)?;
            let lately = bytes_of(&this.recent_activity.to_numbers());
            this.sql.write(schema::SET_META, &[Value::Text("lately".to_owned()), Value::Blob(lately)])
        });
        self.sets = sets;
        outcome?;
        self.seen.shares.all_stored();
        if !keeps {
            self.counts_added();
        }
        self.keeps_counts = keeps;
        self.last_batch_rows = last_batch_rows;
        self.distinct_visitors.all_stored();
        self.visits_waiting = 0;
        self.checkpointed = self.written;
        self.in_meta = [self.views, self.pages.known];
        Ok(())
    }

    fn store_distinct_visitors(&self) -> Result<(), StorageError> {
        let day = Value::count(self.distinct_visitors.day().into());
        for (over, visitors) in self.distinct_visitors.over() {
            self.sql.write(schema::ADD_DAY, &[Value::count(over.into()), Value::count(visitors)])?;
        }
        if self.distinct_visitors.is_new_day() {
            self.sql.write(schema::SET_META, &[Value::Text("day".to_owned()), day])?;
        }
        for (day, why, views) in self.distinct_visitors.all_withheld() {
            let why = Withheld::ALL.iter().position(|one| *one == why).and_then(|at| u64::try_from(at).ok()).unwrap_or(u64::MAX);
            self.sql.write(schema::ADD_WITHHELD, &[Value::count(day.into()), Value::count(why), Value::count(views)])?;
        }
        for (day, views) in self.distinct_visitors.crowded() {
            self.sql.write(schema::ADD_WITHHELD, &[Value::count(day.into()), Value::count(CROWDED), Value::count(views)])?;
        }
        Ok(())
    }

    /// Sets a number of `meta`, if it is not what is stored.
    fn set_if_new(&self, key: &str, number: u64, stored: u64) -> Result<(), StorageError> {
        if number == stored {
            return Ok(());
        }
        self.sql.write(schema::SET_META, &[Value::Text(key.to_owned()), Value::count(number)])
    }
}
