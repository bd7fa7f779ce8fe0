//! The visit ids that a shard remembers, in windows of 12 hours.
//!
//! An id is known for 24 to 36 hours: during its own window and the next two. So forgetting drops whole sets.
//!
//! Strangers can make up ids, so a sender has only a share of this memory ([`crate::counting::ledger::held_shares`]). An id from a server
//! that finds no room is refused ([`Verdict::Full`](crate::counting::protocol::batch::Verdict::Full)). An id from a page is never refused:
//! beyond its sender's share it goes to a shorter memory, where a new id pushes out the oldest.

use crate::counting::ledger::held_shares::HeldShares;
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::model::date::{DAY_MS, Day};
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::storage::{Sql, StorageError};
use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: u64 = 12 * 60 * 60 * 1000;

/// Windows after its own in which an id is still known; two of 12 h make at least 24 h.
const KEEP_WINDOWS: u64 = 2;

/// The most ids of the shorter memory, which take 1.6 MB. If one sender alone is beyond its share, and sends 10 visits a second, its ids stay
/// there for two hours.
pub(crate) const MAX_SHORT: usize = 65_536;

/// Who sent the ids that a shard remembers, and those that it remembers for a shorter time. The others are in its [`Sets`].
#[derive(Debug, Default)]
pub(crate) struct SeenIds {
    /// How many ids each sender has.
    pub shares: HeldShares,
    short: ShorterMemory,
}

/// The last ids of senders beyond their share.
#[derive(Debug, Default)]
struct ShorterMemory {
    ids: HashSet<Fingerprint>,
    /// The oldest first.
    order: VecDeque<Fingerprint>,
}

/// The window of a time in milliseconds since 1970.
pub(crate) fn window_of(at: u64) -> u64 {
    at.checked_div(WINDOW_MS).unwrap_or(0)
}

/// The first window whose ids are still known in `window`.
pub(crate) fn first_known(window: u64) -> u64 {
    window.saturating_sub(KEEP_WINDOWS)
}

/// The windows of a day.
pub(crate) fn windows_of(day: Day) -> RangeInclusive<u64> {
    let first = u64::from(day).saturating_mul(2);
    first..=first.saturating_add(1)
}

// A day has two windows.
const _: () = assert!(DAY_MS == 2 * WINDOW_MS);

impl SeenIds {
    /// Whether the id is known at a time.
    pub(crate) fn knows(&self, sets: &mut Sets, sql: &dyn Sql, id: Fingerprint, at: u64) -> Result<bool, StorageError> {
        if self.short.ids.contains(&id) {
            return Ok(true);
        }
        let key = sets.key(id.0);
        sets.contains_since(sql, SetKind::Ids, first_known(window_of(at)), key)
    }

    /// Remembers a new id that came in `window` for its full time.
    pub(crate) fn remember(&mut self, sets: &mut Sets, id: Fingerprint, share: Share, window: u64) {
        let key = sets.key(id.0);
        sets.insert(SetKind::Ids, window, key);
        self.shares.add(share, window, 1);
    }

    /// Remembers an id for a shorter time.
    pub(crate) fn remember_shortly(&mut self, id: Fingerprint) {
        self.short.insert(id);
    }

    /// How many ids are in the shorter memory.
    pub(crate) fn short(&self) -> usize {
        self.short.ids.len()
    }
}

impl ShorterMemory {
    fn insert(&mut self, id: Fingerprint) {
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MAX_SHORT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;

    #[test]
    fn an_id_is_known_for_at_least_24_hours_and_at_most_36() {
        const HOUR: u64 = 60 * 60 * 1000;
        for at in [0, 1, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS * 1000 + 7] {
            let window = window_of(at);
            assert!(first_known(window_of(at + 24 * HOUR)) <= window);
            assert!(first_known(window_of(at + 36 * HOUR)) > window);
        }
    }

    #[test]
    fn the_shorter_memory_forgets_the_oldest() {
        let mut short = ShorterMemory::default();
        let more = MAX_SHORT as u64 + 10;
        for _ in 0..2 {
            (0..more).for_each(|id| short.insert(Fingerprint(id)));
        }
        let known = |id| short.ids.contains(&Fingerprint(id));
        assert_eq!((short.ids.len(), short.order.len()), (MAX_SHORT, MAX_SHORT));
        assert!(known(more - 1) && known(10) && !known(9));
    }
}
