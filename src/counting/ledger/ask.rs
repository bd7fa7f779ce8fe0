//! Answering a question, from what was told lately where the tables did not change since.

use crate::counting::ledger::state::Ledger;
use crate::counting::protocol::report::{FRESH_MS, Question, Report};
use crate::counting::protocol::wire::encode;
use crate::counting::storage::{Sql, StorageError};

impl<S: Sql> Ledger<S> {
    /// What was counted, how many lines the whole list has if it is a part of one, and how many milliseconds ago that was so: at most
    /// [`FRESH_MS`].
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
        // What was refused comes not by way of the journal, so no checkpoint says that it changed.
        if !matches!(question, Question::Refused(_)) {
            self.kept_reports.keep(key, &report, names);
        }
        Ok((report, names, age))
    }

    /// Carries over what was counted, if that is due.
    pub(crate) fn freshen(&mut self, now: u64) -> Result<(), StorageError> {
        if now < self.checkpointed_at || now.saturating_sub(self.checkpointed_at) >= FRESH_MS {
            self.checkpoint()?;
            self.checkpointed_at = now;
        }
        Ok(())
    }
}
