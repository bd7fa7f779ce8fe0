//! The names that refused visits came from, by day, as [`crate::counting::http::unlisted`] noted them. They are written at once and not
//! through the journal, because they are rare and need not be exact: a note that comes twice, or never, misleads no owner.

use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::unlisted::{KEEP_DAYS, MAX_A_DAY, is_name};
use crate::counting::protocol::answer::Fault;
use crate::counting::protocol::call::UnlistedVisits;
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};

/// Adds visits to a name of a day.
pub(crate) const ADD: &str = "INSERT INTO refused (day, unlisted, name, visits) VALUES (?, ?, ?, ?) ON CONFLICT (day, unlisted, name) \
    DO UPDATE SET visits = visits + excluded.visits";
/// The names of a day, those with the fewest visits first.
pub(crate) const OF_DAY: &str = "SELECT unlisted, name, visits FROM refused WHERE day = ? ORDER BY visits, name";
/// Drops a name of a day.
pub(crate) const DROP: &str = "DELETE FROM refused WHERE day = ? AND unlisted = ? AND name = ?";
/// Drops earlier days.
pub const FORGET: &str = "DELETE FROM refused WHERE day < ?";
/// The names in a span of days.
pub(crate) const REFUSED: &str =
    "SELECT day, unlisted, visits, name FROM refused WHERE day >= ? AND day < ? ORDER BY day, unlisted, name";

impl<S: Sql> Ledger<S> {
    /// Notes the names that refused visits came from. Once a day has [`MAX_A_DAY`] names, a new one replaces the name with the fewest visits,
    /// if it has more. So made-up names cannot keep out a name that goes on to send visits.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(crate) fn note_refused(&self, notes: &[UnlistedVisits<'_>], now: u64) -> Result<(), LedgerError> {
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

    /// Forgets the names of days more than [`KEEP_DAYS`] ago.
    pub(crate) fn forget_refused(&self, today: Day) -> Result<(), StorageError> {
        self.sql.write(FORGET, &[Value::count(today.saturating_sub(KEEP_DAYS).into())])
    }
}
