//! The last batch of each isolate, so that a retry of it gets its stored receipt.
//!
//! An isolate sends one batch to a shard at a time, each with a higher number than the one before. So one entry for each isolate tells a
//! retry (the same number) from a new batch (a higher one), and from a straggler that nobody waits for (a lower one).

use crate::counting::protocol::batch::Receipt;
use std::collections::HashMap;

/// How long a batch can still be retried: twice the longest deadline of a visit, with 10 s for clocks that differ.
pub const KEEP_MS: u64 = 60_000;

/// The most isolates whose last batch is remembered. Each lane of an isolate counts as one ([`crate::counting::dispatch::lanes`]). A
/// receipt of 512 visits takes at most 12 KB of memory, one of 64 takes 1.5 KB: 4,096 of the largest take 50 MB. Batches of further
/// isolates are refused until an entry is 60 s old.
pub const MAX_ISOLATES: usize = 4_096;

/// The last batches by isolate.
#[derive(Debug, Default)]
pub(crate) struct Isolates {
    last: HashMap<u128, LastBatch>,
}

/// The last batch of an isolate.
#[derive(Clone, Debug)]
pub(crate) struct LastBatch {
    /// Its number.
    pub sequence: u64,
    /// When it came, in milliseconds since 1970.
    pub at: u64,
    /// Its answer.
    pub receipt: Receipt,
    /// Whether the table `recent` has it.
    pub stored: bool,
}

impl Isolates {
    /// The last batch of an isolate.
    pub(crate) fn last_batch_of(&self, isolate: u128) -> Option<&LastBatch> {
        self.last.get(&isolate)
    }

    /// When the newest batch came, in milliseconds since 1970.
    pub(crate) fn newest(&self) -> u64 {
        self.last.values().map(|last| last.at).max().unwrap_or(0)
    }

    /// How many isolates are remembered.
    pub(crate) fn isolates(&self) -> usize {
        self.last.len()
    }

    /// Remembers a batch.
    pub(crate) fn insert(&mut self, isolate: u128, last: LastBatch) {
        self.last.insert(isolate, last);
    }

    /// Makes room for one more isolate, and says whether there is any.
    pub(crate) fn has_room(&mut self, now: u64) -> bool {
        if self.last.len() >= MAX_ISOLATES {
            self.forget(now);
        }
        self.last.len() < MAX_ISOLATES
    }

    /// Forgets the batches that are too old to be retried.
    pub(crate) fn forget(&mut self, now: u64) {
        self.last.retain(|_, last| last.at.saturating_add(KEEP_MS) >= now);
    }

    /// The batches that are not in the table yet.
    pub(crate) fn unstored(&self) -> impl Iterator<Item = (u128, &LastBatch)> {
        self.last.iter().filter(|(_, last)| !last.stored).map(|(isolate, last)| (*isolate, last))
    }

    /// Notes that the table has all of them.
    pub(crate) fn all_stored(&mut self) {
        for last in self.last.values_mut() {
            last.stored = true;
        }
    }
}
