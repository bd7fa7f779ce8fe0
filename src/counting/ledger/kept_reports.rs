//! The last reports, so that many readers of a report cost as much as one. A report is worked out again only after the tables changed.

use crate::counting::protocol::report::Report;

/// The most reports that are kept: those of a dashboard, for a few periods.
const MAX_REPORTS: usize = 32;

/// The most lines of all kept reports together. A line takes about 100 bytes.
const MAX_LINES: usize = 20_000;

/// Encoded questions, each with its report and the number of lines of the whole list. The newest is at the end.
#[derive(Debug, Default)]
pub(crate) struct KeptReports(Vec<(Vec<u8>, Report, u64)>);

impl KeptReports {
    /// The report of a question, and the number of lines of the whole list.
    pub(super) fn get(&self, question: &[u8]) -> Option<(Report, u64)> {
        self.0.iter().find(|(known, ..)| known == question).map(|(_, report, names)| (report.clone(), *names))
    }

    /// Keeps a report, and drops the oldest ones that are too many. A report that is too long is not kept.
    pub(super) fn keep(&mut self, question: Vec<u8>, report: &Report, names: u64) {
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

    /// Drops all reports, because the tables changed.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
