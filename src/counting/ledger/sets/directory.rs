//! The directory: one row that says which sets there are and which runs they have.
//!
//! It is all that a start of the object reads. Its numbers have 8 bytes each: the seed (two), the number of the next run, that of the last journal row
//! whose keys are stored, how many runs no set has any more, these runs, and the sets. Of a set: its kind, its period, how many keys and how
//! many runs it has, and the five numbers of each run.

use crate::counting::ledger::sets::memory_budget::MemoryBudget;
use crate::counting::ledger::sets::run::Run;
use crate::counting::ledger::sets::set_rows::MAX_BITS;
use crate::counting::ledger::sets::stored_set::{SetKind, StoredSet};

/// What the row says.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The seed of the keys.
    pub seed: [u64; 2],
    /// The number of the next run.
    pub next: u64,
    /// The last journal row whose keys are stored.
    pub flushed: u64,
    /// Runs that no set has any more, and some rows of which may still be there.
    pub over: Vec<u64>,
    /// The sets.
    pub sets: Vec<StoredSet>,
}

impl Directory {
    /// The numbers of the row.
    pub(crate) fn to_numbers(&self) -> Vec<u64> {
        let [one, other] = self.seed;
        let mut numbers = vec![one, other, self.next, self.flushed, count(self.over.len())];
        numbers.extend_from_slice(&self.over);
        // The keys of a new set may all be waiting.
        for set in self.sets.iter().filter(|set| !set.runs.is_empty()) {
            let kind = SetKind::ALL.iter().position(|kind| *kind == set.kind).unwrap_or(usize::MAX);
            let stored = set.len.saturating_sub(count(set.waiting.len()));
            numbers.extend([count(kind), set.period, stored, count(set.runs.len())]);
            numbers.extend(set.runs.iter().flat_map(|run| [run.number, run.bits.into(), run.keys, run.written, run.into]));
        }
        numbers
    }

    /// Reads the numbers of a row; `None` if they are others.
    pub(crate) fn from_numbers(mut numbers: impl Iterator<Item = u64>, budget: &MemoryBudget) -> Option<Self> {
        let mut next = || numbers.next();
        let mut directory =
            Self { seed: [next()?, next()?], next: next()?, flushed: next()?, over: Vec::new(), sets: Vec::new() };
        for _ in 0..next()? {
            directory.over.push(next()?);
        }
        while let Some(kind) = next() {
            let kind = SetKind::ALL.get(usize::try_from(kind).ok()?)?;
            let mut set = StoredSet::new(*kind, next()?, budget);
            set.len = next()?;
            for _ in 0..next()? {
                let (number, bits) = (next()?, u32::try_from(next()?).ok().filter(|bits| *bits <= MAX_BITS)?);
                let mut run = Run::new(number, bits);
                (run.keys, run.written, run.into) = (next()?, next()?, next()?);
                set.runs.push(run);
            }
            directory.sets.push(set);
        }
        Some(directory)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
