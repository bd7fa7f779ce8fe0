//! Folding: adding the counts that wait to their tables.
//!
//! Pages, quarters and values of dimensions have a row each, or many share one. So a fold writes hundreds of rows, or thousands. It is
//! due only when somebody reads the tables, at alarms, and when the counts would be too many for the row that a checkpoint keeps them in
//! ([`crate::counting::ledger::waiting_counts`]).

use crate::counting::ledger::by_page::PageAdditions;
use crate::counting::ledger::quarters::Counts;
use crate::counting::ledger::schema;
use crate::counting::ledger::state::Ledger;
use crate::counting::storage::{Sql, StorageError, Value, count_at};

impl<S: Sql> Ledger<S> {
    /// Adds the counts that wait to their tables.
    pub(super) fn add_counts(&self) -> Result<(), StorageError> {
        let mut more = PageAdditions::default();
        for (page, state) in self.pages.waiting() {
            let views = Value::count(state.waiting.views());
            let rows = self.sql.run(schema::ADD_PAGE_VIEWS, &[Value::Text(page.to_owned()), views])?;
            let id = rows.first().map_or_else(|| count_at(&[], 0), |row| count_at(row, 0))?;
            state.waiting.iter().for_each(|(quarter, counts)| more.count(id, quarter, counts));
        }
        self.add_to_pages(&more)?;
        for (quarter, Counts { views, visitors, newcomers }) in self.site.iter() {
            self.sql.write(schema::ADD_SITE_QUARTER, &[quarter, views, visitors, newcomers].map(Value::count))?;
        }
        for (day, kind, value, views) in self.dimension_views.waiting() {
            let value = Value::Text(value.to_owned());
            self.sql
                .write(schema::ADD_DETAIL, &[Value::count(day.into()), Value::count(kind.into()), value, Value::count(views)])?;
        }
        for tally in &self.excluded {
            let [day, reason, visits] = [tally.day.into(), tally.reason.into(), tally.visits].map(Value::count);
            self.sql.write(schema::ADD_EXCLUDED, &[day, reason, visits])?;
        }
        Ok(())
    }

    /// Notes that the tables have them.
    pub(super) fn counts_added(&mut self) {
        self.pages.all_stored();
        self.site.clear();
        self.dimension_views.all_stored();
        self.excluded.clear();
        self.kept_reports.forget();
    }
}
