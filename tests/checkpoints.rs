//! What a checkpoint saves, in how few rows, and how counts wait for the fold that adds them to their tables.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::state::{JOURNAL_ROWS, JOURNAL_VISITS, Ledger};
use footfall::counting::model::client::Device;
use footfall::counting::protocol::batch::{MAX_BATCH_VISITS, Tally};
use footfall::counting::protocol::report::{Listed, Question, Slice, Span, Step, Times};
use support::rig::Rig;
use support::sqlite::{FAULTS, Faulty};
use support::{DAY, HOUR, SECOND, Sent, T0, batch, visit};

/// As many different pages and values as this, in turn.
fn sent(n: u64, pages: u64) -> Sent {
    let value = (n % 300).to_string();
    let details = support::details(Some(Device::Mobile), "DE", &format!("{value}.example"), [&value; 3]);
    visit(&format!("/articles/{}", n % pages)).id(n).by(n % 5_000).from(&details)
}

/// Sends batches of 64 visits each, until a checkpoint was written in front of the last one.
fn until_a_checkpoint(rig: &mut Rig, pages: u64) -> u64 {
    let batches = JOURNAL_VISITS.div_ceil(64) + 1;
    let mut before = 0;
    for n in 0..batches {
        before = rig.sql.rows_written();
        let visits: Vec<Sent> = (0..64).map(|at| sent(n * 64 + at, pages)).collect();
        let mut batch = batch(u128::from(n % 7), n + 1, rig.now, &visits);
        batch.tallies = vec![Tally { day: 20_000, reason: 1, visits: 2 }];
        rig.ledger.apply(&batch, rig.now).unwrap();
        rig.wait(200);
    }
    rig.sql.rows_written() - before
}

fn waiting_counts(rig: &Rig) -> i64 {
    rig.sql.number("SELECT coalesce(max(length(value)), 0) FROM meta WHERE key = 'counts'")
}

/// Everything that reports tell.
fn reports(ledger: &mut Ledger<impl footfall::counting::storage::Sql>, now: u64) -> String {
    let days = Span { from: 19_999, until: 20_003 };
    let slice = Slice { part: "", skip: 0, most: u32::MAX };
    let times = Times { quarters: Span { from: 0, until: u32::MAX }, days: Span { from: 0, until: 0 } };
    let mut questions = vec![
        Question::List { of: Listed::Totals, slice },
        Question::Times { page: None, times, step: Step::Quarter },
        Question::Times { page: Some("/articles/7"), times, step: Step::Quarter },
        Question::Excluded(days),
        Question::Withheld(days),
    ];
    questions.extend((0..7).map(|kind| Question::Dimensions { kind, days }));
    questions.iter().map(|question| format!("{:?}\n", ledger.report(question, now).unwrap())).collect()
}

#[test]
fn a_checkpoint_writes_few_rows_whatever_was_visited_and_a_start_after_it_changes_no_number() {
    for pages in [1, 100, 10_000] {
        let [mut stays, mut starts] = [Rig::new(), Rig::new()];
        let rows = until_a_checkpoint(&mut stays, pages);
        assert_eq!(rows, until_a_checkpoint(&mut starts, pages));
        assert!(rows <= 16, "{rows} rows for a batch and a checkpoint over {pages} pages");
        assert_eq!((starts.rows("pages"), starts.rows("details"), starts.rows("site_quarters")), (0, 0, 0));
        for n in 0..3 {
            starts.restart();
            for rig in [&mut stays, &mut starts] {
                // Known and new pages and values.
                rig.send(1, 1_000 + n, &[sent(1_000_000 + n, 10_001 + n), sent(1_000_007, pages), visit("/new")]);
                rig.wait(15 * 60 * SECOND);
            }
            // Views, pages, ids and visitors. Last batches of long ago may be there or not.
            assert_eq!(starts.ledger.holds()[..4], stays.ledger.holds()[..4]);
            assert_eq!(starts.views("/articles/0"), stays.views("/articles/0"));
        }
        starts.restart();
        let told = [&mut stays, &mut starts].map(|rig| reports(&mut rig.ledger, rig.now));
        assert_eq!(told[0], told[1], "{pages} pages");
        assert!(told[0].len() > 5_000);
        assert_eq!((waiting_counts(&stays), waiting_counts(&starts)), (0, 0), "the reports added them to their tables");
        stays.audit();
        starts.audit();
    }
}

#[test]
fn a_start_replays_no_more_visits_than_a_full_journal_has() {
    let mut rig = Rig::new();
    let full = vec![visit("/a"); MAX_BATCH_VISITS];
    for sequence in 1..200 {
        rig.send(1, sequence, &full);
        let rows = rig.sql.number(
            "SELECT count(*) FROM journal WHERE number > coalesce((SELECT value FROM meta WHERE key = 'checkpointed'), 0)",
        );
        let visits = rows.unsigned_abs() * 512;
        assert!(visits < JOURNAL_VISITS + 512 && rows.unsigned_abs() <= JOURNAL_ROWS, "{visits} visits in {rows} rows");
    }
    // The visits of the journal that a start replayed count, too.
    rig.restart();
    let before = rig.sql.number("SELECT value FROM meta WHERE key = 'checkpointed'");
    for sequence in 200..200 + JOURNAL_VISITS / 512 {
        rig.send(1, sequence, &full);
    }
    assert!(rig.sql.number("SELECT value FROM meta WHERE key = 'checkpointed'") > before);
}

#[test]
fn counts_that_are_too_many_for_a_row_are_added_to_their_tables() {
    let mut rig = Rig::new();
    let long = "a".repeat(900);
    for n in 0..JOURNAL_VISITS / 512 + 1 {
        let visits: Vec<Sent> = (0..512).map(|at| visit(&format!("/{long}/{}", (n * 512 + at) % 2_000))).collect();
        rig.send(1, n + 1, &visits);
    }
    assert_eq!((rig.rows("pages"), waiting_counts(&rig)), (2_000, 0), "1.8 MB of pages");
    rig.audit();
}

#[test]
fn a_fold_after_any_fault_adds_the_counts_once() {
    let mut rig = Rig::new();
    until_a_checkpoint(&mut rig, 20);
    assert!(waiting_counts(&rig) > 0);
    let (views, now) = (rig.ledger.views(), rig.now + 20 * SECOND);
    let expected = {
        let mut copy = Rig::on(rig.sql.copy(), now);
        reports(&mut copy.ledger, now)
    };
    for fault in FAULTS {
        // A fold has hundreds of statements; the first and the last ones differ most.
        for n in (1..40).chain((40..).step_by(397)) {
            let sql = rig.sql.copy();
            let faulty = Faulty::new(sql.clone());
            let mut ledger = support::open(faulty.clone(), now).unwrap();
            faulty.fail_nth(n, fault);
            let failed =
                ledger.report(&Question::List { of: Listed::Totals, slice: Slice { part: "", skip: 0, most: 1 } }, now).is_err();
            if faulty.clear() {
                break;
            }
            assert!(failed, "{fault:?} of statement {n}");
            let mut again = Rig::on(sql, now);
            assert_eq!(again.ledger.views(), views);
            assert_eq!(reports(&mut again.ledger, now), expected, "{fault:?} of statement {n}");
            again.audit();
        }
    }
}

#[test]
fn counts_that_cannot_be_read_are_an_error() {
    let mut rig = Rig::new();
    until_a_checkpoint(&mut rig, 20);
    let length = waiting_counts(&rig);
    let open = |value: &str| {
        let sql = rig.sql.copy();
        sql.query(&format!("UPDATE meta SET value = {value} WHERE key = 'counts'"), &[]).unwrap();
        support::open(sql, rig.now).is_ok()
    };
    assert!(open("value"));
    for cut in (1..length).step_by(7) {
        assert!(!open(&format!("CAST(substr(value, 1, {cut}) AS BLOB)")), "cut after {cut} of {length} bytes");
    }
    for damage in
        ["5", "'text'", "CAST(value || x'00' AS BLOB)", "CAST(x'02' || substr(value, 2) AS BLOB)", "x'0101ff0000000000'"]
    {
        assert!(!open(damage), "{damage}");
    }
}

#[test]
fn counts_that_wait_over_midnight_are_of_their_day() {
    let mut rig = Rig::new();
    rig.now = T0 + 17 * HOUR - 30 * SECOND;
    until_a_checkpoint(&mut rig, 20);
    assert!(waiting_counts(&rig) > 0 && rig.now > T0 + 17 * HOUR, "midnight is over");
    rig.restart();
    rig.now += 2 * DAY;
    rig.maintain();
    assert_eq!(waiting_counts(&rig), 0);
    let of_day = |day: u32| rig.sql.number(&format!("SELECT sum(views) FROM site_quarters WHERE quarter / 96 = {day}"));
    let all = i64::try_from(rig.ledger.views()).unwrap();
    assert!(of_day(20_000) > 5_000 && of_day(20_000) + of_day(20_001) == all);
    rig.audit();
}
