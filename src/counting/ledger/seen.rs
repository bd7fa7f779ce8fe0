//! The visit ids that a shard remembers, in windows of 12 hours.
//!
//! An id is known for 24 to 36 hours: while its own window or one of the next two lasts. Windows make forgetting a
//! matter of dropping whole sets and whole rows.

use crate::counting::visit_id::Fingerprint;
use std::collections::HashSet;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: u64 = 12 * 60 * 60 * 1000;

/// Windows after its own in which an id is still known; two of 12 h make at least 24 h.
const KEEP_WINDOWS: u64 = 2;

/// The most ids of all windows together. A set takes 9 bytes a slot and doubles at 7/8 of 2^n: 1,800,000 ids take 19 MB,
/// or 28 MB while the set grows, of the 128 MB that an isolate has (the day's visitors may take as much again). Beyond
/// it, visits with an id are refused until a window ends (a shorter memory would count retries twice); visits without
/// an id go on.
pub const MAX_IDS: usize = 1_800_000;

/// Ids by window; there are four windows at most.
#[derive(Debug, Default)]
pub struct Seen {
    windows: Vec<(u64, HashSet<Fingerprint>)>,
}

/// The window of a time in milliseconds since 1970.
pub fn window_of(at: u64) -> u64 {
    at.checked_div(WINDOW_MS).unwrap_or(0)
}

/// The first window whose ids are still known in `window`.
pub fn first_known(window: u64) -> u64 {
    window.saturating_sub(KEEP_WINDOWS)
}

impl Seen {
    /// Whether the id is known at a time.
    pub fn knows(&self, id: Fingerprint, at: u64) -> bool {
        let first = first_known(window_of(at));
        self.windows.iter().any(|(window, ids)| *window >= first && ids.contains(&id))
    }

    /// Remembers an id that came in `window`.
    pub fn insert(&mut self, id: Fingerprint, window: u64) {
        match self.windows.iter_mut().find(|(known, _)| *known == window) {
            Some((_, ids)) => {
                ids.insert(id);
            }
            None => self.windows.push((window, HashSet::from([id]))),
        }
    }

    /// Whether `more` ids would be too many.
    pub fn is_full(&self, more: usize) -> bool {
        self.ids().saturating_add(more) > MAX_IDS
    }

    /// Forgets the windows before `window`.
    pub fn forget_before(&mut self, window: u64) {
        self.windows.retain(|(known, _)| *known >= window);
    }

    /// Whether no id is remembered.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many ids are remembered.
    pub fn ids(&self) -> usize {
        self.windows.iter().map(|(_, ids)| ids.len()).fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_for_at_least_24_hours_and_at_most_36() {
        const HOUR: u64 = 60 * 60 * 1000;
        for first in [0, 1, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS * 1000 + 7] {
            let mut seen = Seen::default();
            seen.insert(Fingerprint(7), window_of(first));
            assert!(seen.knows(Fingerprint(7), first) && !seen.knows(Fingerprint(8), first));
            assert!(seen.knows(Fingerprint(7), first + 24 * HOUR));
            assert!(!seen.knows(Fingerprint(7), first + 36 * HOUR));
        }
    }

    #[test]
    fn what_is_not_known_any_more_can_be_forgotten() {
        let mut seen = Seen::default();
        for window in 5..=9 {
            seen.insert(Fingerprint(window), window);
        }
        seen.forget_before(first_known(9));
        let left: Vec<u64> = seen.windows.iter().map(|(window, _)| *window).collect();
        assert_eq!(left, [7, 8, 9]);
        seen.forget_before(10);
        assert!(seen.is_empty());
    }
}
