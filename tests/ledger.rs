//! How a ledger counts each batch once: one test for each rule, over real SQLite.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::isolates::KEEP_MS;
use footfall::counting::ledger::seen::WINDOW_MS;
use footfall::counting::ledger::state::LedgerError;
use footfall::counting::model::date::day_of;
use footfall::counting::model::limits::OTHER;
use footfall::counting::model::page::MAX_PAGE_BYTES;
use footfall::counting::model::share::Share;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, Withheld};
use footfall::counting::protocol::answer::{Fault, Visitors};
use footfall::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_VISITS, Verdict};
use support::rig::Rig;
use support::{DAY, HOUR, NOBODY, SECOND, T0, batch, counted, duplicate, receipt, visit};

const TODAY: u32 = 20_000;

fn refused(fault: Fault) -> Result<footfall::counting::protocol::batch::Receipt, LedgerError> {
    Err(LedgerError::Fault(fault))
}

type Event = (&'static str, fn(&mut Rig));

/// What can happen to a ledger between two calls. None of it may change an answer.
const BETWEEN: [Event; 4] = [
    ("nothing", |_| {}),
    ("a restart", Rig::restart),
    ("a checkpoint", |rig| {
        rig.maintain();
    }),
    ("a checkpoint and a restart", |rig| {
        rig.maintain();
        rig.restart();
    }),
];

#[test]
fn a_receipt_has_the_views_of_each_page_in_the_order_of_the_visits() {
    let mut rig = Rig::new();
    let got = rig.send(1, 1, &[visit("/a"), visit("/b"), visit("/a"), visit("/a"), visit("/b")]);
    assert_eq!(got, receipt(&[1, 1, 2, 3, 2].map(counted)));
    assert_eq!((rig.views("/a"), rig.views("/b"), rig.views("/c"), rig.ledger.views()), (3, 2, 0, 5));
}

#[test]
fn counting_continues_where_it_stopped() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        rig.send(1, 1, &[visit("/a"), visit("/b")]);
        between(&mut rig);
        assert_eq!(rig.send(1, 2, &[visit("/a"), visit("/c")]), receipt(&[counted(2), counted(1)]), "{what}");
        between(&mut rig);
        assert_eq!((rig.views("/a"), rig.views("/b"), rig.views("/c"), rig.ledger.views()), (2, 1, 1, 4), "{what}");
        rig.audit();
    }
}

#[test]
fn an_id_counts_once_inside_a_batch() {
    let mut rig = Rig::new();
    let got = rig.send(1, 1, &[visit("/a").id(7), visit("/a").id(7), visit("/b").id(7), visit("/a").id(8), visit("/a")]);
    assert_eq!(got, receipt(&[counted(1), duplicate(1), duplicate(0), counted(2), counted(3)]));
    assert_eq!((rig.views("/a"), rig.views("/b"), rig.ledger.views()), (3, 0, 3));
    rig.audit();
    assert_eq!(rig.sql.number("SELECT count(*) FROM pages"), 1, "a page with only duplicates gets no row");
}

#[test]
fn an_id_counts_once_across_batches_isolates_restarts_and_checkpoints() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        rig.send(1, 1, &[visit("/a").id(7)]);
        between(&mut rig);
        assert_eq!(rig.send(1, 2, &[visit("/a").id(7), visit("/a").id(9)]), receipt(&[duplicate(1), counted(2)]), "{what}");
        between(&mut rig);
        assert_eq!(rig.send(2, 1, &[visit("/b").id(7), visit("/a").id(9)]), receipt(&[duplicate(0), duplicate(2)]), "{what}");
        assert_eq!(rig.ledger.views(), 2, "{what}");
    }
}

#[test]
fn an_id_is_known_for_24_hours_and_not_after_36() {
    // The id is sent first at the beginning, in the middle and at the very end of a window. The end of the window decides how long the
    // shard knows the id.
    for first in [T0 - 7 * HOUR, T0, T0 - 7 * HOUR + WINDOW_MS - 1] {
        let ends = (first / WINDOW_MS + 3) * WINDOW_MS;
        for (later, is_known) in [(first + DAY, true), (ends - 1, true), (ends, false), (first + 36 * HOUR, false)] {
            for (what, between) in BETWEEN {
                let mut rig = Rig::new();
                rig.now = first;
                rig.send(1, 1, &[visit("/a").id(7)]);
                between(&mut rig);
                rig.now = later;
                between(&mut rig);
                let expected = if is_known { duplicate(1) } else { counted(2) };
                let about = format!("{} h after {} h, with {what}", (later - first) / HOUR, first % DAY / HOUR);
                assert_eq!(rig.send(1, 2, &[visit("/a").id(7)]), receipt(&[expected]), "{about}");
            }
        }
    }
}

#[test]
fn a_retry_of_the_last_batch_gets_the_same_receipt_and_counts_nothing() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        let sent = [visit("/a").id(7), visit("/a").id(7), visit("/b"), visit("/b").by(5)];
        rig.send(2, 4, &[visit("/a")]);
        let first = rig.send(1, 1, &sent);
        // Other visits count in the meantime, so a receipt that is computed again would differ.
        rig.send(2, 5, &[visit("/a"), visit("/b")]);
        for _ in 0..2 {
            between(&mut rig);
            assert_eq!(rig.send(1, 1, &sent), first, "{what}");
        }
        assert_eq!(rig.ledger.views(), 6, "{what}");
    }
}

#[test]
fn a_retry_is_known_as_long_as_a_visit_may_wait_for_it() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        let first = rig.send(1, 1, &[visit("/a")]);
        rig.wait(KEEP_MS);
        between(&mut rig);
        assert_eq!(rig.send(1, 1, &[visit("/a")]), first, "{what}");
    }
}

#[test]
fn a_batch_older_than_the_last_of_its_isolate_is_superseded() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        rig.send(1, 1, &[visit("/a")]);
        rig.send(1, 5, &[visit("/a")]);
        between(&mut rig);
        for sequence in [0, 1, 4] {
            assert_eq!(rig.try_send(1, sequence, &[visit("/a").id(sequence)]), refused(Fault::Superseded), "{what}");
        }
        assert_eq!(rig.send(2, 1, &[visit("/a")]), receipt(&[counted(3)]), "another isolate has numbers of its own");
        assert_eq!(rig.send(1, 6, &[visit("/a").id(4)]), receipt(&[counted(4)]), "the id of a refused visit is free: {what}");
    }
}

#[test]
fn a_malformed_batch_is_refused_and_leaves_nothing() {
    let good = Item { page: 0, details: 0, id: None, visitor: NOBODY, day: TODAY, made: None, share: Share::default() };
    let with = |pages: Vec<&'static str>, visits: Vec<Item>| Batch {
        isolate: 1,
        sequence: 2,
        pages,
        details: Vec::new(),
        visits,
        tallies: Vec::new(),
    };
    let long: &'static str = Box::leak(format!("/{}", "a".repeat(MAX_PAGE_BYTES)).into_boxed_str());
    let malformed = [
        ("no visit", with(vec![], vec![])),
        ("a page but no visit", with(vec!["/a"], vec![])),
        ("a visit but no page", with(vec![], vec![good])),
        ("a page beyond the last", with(vec!["/a"], vec![good, Item { page: 1, ..good }])),
        ("more pages than visits", with(vec!["/a", "/b"], vec![good])),
        ("too many visits", with(vec!["/a"], vec![good; MAX_BATCH_VISITS + 1])),
        ("a page without /", with(vec!["a"], vec![good])),
        ("the name that further pages are counted under", with(vec![OTHER], vec![good])),
        ("an empty page", with(vec![""], vec![good])),
        ("a page that is too long", with(vec![long], vec![good])),
        ("the day after tomorrow", with(vec!["/a"], vec![good, Item { day: TODAY + 2, id: Some(Fingerprint(1)), ..good }])),
        ("the last of all days", with(vec!["/a"], vec![Item { day: u32::MAX, id: Some(Fingerprint(1)), ..good }])),
    ];
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a")]);
    let before = rig.sql.rows_written();
    for (what, batch) in malformed {
        assert_eq!(rig.ledger.apply(&batch, rig.now), refused(Fault::Malformed), "{what}");
    }
    assert_eq!(rig.sql.rows_written(), before, "nothing was written");
    assert_eq!(rig.ledger.views(), 1);
    assert_eq!(rig.send(1, 2, &[visit("/a")]), receipt(&[counted(2)]), "the number of a refused batch is free");
}

#[test]
fn a_batch_at_its_limits_is_taken() {
    let mut rig = Rig::new();
    let longest = format!("/{}", "a".repeat(MAX_PAGE_BYTES - 1));
    let got = rig.send(1, 0, &vec![visit(&longest); MAX_BATCH_VISITS]);
    assert_eq!(got.visits.last(), Some(&counted(512)));
    assert_eq!(rig.send(1, 1, &[visit("/").of(TODAY + 1)]), receipt(&[counted(1)]), "clocks differ around midnight");
}

#[test]
fn a_batch_that_lists_a_page_twice_is_refused() {
    // A batch has "the pages of the visits, each once". Two copies would both start from the stored views, and the receipt would be
    // wrong.
    let mut rig = Rig::new();
    let items =
        [0, 1].map(|page| Item { page, details: 0, id: None, visitor: NOBODY, day: TODAY, made: None, share: Share::default() });
    let twice = Batch {
        isolate: 1,
        sequence: 1,
        pages: vec!["/a", "/a"],
        details: Vec::new(),
        visits: items.to_vec(),
        tallies: Vec::new(),
    };
    assert_eq!(rig.ledger.apply(&twice, rig.now), refused(Fault::Malformed));
}

#[test]
fn a_visit_of_a_day_that_is_over_is_stale_and_counts_nothing() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        rig.now = T0 + 17 * HOUR - SECOND;
        rig.send(1, 1, &[visit("/a").by(1)]);
        // The clock of the second isolate is ahead: for it, and so for this shard, the next day has begun.
        rig.send(2, 1, &[visit("/a").by(2).of(TODAY + 1)]);
        between(&mut rig);
        let sent = [visit("/a").by(3), visit("/a").id(7), visit("/a"), visit("/a").id(7).of(TODAY + 1)];
        let got = rig.send(1, 2, &sent);
        let stale = Counted { verdict: Verdict::Stale, other: false, views: 2 };
        assert_eq!(
            got,
            receipt(&[stale, stale, counted(3), counted(4)]),
            "a visit with neither id nor visitor counts on any day: {what}"
        );
    }
}

#[test]
fn a_visitor_is_counted_once_a_day_and_a_view_without_one_by_its_reason() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        let opted_out = || support::Sent { visitor: Visitor::Withheld(Withheld::OptedOut), ..visit("/a") };
        rig.send(1, 1, &[visit("/a").by(1), visit("/b").by(1), opted_out(), visit("/a")]);
        between(&mut rig);
        rig.send(2, 1, &[visit("/a").by(1), visit("/a").by(2), visit("/a").by(3).id(1), visit("/a").by(4).id(1), opted_out()]);
        between(&mut rig);
        let expected = Visitors { visitors: 3, withheld: [2, 0, 1, 0] };
        assert_eq!(rig.visitors(TODAY), expected, "a duplicate adds no visitor: {what}");
        rig.wait(DAY);
        rig.send(1, 2, &[visit("/a").by(1)]);
        between(&mut rig);
        assert_eq!(rig.visitors(TODAY), expected, "the number of a day that is over stays: {what}");
        assert_eq!(rig.visitors(TODAY + 1).visitors, 1, "{what}");
        assert_eq!(rig.visitors(TODAY + 2), Visitors::default(), "{what}");
    }
}

#[test]
fn asking_for_an_id_says_whether_it_is_known_and_ends_the_day() {
    for (what, between) in BETWEEN {
        let mut rig = Rig::new();
        rig.send(1, 1, &[visit("/a").id(7)]);
        between(&mut rig);
        let id = footfall::counting::model::visit_id::Fingerprint;
        assert_eq!(rig.ledger.seen(id(7), TODAY + 1, rig.now), Ok(true), "{what}");
        assert_eq!(rig.ledger.seen(id(8), TODAY + 1, rig.now), Ok(false), "{what}");
        between(&mut rig);
        let late = rig.send(1, 2, &[visit("/a").id(8)]);
        assert_eq!(late.visits[0].verdict, Verdict::Stale, "another shard may have counted it since: {what}");
        let far = rig.ledger.seen(id(8), TODAY + 2, rig.now);
        assert_eq!(far, Err(LedgerError::Fault(Fault::Malformed)), "no single clock may end a day for all isolates");
        assert_eq!(day_of(rig.now), TODAY);
        assert_eq!(rig.ledger.apply(&batch(1, 3, rig.now, &[visit("/a").of(0)]), rig.now), Ok(receipt(&[counted(2)])), "{what}");
    }
}
