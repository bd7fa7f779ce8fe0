//! The day records of a site, over real SQLite: all isolates get one salt and one number of shards a day, and afterwards no salt.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::dispatch::days::{Days, EARLY_MS, Missing};
use footfall::counting::model::date::day_of;
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::model::visitor::Salt;
use footfall::counting::storage::Value;
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{DAY, HOUR, T0};

const TODAY: u32 = 20_000;

fn ask(sql: &Sqlite, day: u32, shards: u16, random: u8, now: u64) -> DayRecord {
    Days::new(sql.clone()).record(day, shards, [random; 16], now).unwrap().unwrap()
}

#[test]
fn every_caller_gets_the_same_record_all_day() {
    let sql = Sqlite::new();
    let first = ask(&sql, TODAY, 4, 1, T0);
    assert_eq!(first, DayRecord { day: TODAY, salt: Salt([1; 16]), shards: 4, shards_before: 4 });
    for (shards, random) in [(4, 2), (1, 3), (256, 4)] {
        assert_eq!(ask(&sql, TODAY, shards, random, T0 + 10 * HOUR), first, "{shards} shards");
    }
}

#[test]
fn the_next_day_has_another_salt_and_the_shards_that_are_configured_then() {
    let sql = Sqlite::new();
    ask(&sql, TODAY, 2, 1, T0);
    let grown = ask(&sql, TODAY + 1, 8, 2, T0 + DAY);
    assert_eq!(grown, DayRecord { day: TODAY + 1, salt: Salt([2; 16]), shards: 8, shards_before: 2 });
    let shrunk = ask(&sql, TODAY + 2, 3, 3, T0 + 2 * DAY);
    assert_eq!((shrunk.shards, shrunk.shards_before), (8, 8), "shards that hold views stay");
    let later = ask(&sql, TODAY + 40, 9, 4, T0 + 40 * DAY);
    assert_eq!((later.shards, later.shards_before), (9, 8), "no matter how many days had no visits");
}

#[test]
fn a_day_that_began_for_one_isolate_has_begun_for_all() {
    let sql = Sqlite::new();
    ask(&sql, TODAY, 1, 1, T0);
    let midnight = u64::from(TODAY + 1) * DAY;
    let begun = ask(&sql, TODAY + 1, 1, 2, midnight - 5);
    assert_eq!(ask(&sql, TODAY, 1, 3, midnight - 4), begun, "an isolate whose clock is behind gets the new day");
}

#[test]
fn a_clock_that_is_days_away_begins_no_day() {
    let sql = Sqlite::new();
    for day in [0, TODAY - 2, TODAY + 1, TODAY + 2, u32::MAX] {
        assert_eq!(Days::new(sql.clone()).record(day, 1, [1; 16], T0), Ok(None), "{day}");
    }
    assert_eq!(ask(&sql, TODAY, 1, 2, T0).salt, Salt([2; 16]));
}

#[test]
fn a_salt_is_deleted_after_its_day() {
    let sql = Sqlite::new();
    ask(&sql, TODAY, 1, 7, T0);
    let days = Days::new(sql.clone());
    assert_eq!(days.maintain(T0 + HOUR), Ok(true), "a salt is left, so the alarm must come again");
    assert_eq!(salts(&sql), [vec![7; 16]], "the salt stays until its day is over");
    assert_eq!(days.maintain(T0 + DAY), Ok(false));
    assert_eq!(days.record(TODAY, 1, [1; 16], T0 + DAY), Ok(None), "a clock that is far behind begins no day");
    assert_eq!(salts(&sql), [Vec::<u8>::new()], "the alarm deletes the salt when no visit comes");
    let next = ask(&sql, TODAY + 1, 1, 8, T0 + DAY);
    assert_eq!((next.salt, next.shards_before), (Salt([8; 16]), 1));
    ask(&sql, TODAY + 2, 1, 9, T0 + 2 * DAY);
    assert_eq!(salts(&sql), [vec![], vec![9; 16]], "the next day's record deletes the salt");
}

fn salts(sql: &Sqlite) -> Vec<Vec<u8>> {
    let rows = sql.query("SELECT salt FROM days ORDER BY day", &[]).unwrap();
    rows.into_iter().map(|row| if let [Value::Blob(salt)] = &row[..] { salt.clone() } else { panic!("{row:?}") }).collect()
}

#[test]
fn a_storage_fault_makes_no_second_salt() {
    for fault in FAULTS {
        for nth in 1..=6 {
            let sql = Sqlite::new();
            let faulty = Faulty::new(sql.clone());
            faulty.fail_nth(nth, fault);
            let failed = Days::new(faulty.clone()).record(TODAY, 2, [1; 16], T0);
            assert!(failed.is_err() || faulty.clear(), "{nth}: {failed:?}");
            let first = ask(&sql, TODAY, 2, 2, T0);
            assert_eq!(ask(&sql, TODAY, 2, 3, T0), first, "statement {nth} {fault:?}");
            assert_eq!(day_of(T0), first.day);
        }
    }
}

/// F28: a clock that was ahead ends no day, begins no second salt of a day, and loses no shards.
#[test]
fn a_clock_that_was_ahead_leaves_the_day_as_it_was() {
    for days in [1, 2, 3, 400] {
        let sql = Sqlite::new();
        let today = ask(&sql, TODAY, 4, 1, T0);
        ask(&sql, TODAY + days, 1, 2, T0 + u64::from(days) * DAY);
        let after = ask(&sql, TODAY, 1, 3, T0 + HOUR);
        // A clock that is one day ahead cannot be told from the next day.
        let salt = if days == 1 { Salt([3; 16]) } else { today.salt };
        assert_eq!((after.day, after.shards, after.salt), (TODAY, 4, salt), "{days} days ahead");
        assert_eq!(ask(&sql, TODAY, 1, 4, T0 + 2 * HOUR), after, "the record stays the same");
        let tomorrow = ask(&sql, TODAY + 1, 1, 5, T0 + DAY);
        assert_eq!((tomorrow.day, tomorrow.shards, tomorrow.shards_before), (TODAY + 1, 4, 4));
    }
}

#[test]
fn a_clock_that_was_ahead_from_the_beginning_leaves_the_shards() {
    let sql = Sqlite::new();
    ask(&sql, TODAY + 2, 4, 1, T0 + 2 * DAY);
    let record = ask(&sql, TODAY, 2, 2, T0);
    assert_eq!((record.day, record.shards, record.shards_before, record.salt), (TODAY, 4, 4, Salt([2; 16])));
}

#[test]
fn a_clock_that_was_behind_begins_no_second_salt_either() {
    let sql = Sqlite::new();
    let today = ask(&sql, TODAY, 2, 1, T0);
    assert_eq!(ask(&sql, TODAY - 5, 2, 2, T0 - 5 * DAY).day, TODAY - 5);
    assert_eq!(ask(&sql, TODAY, 2, 3, T0 + HOUR), today);
}

#[test]
fn a_record_can_be_asked_for_early_without_beginning_its_day() {
    let sql = Sqlite::new();
    let midnight = u64::from(TODAY + 1) * DAY;
    let today = ask(&sql, TODAY, 2, 1, T0);
    assert_eq!(Days::new(sql.clone()).record(TODAY + 1, 2, [9; 16], midnight - EARLY_MS - 60_001), Ok(None), "this is too early");
    let early = ask(&sql, TODAY + 1, 8, 2, midnight - EARLY_MS);
    assert_eq!((early.day, early.shards, early.shards_before), (TODAY + 1, 8, 2));
    for ahead in [EARLY_MS - 1, 120_000, 60_000, 1] {
        assert_eq!(ask(&sql, TODAY, 2, 3, midnight - ahead), today, "{ahead} ms before midnight");
    }
    assert_eq!(ask(&sql, TODAY + 1, 9, 4, midnight - 61_000), early, "the record is pinned");
    // An isolate for which the day has begun.
    assert_eq!(ask(&sql, TODAY + 1, 9, 5, midnight - 5), early);
    assert_eq!(ask(&sql, TODAY, 2, 6, midnight - 4), early, "so it has begun for all");
    assert_eq!(salts(&sql), [vec![], vec![2; 16]]);
    // An isolate can ask for the record of the following day early, too, and the old rows are deleted.
    let next = ask(&sql, TODAY + 2, 9, 7, midnight + DAY - EARLY_MS);
    assert_eq!((next.shards, next.shards_before), (9, 8));
    assert_eq!(Days::new(sql.clone()).maintain(midnight + DAY + 60_000), Ok(true));
    assert_eq!(ask(&sql, TODAY + 2, 9, 8, midnight + DAY + 60_000), next);
    ask(&sql, TODAY + 3, 9, 9, midnight + 2 * DAY - EARLY_MS);
    assert_eq!(salts(&sql), [vec![], vec![7; 16], vec![9; 16]], "yesterday, today and tomorrow");
}

#[test]
fn a_growth_is_announced_before_it_is_pinned_and_a_decrease_never() {
    let sql = Sqlite::new();
    let missing = |day, now| Days::new(sql.clone()).missing(day, now).unwrap();
    assert_eq!(missing(TODAY, T0), Missing::First, "before the first day, no sum covers fewer shards");
    ask(&sql, TODAY, 2, 1, T0);
    assert_eq!(missing(TODAY, T0), Missing::No, "today is pinned");
    assert_eq!(missing(TODAY + 1, T0), Missing::No, "it is too early to ask");
    let morning = T0 + DAY;
    assert_eq!(missing(TODAY + 1, morning), Missing::Next { before: TODAY, shards: 2 });
    // The first shard could not be told, so the number stays as it was.
    assert_eq!(ask(&sql, TODAY + 1, 0, 2, morning).shards, 2);
    assert_eq!(missing(TODAY + 1, morning), Missing::No);
    assert_eq!(missing(TODAY + 2, morning + DAY), Missing::Next { before: TODAY + 1, shards: 2 }, "the next day may have more");
    assert_eq!(ask(&sql, TODAY + 2, 8, 3, morning + DAY).shards, 8);
    // A clock that was ahead left a later day; the one before is the last that a load can be measured of.
    ask(&sql, TODAY + 40, 8, 4, morning + 39 * DAY);
    assert_eq!(missing(TODAY + 4, morning + 3 * DAY), Missing::Next { before: TODAY + 2, shards: 8 });
}
