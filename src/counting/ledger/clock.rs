//! Going back after the object's clock was ahead.
//!
//! A ledger trusts its object's clock, and counts no visit of a day before the last one that began. So a clock that was two days ahead for
//! one visit would stop counting for two days. Instead, once the clock is right again, the ledger goes back. Counts stay at the time that
//! they were counted at. Of the visitors of the later day only the number stays.

use crate::counting::ledger::schema;
use crate::counting::ledger::seen::window_of;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::date::{SETTLE_MS, day_of, latest_day};
use crate::counting::storage::{Sql, StorageError, Value};

impl<S: Sql> Ledger<S> {
    /// Whether the clock was ahead of `now`: by more than clocks differ, or so far that a later day began.
    pub(crate) fn is_ahead(&self, now: u64) -> bool {
        self.latest > now.saturating_add(SETTLE_MS) || self.distinct_visitors.day() > day_of(now).saturating_add(1)
    }

    /// Goes back to `now`, in milliseconds since 1970. The caller must open the ledger anew.
    ///
    /// # Errors
    /// [`StorageError`]; what is stored is ahead as before.
    pub(crate) fn go_back(&mut self, now: u64) -> Result<(), StorageError> {
        self.fold()?;
        self.isolates.move_together(now);
        self.latest = now;
        let (day, today) = (self.distinct_visitors.day(), latest_day(now));
        let visitors = self.distinct_visitors.visitors(&self.sets, day);
        let mut sets = std::mem::take(&mut self.sets);
        self.seen.shares.move_back(window_of(now));
        let this = &*self;
        let sql = &this.sql;
        sql.transaction(&mut || {
            if day > today {
                sql.write(schema::ADD_DAY, &[Value::count(day.into()), Value::count(visitors)])?;
                sets.keep(SetKind::Visitors, 0..=today.into());
                sets.keep(SetKind::Marks, 0..=today.into());
                sql.write(schema::SET_META, &[Value::Text("day".to_owned()), Value::count(today.into())])?;
            }
            sets.move_back(SetKind::Ids, window_of(now));
            this.drop_shares_after(window_of(now))?;
            this.flush(&mut sets)?;
            this.store_last_batches().map(|_| ())
        })
    }
}
