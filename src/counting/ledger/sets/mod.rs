//! Sets of ids and hashes that are larger than memory: visit ids by half-day, visitors by day, marks by day.
//!
//! A key is a hash of an element under a secret seed of the shard, as strangers choose ids. So keys are uniform, whatever is sent. New keys
//! wait in memory until a flush writes them as a run: their order, cut into slices of some thousand keys by the keys' highest bits, a row
//! for each slice. So a key leads to its row, and no index of rows is needed. Runs of like size are merged, in steps. (It is a log-structured merge tree: O'Neil,
//! Cheng, Gawlick and O'Neil, 1996.)
//!
//! A set of few keys is in memory as a whole. Of a large one, memory has a filter for each group of slices, which tells of most keys that
//! no row need be read for them. Filters are stored, too, and read when a lookup first needs them. So a start of the object reads only the directory.
//!
//! All memory counts into one budget. If it is used up, more rows are read: no answer changes.

pub(crate) mod directory;
pub(crate) mod filter;
pub mod instance;
pub(crate) mod key_table;
pub mod memory_budget;
pub(crate) mod merge;
pub(crate) mod run;
pub mod set_rows;
pub mod sizes;
pub(crate) mod sorted_keys;
pub mod stored_set;

use crate::counting::ledger::schema::{META, SET_META};
use crate::counting::ledger::sets::directory::Directory;
use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::sets::memory_budget::MemoryBudget;
use crate::counting::ledger::sets::run::{GROUP_BITS, Run};
use crate::counting::ledger::sets::set_rows::{DROP_SET_ROWS, SET_ROW_IDS, slice_row};
use crate::counting::ledger::sets::sizes::Sizes;
use crate::counting::ledger::sets::sorted_keys::{bytes_of, keys_of};
use crate::counting::ledger::sets::stored_set::{SetKind, StoredSet};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at, unreadable};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use std::ops::RangeInclusive;

/// Of each key that is added, merges rewrite so many: one for each size of runs that it passes through, and some to catch up.
const WORK: u64 = 10;

/// The key of the directory in `meta`.
const DIRECTORY: &str = "sets";

/// The sets of a shard. After an error, what is in memory may differ from what is stored: open the sets anew.
#[derive(Debug, Default)]
pub struct Sets {
    directory: Directory,
    budget: MemoryBudget,
    sizes: Sizes,
    /// How many keys merges should rewrite by now.
    work: u64,
}

impl Sets {
    /// The sets of a database. A new one gets the seed of the instance.
    ///
    /// # Errors
    /// [`StorageError`], also if a seed is needed and there is none.
    pub fn open(sql: &dyn Sql, instance: &Instance) -> Result<Self, StorageError> {
        let Instance { seed, budget, sizes } = instance;
        let rows = sql.run(META, &[Value::Text(DIRECTORY.to_owned())])?;
        let directory = match (rows.first(), *seed) {
            (Some(row), _) => {
                let numbers = keys_of(blob_at(row, 0)?)?.iter().map(|number| u64::from_le_bytes(*number));
                Directory::from_numbers(numbers, budget).ok_or_else(|| unreadable("the directory of sets"))?
            }
            (None, Some(seed)) => {
                let halves = u128::from_le_bytes(seed);
                let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
                Directory { seed: [half(halves), half(halves >> 64)], next: 1, flushed: 0, over: Vec::new(), sets: Vec::new() }
            }
            (None, None) => return Err(StorageError("there is no randomness for a seed".to_owned())),
        };
        Ok(Self { directory, budget: budget.clone(), sizes: *sizes, work: 0 })
    }

    /// The key of an element: SipHash-2-4 (Aumasson and Bernstein, 2012) under the shard's seed. Two of 50 million elements have one key with a probability below
    /// 10^-4.
    pub fn key(&self, element: u64) -> u64 {
        let [one, other] = self.directory.seed;
        let mut hasher = SipHasher24::new_with_keys(one, other);
        hasher.write(&element.to_le_bytes());
        // 0 is no key.
        hasher.finish().max(1)
    }

    /// Whether a set has a key.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn contains(&mut self, sql: &dyn Sql, kind: SetKind, period: u64, key: u64) -> Result<bool, StorageError> {
        let sizes = self.sizes;
        self.set(kind, period).map_or(Ok(false), |set| set.contains(sql, key, sizes))
    }

    /// Whether any set of a kind has a key, of this period or a later one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn contains_since(&mut self, sql: &dyn Sql, kind: SetKind, first: u64, key: u64) -> Result<bool, StorageError> {
        for set in self.directory.sets.iter_mut().filter(|set| set.kind == kind && set.period >= first) {
            if set.contains(sql, key, self.sizes)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds a key that the set does not have.
    pub fn insert(&mut self, kind: SetKind, period: u64, key: u64) {
        if self.set(kind, period).is_none() {
            self.directory.sets.push(StoredSet::new(kind, period, &self.budget));
        }
        let sizes = self.sizes;
        if let Some(set) = self.set(kind, period) {
            set.insert(key, sizes);
        }
        self.work = self.work.saturating_add(WORK);
    }

    /// How many keys a set has.
    pub fn len(&self, kind: SetKind, period: u64) -> u64 {
        self.directory.sets.iter().find(|set| (set.kind, set.period) == (kind, period)).map_or(0, |set| set.len)
    }

    /// The periods that have a set of this kind.
    pub fn periods(&self, kind: SetKind) -> impl Iterator<Item = u64> {
        self.directory.sets.iter().filter(move |set| set.kind == kind).map(|set| set.period)
    }

    /// How many keys wait for a flush.
    pub fn waiting(&self) -> usize {
        self.directory.sets.iter().fold(0, |sum, set| sum.saturating_add(set.waiting.len()))
    }

    /// The last journal row whose keys are stored. A replay must not add them again.
    pub fn flushed(&self) -> u64 {
        self.directory.flushed
    }

    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.directory.sets.iter().fold(0, |sum, set| sum.saturating_add(set.runs.len()))
    }

    /// Whether so many keys wait that they should be flushed.
    pub(crate) fn is_due(&self) -> bool {
        self.waiting() >= self.sizes.waiting
    }

    /// Whether a flush has anything to do.
    pub(crate) fn has_news(&self) -> bool {
        self.waiting() > 0 || self.has_rows_to_drop()
    }

    /// Whether there are rows that no set needs.
    pub(crate) fn has_rows_to_drop(&self) -> bool {
        !self.directory.over.is_empty()
    }

    /// The bytes of memory that all sets of the instance take.
    pub(crate) fn memory(&self) -> usize {
        self.budget.used()
    }

    /// Writes all keys that wait, and the directory. The caller runs this in a transaction. `number` is that of the last journal row.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn flush(&mut self, sql: &dyn Sql, number: u64) -> Result<(), StorageError> {
        let Directory { sets, next, .. } = &mut self.directory;
        for set in sets {
            set.flush(sql, next, self.sizes)?;
        }
        self.directory.flushed = number;
        self.store(sql)
    }

    /// Goes on with merges, in proportion to the keys that were added since. Each step is a transaction.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn work(&mut self, sql: &dyn Sql) -> Result<(), StorageError> {
        let step = self.sizes.slice.saturating_mul(1 << GROUP_BITS);
        while self.work >= step {
            let Some((set, run)) = self.next_merge() else {
                self.work = 0;
                break;
            };
            let mut keys = 0;
            sql.transaction(&mut || {
                let Directory { sets, over, .. } = &mut self.directory;
                keys = sets.get_mut(set).map_or(Ok(0), |set| set.merge_group(sql, run, over))?;
                self.store(sql)
            })?;
            self.work = self.work.saturating_sub(keys.max(1));
        }
        Ok(())
    }

    /// The set and the run that the next step of a merge writes: small ones first, so that few runs pile up while a large one is made.
    fn next_merge(&mut self) -> Option<(usize, usize)> {
        let Directory { sets, next, .. } = &mut self.directory;
        for at in 0..sets.len() {
            let newest =
                sets.get(at).and_then(|set| sets.iter().filter(|other| other.kind == set.kind).map(|other| other.period).max());
            if let Some(set) = sets.get_mut(at) {
                while set.begin_merge(Some(set.period) < newest, next, self.sizes) {}
            }
        }
        let made = sets.iter().enumerate().filter_map(|(at, set)| {
            let run = set.unfinished()?;
            Some((set.runs.get(run).map(|run: &Run| run.bits), at, run))
        });
        made.min().map(|(_, set, run)| (set, run))
    }

    /// Forgets the sets of a kind whose periods are not among these. A later flush drops their rows.
    pub fn keep(&mut self, kind: SetKind, periods: RangeInclusive<u64>) {
        let Directory { sets, over, .. } = &mut self.directory;
        sets.retain(|set| {
            let stays = set.kind != kind || periods.contains(&set.period);
            if !stays {
                over.extend(set.runs.iter().map(|run| run.number));
            }
            stays
        });
    }

    /// Moves the keys of later periods of a kind to this one. No key may wait.
    pub fn move_back(&mut self, kind: SetKind, period: u64) {
        let (later, mut sets): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.directory.sets).into_iter().partition(|set| set.kind == kind && set.period > period);
        for mut set in later {
            set.period = period;
            match sets.iter_mut().find(|set| (set.kind, set.period) == (kind, period)) {
                Some(known) => known.join(set),
                None => sets.push(set),
            }
        }
        self.directory.sets = sets;
    }

    /// Drops rows of runs that are over, at most so many. Returns whether none is left. The caller runs this in a transaction, and a flush
    /// behind it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn drop_rows(&mut self, sql: &dyn Sql, most: u64) -> Result<bool, StorageError> {
        let mut left = most;
        while let Some(run) = self.directory.over.last() {
            let [first, end] = [*run, run.saturating_add(1)].map(|run| slice_row(run, 0));
            let found = sql.run(SET_ROW_IDS, &[first, end, left].map(Value::count))?;
            if let Some(last) = found.last() {
                sql.write(DROP_SET_ROWS, &[first, count_at(last, 0)?.saturating_add(1)].map(Value::count))?;
            }
            left = left.saturating_sub(u64::try_from(found.len()).unwrap_or(u64::MAX));
            if left == 0 {
                return Ok(false);
            }
            self.directory.over.pop();
        }
        Ok(true)
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn store(&self, sql: &dyn Sql) -> Result<(), StorageError> {
        let numbers = Value::Blob(bytes_of(&self.directory.to_numbers()));
        sql.write(SET_META, &[Value::Text(DIRECTORY.to_owned()), numbers])
    }

    fn set(&mut self, kind: SetKind, period: u64) -> Option<&mut StoredSet> {
        self.directory.sets.iter_mut().find(|set| (set.kind, set.period) == (kind, period))
    }
}
