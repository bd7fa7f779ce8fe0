//! One set: the keys of a period, in runs and in memory.

use crate::counting::ledger::sets::key_table::KeyTable;
use crate::counting::ledger::sets::memory_budget::{HeldMemory, MemoryBudget};
use crate::counting::ledger::sets::run::{GROUP_BITS, Run};
use crate::counting::ledger::sets::set_rows;
use crate::counting::ledger::sets::sizes::Sizes;
use crate::counting::ledger::sets::sorted_keys::merged;
use crate::counting::storage::{Sql, StorageError};

/// What a set is of. The order is that of the numbers in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetKind {
    /// Visit ids of half a day.
    Ids,
    /// Visitors of a day.
    Visitors,
    /// Marks of the visitors of a day.
    Marks,
}

impl SetKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Ids, Self::Visitors, Self::Marks];
}

/// A set, and what is in memory of it.
#[derive(Debug)]
pub(crate) struct StoredSet {
    pub kind: SetKind,
    pub period: u64,
    /// How many keys it has.
    pub len: u64,
    pub runs: Vec<Run>,
    /// Keys that are not stored yet.
    pub waiting: KeyTable,
    /// Stored keys that were added or found lately; all of them if the set is whole.
    known: KeyTable,
    whole: Wholeness,
    memory: HeldMemory,
    /// How much of that the tables of keys take.
    tables: usize,
}

/// Whether memory has all keys of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wholeness {
    /// Nothing was read yet.
    Unread,
    /// It has all of them, so no row need be read.
    Whole,
    /// It has some.
    Partial,
}

impl StoredSet {
    /// A set without a key, or one whose runs are read from the directory.
    pub(crate) fn new(kind: SetKind, period: u64, budget: &MemoryBudget) -> Self {
        let (waiting, known) = (KeyTable::default(), KeyTable::default());
        let memory = HeldMemory::new(budget);
        Self { kind, period, len: 0, runs: Vec::new(), waiting, known, whole: Wholeness::Unread, memory, tables: 0 }
    }

    /// Whether the set has a key.
    pub(crate) fn contains(&mut self, sql: &dyn Sql, key: u64, sizes: Sizes) -> Result<bool, StorageError> {
        if self.waiting.contains(key) {
            return Ok(true);
        }
        if self.whole == Wholeness::Unread {
            self.read_all(sql, sizes)?;
        }
        if self.whole == Wholeness::Whole || self.known.contains(key) {
            return Ok(self.known.contains(key));
        }
        for at in 0..self.runs.len() {
            if !self.is_passed(at, key)
                && let Some(run) = self.runs.get_mut(at)
                && run.contains(sql, key, &mut self.memory)?
            {
                if self.known.len() < sizes.whole && self.has_room(1) {
                    self.know(&[key]);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether another run has what a run had of the key's slice, because of a merge.
    fn is_passed(&self, at: usize, key: u64) -> bool {
        let Some(run) = self.runs.get(at) else { return true };
        let merged = self.runs.iter().find(|other| other.number == run.into);
        run.slice_of(key) >= run.written || merged.is_some_and(|other| other.slice_of(key) < other.written)
    }

    /// Takes all keys into memory, if they are few and there is room.
    fn read_all(&mut self, sql: &dyn Sql, sizes: Sizes) -> Result<(), StorageError> {
        let stored = usize::try_from(self.len).unwrap_or(usize::MAX).saturating_sub(self.waiting.len());
        if stored > sizes.whole || !self.has_room(stored) {
            self.whole = Wholeness::Partial;
            return Ok(());
        }
        for at in 0..self.runs.len() {
            let Some(run) = self.runs.get(at).filter(|run| run.written > 0) else { continue };
            let mut keys = Vec::new();
            set_rows::read_keys(sql, run.number, 0, run.written.saturating_sub(1), &mut keys, [0, u64::MAX])?;
            if u64::try_from(keys.len()) != Ok(run.keys) {
                return Err(set_rows::missing());
            }
            self.know(&keys);
        }
        // A key that is in two runs is one key.
        self.len = u64::try_from(self.known.len().saturating_add(self.waiting.len())).unwrap_or(u64::MAX);
        self.whole = Wholeness::Whole;
        Ok(())
    }

    /// Adds a key that the set does not have.
    pub(crate) fn insert(&mut self, key: u64, sizes: Sizes) {
        if self.len == 0 {
            self.whole = Wholeness::Whole;
        }
        self.waiting.insert(key);
        self.count_tables();
        self.len = self.len.saturating_add(1);
        if self.known.len().saturating_add(self.waiting.len()) > sizes.whole && self.whole == Wholeness::Whole {
            self.whole = Wholeness::Partial;
        }
    }

    /// Writes the keys that wait into a run. `next` is the number that a new run gets.
    pub(crate) fn flush(&mut self, sql: &dyn Sql, next: &mut u64, sizes: Sizes) -> Result<(), StorageError> {
        let new = self.waiting.sorted();
        if new.is_empty() {
            return Ok(());
        }
        let more = u64::try_from(new.len()).unwrap_or(0);
        let fits = |run: &&mut Run| run.bits == 0 && run.is_free() && run.keys.saturating_add(more) <= sizes.slice;
        match self.runs.iter_mut().rev().find(fits) {
            Some(run) => {
                let mut before = Vec::new();
                set_rows::read_keys(sql, run.number, 0, 0, &mut before, [0, u64::MAX])?;
                run.drop_filters(1, &mut self.memory);
                (run.keys, run.written) = (0, 0);
                run.write_group(sql, &merged(&before, &new), &mut self.memory)?;
            }
            None => {
                let mut run = Run::new(*next, sizes.bits_for(more));
                *next = next.saturating_add(1);
                let mut left = new.as_slice();
                while run.written < run.slices() {
                    let until = match run.first_of(run.written.saturating_add(1 << GROUP_BITS)) {
                        Some(key) => left.partition_point(|other| *other < key),
                        None => left.len(),
                    };
                    let (now, later) = left.split_at_checked(until).unwrap_or((left, &[]));
                    run.write_group(sql, now, &mut self.memory)?;
                    left = later;
                }
                self.runs.push(run);
            }
        }
        self.keep_flushed(&new, sizes);
        Ok(())
    }

    /// Keeps keys that were just stored in memory. If that is too many, it keeps no others.
    fn keep_flushed(&mut self, new: &[u64], sizes: Sizes) {
        let flushed = std::mem::take(&mut self.waiting);
        let all = self.known.len().saturating_add(new.len());
        if all > sizes.whole || !self.has_room(all) {
            self.whole = Wholeness::Partial;
            self.known = flushed;
            self.count_tables();
        } else {
            self.know(new);
        }
    }

    /// Takes stored keys into memory.
    fn know(&mut self, keys: &[u64]) {
        self.known.grow(self.known.len().saturating_add(keys.len()));
        for key in keys {
            self.known.insert(*key);
        }
        self.count_tables();
    }

    /// Takes over the runs of another set. No key of either may wait; both may have a key.
    pub(crate) fn join(&mut self, mut other: Self) {
        other.runs.iter_mut().for_each(|run| run.drop_filters(u64::MAX, &mut other.memory));
        self.runs.append(&mut other.runs);
        self.len = self.len.saturating_add(other.len);
        self.whole = Wholeness::Unread;
    }

    /// Drops the stored keys from memory, of a set that gets no more.
    pub(crate) fn forget_known(&mut self) {
        self.known = KeyTable::default();
        self.whole = Wholeness::Partial;
        self.count_tables();
    }

    /// Notes how much memory the tables take.
    fn count_tables(&mut self) {
        let bytes = self.waiting.bytes().saturating_add(self.known.bytes());
        self.memory.give_back(self.tables);
        self.memory.add(bytes);
        self.tables = bytes;
    }

    /// Writes a group of a run that is being made.
    pub(crate) fn write_group(&mut self, sql: &dyn Sql, at: usize, keys: &[u64]) -> Result<(), StorageError> {
        self.runs.get_mut(at).map_or(Ok(()), |run| run.write_group(sql, keys, &mut self.memory))
    }

    /// Drops from memory the filters of runs that are being merged, as far as the new run has all keys up to `last`.
    pub(crate) fn drop_passed(&mut self, into: u64, last: u64) {
        for run in self.runs.iter_mut().filter(|run| run.into == into) {
            let passed = last.checked_add(1).map_or(u64::MAX, |next| run.slice_of(next).wrapping_shr(GROUP_BITS));
            run.drop_filters(passed, &mut self.memory);
        }
    }

    /// Whether so many more keys may be known.
    fn has_room(&self, more: usize) -> bool {
        let bytes = KeyTable::bytes_for(self.known.len().saturating_add(more));
        self.memory.budget().has_room(bytes.saturating_sub(self.known.bytes()))
    }
}
