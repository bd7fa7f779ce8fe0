//! Checkpoints: writing into the tables what only the journal and the memory have.

use crate::counting::ledger::by_page::PageAdditions;
use crate::counting::ledger::distinct_visitors::CROWDED;
use crate::counting::ledger::isolates::KEEP_MS;
use crate::counting::ledger::quarters::Counts;
use crate::counting::ledger::schema;
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::visitor::Withheld;
use crate::counting::protocol::wire::encode;
use crate::counting::storage::{Sql, StorageError, Value, count_at};

/// The most rows of sets that are over that one transaction drops, some 4 MB.
const DROPPED_AT_ONCE: u64 = 64;

impl<S: Sql> Ledger<S> {
    /// Writes everything that waits into the tables, in one transaction.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StorageError> {
        if self.checkpointed == self.written && !self.distinct_visitors.has_news() && !self.sets.has_news() {
            return Ok(());
        }
        let mut sets = std::mem::take(&mut self.sets);
        let this = &*self;
        let outcome = this.sql.transaction(&mut || {
            let mut more = PageAdditions::default();
            for (page, state) in this.pages.waiting() {
                let views = Value::count(state.waiting.views());
                let rows = this.sql.run(schema::ADD_PAGE_VIEWS, &[Value::Text(page.to_owned()), views])?;
                let id = rows.first().map_or_else(|| count_at(&[], 0), |row| count_at(row, 0))?;
                state.waiting.iter().for_each(|(quarter, counts)| more.count(id, quarter, counts));
            }
            this.add_to_pages(&more)?;
            for (quarter, Counts { views, visitors, newcomers }) in this.site.iter() {
                this.sql.write(schema::ADD_SITE_QUARTER, &[quarter, views, visitors, newcomers].map(Value::count))?;
            }
            for (day, kind, value, views) in this.dimension_views.waiting() {
                let value = Value::Text(value.to_owned());
                this.sql.write(
                    schema::ADD_DETAIL,
                    &[Value::count(day.into()), Value::count(kind.into()), value, Value::count(views)],
                )?;
            }
            for tally in &this.excluded {
                let [day, reason, visits] = [tally.day.into(), tally.reason.into(), tally.visits].map(Value::count);
                this.sql.write(schema::ADD_EXCLUDED, &[day, reason, visits])?;
            }
            this.store_distinct_visitors()?;
            // The number of visitors of a day that is over is stored with this.
            let today = u64::from(this.distinct_visitors.day())..=u64::MAX;
            sets.keep(SetKind::Visitors, today.clone());
            sets.keep(SetKind::Marks, today);
            this.flush(&mut sets)?;
            for (isolate, last) in this.isolates.unstored() {
                let isolate = Value::Blob(isolate.to_be_bytes().to_vec());
                let receipt = Value::Blob(encode(&last.receipt));
                this.sql.write(schema::SET_RECENT, &[isolate, Value::count(last.sequence), Value::count(last.at), receipt])?;
            }
            // A retry comes within a minute, so a later start of the object need not read these.
            let over = this.isolates.newest().saturating_sub(KEEP_MS);
            this.sql.write(schema::FORGET_RECENT, &[Value::count(over)])?;
            this.sql.write(schema::SET_META, &[Value::Text("views".to_owned()), Value::count(this.views)])?;
            this.sql.write(schema::SET_META, &[Value::Text("pages".to_owned()), Value::count(this.pages.known)])?;
            let lately = this.recent_activity.to_numbers().into_iter().flat_map(u64::to_le_bytes).collect();
            this.sql.write(schema::SET_META, &[Value::Text("lately".to_owned()), Value::Blob(lately)])?;
            this.sql.write(schema::SET_META, &[Value::Text("checkpointed".to_owned()), Value::count(this.written)])?;
            Ok(())
        });
        self.sets = sets;
        outcome?;
        self.seen.shares.all_stored();
        self.pages.all_stored();
        self.site.clear();
        self.dimension_views.all_stored();
        self.excluded.clear();
        self.isolates.all_stored();
        self.distinct_visitors.all_stored();
        self.checkpointed = self.written;
        self.kept_reports.forget();
        Ok(())
    }

    fn store_distinct_visitors(&self) -> Result<(), StorageError> {
        let day = Value::count(self.distinct_visitors.day().into());
        for (over, visitors) in self.distinct_visitors.over() {
            self.sql.write(schema::ADD_DAY, &[Value::count(over.into()), Value::count(visitors)])?;
        }
        for (day, why, views) in self.distinct_visitors.all_withheld() {
            let why = Withheld::ALL.iter().position(|one| *one == why).and_then(|at| u64::try_from(at).ok()).unwrap_or(u64::MAX);
            self.sql.write(schema::ADD_WITHHELD, &[Value::count(day.into()), Value::count(why), Value::count(views)])?;
        }
        for (day, views) in self.distinct_visitors.crowded() {
            self.sql.write(schema::ADD_WITHHELD, &[Value::count(day.into()), Value::count(CROWDED), Value::count(views)])?;
        }
        self.sql.write(schema::SET_META, &[Value::Text("day".to_owned()), day])
    }

    /// Writes the keys of sets that wait, without a checkpoint, if they are many; and goes on with the merges of sets.
    pub(crate) fn tend_sets(&mut self) -> Result<(), StorageError> {
        if self.sets.is_due() {
            let mut sets = std::mem::take(&mut self.sets);
            let this = &*self;
            let outcome = this.sql.transaction(&mut || this.flush(&mut sets));
            self.sets = sets;
            outcome?;
            self.seen.shares.all_stored();
        }
        self.sets.work(&self.sql)
    }

    /// Writes the keys of sets that wait, and who sent the ids.
    fn flush(&self, sets: &mut Sets) -> Result<(), StorageError> {
        for (window, held) in self.seen.shares.unstored() {
            self.sql.write(schema::SET_META, &[held_key(window), Value::Blob(held)])?;
        }
        sets.drop_rows(&self.sql, DROPPED_AT_ONCE)?;
        sets.flush(&self.sql, self.written)
    }
}

/// The key in `meta` of who sent the ids of a window.
pub(super) fn held_key(window: u64) -> Value {
    Value::Text(format!("held {window}"))
}
