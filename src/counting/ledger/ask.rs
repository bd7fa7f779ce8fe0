//! Answering a question: with a kept report while the tables have not changed, else with a new one.

use crate::counting::ledger::state::Ledger;
use crate::counting::protocol::report::{FRESH_MS, Question, Report};
use crate::counting::protocol::wire::encode;
use crate::counting::storage::{Sql, StorageError};

impl<S: Sql> Ledger<S> {
    /// The report, the number of lines of the whole list (0 where the question asks for no list), and the age of the report in
    /// milliseconds, at most [`FRESH_MS`].
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn answer(&mut self, question: &Question<'_>, now: u64) -> Result<(Report, u64, u64), StorageError> {
        self.freshen(now)?;
        let age = now.saturating_sub(self.checkpointed_at);
        let key = encode(question);
        if let Some((report, names)) = self.kept_reports.get(&key) {
            return Ok((report, names, age));
        }
        let (report, names) = match question {
            Question::List { of, slice } => self.list(*of, slice)?,
            _ => (self.report(question, now)?, 0),
        };
        // Refused visits do not pass through the journal, so no fold tells that they changed.
        if !matches!(question, Question::Refused(_)) {
            self.kept_reports.keep(key, &report, names);
        }
        Ok((report, names, age))
    }

    /// Writes everything that waits into the tables, if that was done longer than [`FRESH_MS`] ago.
    pub(crate) fn freshen(&mut self, now: u64) -> Result<(), StorageError> {
        if now < self.checkpointed_at || now.saturating_sub(self.checkpointed_at) >= FRESH_MS {
            self.fold()?;
            self.checkpointed_at = now;
        }
        Ok(())
    }
}
