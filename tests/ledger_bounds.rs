//! What a ledger may hold, what it forgets, and what a visit costs in rows.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::print_stdout, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::distinct_visitors::MAX_VISITORS;
use footfall::counting::ledger::held_shares::{MAX_IDS, MAX_SERVER_IDS};
use footfall::counting::ledger::isolates::KEEP_MS;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::seen::WINDOW_MS;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::ledger::state::{JOURNAL_ROWS, LedgerError};
use footfall::counting::model::client::Device;
use footfall::counting::model::date::until_over;
use footfall::counting::model::limits::{MAX_PAGES, OTHER};
use footfall::counting::model::share::Share;
use footfall::counting::protocol::answer::{Fault, Visitors};
use footfall::counting::protocol::batch::{Counted, MAX_BATCH_VISITS, Verdict};
use footfall::counting::protocol::report::Listed;
use footfall::counting::protocol::report::Question;
use footfall::counting::protocol::report::Slice;
use footfall::counting::storage::Value;
use support::rig::Rig;
use support::sqlite::Faulty;
use support::{DAY, HOUR, SECOND, Sent, T0, counted, duplicate, receipt, visit};

const TODAY: u32 = 20_000;
const RING: i64 = JOURNAL_ROWS.cast_signed();

/// A visit of each page `/0`, `/1`, … in this range.
fn pages(range: std::ops::Range<u64>) -> Vec<Sent> {
    range.map(|n| visit(&format!("/{n}"))).collect()
}

fn other(views: u64) -> Counted {
    Counted { verdict: Verdict::Counted, other: true, views }
}

#[test]
fn a_batch_writes_one_row_until_the_journal_is_full_and_then_a_checkpoint_saves_all() {
    let mut rig = Rig::new();
    let empty = rig.sql.rows_written();
    for sequence in 1..=JOURNAL_ROWS {
        rig.send(1, sequence, &[visit("/a").id(sequence).by(sequence)]);
    }
    assert_eq!(rig.sql.rows_written() - empty, JOURNAL_ROWS);
    assert_eq!((rig.rows("journal"), rig.rows("pages"), rig.rows("set_rows"), rig.rows("last_batches")), (RING, 0, 0, 0));
    assert_eq!(rig.send(1, JOURNAL_ROWS + 1, &[visit("/a")]), receipt(&[counted(1025)]));
    assert_eq!(rig.rows("journal"), RING, "the journal has no more rows than before");
    assert_eq!((rig.rows("pages"), rig.rows("set_rows"), rig.rows("last_batches")), (0, 3, 1), "ids, visitors, marks");
    assert_eq!(rig.sql.number("SELECT value FROM meta WHERE key = 'views'"), RING, "the new batch is only in the journal");
    rig.restart();
    assert_eq!((rig.ledger.views(), rig.views("/a"), rig.visitors(TODAY).visitors), (1025, 1025, 1024));
    assert_eq!(rig.send(2, 1, &[visit("/a").id(3)]), receipt(&[duplicate(1025)]));
    rig.audit();
}

#[test]
fn pages_beyond_the_limit_are_counted_together() {
    let mut rig = Rig::new();
    let mut sequence = 0;
    for first in (0..MAX_PAGES - 3).step_by(MAX_BATCH_VISITS) {
        sequence += 1;
        rig.send(1, sequence, &pages(first..(first + 512).min(MAX_PAGES - 3)));
    }
    // One batch has the last three pages that fit, two that do not, and one that the shard has already.
    let crossing: Vec<Sent> = [pages(MAX_PAGES - 3..MAX_PAGES + 2), pages(0..1)].concat();
    let got = rig.send(2, 1, &crossing);
    assert_eq!(got, receipt(&[counted(1), counted(1), counted(1), other(1), other(2), counted(2)]));
    for (what, checkpoints) in [("a restart", false), ("a checkpoint and a restart", true)] {
        if checkpoints {
            rig.maintain();
        }
        rig.restart();
        let views = rig.views(OTHER);
        let got = rig.send(3, views, &[visit("/0"), visit("/new"), visit("/new"), visit("/newer")]);
        assert_eq!(got.visits[1..], [other(views + 1), other(views + 2), other(views + 3)], "after {what}");
    }
    assert_eq!((rig.views(OTHER), rig.views("/new"), rig.views("/0")), (8, 0, 4));
    rig.audit();
    assert_eq!(rig.rows("pages"), MAX_PAGES.cast_signed() + 1);
}

#[test]
fn isolates_beyond_the_limit_are_refused_until_no_retry_can_come() {
    let mut rig = Rig::new();
    let full = Err(LedgerError::Fault(Fault::Full));
    let many = vec![visit("/a"); MAX_BATCH_VISITS];
    let (mut isolates, mut views) = (0, 0);
    let refused = loop {
        isolates += 1;
        match rig.try_send(isolates, 1, &many) {
            Ok(_) => views += 512,
            refused => break refused,
        }
    };
    assert_eq!(refused, full);
    // A receipt of 512 visits takes about 2,600 bytes. One of a lone visit takes 6, and many more of these fit: `isolates/tests.rs`.
    assert!((3_000..5_000).contains(&isolates), "{isolates} isolates");
    rig.restart();
    assert_eq!(rig.try_send(0, 1, &[visit("/a")]), full, "after a restart, too");
    rig.wait(KEEP_MS);
    assert_eq!(rig.try_send(0, 1, &[visit("/a")]), full, "their last batches can still be retried");
    assert_eq!(
        rig.send(7, 1, &many).visits.last(),
        Some(&counted(7 * 512)),
        "a known isolate gets the receipt of its last batch"
    );
    assert_eq!(rig.send(7, 2, &[visit("/a")]), receipt(&[counted(views + 1)]), "and its next batch counts");
    rig.wait(1);
    assert_eq!(rig.send(0, 1, &[visit("/a")]), receipt(&[counted(views + 2)]));
}

#[test]
fn every_isolate_of_a_busy_minute_gets_its_receipt_again_after_a_restart() {
    let mut rig = Rig::new();
    let isolates = 20_000_u64;
    let name = |n: u64| u128::from(n) << 64 | u128::from(n.wrapping_mul(40_503));
    let mut most = 0;
    for n in 1..=isolates {
        assert_eq!(rig.send(name(n), 1, &[visit("/a")]), receipt(&[counted(n)]));
        rig.now = T0 + n * KEEP_MS / isolates;
        most = most.max(rig.rows("last_batches"));
    }
    rig.maintain();
    assert_eq!((most, rig.rows("last_batches")), (1, 1), "a lone visit's batch takes about 40 bytes of a row");
    for between in [|_: &mut Rig| {}, Rig::restart] {
        between(&mut rig);
        for n in 1..=isolates {
            assert_eq!(rig.send(name(n), 1, &[visit("/a")]), receipt(&[counted(n)]), "isolate {n}");
            assert_eq!(rig.try_send(name(n), 0, &[visit("/a")]), Err(LedgerError::Fault(Fault::Superseded)));
        }
    }
    assert_eq!(rig.ledger.views(), isolates);
}

#[test]
fn a_checkpoint_writes_last_batches_over_those_of_the_one_before_and_deletes_only_rows_that_are_too_many() {
    let mut rig = Rig::new();
    let many = vec![visit("/a"); MAX_BATCH_VISITS];
    let checkpoint = |rig: &mut Rig, isolates: u128, sequence: u64, sent: &[Sent]| {
        for isolate in 0..isolates {
            rig.send(isolate, sequence, sent);
        }
        rig.maintain();
        rig.rows("last_batches")
    };
    for sequence in 1..=2 {
        assert_eq!(checkpoint(&mut rig, 1_000, sequence, &many), 3, "2.6 MB of receipts, in rows of 1 MB");
        let bytes = rig.sql.number("SELECT sum(length(body)) FROM last_batches");
        assert!((2_500_000..2_700_000).contains(&bytes), "{bytes} bytes");
        assert!(rig.sql.number("SELECT max(length(body)) FROM last_batches") < 1_100_000);
    }
    rig.wait(KEEP_MS + 1);
    assert_eq!(checkpoint(&mut rig, 3, 3, &many), 1, "the others are too old to be retried");
    rig.restart();
    assert_eq!(checkpoint(&mut rig, 2, 4, &many[..1]), 1);
    rig.restart();
    assert_eq!(rig.send(2, 3, &[]).visits.len(), 512, "the last batch of the third isolate");
    assert_eq!(rig.send(1, 4, &[]).visits.len(), 1, "and of the second");
    let written = rig.sql.rows_written();
    rig.wait(KEEP_MS + 1);
    rig.maintain();
    rig.maintain();
    assert_eq!((rig.rows("last_batches"), rig.sql.rows_written() - written), (0, 1), "deleted once");
}

/// A shard that remembers id 7, and many more ids of one sender. How many is all that the shard knows of them.
fn remembering(ids: u64, share: Share) -> Rig {
    let mut rig = Rig::new();
    rig.send(9, 1, &[visit("/a").id(7)]);
    rig.maintain();
    let held = [&share.0.to_le_bytes()[..], &u32::try_from(ids).unwrap().to_le_bytes()].concat();
    rig.sql.query("UPDATE meta SET value = ? WHERE key > 'held' AND key < 'held!'", &[Value::Blob(held)]).unwrap();
    rig.sql.query("DELETE FROM pages", &[]).unwrap();
    rig.restart();
    rig
}

fn full(views: u64) -> Counted {
    Counted { verdict: Verdict::Full, ..counted(views) }
}

#[test]
fn ids_of_a_server_beyond_its_share_are_refused_and_visits_without_an_id_count() {
    let most = MAX_IDS / 2;
    let mut rig = remembering(MAX_IDS / 2 - 1, Share(3));
    let mine = |id: u64| visit("/a").id(id).server(1);
    assert_eq!(rig.send(1, 1, &[mine(most)]), receipt(&[counted(1)]));
    let mixed = [mine(most + 1), visit("/a"), mine(most), mine(most + 1)];
    assert_eq!(
        rig.send(1, 2, &mixed),
        receipt(&[full(1), counted(2), duplicate(2), full(2)]),
        "a refused id is not stored, so it has no duplicate"
    );
    rig.restart();
    assert_eq!(rig.send(1, 3, &mixed), receipt(&[full(2), counted(3), duplicate(3), full(3)]));
    rig.maintain();
    rig.restart();
    assert_eq!(rig.send(1, 4, &mixed), receipt(&[full(3), counted(4), duplicate(4), full(4)]));
    let other = [visit("/a").id(most + 1).server(2), visit("/a").id(most + 2).address(1)];
    assert_eq!(rig.send(1, 5, &other), receipt(&[counted(5), counted(6)]), "other senders have room");
    rig.wait(36 * HOUR);
    rig.maintain();
    assert_eq!(rig.send(1, 6, &[mine(most + 1)]), receipt(&[counted(7)]), "there is room again");
}

/// F26 and similar cases: whatever one sender has sent, the visits of others count, and count once. Its own visits still count,
/// too.
#[test]
fn ids_of_pages_beyond_their_share_count_once_while_a_shorter_memory_has_them() {
    for (what, ids, share) in
        [("a memory that servers filled", MAX_SERVER_IDS, Share(3)), ("a memory that is full", MAX_IDS, Share::default())]
    {
        let mut rig = remembering(ids, share);
        let sent: Vec<Sent> = (0..500_u16).map(|n| visit("/a").id(10_000_000 + u64::from(n)).address(n % 3)).collect();
        assert_eq!(rig.send(1, 1, &sent), receipt(&(1..=500).map(counted).collect::<Vec<_>>()), "{what}");
        assert_eq!(rig.send(1, 2, &sent), receipt(&[duplicate(500); 500]), "{what}");
        rig.restart();
        assert_eq!(rig.send(2, 1, &sent), receipt(&[duplicate(500); 500]), "{what}, after a restart");
        let held = if ids == MAX_IDS { (MAX_IDS, 500) } else { (MAX_SERVER_IDS + 500, 0) };
        let [_, _, ids, _, _, _, _, _, short, ..] = rig.ledger.holds();
        assert_eq!((ids, short), held, "{what}");
        assert_eq!(rig.send(2, 2, &[visit("/a").id(7)]), receipt(&[duplicate(500)]), "{what}: the ids that it had stay");
    }
}

#[test]
fn visitors_beyond_the_limit_are_views_without_a_visitor() {
    let mut rig = Rig::new();
    rig.send(9, 1, &[visit("/b").by(0)]);
    rig.maintain();
    let rows = rig.sql.query("SELECT value FROM meta WHERE key = 'sets'", &[]).unwrap();
    let [[Value::Blob(directory)]] = &rows.iter().map(|row| &row[..]).collect::<Vec<_>>()[..] else { panic!("{rows:?}") };
    let mut numbers: Vec<u64> = directory.chunks(8).map(|number| u64::from_le_bytes(number.try_into().unwrap())).collect();
    let visitors = numbers.windows(3).position(|set| set == [1, TODAY.into(), 1]).unwrap();
    numbers[visitors + 2] = MAX_VISITORS - 1;
    let directory = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
    rig.sql.query("UPDATE meta SET value = ? WHERE key = 'sets'", &[Value::Blob(directory)]).unwrap();
    rig.restart();
    let last = MAX_VISITORS;
    rig.send(1, 1, &[visit("/a").by(0), visit("/a").by(last), visit("/a").by(last + 1), visit("/a").by(last)]);
    let expected = Visitors { visitors: last, withheld: [0, 0, 0, 1] };
    assert_eq!(rig.visitors(TODAY), expected);
    rig.restart();
    assert_eq!((rig.visitors(TODAY), rig.ledger.views()), (expected, 5));
}

#[test]
fn maintenance_forgets_what_is_over_and_nothing_else() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").id(1).by(1)]);
    rig.wait(WINDOW_MS);
    rig.send(2, 1, &[visit("/a").id(2).by(2)]);
    assert!(rig.maintain(), "ids are left");
    assert_eq!(
        (rig.rows("journal"), rig.sets(SetKind::Ids), rig.sets(SetKind::Visitors), rig.rows("last_batches")),
        (0, vec![1, 1], vec![2], 1)
    );
    let second =
        "SELECT count(*) FROM last_batches WHERE substr(body, 1, 16) = x'00000000000000000000000000000002' AND length(body) < 60";
    assert_eq!(rig.sql.number(second), 1, "the batch of the first isolate is 12 hours old");

    rig.now = T0 + DAY - 7 * HOUR + WINDOW_MS;
    rig.send(3, 1, &[visit("/b").by(3)]);
    assert!(rig.maintain(), "the second id is left");
    assert_eq!(
        (rig.sets(SetKind::Ids), rig.sets(SetKind::Visitors), rig.rows("days"), rig.rows("last_batches")),
        (vec![1], vec![1], 1, 1)
    );
    assert_eq!(rig.send(3, 2, &[visit("/a").id(1), visit("/a").id(2)]), receipt(&[counted(3), duplicate(3)]));

    rig.now += 3 * DAY;
    assert!(!rig.maintain(), "nothing is left to forget");
    assert_eq!((rig.rows("journal"), rig.rows("set_rows"), rig.rows("last_batches")), (0, 0, 0));
    for between in [|_: &mut Rig| {}, Rig::restart] {
        between(&mut rig);
        assert_eq!((rig.ledger.views(), rig.views("/a"), rig.views("/b")), (4, 3, 1), "counts stay forever");
        assert_eq!([0, 1].map(|day| rig.visitors(TODAY + day).visitors), [2, 1]);
    }
}

#[test]
fn no_hash_of_a_visitor_outlives_its_day() {
    // As `edge::objects::shard` does: it sets an alarm for the end of the window, and another as long as `maintain` asks for one.
    for first in [T0, T0 + 6 * HOUR, T0 + 17 * HOUR - 1] {
        let mut rig = Rig::new();
        rig.now = first;
        rig.send(1, 1, &[visit("/a").by(7)]);
        let midnight = (first / DAY + 1) * DAY;
        loop {
            rig.wait(until_over(WINDOW_MS, rig.now));
            if !rig.maintain() || rig.now >= midnight {
                break;
            }
        }
        assert_eq!((rig.rows("set_rows"), rig.rows("journal")), (0, 0), "no later alarm would delete it");
        assert!((midnight..midnight + HOUR).contains(&rig.now), "it is deleted {} ms after midnight", rig.now - midnight);
        assert_eq!(rig.visitors(TODAY).visitors, 1, "the number stays");
    }
}

#[test]
fn tables_do_not_grow_with_time() {
    let mut rig = Rig::new();
    let mut sequence = 0;
    let mut most = [0; 4];
    for half_day in 0..60_u64 {
        for n in 0..40 {
            sequence += 1;
            let isolate = u128::from(half_day * 10 + n % 10);
            rig.send(isolate, sequence, &[visit("/a").id(sequence).by(n % 7), visit("/b")]);
            rig.wait(KEEP_MS);
        }
        rig.wait(WINDOW_MS - 40 * KEEP_MS);
        rig.maintain();
        let rows = ["journal", "set_rows", "meta", "last_batches"].map(|table| rig.rows(table));
        most = std::array::from_fn(|at| most[at].max(rows[at]));
    }
    assert_eq!(most, [0, 4, 9, 0], "journal, set_rows, meta, last_batches: the most rows after an alarm in 30 days");
    assert_eq!(
        (rig.rows("days"), rig.rows("withheld")),
        (30, 30),
        "two rows a day stay: its visitors, and its views without one"
    );
    assert_eq!(rig.ledger.views(), 60 * 80);
    rig.audit();
}

/// A visit of one of `pages` pages with an id, a visitor and details; the `n`th is different from all others.
fn some_visit(n: u64, pages: u64, values: u64) -> Sent {
    let value = (n.wrapping_mul(40_503) % values).to_string();
    let details = support::details(Some(Device::Desktop), &value, &value, [&value; 3]);
    visit(&format!("/{}", n.wrapping_mul(2_654_435_761) % pages)).id(n).by(n).from(&details)
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn each(rows: u64, visits: u64) -> f64 {
    rows as f64 / visits as f64
}

#[test]
fn a_visit_that_shares_its_batch_costs_a_fortieth_of_a_row_whatever_is_visited() {
    // (pages that are visited, values of each dimension)
    for (distinct, values) in [(1, 1), (100, 30), (1_000, 300), (5_000, 1_000), (10_000, 1_000), (10_000, 99_999)] {
        let mut rig = Rig::new();
        let empty = rig.sql.rows_written();
        let batches = 2 * JOURNAL_ROWS + 1;
        for n in 0..batches {
            let sent: Vec<Sent> = (0..64).map(|at| some_visit(n * 64 + at, distinct, values)).collect();
            // 20 isolates share the shard and take turns, with 200 batches a second.
            rig.send(u128::from(n % 20), n, &sent);
            rig.wait(5);
        }
        let rows = each(rig.sql.rows_written() - empty, batches * 64);
        println!(
            "{distinct} pages, {values} values a detail, 64 visits a batch, each with an id and a visitor: {rows:.4} rows a visit"
        );
        assert!(rows < 0.025, "{rows} rows a visit of {distinct} pages");
        assert_eq!(rig.ledger.views(), batches * 64);
        let before = rig.sql.rows_written();
        rig.maintain();
        println!("  an alarm then writes or deletes {} rows", rig.sql.rows_written() - before);
    }
}

/// The free plan has 100,000 rows a day.
#[test]
fn a_day_of_lone_visits_from_ever_new_isolates_costs_little_more_than_a_row_each() {
    for (a_day, most) in [(75_000, 1.06), (8_640, 1.35)] {
        let mut rig = Rig::new();
        let (mut rows, mut n) = (0, 0);
        // The day before fills the journal and the table of pages.
        for (day, counts) in [(0, false), (1, true)] {
            let midnight = T0 / DAY * DAY + day * DAY;
            let before = rig.sql.rows_written();
            for alarm in 0..2 {
                for at in 0..a_day / 2 {
                    rig.now = midnight + alarm * WINDOW_MS + 61 * SECOND + at * WINDOW_MS / (a_day / 2);
                    n += 1;
                    rig.send(u128::from(n) << 64, 1, &[some_visit(n, 100, 30)]);
                }
                rig.now = midnight + (alarm + 1) * WINDOW_MS + 60 * SECOND;
                rig.maintain();
                // The alarm itself is a row.
                rows += u64::from(counts);
            }
            rows += if counts { rig.sql.rows_written() - before } else { 0 };
        }
        let rows = each(rows, a_day);
        println!("{a_day} lone visits a day, each from another isolate, with its alarms: {rows:.3} rows a visit");
        assert!(rows <= most, "{rows} rows a visit");
        rig.audit();
    }
}

#[test]
fn no_batch_number_breaks_a_later_checkpoint() {
    // The platform passes whole numbers exactly only below 2^53.
    for sequence in [(1 << 53) - 1, 1 << 53, u64::MAX] {
        let mut rig = Rig::new();
        let _taken_or_refused = rig.try_send(1, sequence, &[visit("/a")]);
        assert_eq!(rig.ledger.maintain(rig.now, KEEP_HOURS_DAYS).map(|_| ()), Ok(()), "after a batch of number {sequence}");
        assert!(support::open(rig.sql.clone(), rig.now).is_ok());
    }
}

#[test]
fn recovery_asks_for_each_page_once_and_not_for_each_row() {
    let mut rig = Rig::new();
    for sequence in 1..=1_000 {
        rig.send(1, sequence, &[visit("/a"), visit("/b")]);
    }
    let sql = Faulty::new(rig.sql.clone());
    let ledger = support::open(sql.clone(), rig.now).unwrap();
    assert_eq!(ledger.views(), 2_000);
    assert!(sql.statements() < 70, "{} statements for 1,000 journal rows of two pages", sql.statements());
}

#[test]
fn a_checkpoint_forgets_batches_that_no_isolate_sends_again_and_keeps_the_number_of_pages() {
    let mut rig = Rig::new();
    for isolate in 1..=50 {
        rig.send(isolate, 1, &[visit(&format!("/{isolate}"))]);
    }
    rig.wait(61 * SECOND);
    rig.send(51, 1, &[visit("/a")]);
    let everything = Question::List { of: Listed::Totals, slice: Slice { part: "", skip: 0, most: u32::MAX } };
    assert_eq!(rig.ledger.report(&everything, rig.now).unwrap().len(), 51);
    assert!(rig.sql.number("SELECT sum(length(body)) FROM last_batches") < 60, "a recovery reads only this batch");
    assert_eq!(rig.sql.number("SELECT value FROM meta WHERE key = 'pages'"), 51);
    rig.restart();
    let receipt = rig.send(51, 1, &[visit("/a")]);
    assert_eq!((receipt.visits[0].views, rig.ledger.views()), (1, 51), "the shard knows the last batch, so this is a retry");
}
