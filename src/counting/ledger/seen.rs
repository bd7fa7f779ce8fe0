//! The visit ids that a shard remembers, in windows of 12 hours.
//!
//! An id is known for 24 to 36 hours: during its own window and the next two. So forgetting drops whole sets and whole rows.
//!
//! Strangers can make up ids, so no sender may take up all of this memory. Each sender has a share of what is left, and all servers
//! together have three quarters. An id from a server that finds no room is refused
//! ([`Verdict::Full`](crate::counting::protocol::batch::Verdict::Full)). An id from a page is never refused: beyond its sender's share it
//! goes to a shorter memory, where a new id pushes out the oldest.

use crate::counting::model::date::{DAY_MS, Day};
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::RangeInclusive;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: u64 = 12 * 60 * 60 * 1000;

/// Windows after its own in which an id is still known; two of 12 h make at least 24 h.
const KEEP_WINDOWS: u64 = 2;

/// The most ids of all windows together, to within a batch. A set takes 9 bytes a slot and doubles at 7/8 of 2^n: 1,800,000 ids take
/// 19 MB, or 28 MB while the set grows, of the 128 MB that an isolate has (the day's visitors may take as much again).
pub const MAX_IDS: usize = 1_800_000;

/// The most ids that servers sent; the rest is for pages.
pub const MAX_SERVER_IDS: usize = MAX_IDS / 4 * 3;

/// One server may hold up to this many times the room that is left for servers. In an empty memory that is 900,000 ids, and then 300,000 for
/// the next server.
pub(crate) const SERVER_PART: usize = 2;

/// One sender of ids from pages may hold up to one in this many of the room that is left. That is 105,882 ids in an empty memory, and 26,471
/// in one that servers filled. After 100 such senders, there is still room for 4,000 ids, and the shorter memory.
pub(crate) const PAGE_PART: usize = 16;

/// The most ids of the shorter memory, which take 1.6 MB. If one sender alone is beyond its share, and sends 10 visits a second, its ids stay
/// there for two hours.
pub(crate) const MAX_SHORT: usize = 65_536;

/// Ids by window; there are four windows at most.
#[derive(Debug, Default)]
pub(crate) struct SeenIds {
    windows: Vec<Window>,
    short: ShorterMemory,
}

#[derive(Debug, Default)]
struct Window {
    number: u64,
    ids: HashSet<Fingerprint>,
    /// How many of them each share has.
    held: HashMap<Share, usize>,
    /// How many of them servers sent.
    of_servers: usize,
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
    pub(crate) fn knows(&self, id: Fingerprint, at: u64) -> bool {
        let first = first_known(window_of(at));
        self.windows.iter().any(|window| window.number >= first && window.ids.contains(&id)) || self.short.ids.contains(&id)
    }

    /// Whether this sender may take up room for one more id.
    pub(crate) fn has_room(&self, share: Share) -> bool {
        let held = sum(self.windows.iter().map(|window| window.held.get(&share).copied().unwrap_or(0)));
        if share.is_server() {
            held < MAX_SERVER_IDS.saturating_sub(self.of_servers()).saturating_mul(SERVER_PART)
        } else {
            held.saturating_mul(PAGE_PART) < MAX_IDS.saturating_sub(self.ids())
        }
    }

    /// Remembers an id that came in `window`. Returns whether it stays for its full time, or else in the shorter memory.
    pub(crate) fn insert(&mut self, id: Fingerprint, share: Share, window: u64) -> bool {
        // An id from a server without room was refused before.
        let has_room = share.is_server() || self.has_room(share);
        if has_room {
            self.remember(id, share, window);
        } else {
            self.short.insert(id);
        }
        has_room
    }

    /// Remembers an id that came in `window`, whether or not there is room.
    pub(crate) fn remember(&mut self, id: Fingerprint, share: Share, window: u64) {
        let at = self.windows.iter().position(|known| known.number == window).unwrap_or(self.windows.len());
        if at == self.windows.len() {
            self.windows.push(Window { number: window, ..Window::default() });
        }
        let Some(window) = self.windows.get_mut(at) else { return };
        if window.ids.insert(id) {
            let held = window.held.entry(share).or_default();
            *held = held.saturating_add(1);
            window.of_servers = window.of_servers.saturating_add(usize::from(share.is_server()));
        }
    }

    /// Forgets the windows before `window`.
    pub(crate) fn forget_before(&mut self, window: u64) {
        self.windows.retain(|known| known.number >= window);
    }

    /// Whether no id is remembered for its full time.
    pub(crate) fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many ids are remembered for their full time.
    pub(crate) fn ids(&self) -> usize {
        sum(self.windows.iter().map(|window| window.ids.len()))
    }

    /// How many ids came in these windows that are remembered for their full time.
    pub(crate) fn ids_of(&self, windows: RangeInclusive<u64>) -> usize {
        sum(self.windows.iter().map(|known| if windows.contains(&known.number) { known.ids.len() } else { 0 }))
    }

    /// How many of them servers sent.
    pub(crate) fn of_servers(&self) -> usize {
        sum(self.windows.iter().map(|window| window.of_servers))
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

fn sum(numbers: impl Iterator<Item = usize>) -> usize {
    numbers.fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1000;
    const PAGE: Share = Share(2);
    const SERVER: Share = Share(3);

    /// Sends ids until there is no room, and returns how many were taken.
    fn fill(seen: &mut SeenIds, share: Share, ids: std::ops::Range<u64>) -> usize {
        let taken = ids.take_while(|id| seen.has_room(share) && seen.insert(Fingerprint(*id), share, 0));
        taken.count()
    }

    #[test]
    fn an_id_is_known_for_at_least_24_hours_and_at_most_36() {
        for first in [0, 1, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS * 1000 + 7] {
            let mut seen = SeenIds::default();
            assert!(seen.insert(Fingerprint(7), PAGE, window_of(first)));
            assert!(seen.knows(Fingerprint(7), first) && !seen.knows(Fingerprint(8), first));
            assert!(seen.knows(Fingerprint(7), first + 24 * HOUR));
            assert!(!seen.knows(Fingerprint(7), first + 36 * HOUR));
        }
    }

    #[test]
    fn what_is_not_known_any_more_can_be_forgotten() {
        let mut seen = SeenIds::default();
        for window in 5..=9 {
            seen.insert(Fingerprint(window), PAGE, window);
        }
        seen.forget_before(first_known(9));
        let left: Vec<u64> = seen.windows.iter().map(|window| window.number).collect();
        assert_eq!(left, [7, 8, 9]);
        seen.forget_before(10);
        assert!(seen.is_empty() && seen.ids() == 0);
    }

    #[test]
    fn one_server_takes_up_half_and_all_of_them_three_quarters() {
        let mut seen = SeenIds::default();
        assert_eq!(fill(&mut seen, SERVER, 0..u64::MAX), MAX_IDS / 2);
        assert_eq!(fill(&mut seen, Share(5), 1_000_000..u64::MAX), MAX_IDS / 6);
        for other in 3..400 {
            fill(&mut seen, Share(other * 2 + 1), u64::from(other) * 1_000_000..u64::MAX);
        }
        assert_eq!((seen.of_servers(), seen.ids()), (MAX_SERVER_IDS, MAX_SERVER_IDS), "room for none");
        assert!(!seen.has_room(Share(999)) && seen.has_room(PAGE), "and for pages as before");
        assert_eq!(fill(&mut seen, PAGE, 1 << 40..u64::MAX), MAX_IDS / 4 / (PAGE_PART + 1) + 1);
        assert!(seen.has_room(Share(4)));
    }

    #[test]
    fn a_page_that_sent_too_many_is_remembered_for_a_shorter_time() {
        let mut seen = SeenIds::default();
        let most = fill(&mut seen, PAGE, 0..u64::MAX) as u64;
        assert_eq!(most, (MAX_IDS / (PAGE_PART + 1) + 1) as u64);
        let more = MAX_SHORT as u64 + 10;
        for id in 0..more {
            assert!(!seen.insert(Fingerprint(1 << 40 | id), PAGE, 0));
        }
        assert_eq!((seen.ids() as u64, seen.short()), (most, MAX_SHORT));
        assert!(seen.knows(Fingerprint(0), 0), "the first stays for its time");
        assert!(seen.knows(Fingerprint(1 << 40 | (more - 1)), 0) && !seen.knows(Fingerprint(1 << 40), 0));
        assert!(seen.insert(Fingerprint(1 << 41), Share(4), 0), "others have room");
    }

    #[test]
    fn an_id_that_comes_again_takes_up_nothing() {
        let mut seen = SeenIds::default();
        for _ in 0..3 {
            seen.insert(Fingerprint(1), SERVER, 0);
        }
        assert_eq!((seen.ids(), seen.of_servers()), (1, 1));
    }
}
