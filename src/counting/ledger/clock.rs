//! After a clock that was ahead.
//!
//! A ledger believes its object's clock, and what visits of a later day say is forgotten of an earlier one. A clock that is two days ahead
//! for one visit would so end counting until that day comes. It does not: once the clock is right again, the ledger goes back. What was
//! counted stays, where it was counted; the visitors of the day that had not come are told by their number only.

use crate::counting::ledger::schema;
use crate::counting::ledger::seen::window_of;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::date::{SETTLE_MS, day_of, latest_day};
use crate::counting::storage::{Sql, StorageError, Value};

impl<S: Sql> Ledger<S> {
    /// Whether its clock was ahead of what it is now: by more than clocks differ, or so far that a day began that has not come.
    pub fn is_ahead(&self, now: u64) -> bool {
        self.latest > now.saturating_add(SETTLE_MS) || self.people.day() > day_of(now).saturating_add(1)
    }

    /// Goes back to a time. The caller must open the ledger anew.
    ///
    /// # Errors
    /// [`StorageError`]; the ledger is ahead as before.
    pub fn go_back(&mut self, now: u64) -> Result<(), StorageError> {
        self.checkpoint()?;
        let (day, today) = (self.people.day(), latest_day(now));
        let visitors = self.people.visitors(day);
        let [now, window] = [now, window_of(now)].map(Value::count);
        let sql = &self.sql;
        sql.transaction(&mut || {
            if day > today {
                sql.write(schema::ADD_DAY, &[Value::count(day.into()), Value::count(visitors)])?;
                for statement in schema::FORGET_AHEAD {
                    sql.write(statement, &[Value::count(today.into())])?;
                }
                sql.write(schema::SET_META, &[Value::Text("day".to_owned()), Value::count(today.into())])?;
            }
            sql.write(schema::SEEN_AHEAD, std::slice::from_ref(&window))?;
            sql.write(schema::RECENT_AHEAD, std::slice::from_ref(&now))
        })
    }
}
