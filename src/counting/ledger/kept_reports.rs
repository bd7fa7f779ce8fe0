//! What was told lately, so that many who ask the same cost as much as one: a report is worked out again only after the tables changed.

use crate::counting::protocol::report::Report;

/// The most reports that are kept: what a dashboard asks, for a few periods.
const MAX_REPORTS: usize = 32;

/// The most lines of them together. A line takes about 100 bytes.
const MAX_LINES: usize = 20_000;

/// Reports, the one that was worked out last at the end.
#[derive(Debug, Default)]
pub struct KeptReports(Vec<(Vec<u8>, Report, u64)>);

impl KeptReports {
    pub(super) fn get(&self, question: &[u8]) -> Option<(Report, u64)> {
        self.0.iter().find(|(known, ..)| known == question).map(|(_, report, names)| (report.clone(), *names))
    }

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

    /// The tables are not what they were.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
