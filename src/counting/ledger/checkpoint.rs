//! Checkpoints: writing into the tables what only the journal and the memory have.

use crate::counting::ledger::by_page::PageAdditions;
use crate::counting::ledger::distinct_visitors::CROWDED;
use crate::counting::ledger::quarters::Counts;
use crate::counting::ledger::schema;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::visitor::Withheld;
use crate::counting::storage::{Sql, StorageError, Value, count_at};

impl<S: Sql> Ledger<S> {
    /// Writes everything that waits into the tables, in one transaction.
    pub(crate) fn checkpoint(&mut self) -> Result<(), StorageError> {
        if self.checkpointed == self.written && !self.distinct_visitors.has_news() && !self.sets.has_news() {
            return Ok(());
        }
        let mut sets = std::mem::take(&mut self.sets);
        let this = &*self;
        let mut last_batch_rows = 0;
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
            last_batch_rows = this.store_last_batches()?;
            let [views, pages] = this.in_meta;
            this.set_if_new("views", this.views, views)?;
            this.set_if_new("pages", this.pages.known, pages)?;
            this.set_if_new("checkpointed", this.written, this.checkpointed)?;
            let lately = this.recent_activity.to_numbers().into_iter().flat_map(u64::to_le_bytes).collect();
            this.sql.write(schema::SET_META, &[Value::Text("lately".to_owned()), Value::Blob(lately)])
        });
        self.sets = sets;
        outcome?;
        self.seen.shares.all_stored();
        self.pages.all_stored();
        self.site.clear();
        self.dimension_views.all_stored();
        self.excluded.clear();
        self.last_batch_rows = last_batch_rows;
        self.distinct_visitors.all_stored();
        self.checkpointed = self.written;
        self.in_meta = [self.views, self.pages.known];
        self.kept_reports.forget();
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
