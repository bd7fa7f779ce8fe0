//! Merging runs, so that a lookup has few to ask.
//!
//! Four runs of like size become one. Runs of a period that is over, which get no more keys, all become one. A merge goes on in steps, each
//! of which writes one group of slices. From then on, a lookup of these slices asks the new run, and that of later ones the old ones.

use crate::counting::ledger::sets::run::{GROUP_BITS, Run};
use crate::counting::ledger::sets::set_rows::read_keys;
use crate::counting::ledger::sets::sizes::Sizes;
use crate::counting::ledger::sets::sorted_keys::merged;
use crate::counting::ledger::sets::stored_set::StoredSet;
use crate::counting::storage::{Sql, StorageError};

/// How many runs of like size become one. With more, a lookup has more runs to ask. With fewer, more rows are written.
const TOGETHER: usize = 4;

/// Runs are of like size if this many more bits tell their slices apart than those of the smaller ones, or one fewer: four of them make one
/// of the next size.
const CLASS_BITS: u32 = 2;

impl StoredSet {
    /// The place of the run that the next step goes on with: the smallest one that is being made.
    pub(crate) fn unfinished(&self) -> Option<usize> {
        let made = self.runs.iter().enumerate().filter(|(_, run)| run.written < run.slices());
        made.min_by_key(|(_, run)| run.bits).map(|(at, _)| at)
    }

    /// Begins a merge, if one is due. `is_over` says whether the set gets no more keys. Returns whether it began.
    pub(crate) fn begin_merge(&mut self, is_over: bool, next: &mut u64, sizes: Sizes) -> bool {
        let is_large = self.len > u64::try_from(sizes.whole).unwrap_or(u64::MAX);
        let all = is_over && is_large && self.runs.len() > 1 && self.runs.iter().all(Run::is_free);
        let class_of = |run: &Run| run.bits.saturating_add(1) / CLASS_BITS;
        let class = (0..=u32::BITS)
            .find(|class| self.runs.iter().filter(|run| run.is_free() && class_of(run) == *class).count() >= TOGETHER);
        if !all && class.is_none() {
            return false;
        }
        let mut keys: u64 = 0;
        for run in self.runs.iter_mut().filter(|run| run.is_free() && (all || Some(class_of(run)) == class)) {
            run.into = *next;
            keys = keys.saturating_add(run.keys);
        }
        if all {
            self.forget_known();
        }
        self.runs.push(Run::new(*next, sizes.bits_for(keys)));
        *next = next.saturating_add(1);
        true
    }

    /// Writes the next group of a run that is being made. Returns how many keys it has. Runs that have no more slices that are needed go from the set to
    /// `over`.
    pub(crate) fn merge_group(&mut self, sql: &dyn Sql, at: usize, over: &mut Vec<u64>) -> Result<u64, StorageError> {
        let Some(made) = self.runs.get(at) else { return Ok(0) };
        let (number, before) = (made.number, made.keys);
        let end = made.written.saturating_add(1 << GROUP_BITS);
        let first = made.first_of(made.written).unwrap_or(0);
        let last = made.first_of(end).map_or(u64::MAX, |next| next.saturating_sub(1));
        let mut keys = Vec::new();
        for run in self.runs.iter().filter(|run| run.into == number) {
            let mut more = Vec::new();
            read_keys(sql, run.number, run.slice_of(first), run.slice_of(last), &mut more, [first, last])?;
            keys = merged(&keys, &more);
        }
        self.write_group(sql, at, &keys)?;
        // A filter is dropped once the new run has all of its slices.
        self.drop_passed(number, last);
        if last == u64::MAX {
            let merged = self.runs.iter().filter(|run| run.into == number);
            over.extend(merged.clone().map(|run| run.number));
            let sum = merged.fold(0_u64, |sum, run| sum.saturating_add(run.keys));
            let left = self.runs.get(at).map_or(0, |made| made.keys);
            // A key that was in two of them is one key.
            self.len = self.len.saturating_sub(sum.saturating_sub(left));
            self.runs.retain(|run| run.into != number);
        }
        Ok(self.runs.iter().find(|run| run.number == number).map_or(0, |made| made.keys.saturating_sub(before)))
    }
}
