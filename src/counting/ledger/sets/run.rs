//! A run: keys that were written together, in slices by their highest bits.
//!
//! Keys are uniform, so all slices of a run have about as many, and a key's slice follows from the key.

use crate::counting::ledger::sets::filter::FilterKind;
use crate::counting::ledger::sets::memory_budget::HeldMemory;
use crate::counting::ledger::sets::set_rows::{self, filter_row, slice_row};
use crate::counting::ledger::sets::sorted_keys::{bytes_of, has, keys_of};
use crate::counting::storage::{Sql, StorageError};

/// One filter is for 2^3 slices.
pub(crate) const GROUP_BITS: u32 = 3;

/// A run, and what is in memory of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its number. No other run of the shard has it, or had it.
    pub number: u64,
    /// It has 2^`bits` slices.
    pub bits: u32,
    /// Its keys.
    pub keys: u64,
    /// How many of its slices are written. While that is not all of them, it is the result of a merge that is not over.
    pub written: u64,
    /// The number of the run that it is being merged into, or 0.
    pub into: u64,
    /// The filters of its groups, as far as they are in memory; others are empty.
    filters: Vec<Box<[u8]>>,
}

impl Run {
    /// A run that is stored, or that is to be written.
    pub(crate) fn new(number: u64, bits: u32) -> Self {
        Self { number, bits, keys: 0, written: 0, into: 0, filters: Vec::new() }
    }

    /// How many slices it has.
    pub(crate) fn slices(&self) -> u64 {
        1_u64.wrapping_shl(self.bits)
    }

    /// Whether all of it is written, and it is not being merged.
    pub(crate) fn is_free(&self) -> bool {
        self.written == self.slices() && self.into == 0
    }

    /// The slice that a key belongs to.
    pub(crate) fn slice_of(&self, key: u64) -> u64 {
        key.checked_shr(64_u32.saturating_sub(self.bits)).unwrap_or(0)
    }

    /// The first key that may be in a slice. `None` behind the last slice.
    pub(crate) fn first_of(&self, slice: u64) -> Option<u64> {
        if slice >= self.slices() {
            return None;
        }
        Some(slice.checked_shl(64_u32.saturating_sub(self.bits)).unwrap_or(0))
    }

    /// Whether the run has a key. `memory` is that of the run's set.
    pub(crate) fn contains(&mut self, sql: &dyn Sql, key: u64, memory: &mut HeldMemory) -> Result<bool, StorageError> {
        Ok(self.may_have(sql, key, memory)? && has(&set_rows::read(sql, slice_row(self.number, self.slice_of(key)))?, key)?)
    }

    /// What the filter says. Without a filter, the run may have any key.
    fn may_have(&mut self, sql: &dyn Sql, key: u64, memory: &mut HeldMemory) -> Result<bool, StorageError> {
        let kind = FilterKind::of_run(self.bits);
        let group = self.slice_of(key).wrapping_shr(GROUP_BITS);
        let at = usize::try_from(group).unwrap_or(usize::MAX);
        if self.filters.get(at).is_none_or(|filter| filter.is_empty()) {
            let groups = self.slices().wrapping_shr(GROUP_BITS).max(1);
            let keys = usize::try_from(self.keys.checked_div(groups).unwrap_or(0)).unwrap_or(usize::MAX);
            if !memory.budget().has_room_for_filter(kind.bytes(keys)) {
                return Ok(true);
            }
            let filter = if self.bits == 0 {
                let row = set_rows::read(sql, slice_row(self.number, 0))?;
                kind.build(&keys_of(&row)?.iter().map(|key| u64::from_le_bytes(*key)).collect::<Vec<_>>())
            } else {
                set_rows::read(sql, filter_row(self.number, group))?.into_boxed_slice()
            };
            self.keep_filter(group, filter, memory);
        }
        Ok(self.filters.get(at).is_none_or(|filter| filter.is_empty() || kind.may_have(filter, key)))
    }

    /// Writes the slices of a group, which has these keys in their order, and its filter. A run of one slice has none: its slice is
    /// written anew with each flush.
    pub(crate) fn write_group(&mut self, sql: &dyn Sql, keys: &[u64], memory: &mut HeldMemory) -> Result<(), StorageError> {
        let (first, all) = (self.written, self.slices());
        let end = first.saturating_add(1 << GROUP_BITS).min(all);
        let mut left = keys;
        for slice in first..end {
            let of_slice = match self.first_of(slice.saturating_add(1)) {
                Some(next) => left.partition_point(|key| *key < next),
                None => left.len(),
            };
            let (now, later) = left.split_at_checked(of_slice).unwrap_or((left, &[]));
            set_rows::write(sql, slice_row(self.number, slice), bytes_of(now))?;
            left = later;
        }
        if self.bits > 0 {
            let kind = FilterKind::of_run(self.bits);
            let filter = kind.build(keys);
            let group = first.wrapping_shr(GROUP_BITS);
            set_rows::write(sql, filter_row(self.number, group), filter.to_vec())?;
            if memory.budget().has_room_for_filter(filter.len()) {
                self.keep_filter(group, filter, memory);
            }
        }
        self.keys = self.keys.saturating_add(u64::try_from(keys.len()).unwrap_or(0));
        self.written = end;
        Ok(())
    }

    fn keep_filter(&mut self, group: u64, filter: Box<[u8]>, memory: &mut HeldMemory) {
        let at = usize::try_from(group).unwrap_or(usize::MAX);
        if self.filters.len() <= at {
            self.filters.resize_with(at.saturating_add(1), Box::default);
        }
        if let Some(place) = self.filters.get_mut(at) {
            memory.give_back(place.len());
            memory.add(filter.len());
            *place = filter;
        }
    }

    /// Drops the filters of the first groups from memory.
    pub(crate) fn drop_filters(&mut self, groups: u64, memory: &mut HeldMemory) {
        for filter in self.filters.iter_mut().take(usize::try_from(groups).unwrap_or(usize::MAX)) {
            memory.give_back(filter.len());
            *filter = Box::default();
        }
    }
}
