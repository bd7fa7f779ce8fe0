//! The minute of a visit that is sent late. A browser that is offline keeps its visits, and sends them hours later with their age.
//!
//! A late visit counts in the hour and on the day in which it was made. What makes it count only once goes by its arrival: its id is
//! remembered from then on, and its shard is that of the day on which it arrives.

use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::visitor::Salt;

/// A minute, counted from 1970.
pub type Minute = u32;

/// Milliseconds of a minute.
pub(crate) const MINUTE_MS: u64 = 60_000;

/// Minutes of a day.
const DAY_MINUTES: Minute = 24 * 60;

/// How long ago a visit may have been made, in minutes: a day. An age is at most 23 hours
/// ([`crate::counting::http::age::MAX_AGE_MS`]), and clocks differ a little.
const MOST_MINUTES: Minute = DAY_MINUTES;

/// The minute in which a visit was made, from its age in milliseconds; `None` if it arrives in the same minute, as most do.
pub fn minute_made(age: u64, now: u64) -> Option<Minute> {
    let (made, arrives) = (minute_of(now.saturating_sub(age)), minute_of(now));
    if made == arrives { None } else { Minute::try_from(made).ok() }
}

/// The minute in which a visit counts that arrives at `at`: the one in which it was made, moved into the day before its arrival.
pub(crate) fn minute_counted(made: Option<Minute>, at: u64) -> Minute {
    let arrives = Minute::try_from(minute_of(at)).unwrap_or(Minute::MAX);
    made.map_or(arrives, |made| made.clamp(arrives.saturating_sub(MOST_MINUTES), arrives))
}

/// The quarter of an hour of a time in milliseconds, both since 1970.
pub(crate) fn quarter_of(at: u64) -> u32 {
    u32::try_from(minute_of(at) / 15).unwrap_or(u32::MAX)
}

/// The day of a minute.
pub(crate) fn day_of_minute(minute: Minute) -> Day {
    minute / DAY_MINUTES
}

/// The minute, moved to the nearest one of a day.
pub(crate) fn within(minute: Minute, day: Day) -> Minute {
    let first = day.saturating_mul(DAY_MINUTES);
    minute.clamp(first, first.saturating_add(DAY_MINUTES.saturating_sub(1)))
}

/// The salt for the visitor of a visit that was made in this minute. `None` for a visit of another day than the record's: the salt of an
/// earlier day is deleted, and with today's salt the visitor would count for a day without a view.
pub fn salt_of(record: Option<&DayRecord>, made: Option<Minute>) -> Option<Salt> {
    record.filter(|record| made.is_none_or(|made| day_of_minute(made) == record.day)).map(|record| record.salt)
}

/// The minute of a time in milliseconds since 1970.
pub fn minute_of(at: u64) -> u64 {
    at.checked_div(MINUTE_MS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    #[test]
    fn a_visit_is_late_once_its_minute_is_over() {
        let now = 20_000 * 24 * 60 * MINUTE + 20 * MINUTE + 5_000;
        let arrives = 20_000 * 24 * 60 + 20;
        assert_eq!(minute_made(0, now), None);
        assert_eq!(minute_made(5_000, now), None);
        assert_eq!(minute_made(5_001, now), Some(arrives - 1));
        assert_eq!(minute_made(30 * MINUTE, now), Some(arrives - 30));
        assert_eq!(day_of_minute(arrives - 30), 19_999);
        assert_eq!(minute_made(u64::MAX, 7), None, "before 1970 there is nothing");
    }

    #[test]
    fn only_the_last_day_is_believed() {
        let at = 20_000 * 24 * 60 * MINUTE;
        let arrives = 20_000 * 24 * 60;
        for (made, counted) in [
            (None, arrives),
            (Some(arrives - 30), arrives - 30),
            (Some(arrives + 1), arrives),
            (Some(u32::MAX), arrives),
            (Some(arrives - 1_441), arrives - 1_440),
            (Some(0), arrives - 1_440),
        ] {
            assert_eq!(minute_counted(made, at), counted, "{made:?}");
        }
    }

    #[test]
    fn a_visitor_is_told_by_the_salt_of_the_day_of_the_view() {
        let record = DayRecord { day: 20_000, salt: Salt([7; 16]), shards: 1, shards_before: 1 };
        let midnight = 20_000 * 24 * 60;
        assert_eq!(salt_of(Some(&record), None), Some(record.salt));
        assert_eq!(salt_of(Some(&record), Some(midnight)), Some(record.salt));
        assert_eq!(salt_of(Some(&record), Some(midnight - 1)), None);
        assert_eq!(salt_of(None, None), None);
    }
}
