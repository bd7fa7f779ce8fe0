//! Sums over several shards that an isolate keeps while they are fresh, so that a read does not ask every shard each time.
//!
//! One request asks at a time; others that want the same sum wait for it. The parts of a sum are kept by shard: a visit that this isolate posts
//! brings the new number of its shard, so the next reader sees the visit.

use crate::counting::dispatch::claim::{gone_at, may_come};
use crate::counting::dispatch::ticket::{MAX_DEADLINE_MS, Ticket};
use crate::counting::protocol::report::FRESH_MS;

/// The most sums that an isolate keeps, because strangers choose the pages. One more drops the oldest; a sum that finds no room is not kept.
pub(crate) const MAX_SUMS: usize = 256;

/// What a request does about a sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SumStep<P> {
    /// Uses these parts, one of each shard, which were read this many milliseconds ago.
    Kept(Vec<P>, u64),
    /// Asks all shards, reports [`KeptSums::answered`] and uses what it found.
    Ask,
    /// Waits until another request wakes it, or until this time in milliseconds since 1970, and looks again.
    Wait {
        /// In milliseconds since 1970.
        until: u64,
    },
}

#[derive(Debug)]
struct Sum<K, P> {
    key: K,
    /// The parts by shard, and when the request that read them began to ask, in milliseconds since 1970.
    parts: Option<(Vec<P>, u64)>,
    /// Until when the request that asks now has time, if one does.
    asked_until: Option<u64>,
    waiting: Vec<Ticket>,
}

/// The sums that one isolate keeps, each under a key.
#[derive(Debug)]
pub(crate) struct KeptSums<K, P>(Vec<Sum<K, P>>);

impl<K, P> Default for KeptSums<K, P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, P: Clone> KeptSums<K, P> {
    /// What a request does that wants a sum and must be answered at `deadline`. If it wants a fresh sum, it asks in any case. Times are in
    /// milliseconds since 1970.
    pub(crate) fn look(&mut self, key: K, ticket: Ticket, fresh: bool, now: u64, deadline: u64) -> SumStep<P> {
        let at = match self.0.iter().position(|sum| sum.key == key) {
            Some(at) => at,
            None if !self.make_room(now) => return SumStep::Ask,
            None => {
                self.0.push(Sum { key, parts: None, asked_until: None, waiting: Vec::new() });
                self.0.len().saturating_sub(1)
            }
        };
        let Some(sum) = self.0.get_mut(at) else { return SumStep::Ask };
        sum.waiting.retain(|waiting| *waiting != ticket);
        if fresh {
            return SumStep::Ask;
        }
        if let Some((parts, read)) = &sum.parts
            && *read <= now
            && now.saturating_sub(*read) < FRESH_MS
        {
            return SumStep::Kept(parts.clone(), now.saturating_sub(*read));
        }
        match sum.asked_until {
            Some(until) if may_come(until, now, MAX_DEADLINE_MS) => {
                sum.waiting.push(ticket);
                SumStep::Wait { until: gone_at(until).min(deadline) }
            }
            _ => {
                sum.asked_until = Some(deadline);
                SumStep::Ask
            }
        }
    }

    /// Drops the oldest sums that no request asks for, as far as is necessary. Returns whether there is room for one more.
    fn make_room(&mut self, now: u64) -> bool {
        while self.0.len() >= MAX_SUMS
            && let Some(oldest) =
                self.0.iter().position(|sum| sum.asked_until.is_none_or(|until| !may_come(until, now, MAX_DEADLINE_MS)))
        {
            self.0.remove(oldest);
        }
        self.0.len() < MAX_SUMS
    }

    /// Notes what a request found that began to ask at `began`, or that it found nothing. Returns the requests to wake; they look again.
    pub(crate) fn answered(&mut self, key: &K, parts: Option<&[P]>, began: u64) -> Vec<Ticket> {
        let Some(at) = self.0.iter().position(|sum| sum.key == *key) else { return Vec::new() };
        let mut sum = self.0.remove(at);
        sum.asked_until = None;
        let waiting = std::mem::take(&mut sum.waiting);
        match parts {
            Some(parts) => sum.parts = Some((parts.to_vec(), began)),
            None if sum.parts.is_none() => return waiting,
            None => {}
        }
        // The last that was read stands last.
        self.0.push(sum);
        waiting
    }

    /// Changes the part of one shard in a kept sum, by what the shard told just now.
    pub(crate) fn part(&mut self, is_key: impl Fn(&K) -> bool, shard: u16, change: impl FnOnce(&mut P)) {
        let parts = self.0.iter_mut().find(|sum| is_key(&sum.key)).and_then(|sum| sum.parts.as_mut());
        if let Some(part) = parts.and_then(|(parts, _)| parts.get_mut(usize::from(shard))) {
            change(part);
        }
    }

    /// Forgets the parts of all sums with such a key: an owner changed what was counted.
    pub(crate) fn forget(&mut self, is_key: impl Fn(&K) -> bool) {
        self.0.iter_mut().filter(|sum| is_key(&sum.key)).for_each(|sum| sum.parts = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u64 = 1_000_000;

    type Sums = KeptSums<&'static str, u64>;

    #[test]
    fn one_asks_and_others_use_what_it_found() {
        let mut sums = Sums::default();
        assert_eq!(sums.look("/a", 1, false, T, T + 5_000), SumStep::Ask);
        assert_eq!(sums.look("/a", 2, false, T + 1, T + 9_000), SumStep::Wait { until: T + 5_101 });
        assert_eq!(sums.look("/b", 3, false, T + 1, T + 5_000), SumStep::Ask, "another sum");
        assert_eq!(sums.answered(&"/a", Some(&[2, 3]), T), [2]);
        assert_eq!(sums.look("/a", 2, false, T + 40, T + 5_000), SumStep::Kept(vec![2, 3], 40));
        assert_eq!(sums.look("/a", 4, false, T + FRESH_MS, T + 20_000), SumStep::Ask, "it is too old");
    }

    #[test]
    fn a_request_for_a_fresh_sum_asks() {
        let mut sums = Sums::default();
        sums.look("/a", 1, false, T, T + 5_000);
        sums.answered(&"/a", Some(&[2, 3]), T);
        assert_eq!(sums.look("/a", 2, true, T + 1, T + 5_000), SumStep::Ask);
        assert!(sums.answered(&"/a", Some(&[4, 3]), T + 1).is_empty());
        assert_eq!(sums.look("/a", 3, false, T + 2, T + 5_000), SumStep::Kept(vec![4, 3], 1));
    }

    #[test]
    fn a_request_that_is_gone_holds_nobody_up() {
        let mut sums = Sums::default();
        sums.look("/a", 1, false, T, T + 5_000);
        assert_eq!(sums.look("/a", 2, false, T + 5_000, T + 9_000), SumStep::Wait { until: T + 5_101 });
        assert_eq!(sums.look("/a", 2, false, T + 5_101, T + 9_000), SumStep::Ask);
        assert!(sums.answered(&"/a", None, T).is_empty(), "nobody else waits");
        assert_eq!(sums.look("/a", 3, false, T + 5_102, T + 9_000), SumStep::Ask);
        assert_eq!(sums.look("/a", 4, false, T - 60_000, T), SumStep::Ask, "the clock was ahead");
    }

    #[test]
    fn a_failure_wakes_all_and_leaves_what_is_known() {
        let mut sums = Sums::default();
        sums.look("/a", 1, false, T, T + 5_000);
        sums.answered(&"/a", Some(&[7]), T);
        sums.look("/a", 2, false, T + FRESH_MS, T + 20_000);
        sums.look("/a", 3, false, T + FRESH_MS, T + 20_000);
        assert_eq!(sums.answered(&"/a", None, T + FRESH_MS), [3]);
        assert_eq!(sums.look("/a", 3, false, T + FRESH_MS, T + 20_000), SumStep::Ask, "old parts are not told");
    }

    #[test]
    fn a_visit_and_an_owner_change_what_is_kept() {
        let mut sums = Sums::default();
        sums.look("/a", 1, false, T, T + 5_000);
        sums.answered(&"/a", Some(&[2, 3]), T);
        sums.part(|key| *key == "/a", 1, |views| *views = (*views).max(9));
        sums.part(|key| *key == "/a", 2, |_| panic!("there is no such shard"));
        sums.part(|key| *key == "/b", 0, |_| panic!("nobody asked for it"));
        assert_eq!(sums.look("/a", 2, false, T + 1, T + 5_000), SumStep::Kept(vec![2, 9], 1));
        sums.forget(|key| *key == "/a");
        assert_eq!(sums.look("/a", 2, false, T + 1, T + 5_000), SumStep::Ask);
    }

    #[test]
    fn the_most_sums_are_kept_and_not_more() {
        let mut sums = KeptSums::<usize, u64>::default();
        for key in 0..=MAX_SUMS {
            sums.look(key, 1, false, T, T + 5_000);
            sums.answered(&key, Some(&[1]), T);
        }
        assert_eq!(sums.0.len(), MAX_SUMS);
        for key in 0..MAX_SUMS {
            sums.look(MAX_SUMS * 2 + key, 1, false, T, T + 5_000);
        }
        assert_eq!(sums.look(1, 2, false, T, T + 5_000), SumStep::Ask, "all are being asked for");
        assert!(sums.answered(&1, Some(&[1]), T).is_empty() && sums.0.len() == MAX_SUMS, "and this one is not kept");
        let mut sums = KeptSums::<usize, u64>::default();
        for key in 0..=MAX_SUMS {
            sums.look(key, 1, false, T, T + 5_000);
            sums.answered(&key, Some(&[1]), T);
        }
        assert_eq!(sums.look(0, 2, false, T + 1, T + 5_000), SumStep::Ask, "the oldest went");
        assert_eq!(sums.look(MAX_SUMS, 2, false, T + 1, T + 5_000), SumStep::Kept(vec![1], 1));
    }
}
