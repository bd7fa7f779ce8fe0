//! How many ids each sender has in the memory of a shard, by window, and who may have more.
//!
//! Strangers can make up ids, so no sender may take up all of this memory. Each sender has a share of what is left, and all servers
//! together have three quarters.

use crate::counting::model::share::Share;
use crate::counting::storage::{StorageError, unreadable};

/// The most ids of all windows together, to within a batch. Their filters take 20 MB of memory ([`crate::counting::ledger::sets`]).
pub const MAX_IDS: u64 = 50_000_000;

/// The most ids that servers sent; the rest is for pages.
pub const MAX_SERVER_IDS: u64 = MAX_IDS / 4 * 3;

/// One server may hold up to this many times the room that is left for servers. In an empty memory that is 25,000,000 ids, and then 8,333,333 for
/// the next server.
pub(crate) const SERVER_PART: u64 = 2;

/// One sender of ids from pages may hold up to one in this many of the room that is left. That is 2,941,177 ids in an empty memory, and 735,295
/// in one that servers filled. After 100 such senders, there is still room for 100,000 ids, and the shorter memory.
pub(crate) const PAGE_PART: u64 = 16;

/// The ids of senders, by window; there are four windows at most.
#[derive(Debug, Default)]
pub(crate) struct HeldShares {
    windows: Vec<WindowShares>,
}

#[derive(Debug, Default)]
struct WindowShares {
    number: u64,
    /// All ids of the window.
    ids: u64,
    /// How many of them servers sent.
    of_servers: u64,
    /// How many each sender sent, in the order of shares.
    held: Vec<(Share, u32)>,
    /// Whether the tables do not have all of this.
    is_news: bool,
}

impl HeldShares {
    /// Whether this sender may take up room for one more id.
    pub(crate) fn has_room(&self, share: Share) -> bool {
        let held = self.sum(|window| window.find(share).map_or(0, |(_, held)| held.into()));
        if share.is_server() {
            held < MAX_SERVER_IDS.saturating_sub(self.of_servers()).saturating_mul(SERVER_PART)
        } else {
            held.saturating_mul(PAGE_PART) < MAX_IDS.saturating_sub(self.ids())
        }
    }

    /// Notes ids of a sender that came in a window.
    pub(crate) fn add(&mut self, share: Share, window: u64, more: u32) {
        let at = self.windows.iter().position(|known| known.number == window).unwrap_or(self.windows.len());
        if at == self.windows.len() {
            self.windows.push(WindowShares { number: window, ..WindowShares::default() });
        }
        if let Some(window) = self.windows.get_mut(at) {
            window.add(share, more);
        }
    }

    /// Forgets the windows before `window`.
    pub(crate) fn forget_before(&mut self, window: u64) {
        self.windows.retain(|known| known.number >= window);
    }

    /// Moves the ids of later windows to this one.
    pub(crate) fn move_back(&mut self, window: u64) {
        let (later, kept) = std::mem::take(&mut self.windows).into_iter().partition(|known| known.number > window);
        self.windows = kept;
        let later: Vec<WindowShares> = later;
        for (share, held) in later.into_iter().flat_map(|window| window.held) {
            self.add(share, window, held);
        }
    }

    /// Whether there is no id.
    pub(crate) fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// How many ids there are.
    pub(crate) fn ids(&self) -> u64 {
        self.sum(|window| window.ids)
    }

    /// How many of them servers sent.
    pub(crate) fn of_servers(&self) -> u64 {
        self.sum(|window| window.of_servers)
    }

    /// The windows that the tables do not have as they are, each with its number as bytes: of each sender the share, 2 bytes, and how many
    /// ids it has, 4 bytes; little endian.
    pub(crate) fn unstored(&self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        self.windows.iter().filter(|window| window.is_news).map(|window| {
            let mut bytes = Vec::with_capacity(window.held.len().saturating_mul(ENTRY));
            for (share, held) in &window.held {
                bytes.extend_from_slice(&share.0.to_le_bytes());
                bytes.extend_from_slice(&held.to_le_bytes());
            }
            (window.number, bytes)
        })
    }

    /// Notes that the tables have everything.
    pub(crate) fn all_stored(&mut self) {
        self.windows.iter_mut().for_each(|window| window.is_news = false);
    }

    /// Takes over the bytes of [`Self::unstored`].
    ///
    /// # Errors
    /// They are no such bytes.
    pub(crate) fn load(&mut self, window: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let (entries, []) = bytes.as_chunks::<ENTRY>() else { return Err(unreadable("the senders of ids")) };
        for [low, high, held @ ..] in entries {
            self.add(Share(u16::from_le_bytes([*low, *high])), window, u32::from_le_bytes(*held));
        }
        self.all_stored();
        Ok(())
    }

    fn sum(&self, number: impl Fn(&WindowShares) -> u64) -> u64 {
        self.windows.iter().map(number).fold(0, u64::saturating_add)
    }
}

/// The bytes of a sender.
const ENTRY: usize = 6;

impl WindowShares {
    fn add(&mut self, share: Share, more: u32) {
        match self.held.binary_search_by_key(&share, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, held)) = self.held.get_mut(at) {
                    *held = held.saturating_add(more);
                }
            }
            Err(at) => self.held.insert(at, (share, more)),
        }
        self.ids = self.ids.saturating_add(more.into());
        if share.is_server() {
            self.of_servers = self.of_servers.saturating_add(more.into());
        }
        self.is_news = true;
    }

    fn find(&self, share: Share) -> Option<(Share, u32)> {
        let at = self.held.binary_search_by_key(&share, |(known, _)| *known).ok()?;
        self.held.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;

    const PAGE: Share = Share(2);
    const SERVER: Share = Share(3);

    /// Adds ids until there is no room, and returns how many were taken. The last of them go one by one.
    fn fill(shares: &mut HeldShares, share: Share) -> u64 {
        let mut taken = 0;
        while shares.has_room(share) {
            let left = if share.is_server() { (MAX_SERVER_IDS - shares.of_servers()) / 4 } else { (MAX_IDS - shares.ids()) / 40 };
            let more = if taken == 0 { u32::try_from(left).unwrap().max(1) } else { 1 };
            shares.add(share, 7, more);
            taken += u64::from(more);
        }
        taken
    }

    #[test]
    fn one_server_takes_up_half_and_all_of_them_three_quarters() {
        let mut shares = HeldShares::default();
        assert_eq!(fill(&mut shares, SERVER), MAX_IDS / 2);
        assert_eq!(fill(&mut shares, Share(5)), MAX_IDS / 6 + 1);
        for other in 3..400 {
            fill(&mut shares, Share(other * 2 + 1));
        }
        assert_eq!((shares.of_servers(), shares.ids()), (MAX_SERVER_IDS, MAX_SERVER_IDS), "room for none");
        assert!(!shares.has_room(Share(999)) && shares.has_room(PAGE), "and for pages as before");
        assert_eq!(fill(&mut shares, PAGE), MAX_IDS / 4 / (PAGE_PART + 1) + 1);
        assert!(shares.has_room(Share(4)));
    }

    #[test]
    fn a_page_that_sent_too_many_leaves_room_for_others() {
        let mut shares = HeldShares::default();
        assert_eq!(fill(&mut shares, PAGE), MAX_IDS / (PAGE_PART + 1) + 1);
        assert!(!shares.has_room(PAGE) && shares.has_room(Share(4)) && shares.has_room(SERVER));
        shares.forget_before(7);
        assert!(!shares.has_room(PAGE));
        shares.forget_before(8);
        assert!(shares.has_room(PAGE) && shares.is_empty() && shares.ids() == 0);
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut shares = HeldShares::default();
        for n in 0..1_000_u16 {
            shares.add(Share(n.wrapping_mul(25_173)), u64::from(n % 3), u32::from(n) + 1);
        }
        let mut again = HeldShares::default();
        for (window, bytes) in shares.unstored() {
            again.load(window, &bytes).unwrap();
        }
        assert_eq!(again.unstored().count(), 0, "nothing is news");
        assert_eq!((again.ids(), again.of_servers()), (shares.ids(), shares.of_servers()));
        assert!(shares.windows.iter().zip(&again.windows).all(|(one, other)| one.held == other.held));
        shares.all_stored();
        shares.add(PAGE, 2, 1);
        assert_eq!(shares.unstored().map(|(window, _)| window).collect::<Vec<_>>(), [2]);
        assert!(again.load(0, &[0; 7]).is_err());
    }
}
