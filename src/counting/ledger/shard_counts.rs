//! What a shard counts of itself: the counters of [`crate::counting::protocol::shard_metrics::SHARD`].

use crate::counting::protocol::answer::{Answer, Fault};
use crate::counting::protocol::batch::{Receipt, Verdict};

/// The counters of a shard since its object started, whatever ledgers it opened.
#[derive(Debug, Default)]
pub(crate) struct ShardCounts {
    batches: u64,
    /// Visits by [`Verdict`]: counted, duplicate, stale, full.
    verdicts: [u64; 4],
    replayed: u64,
    superseded: u64,
    failures: u64,
    /// Journal rows that were written.
    rows: u64,
}

impl ShardCounts {
    /// Visits that counted.
    pub(crate) fn counted(&self) -> u64 {
        let [counted, ..] = self.verdicts;
        counted
    }

    /// Counts the answer to a batch. Unless `is_new`, it is a retry, and so is each further caller.
    pub(crate) fn answered(&mut self, answer: &Answer, is_new: bool, callers: usize) {
        match answer {
            Answer::Receipt(receipt) | Answer::Among(_, receipt) => {
                if is_new {
                    self.batch(receipt);
                }
                let retries = callers.saturating_sub(is_new.into());
                self.replayed = self.replayed.saturating_add(u64::try_from(retries).unwrap_or(u64::MAX));
            }
            Answer::Refused(Fault::Superseded) => self.superseded = self.superseded.saturating_add(1),
            _ => {}
        }
    }

    fn batch(&mut self, receipt: &Receipt) {
        self.batches = self.batches.saturating_add(1);
        for counted in &receipt.visits {
            let [taken, known, late, full] = &mut self.verdicts;
            let number = match counted.verdict {
                Verdict::Counted => taken,
                Verdict::Duplicate => known,
                Verdict::Stale => late,
                Verdict::Full => full,
            };
            *number = number.saturating_add(1);
        }
    }

    /// Counts a journal row, if one was written.
    pub(crate) fn row(&mut self, is_written: bool) {
        self.rows = self.rows.saturating_add(is_written.into());
    }

    /// Counts a turn that failed because the storage did.
    pub(crate) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// All metrics of the shard, with the gauges of its ledger, and its load.
    pub(crate) fn with(&self, gauges: &[u64], load: [u32; 2]) -> Vec<u64> {
        let [counted, duplicates, stale, full] = self.verdicts;
        let since = [self.batches, counted, duplicates, stale, full, self.replayed, self.superseded, self.failures];
        let [calls, full] = load.map(u64::from);
        [&since, gauges, &[self.rows, calls, full]].concat()
    }
}
