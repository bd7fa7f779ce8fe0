//! Databases that earlier versions of the program made open as they were.
//!
//! `v0_1.sql` is the database of a shard as SQL statements, and `v0_1_days.sql` that of a site's days. The program of commit `f8d95aa`, the
//! last of shape 0, made both. `v0_1.txt` is what that program answered afterwards. None of them ever changes. A version that changes the
//! tables makes files of its own before it does, under another name, with
//! `FOOTFALL_FIXTURE=v0_2 cargo test --profile native --test upgrade -- --ignored`.
//!
//! | file | contents |
//! | --- | --- |
//! | `story` | what happens to the shard, at fixed times |
//! | `outcome` | what the shard is asked afterwards |
//! | `stored` | a database as text |

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod outcome;
mod stored;
mod story;
#[path = "../support/mod.rs"]
mod support;

use footfall::counting::dispatch::days::Days;
use footfall::counting::ledger::state::Ledger;
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::model::visitor::Salt;
use outcome::{lived, outcome};
use story::{KEEP_DAYS, OPENED, Story, TODAY};
use support::DAY;
use support::sqlite::{FAULTS, Faulty, Sqlite};

const V0_1: &str = include_str!("v0_1.sql");
const V0_1_DAYS: &str = include_str!("v0_1_days.sql");
const V0_1_OUTCOME: &str = include_str!("v0_1.txt");

/// Compares the outcome of a database with the expected one, and names the first line that differs.
fn compare(sql: &Sqlite, expected: &str, when: &str) {
    let story = Story::new();
    let found = outcome(&story, sql);
    for (found, expected) in found.iter().zip(expected.lines()) {
        assert_eq!(found, expected, "{when}");
    }
    assert_eq!(found.len(), expected.lines().count(), "{when}");
}

#[test]
fn a_shard_of_version_0_1_opens_as_it_was() {
    let sql = stored::load(V0_1);
    assert_eq!(sql.number("SELECT max(number) - (SELECT value FROM meta WHERE key = 'checkpointed') FROM journal"), 24);
    compare(&sql, V0_1_OUTCOME, "at the first start");
}

#[test]
fn it_does_so_at_each_start_and_after_an_alarm() {
    let sql = stored::load(V0_1);
    for start in 0..3 {
        drop(Ledger::open(sql.clone(), OPENED).unwrap());
        compare(&sql.copy(), V0_1_OUTCOME, &format!("at start {start}"));
    }
    Ledger::open(sql.clone(), OPENED).unwrap().maintain(OPENED, 2 * KEEP_DAYS).unwrap();
    compare(&sql, V0_1_OUTCOME, "after an alarm");
}

#[test]
fn a_start_that_breaks_off_at_any_statement_loses_nothing() {
    let mut statements = 0;
    for fault in FAULTS {
        for n in 1.. {
            let sql = stored::load(V0_1);
            let faulty = Faulty::new(sql.clone());
            faulty.fail_nth(n, fault);
            let opened = Ledger::open(faulty.clone(), OPENED);
            if faulty.clear() {
                assert!(opened.is_ok());
                break;
            }
            assert!(opened.is_err(), "{fault:?} of statement {n}");
            compare(&sql, V0_1_OUTCOME, &format!("after {fault:?} of statement {n}"));
            statements += 1;
        }
    }
    assert!(statements > 60, "{statements} statements failed");
}

/// So a difference is one of what is stored, and not of how visits count.
#[test]
fn this_version_counts_as_version_0_1_did() {
    compare(&lived(&Story::new()), V0_1_OUTCOME, "after the same week");
}

#[test]
fn the_days_of_version_0_1_open_as_they_were() {
    let record = |day, salt, shards, shards_before| Ok(Some(DayRecord { day, salt: Salt([salt; 16]), shards, shards_before }));
    let sql = stored::load(V0_1_DAYS);
    let days = Days::new(sql.clone());
    assert_eq!(days.record(TODAY, 1, [9; 16], OPENED), record(TODAY, 2, 3, 2));
    assert_eq!(days.record(TODAY - 1, 1, [9; 16], OPENED), record(TODAY, 2, 3, 2), "yesterday is over");
    assert_eq!(sql.number("SELECT count(*) FROM days WHERE salt != x''"), 1, "and has no salt");
    assert_eq!(days.record(TODAY + 1, 1, [3; 16], OPENED + DAY), record(TODAY + 1, 3, 3, 3));
}

fn days() -> Sqlite {
    let sql = Sqlite::new();
    let days = Days::new(sql.clone());
    for (day, shards, salt) in [(TODAY - 1, 2, 1), (TODAY, 3, 2)] {
        days.record(day, shards, [salt; 16], u64::from(day) * DAY + 60_000).unwrap();
    }
    sql
}

/// Not a test: makes the files of a version, before it changes the tables.
#[test]
#[ignore = "it writes files"]
fn make() {
    let Ok(version) = std::env::var("FOOTFALL_FIXTURE") else { return };
    let story = Story::new();
    let write = |name: &str, text: String| {
        let path = format!("{}/tests/upgrade/{version}{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, text).unwrap();
    };
    let sql = lived(&story);
    write(".sql", stored::dump(&sql));
    write("_days.sql", stored::dump(&days()));
    write(".txt", outcome(&story, &sql).iter().map(|line| format!("{line}\n")).collect());
}
