//! What an isolate knows of a site's day, and when it asks.
//!
//! One asker is enough when a day begins: the others go on under yesterday's record, and a shard for which the new day
//! has begun sends them back ([`super::wire::Verdict::Stale`]). Only an isolate that knows nothing yet asks for each
//! visit until the first answer.

use super::days::{Day, DayRecord, day_of};

/// How long after a question nobody asks again, in milliseconds, unless it is answered: while an object is away, one
/// visit a second waits for it, and the others go on.
pub const PAUSE_MS: u64 = 1_000;

/// How far an isolate's clock may be behind that of the days' object, in milliseconds. Further ahead of it no day is believed to have
/// begun.
const AHEAD_MS: u64 = 60 * 60 * 1000;

/// The longest that a visit waits for the record, in milliseconds; half of what is left to its deadline if that is less.
/// Without the record, it goes on as a view without a visitor.
const MAX_WAIT_MS: u64 = 2_000;

/// The record of one site in one isolate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCache {
    record: Option<DayRecord>,
    /// Nobody asks before this time.
    not_before: u64,
}

/// What a visit does about the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Goes on with this one, or without one.
    Known(Option<DayRecord>),
    /// Asks for the record of this day, until this time.
    Ask {
        /// The day of the isolate's clock.
        day: Day,
        /// When to go on without, in milliseconds since 1970.
        deadline: u64,
    },
}

impl DayCache {
    /// What a visit does that must be answered at `deadline`.
    pub fn look(&mut self, now: u64, deadline: u64) -> Look {
        let day = day_of(now);
        // Not one from before yesterday: the shards of today ask those of yesterday for an id, and no others.
        // Nor one of a day to come, which a clock that was ahead begot.
        let latest = day_of(now.saturating_add(AHEAD_MS));
        self.record = self.record.filter(|record| record.day.saturating_add(1) >= day && record.day <= latest);
        let pauses = now < self.not_before && self.not_before <= now.saturating_add(PAUSE_MS);
        if self.record.is_some_and(|record| record.day >= day) || pauses {
            return Look::Known(self.record);
        }
        if self.record.is_some() || self.not_before > 0 {
            self.not_before = now.saturating_add(PAUSE_MS);
        }
        let wait = MAX_WAIT_MS.min(deadline.saturating_sub(now) / 2);
        Look::Ask { day, deadline: now.saturating_add(wait) }
    }

    /// Takes the answer to a question, or that there was none, and says what is known now. An answer that is late does not
    /// undo a newer one.
    pub fn answered(&mut self, answer: Option<DayRecord>, now: u64) -> Option<DayRecord> {
        match answer {
            Some(record) if self.record.is_none_or(|known| known.day <= record.day) => self.record = Some(record),
            Some(_) => {}
            None => self.not_before = self.not_before.max(now.saturating_add(PAUSE_MS)),
        }
        self.record
    }

    /// Drops a record that a shard called stale.
    pub fn stale(&mut self, day: Day) {
        if self.record.is_some_and(|record| record.day <= day) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::days::DAY_MS;
    use crate::counting::visitor::Salt;

    const NOON: u64 = 20_000 * DAY_MS + DAY_MS / 2;

    fn record(day: Day) -> DayRecord {
        DayRecord { day, salt: Salt([0; 16]), shards: 2, shards_before: 2 }
    }

    fn asks(look: Look) -> bool {
        matches!(look, Look::Ask { .. })
    }

    #[test]
    fn who_knows_nothing_asks_and_then_all_know() {
        let mut cache = DayCache::default();
        assert_eq!(cache.look(NOON, NOON + 5_000), Look::Ask { day: 20_000, deadline: NOON + 2_000 });
        assert!(asks(cache.look(NOON, NOON + 100)), "and so does who comes meanwhile");
        assert_eq!(cache.answered(Some(record(20_000)), NOON + 5), Some(record(20_000)));
        assert_eq!(cache.look(NOON + 6, NOON + 5_000), Look::Known(Some(record(20_000))));
    }

    #[test]
    fn one_asks_when_a_day_begins_and_the_others_go_on() {
        let mut cache = DayCache::default();
        cache.answered(Some(record(19_999)), NOON);
        assert!(asks(cache.look(NOON, NOON + 5_000)));
        assert_eq!(cache.look(NOON, NOON + 5_000), Look::Known(Some(record(19_999))));
        cache.answered(Some(record(20_000)), NOON + 10);
        assert_eq!(cache.look(NOON, NOON + 5_000), Look::Known(Some(record(20_000))));
    }

    #[test]
    fn nobody_goes_on_under_a_record_from_before_yesterday() {
        let mut cache = DayCache::default();
        cache.answered(Some(record(19_998)), NOON);
        assert!(asks(cache.look(NOON, NOON + 5_000)));
        assert!(asks(cache.look(NOON, NOON + 5_000)));
    }

    #[test]
    fn after_a_failure_one_a_second_asks() {
        let mut cache = DayCache::default();
        assert!(asks(cache.look(NOON, NOON + 5_000)));
        assert_eq!(cache.answered(None, NOON + 2_000), None);
        assert_eq!(cache.look(NOON + 2_500, NOON + 9_000), Look::Known(None));
        assert!(asks(cache.look(NOON + 3_000, NOON + 9_000)));
        assert_eq!(cache.look(NOON + 3_001, NOON + 9_000), Look::Known(None), "while that one waits");
    }

    #[test]
    fn what_a_clock_that_was_ahead_left_is_not_believed() {
        let mut cache = DayCache::default();
        let ahead = NOON + 2 * DAY_MS;
        cache.answered(Some(record(20_002)), ahead);
        cache.answered(None, ahead);
        assert!(asks(cache.look(NOON, NOON + 5_000)));
        assert_eq!(cache.answered(Some(record(20_000)), NOON + 5), Some(record(20_000)));
        let midnight = 20_001 * DAY_MS;
        let mut behind = DayCache::default();
        behind.answered(Some(record(20_001)), midnight - 1_000);
        assert_eq!(behind.look(midnight - 999, midnight), Look::Known(Some(record(20_001))), "a clock that is a little behind");
    }

    #[test]
    fn a_late_answer_undoes_nothing() {
        let mut cache = DayCache::default();
        cache.answered(Some(record(20_000)), NOON);
        assert_eq!(cache.answered(None, NOON), Some(record(20_000)));
        assert_eq!(cache.answered(Some(record(19_999)), NOON), Some(record(20_000)));
        assert_eq!(cache.look(NOON, NOON + 1), Look::Known(Some(record(20_000))));
    }

    #[test]
    fn a_stale_record_goes_and_a_newer_one_stays() {
        let mut cache = DayCache::default();
        cache.answered(Some(record(20_000)), NOON);
        cache.stale(19_999);
        assert!(!asks(cache.look(NOON, NOON + 1)));
        cache.stale(20_000);
        assert!(asks(cache.look(NOON, NOON + 1)));
    }
}
