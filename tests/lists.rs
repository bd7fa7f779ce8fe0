//! Lists that are read in parts: each line comes once, in one order, with the number of all lines. A list can be limited to a part of
//! a name, and covers a period or all time.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::model::dimension::Dimension;
use footfall::counting::protocol::call::Amend;
use footfall::counting::protocol::report::FRESH_MS;
use footfall::counting::protocol::report::{Line, Listed, Question, Slice, Span, Times};
use proptest::prelude::*;
use support::rig::Rig;
use support::{DAY, HOUR, visit};

const EVER: Span = Span { from: 0, until: u32::MAX };
const ALWAYS: Times = Times { quarters: EVER, days: EVER };

/// The lines of a part, each as name, views and visitors; and the number of lines in the whole list.
fn part(rig: &mut Rig, of: Listed, part: &str, skip: u32, most: u32) -> (Vec<(String, u64, u64)>, u64) {
    rig.wait(FRESH_MS);
    let question = Question::List { of, slice: Slice { part, skip, most } };
    let (report, names, _) = rig.ledger.answer(&question, rig.now).unwrap();
    (report.into_iter().map(|Line { name, views, visitors, .. }| (name, views, visitors)).collect(), names)
}

fn names(lines: &[(String, u64, u64)]) -> Vec<&str> {
    lines.iter().map(|(name, ..)| name.as_str()).collect()
}

#[test]
fn lines_with_equal_views_are_in_the_order_of_their_names_in_any_part() {
    let mut rig = Rig::new();
    // More pages than a shard looks up one by one, sent in another order than that of their names.
    for n in (0..600).rev() {
        rig.send(1, 1_000 - n, &[visit(&format!("/{n:03}")).by(n)]);
    }
    rig.send(2, 1, &[visit("/300").by(1)]);
    let all = Listed::Pages(ALWAYS);
    let (whole, number) = part(&mut rig, all, "", 0, 10_001);
    assert_eq!((whole.len(), number), (600, 600));
    assert_eq!(whole[0], ("/300".to_owned(), 2, 2));
    assert!(names(&whole[1..]).is_sorted());
    for skip in [0, 1, 2, 299, 598] {
        let (lines, number) = part(&mut rig, all, "", skip, 2);
        assert_eq!((lines.as_slice(), number), (&whole[skip as usize..skip as usize + 2], 600), "{skip}");
    }
    assert_eq!(part(&mut rig, all, "", 600, 5), (vec![], 600));
    assert_eq!(part(&mut rig, all, "", 599, 5).0.len(), 1);
    assert_eq!(names(&part(&mut rig, all, "29", 0, 3).0), ["/029", "/129", "/229"]);
    assert_eq!(part(&mut rig, all, "29", 0, 100).1, 16);
    assert_eq!(part(&mut rig, all, "%", 0, 100), (vec![], 0), "`%` is plain text and no pattern");
}

#[test]
fn views_without_a_date_are_in_the_list_of_totals() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(1), visit("/B").by(1)]);
    rig.ledger.amend(&Amend::Set { page: "/old", views: 9 }).unwrap();
    rig.ledger.amend(&Amend::Make { page: "/none", views: 0, most: 9, id: "1" }).unwrap();
    rig.restart();
    let dated = part(&mut rig, Listed::Pages(ALWAYS), "", 0, 10);
    assert_eq!((names(&dated.0), dated.1), (vec!["/B", "/a"], 2));
    let totals = part(&mut rig, Listed::Totals, "", 0, 10);
    assert_eq!(totals.0, [("/old".to_owned(), 9, 0), ("/B".to_owned(), 1, 0), ("/a".to_owned(), 1, 0)]);
    assert_eq!(totals.1, 3);
    assert_eq!(part(&mut rig, Listed::Totals, "b", 0, 10).0, [("/B".to_owned(), 1, 0)]);
    assert_eq!(part(&mut rig, Listed::Totals, "", 1, 1), (vec![("/B".to_owned(), 1, 0)], 3));
}

#[test]
fn values_of_dimensions_are_read_in_parts() {
    let mut rig = Rig::new();
    for n in 0..30_u32 {
        let details = support::details(None, "DE", &format!("{n:02}.example"), ["", "", ""]);
        let times = 1 + n / 10;
        for time in 0..times {
            rig.send(1, u64::from(n * 10 + time) + 1, &[visit("/").from(&details)]);
        }
    }
    let of = Listed::Dimensions { kind: Dimension::Referrer.number(), days: EVER };
    let (lines, number) = part(&mut rig, of, "", 9, 3);
    assert_eq!((names(&lines), number), (vec!["29.example", "10.example", "11.example"], 30));
    let (lines, number) = part(&mut rig, of, "2.ex", 1, 9);
    assert_eq!((names(&lines), number), (vec!["12.example", "02.example"], 3));
}

#[test]
fn a_list_of_hosts_has_the_hosts_of_sources_and_all_others() {
    let mut rig = Rig::new();
    for (n, referrer) in
        ["t.co", "x.com", "news.example", "news.example", "", "b\u{fc}cher.example", "localhost"].iter().enumerate()
    {
        rig.send(1, n as u64 + 1, &[visit("/").from(&support::details(None, "", referrer, ["", "", ""]))]);
    }
    let hosts = Listed::Dimensions { kind: Dimension::Host.number(), days: EVER };
    let (lines, number) = part(&mut rig, hosts, "", 0, 10);
    assert_eq!((names(&lines), number), (vec!["news.example", "b\u{fc}cher.example", "localhost", "t.co", "x.com"], 5));
    assert_eq!(lines[0].1, 2);
    assert_eq!((names(&part(&mut rig, hosts, ".co", 1, 1).0), part(&mut rig, hosts, ".co", 0, 9).1), (vec!["x.com"], 2));
    let sources = Listed::Dimensions { kind: Dimension::Referrer.number(), days: EVER };
    assert_eq!(names(&part(&mut rig, sources, "", 0, 2).0), ["Twitter", "news.example"]);
}

/// The steps of SQLite's virtual machine to list the pages of one day, after `days` days were counted.
fn steps_of_a_day(days: u32) -> u64 {
    let mut rig = Rig::new();
    let first = rig.now;
    for day in 0..days {
        rig.now = first + u64::from(day) * DAY;
        for page in 0..100_u32 {
            let hour = u64::from(page % 24) * HOUR;
            rig.now = first + u64::from(day) * DAY + hour;
            rig.send(u128::from(page), u64::from(day) + 1, &[visit(&format!("/{page}"))]);
        }
    }
    let day = u32::try_from(first / DAY).unwrap();
    let of = Listed::Pages(Times::of_days(Span { from: day, until: day + 1 }));
    rig.wait(FRESH_MS);
    // This question makes the shard checkpoint what waits.
    rig.ledger.answer(&Question::Withheld(EVER), rig.now).unwrap();
    let before = rig.sql.steps();
    let question = Question::List { of, slice: Slice { part: "", skip: 0, most: 10 } };
    let (report, ..) = rig.ledger.answer(&question, rig.now).unwrap();
    assert_eq!(report.len(), 10);
    rig.sql.steps() - before
}

#[test]
fn a_list_reads_its_own_period_and_not_all_that_was_ever_counted() {
    let [few, many] = [2, 60].map(steps_of_a_day);
    assert!(many <= few + few / 10, "{few} steps after 2 days of counting, {many} after 60");
    // With one row for each page and hour, 100 pages and 24 hours would be 2,400 rows.
    assert!(many < 5_000, "{many} steps");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The parts of a list, one after another, are the whole list.
    #[test]
    fn parts_are_the_whole(views in prop::collection::vec((0_u32..40, 1_u64..4), 1..80), most in 1_u32..9, wanted in "[0-9]{0,1}") {
        let mut rig = Rig::new();
        let mut sequence = 0;
        for (page, times) in views {
            for _ in 0..times {
                sequence += 1;
                rig.send(1, sequence, &[visit(&format!("/{page}"))]);
            }
        }
        for of in [Listed::Pages(ALWAYS), Listed::Totals] {
            let (whole, number) = part(&mut rig, of, &wanted, 0, 10_001);
            prop_assert_eq!(whole.len() as u64, number);
            prop_assert!(whole.iter().all(|(name, ..)| name.contains(&wanted)));
            let mut parts = Vec::new();
            for at in 0..=(whole.len() as u32 / most) {
                parts.extend(part(&mut rig, of, &wanted, at * most, most).0);
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
