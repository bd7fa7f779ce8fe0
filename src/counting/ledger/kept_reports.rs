//! What was told lately, so that many who ask the same cost as much as one: a report is worked out again only after the tables changed.

use crate::counting::ledger::report::FRESH_MS;
use crate::counting::ledger::state::Ledger;
use crate::counting::protocol::report::{Question, Report};
use crate::counting::protocol::wire::encode;
use crate::counting::storage::{Sql, StorageError};

/// The most reports that are kept: what a dashboard asks, for a few periods.
const MAX_REPORTS: usize = 32;

/// The most lines of them together. A line takes about 100 bytes.
const MAX_LINES: usize = 20_000;

/// Reports, the one that was worked out last at the end.
#[derive(Debug, Default)]
pub struct Told(Vec<(Vec<u8>, Report, u64)>);

impl Told {
    fn of(&self, question: &[u8]) -> Option<(Report, u64)> {
        self.0.iter().find(|(known, ..)| known == question).map(|(_, report, names)| (report.clone(), *names))
    }

    fn keep(&mut self, question: Vec<u8>, report: &Report, names: u64) {
        if report.len() > MAX_LINES {
            return;
        }
        self.0.push((question, report.clone(), names));
        let (mut kept, mut lines) = (0_usize, 0_usize);
        for (_, report, _) in self.0.iter().rev().take(MAX_REPORTS) {
            lines = lines.saturating_add(report.len());
            if lines > MAX_LINES {
                break;
            }
            kept = kept.saturating_add(1);
        }
        self.0.drain(..self.0.len().saturating_sub(kept));
    }

    /// The tables are not what they were.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

impl<S: Sql> Ledger<S> {
    /// What was counted, how many lines the whole list has if it is a part of one, and how many milliseconds ago that was so: at most
    /// [`FRESH_MS`].
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn told(&mut self, question: &Question<'_>, now: u64) -> Result<(Report, u64, u64), StorageError> {
        self.freshen(now)?;
        let age = now.saturating_sub(self.folded_at);
        let key = encode(question);
        if let Some((report, names)) = self.told.of(&key) {
            return Ok((report, names, age));
        }
        let (report, names) = match question {
            Question::List { of, slice } => self.list(*of, slice)?,
            _ => (self.report(question, now)?, 0),
        };
        // What was refused comes not by way of the journal, so no fold says that it changed.
        if !matches!(question, Question::Refused(_)) {
            self.told.keep(key, &report, names);
        }
        Ok((report, names, age))
    }

    /// Carries over what was counted, if that is due.
    pub(crate) fn freshen(&mut self, now: u64) -> Result<(), StorageError> {
        if now < self.folded_at || now.saturating_sub(self.folded_at) >= FRESH_MS {
            self.fold()?;
            self.folded_at = now;
        }
        Ok(())
    }
}
