//! Tests of [`super::DayCache`].

use super::*;
use crate::counting::dispatch::claim::GRACE_MS;
use crate::counting::model::visitor::Salt;

const NOON: u64 = 20_000 * DAY_MS + DAY_MS / 2;
const MIDNIGHT: u64 = 20_001 * DAY_MS;
/// The isolate asks a quarter of an hour before midnight, and pauses as long as may be.
const AHEAD: u64 = 15 * 60_000 / 4_001 * 4_001 + 4_000;

fn record(day: Day) -> DayRecord {
    DayRecord { day, salt: Salt([0; 16]), shards: 2, shards_before: 2 }
}

fn look(cache: &mut DayCache, ticket: Ticket, now: u64) -> RecordStep {
    cache.look(ticket, false, now, patience(now, now.saturating_add(5_000)), AHEAD)
}

#[test]
fn one_asks_and_the_others_wait_for_it() {
    let mut cache = DayCache::default();
    assert_eq!(look(&mut cache, 1, NOON), RecordStep::Ask { day: 20_000, until: NOON + 1_500 });
    assert_eq!(look(&mut cache, 2, NOON), RecordStep::Wait { until: NOON + 1_500 + GRACE_MS + 1 }, "then it can ask by itself");
    assert_eq!(
        cache.look(3, false, NOON + 1, NOON + 1_000, AHEAD),
        RecordStep::Wait { until: NOON + 1_000 },
        "no longer than it has"
    );
    assert_eq!(cache.look(3, false, NOON + 1_000, NOON + 1_000, AHEAD), RecordStep::Known(None));
    assert_eq!(cache.answered(20_000, Some(record(20_000)), NOON + 1_005), [2], "who went on is not woken");
    assert_eq!(look(&mut cache, 2, NOON + 1_006), RecordStep::Known(Some(record(20_000))));
    assert_eq!(cache.shards(), Some(2));
}

#[test]
fn where_who_asks_is_gone_one_of_those_who_wait_asks() {
    let mut cache = DayCache::default();
    look(&mut cache, 1, NOON);
    let gone = NOON + 1_500 + GRACE_MS + 1;
    assert_eq!(cache.look(2, false, NOON + 1_000, NOON + 3_000, AHEAD), RecordStep::Wait { until: gone });
    let until = NOON + 3_000 - (NOON + 3_000 - gone) / 4;
    assert_eq!(cache.look(2, false, gone, NOON + 3_000, AHEAD), RecordStep::Ask { day: 20_000, until });
    assert_eq!(cache.look(3, false, gone, NOON + 9_000, AHEAD), RecordStep::Wait { until: until + GRACE_MS + 1 });
}

#[test]
fn one_asks_when_a_day_begins_and_the_others_go_on() {
    let mut cache = DayCache::default();
    cache.answered(19_999, Some(record(19_999)), NOON - DAY_MS);
    assert!(matches!(look(&mut cache, 1, NOON), RecordStep::Ask { day: 20_000, .. }));
    assert_eq!(look(&mut cache, 2, NOON), RecordStep::Known(Some(record(19_999))));
    cache.answered(20_000, Some(record(20_000)), NOON + 10);
    assert_eq!(look(&mut cache, 3, NOON + 11), RecordStep::Known(Some(record(20_000))));
}

#[test]
fn tomorrow_is_asked_for_once_and_early_and_begins_at_midnight() {
    let mut cache = DayCache::default();
    cache.answered(20_000, Some(record(20_000)), NOON);
    let today = RecordStep::Known(Some(record(20_000)));
    assert_eq!(look(&mut cache, 1, MIDNIGHT - AHEAD - 1), today);
    let early = MIDNIGHT - AHEAD;
    assert!(matches!(look(&mut cache, 2, early), RecordStep::Ask { day: 20_001, .. }));
    assert_eq!(look(&mut cache, 3, early), today, "nobody waits for it");
    assert!(cache.answered(20_001, None, early + 5).is_empty());
    assert_eq!(look(&mut cache, 2, early + 6), today);
    assert_eq!(look(&mut cache, 4, early + EARLY_PAUSE_MS), today, "a minute later");
    assert!(matches!(look(&mut cache, 5, early + 5 + EARLY_PAUSE_MS), RecordStep::Ask { day: 20_001, .. }));
    cache.answered(20_001, Some(DayRecord { shards: 8, ..record(20_001) }), early + 100_000);
    assert_eq!(look(&mut cache, 6, MIDNIGHT - 1), today);
    assert_eq!(look(&mut cache, 7, MIDNIGHT), RecordStep::Known(Some(DayRecord { shards: 8, ..record(20_001) })));
}

#[test]
fn just_before_midnight_nobody_asks_early() {
    let mut cache = DayCache::default();
    cache.answered(20_000, Some(record(20_000)), NOON);
    assert_eq!(look(&mut cache, 1, MIDNIGHT - LAST_EARLY_MS), RecordStep::Known(Some(record(20_000))));
}

#[test]
fn isolates_ask_spread_over_half_an_hour() {
    let mut minutes = [0; 30];
    for isolate in 0..3_000_u128 {
        let ahead = ahead_ms(isolate.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        assert!((LAST_EARLY_MS..EARLY_MS).contains(&ahead));
        minutes[usize::try_from(ahead / 60_000).unwrap()] += 1;
    }
    assert!(minutes[2..].iter().all(|asked| (60..160).contains(asked)), "{minutes:?}");
}

#[test]
fn nobody_goes_on_under_a_record_from_before_yesterday_but_its_shards_are_known() {
    let mut cache = DayCache::default();
    cache.answered(19_998, Some(record(19_998)), NOON - 2 * DAY_MS);
    assert!(matches!(look(&mut cache, 1, NOON), RecordStep::Ask { day: 20_000, .. }));
    assert!(matches!(look(&mut cache, 2, NOON), RecordStep::Wait { .. }));
    assert_eq!(cache.shards(), Some(2));
    cache.outgrown(8);
    cache.outgrown(4);
    assert_eq!(cache.shards(), Some(8));
}

#[test]
fn after_failures_the_pauses_grow_and_are_bounded() {
    let mut cache = DayCache::default();
    let mut now = NOON;
    let mut pauses = Vec::new();
    for ticket in 0..7 {
        assert!(matches!(look(&mut cache, ticket, now), RecordStep::Ask { .. }));
        cache.answered(20_000, None, now);
        let failed = now;
        while look(&mut cache, 99, now) == RecordStep::Known(None) {
            now += 1;
        }
        // That look asked, and is gone.
        cache.answered(20_000, None, now);
        pauses.push(now - failed);
        now += MAX_PAUSE_MS;
    }
    assert!(pauses.is_sorted() && pauses[0] >= PAUSE_MS / 2 && pauses[0] <= PAUSE_MS, "{pauses:?}");
    assert!(pauses[6] > 4 * PAUSE_MS && pauses[6] <= MAX_PAUSE_MS, "{pauses:?}");
    look(&mut cache, 8, now);
    cache.answered(20_000, Some(record(20_000)), now);
    cache.stale(20_000);
    let asked = RecordStep::Ask { day: 20_000, until: now + 1_500 };
    assert_eq!(look(&mut cache, 9, now), asked, "what a shard says in the middle of a day is no midnight");
}

#[test]
fn what_a_clock_that_was_ahead_left_is_not_believed() {
    let mut cache = DayCache::default();
    let ahead = NOON + 2 * DAY_MS;
    look(&mut cache, 1, ahead);
    cache.answered(20_002, Some(record(20_002)), ahead);
    assert_eq!(look(&mut cache, 2, NOON), RecordStep::Ask { day: 20_000, until: NOON + 1_500 });
    cache.answered(20_000, Some(record(20_000)), NOON + 5);
    assert_eq!(look(&mut cache, 3, NOON + 5), RecordStep::Known(Some(record(20_000))));
    let mut failed = DayCache::default();
    look(&mut failed, 1, ahead);
    failed.answered(20_002, None, ahead);
    assert!(matches!(look(&mut failed, 2, NOON), RecordStep::Ask { .. }));
    let mut behind = DayCache::default();
    behind.answered(20_000, Some(record(20_001)), MIDNIGHT - 1_000);
    assert_eq!(look(&mut behind, 1, MIDNIGHT - 999), RecordStep::Known(Some(record(20_001))), "a clock that is a little behind");
}

#[test]
fn a_late_answer_undoes_nothing() {
    let mut cache = DayCache::default();
    cache.answered(20_000, Some(record(20_000)), NOON);
    cache.answered(19_999, Some(record(19_999)), NOON);
    cache.answered(20_000, None, NOON);
    assert_eq!(look(&mut cache, 1, NOON), RecordStep::Known(Some(record(20_000))));
}

#[test]
fn a_stale_record_goes_and_the_next_day_is_asked_for_whatever_the_clock_says() {
    let mut cache = DayCache::default();
    let before = MIDNIGHT - 1_000;
    cache.answered(20_000, Some(record(20_000)), before);
    cache.stale(19_999);
    assert_eq!(look(&mut cache, 1, before), RecordStep::Known(Some(record(20_000))));
    cache.stale(20_000);
    assert!(matches!(look(&mut cache, 1, before), RecordStep::Ask { day: 20_001, .. }));
    cache.answered(20_001, Some(record(20_001)), before);
    assert_eq!(look(&mut cache, 1, before), RecordStep::Known(Some(record(20_001))));
}

#[test]
fn f26_visits_of_servers_leave_half_of_the_places_to_pages() {
    let mut cache = DayCache::default();
    assert_eq!(look(&mut cache, 0, NOON), RecordStep::Ask { day: 20_000, until: NOON + 1_500 });
    let mut park = |ticket: usize, by_server| {
        let step = cache.look(ticket as u64, by_server, NOON, NOON + 2_000, AHEAD);
        matches!(step, RecordStep::Wait { .. })
    };
    assert!((1..=MAX_PARKED_BY_SERVERS).all(|ticket| park(ticket, true)));
    assert!(!park(MAX_PARKED + 1, true), "another of a server");
    assert!((MAX_PARKED_BY_SERVERS + 1..=MAX_PARKED).all(|ticket| park(ticket, false)), "pages have the rest");
    assert!(!park(MAX_PARKED + 2, false));
}
