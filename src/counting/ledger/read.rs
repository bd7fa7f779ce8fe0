//! Reading what the shard knows: views, visitors, ids, recent activity.

use crate::counting::ledger::register::minute_of_item;
use crate::counting::ledger::schema;
use crate::counting::ledger::state::{Ledger, LedgerError, unreadable};
use crate::counting::live::pulse::Pulse;
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::minute::day_of_minute;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Withheld;
use crate::counting::protocol::answer::{Fault, Visitors};
use crate::counting::protocol::batch::Batch;
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};

impl<S: Sql> Ledger<S> {
    /// The views of a page; 0 for one that was never visited.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page_views(&self, page: &str) -> Result<u64, StorageError> {
        Ok(self.page(page)?.unwrap_or(0))
    }

    /// The views of a page, if it is there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn page(&self, page: &str) -> Result<Option<u64>, StorageError> {
        match self.pages.get(page) {
            Some(state) => Ok(Some(state.views)),
            None => self.stored_views(page),
        }
    }

    /// The recent activity, as of `now` in milliseconds since 1970.
    pub fn pulse(&self, now: u64) -> Pulse {
        self.recent_activity.pulse(self.written, now)
    }

    /// The views of all pages together.
    pub fn views(&self) -> u64 {
        self.views
    }

    /// Whether an id is known. If not, the asker counts it in another shard, under `day`. So from now on this shard must not
    /// count it under an earlier day.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn seen(&mut self, id: Fingerprint, day: Day, now: u64) -> Result<bool, LedgerError> {
        if day > day_of(now).saturating_add(1) {
            return Err(LedgerError::Fault(Fault::Malformed));
        }
        if day > self.distinct_visitors.day() {
            self.begin(day);
            self.checkpoint()?;
        }
        Ok(self.seen.knows(&mut self.sets, &self.sql, id, now)?)
    }

    /// The visitors of a day, and its views that have none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn visitors(&self, day: Day) -> Result<Visitors, StorageError> {
        let stored = self.sql.run(schema::DAY, &[Value::count(day.into())])?.first().map_or(Ok(0), |row| count_at(row, 0))?;
        let visitors = stored.saturating_add(self.distinct_visitors.visitors(&self.sets, day));
        let mut withheld = Withheld::ALL.map(|why| self.distinct_visitors.withheld(day, why));
        for row in self.sql.run(schema::WITHHELD, &[Value::count(day.into())])? {
            let why = usize::try_from(count_at(&row, 0)?).unwrap_or(usize::MAX);
            let views = withheld.get_mut(why).ok_or_else(|| unreadable("the reason why a view has no visitor"))?;
            *views = views.saturating_add(count_at(&row, 1)?);
        }
        Ok(Visitors { visitors, withheld })
    }

    /// Takes the values of dimensions into memory, of each day that a batch counts under. `at` is the time of its row.
    pub(super) fn load_dimension_views(&mut self, batch: &Batch<'_>, at: u64) -> Result<(), StorageError> {
        for item in batch.visits.iter().filter(|item| item.details > 0) {
            self.load_values_of(day_of_minute(minute_of_item(item, at)))?;
        }
        Ok(())
    }

    /// Takes the stored values of dimensions of a day into memory.
    pub(super) fn load_values_of(&mut self, day: Day) -> Result<(), StorageError> {
        if self.dimension_views.knows(day) {
            return Ok(());
        }
        let mut stored = Vec::new();
        for row in self.sql.run(schema::DETAILS_OF_DAY, &[Value::count(day.into())])? {
            let kind = u8::try_from(count_at(&row, 0)?).map_err(|_| unreadable("a kind of details"))?;
            stored.push((kind, text_at(&row, 1)?.to_owned()));
        }
        self.dimension_views.load(day, stored.into_iter());
        Ok(())
    }

    /// Takes the stored views of a page into memory, and returns them; `None` if there is no such page.
    pub(super) fn load(&mut self, page: &str) -> Result<Option<u64>, StorageError> {
        if let Some(state) = self.pages.get(page) {
            return Ok(Some(state.views));
        }
        let stored = self.stored_views(page)?;
        if let Some(views) = stored {
            self.pages.load(page, views);
        }
        Ok(stored)
    }

    pub(super) fn stored_views(&self, page: &str) -> Result<Option<u64>, StorageError> {
        let rows = self.sql.run(schema::PAGE_VIEWS, &[Value::Text(page.to_owned())])?;
        rows.first().map(|row| count_at(row, 0)).transpose()
    }
}
