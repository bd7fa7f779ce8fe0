//! From where visits were refused, by day: what [`crate::counting::http::unlisted`] noted. Written at once and not by way of the journal, as it is
//! rare and no number that must be exact: a note that comes twice, or never, misleads no owner.

use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::unlisted::{KEEP_DAYS, MAX_A_DAY, is_name};
use crate::counting::protocol::answer::Fault;
use crate::counting::protocol::call::UnlistedVisits;
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};

/// Adds visits to a name of a day.
pub const ADD: &str = "INSERT INTO refused (day, unlisted, name, visits) VALUES (?, ?, ?, ?) ON CONFLICT (day, unlisted, name) \
    DO UPDATE SET visits = visits + excluded.visits";
/// The names of a day, those with the fewest visits first.
pub const OF_DAY: &str = "SELECT unlisted, name, visits FROM refused WHERE day = ? ORDER BY visits, name";
/// Drops a name of a day.
pub const DROP: &str = "DELETE FROM refused WHERE day = ? AND unlisted = ? AND name = ?";
/// Drops earlier days.
pub const FORGET: &str = "DELETE FROM refused WHERE day < ?";
/// What was refused in a span of days.
pub const REFUSED: &str =
    "SELECT day, unlisted, visits, name FROM refused WHERE day >= ? AND day < ? ORDER BY day, unlisted, name";

impl<S: Sql> Ledger<S> {
    /// Notes from where visits were refused. Of a day that has as many names as are told apart the one with the fewest visits gives way to
    /// one with more: who makes up names can shut out none that goes on to send visits.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn note_refused(&self, notes: &[UnlistedVisits<'_>], now: u64) -> Result<(), LedgerError> {
        let fits = |note: &UnlistedVisits<'_>| {
            is_name(note.name)
                && note.day <= day_of(now).saturating_add(1)
                && note.visits < crate::counting::ledger::state::MAX_SEQUENCE
        };
        if notes.len() > MAX_A_DAY || !notes.iter().all(fits) {
            return Err(LedgerError::Fault(Fault::Malformed));
        }
        let this = &self.sql;
        this.transaction(&mut || {
            for note in notes {
                let [day, unlisted, visits] = [note.day.into(), note.unlisted.into(), note.visits].map(Value::count);
                let known = this.run(OF_DAY, std::slice::from_ref(&day))?;
                let mut is_known = false;
                for row in &known {
                    is_known |= row.first() == Some(&unlisted) && text_at(row, 1)? == note.name;
                }
                if let (false, Some([least, name, fewest])) =
                    (is_known || known.len() < MAX_A_DAY, known.first().map(Vec::as_slice))
                {
                    if count_at(std::slice::from_ref(fewest), 0)? >= note.visits {
                        continue;
                    }
                    this.write(DROP, &[day.clone(), least.clone(), name.clone()])?;
                }
                this.write(ADD, &[day, unlisted, Value::Text(note.name.to_owned()), visits])?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Forgets what was refused long ago.
    pub(crate) fn forget_refused(&self, today: Day) -> Result<(), StorageError> {
        self.sql.write(FORGET, &[Value::count(today.saturating_sub(KEEP_DAYS).into())])
    }
}
