//! Views of one value of a dimension over time: what a shard reports, what a query may ask for, and what the answer looks like.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::http::refusal::Refusal;
use footfall::counting::http::stats::answer::{FoundReports, body};
use footfall::counting::http::stats::plan::{Plan, Stats, Steps, starts_in_utc};
use footfall::counting::http::stats::query;
use footfall::counting::ledger::dimension_views::MAX_VALUES;
use footfall::counting::ledger::schema;
use footfall::counting::model::client::Device;
use footfall::counting::model::dimension::Dimension;
use footfall::counting::model::dimensions::values;
use footfall::counting::model::limits::OTHER;
use footfall::counting::model::page::KeptQuery;
use footfall::counting::protocol::report::FRESH_MS;
use footfall::counting::protocol::report::{Line, Question, Report, Span, plus};
use footfall::counting::storage::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::rig::Rig;
use support::{DAY, Sent, visit};

const TODAY: u32 = 20_000;
const EVER: Span = Span { from: 0, until: u32::MAX };

fn ask(rig: &mut Rig, question: Question<'_>) -> Report {
    rig.wait(FRESH_MS);
    rig.ledger.report(&question, rig.now).unwrap()
}

/// The days on which a value was counted, with its views.
fn days(rig: &mut Rig, kind: Dimension, value: &str, days: Span) -> Vec<(u32, u64)> {
    let lines = ask(rig, Question::Value { kind: kind.number(), value, days });
    lines.into_iter().map(|Line { at, views, .. }| (at / 24, views)).collect()
}

fn sent(device: bool, country: &str, referrer: &str) -> Sent {
    visit("/a").from(&support::details(device.then_some(Device::Mobile), country, referrer, ["", referrer, ""]))
}

fn read(path_and_query: &str) -> Result<Stats, Refusal> {
    let (path, query) = path_and_query.split_once('?').unwrap();
    query::read(path, query, &KeptQuery::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Visits may be in the journal, in the tables or in both. Each value has the days that were sent, and they add up to the lists.
    #[test]
    fn the_days_of_a_value_add_up_to_its_line_in_the_list(
        batches in prop::collection::vec((0..3_u64, prop::collection::vec((any::<bool>(), 0..3_usize, 0..6_usize), 1..6), 0..4_u8), 1..8),
        (from, length) in (0..6_u32, 1..9_u32),
    ) {
        let mut rig = Rig::new();
        let mut truth = BTreeMap::<(u8, String), BTreeMap<u32, u64>>::new();
        let span = Span { from: TODAY + from, until: TODAY + from + length };
        for (number, (later, visits, then)) in batches.iter().enumerate() {
            rig.wait(later * DAY);
            let today = u32::try_from(rig.now / DAY).unwrap();
            let visits: Vec<Sent> = visits
                .iter()
                .map(|(device, country, referrer)| sent(*device, ["", "DE", "XX"][*country], ["", "a.example", "DE", "é", "t.co", "x.com"][*referrer]))
                .collect();
            for visit in &visits {
                let told: Vec<_> = values(visit.details.as_str()).collect();
                // A referrer without the name of a source is its own host.
                let host = told.iter().filter(|(kind, value)| *kind == Dimension::Referrer && *value != "Twitter" && *value != "DE");
                for (kind, value) in told.iter().copied().chain(host.map(|(_, value)| (Dimension::Host, *value))) {
                    *truth.entry((kind.number(), value.to_owned())).or_default().entry(today).or_default() += 1;
                }
            }
            rig.send(1, number as u64 + 1, &visits);
            match then {
                0 => rig.restart(),
                1 => { rig.maintain(); }
                2 => { ask(&mut rig, Question::Excluded(EVER)); }
                _ => {}
            }
        }
        for kind in Dimension::ALL {
            let listed = ask(&mut rig, Question::Dimensions { kind: kind.number(), days: span });
            let mut of_kind = 0;
            for ((_, value), expected) in truth.iter().filter(|((of, _), _)| *of == kind.number()) {
                let expected: Vec<_> = expected.iter().map(|(day, views)| (*day, *views)).filter(|(day, _)| (span.from..span.until).contains(day)).collect();
                let found = days(&mut rig, kind, value, span);
                prop_assert_eq!(&found, &expected, "{:?} {}", kind, value);
                let sum: u64 = found.iter().map(|(_, views)| views).sum();
                prop_assert_eq!(sum, listed.iter().find(|line| line.name == *value).map_or(0, |line| line.views));
                of_kind += sum;
            }
            prop_assert_eq!(of_kind, listed.iter().map(|line| line.views).sum::<u64>());
            prop_assert_eq!(days(&mut rig, kind, "nobody", EVER), []);
        }
    }
}

#[test]
fn values_that_are_counted_together_are_one_value() {
    let mut rig = Rig::new();
    let made_up: Vec<Sent> = (0..MAX_VALUES + 50).map(|n| sent(false, "DE", &format!("{n}.example"))).collect();
    for (at, some) in made_up.chunks(350).enumerate() {
        rig.send(1, at as u64 + 1, some);
    }
    assert_eq!(days(&mut rig, Dimension::Referrer, OTHER, EVER), [(TODAY, 50)]);
    assert_eq!(days(&mut rig, Dimension::Country, OTHER, EVER), []);
    assert_eq!(days(&mut rig, Dimension::Country, "DE", EVER), [(TODAY, made_up.len() as u64)]);
}

/// If a day has no room for the name of a source, the source's host counts with the other hosts, and not again under its own name.
#[test]
fn each_referral_is_one_host_even_without_room_for_its_name() {
    let mut rig = Rig::new();
    let made_up: Vec<Sent> = (0..MAX_VALUES).map(|n| sent(false, "", &format!("{n}.example"))).collect();
    for (at, some) in made_up.chunks(350).enumerate() {
        rig.send(1, at as u64 + 1, some);
    }
    rig.send(2, 1, &[sent(false, "", "t.co"), sent(false, "", "0.example")]);
    let hosts = ask(&mut rig, Question::Dimensions { kind: Dimension::Host.number(), days: EVER });
    assert_eq!(hosts.iter().map(|line| line.views).sum::<u64>(), MAX_VALUES as u64 + 2);
    assert_eq!(
        (days(&mut rig, Dimension::Host, OTHER, EVER), days(&mut rig, Dimension::Host, "0.example", EVER)),
        (vec![(TODAY, 1)], vec![(TODAY, 2)])
    );
}

/// An owner pays for the rows that are read, and a day has up to 6,006.
#[test]
fn at_most_two_rows_of_a_day_are_read() {
    let rig = Rig::new();
    let values = [Value::count(1), Value::count(9), Value::count(1), Value::Text("DE".to_owned()), Value::count(1)];
    let plan = rig.sql.query(&format!("EXPLAIN QUERY PLAN {}", schema::VALUE_DAYS), &values).unwrap();
    let steps: Vec<_> = plan
        .iter()
        .filter_map(|row| match row.last() {
            Some(Value::Text(step)) if step.contains("details") => Some(step.as_str()),
            _ => None,
        })
        .collect();
    let to_the_next_day = "SEARCH details USING PRIMARY KEY (day>?)";
    assert_eq!(steps, [to_the_next_day, to_the_next_day, "SEARCH details USING PRIMARY KEY (day=? AND kind=? AND value=?)"]);
}

#[test]
fn a_query_may_ask_for_one_value_where_its_views_are_known() {
    for (query, kind, value) in [
        ("series?country=DE", Dimension::Country, "DE"),
        ("series?by=month&referrer=news.example", Dimension::Referrer, "news.example"),
        ("summary?device=desktop", Dimension::Device, "d"),
        ("summary?device=tablet", Dimension::Device, "t"),
        ("series?campaign=a%20%26%20b", Dimension::Campaign, "a & b"),
        ("series?source=(other)", Dimension::Source, OTHER),
        ("series?medium=mail&tz=Asia/Kolkata", Dimension::Medium, "mail"),
        ("summary?only=referrer:news.example", Dimension::Referrer, "news.example"),
        ("series?only=source%3Aa:b", Dimension::Source, "a:b"),
        ("summary?only=device:mobile", Dimension::Device, "m"),
    ] {
        assert_eq!(read(&format!("blog/{query}")).unwrap().value, Some((kind, value.to_owned())), "{query}");
    }
    let longest = "x".repeat(100);
    for (query, wrong) in [
        ("summary?device=toaster", "device"),
        ("series?country=DE&page=/", "country"),
        ("summary?country=DE&referrer=a", "referrer"),
        ("series?by=hour&country=DE", "by"),
        ("countries?country=DE", "country"),
        ("pages?only=medium:mail", "only"),
        ("summary?only=country:DE&page=/", "only"),
        ("summary?only=country:DE&referrer=a", "referrer"),
        ("series?by=hour&only=country:DE", "by"),
        ("summary?only=DE", "only"),
        ("summary?only=term:x", "only"),
        ("summary?only=page:/a", "only"),
        ("summary?only=", "only"),
        ("summary?only=source:", "only"),
        ("pages?medium=mail", "medium"),
        ("series?campaign=", "campaign"),
        ("series?source=a%0Ab", "source"),
        ("series?source=%C2%85", "source"),
        (&format!("series?referrer={longest}x"), "referrer"),
    ] {
        assert!(matches!(read(&format!("blog/{query}")), Err(Refusal::Parameter(name, _)) if name == wrong), "{query}");
    }
    assert!(read(&format!("blog/series?referrer={longest}")).is_ok(), "as long as an imported value may be");
}

#[test]
fn an_answer_leaves_out_what_is_not_known_of_a_value() {
    // 2026-10-31 to 2026-11-02, in two shards.
    let (from, to) = (20_757, 20_759);
    let plan = Plan { from, to, starts: starts_in_utc(from, to, Steps::Days), previous: None };
    let line = |day: u32, views| Line { at: day * 24, views, ..Line::default() };
    let reports = vec![plus(vec![line(from, 2), line(to, 3)], vec![line(to, 4)])];
    let found = FoundReports { reports, names: 0, total_views: 0, shards: 2, most_shards: Some(64) };
    let answer = |path_and_query: &str| body(&read(path_and_query).unwrap(), &plan, &found);
    let facts = r#""from":"2026-10-31","to":"2026-11-02","tz":"UTC","fresh_seconds":10"#;
    assert_eq!(answer("b/summary?country=DE"), format!(r#"{{"site":"b","country":"DE",{facts},"views":9}}"#));
    assert_eq!(answer("b/summary?country=DE&format=csv"), "views\r\n9\r\n");
    let months = r#""series":[{"time":"2026-10","views":2},{"time":"2026-11","views":7}]"#;
    assert_eq!(answer("b/series?device=mobile&by=month"), format!(r#"{{"site":"b","device":"mobile",{facts},{months}}}"#));
    let lines = "time,views\r\n2026-10-31,2\r\n2026-11-01,0\r\n2026-11-02,7\r\n";
    assert_eq!(answer("b/series?source=x&format=csv"), lines);
    let stats = read("b/series?medium=mail").unwrap();
    let days = Span { from, until: to + 1 };
    assert_eq!(
        stats.questions(&plan),
        [Question::Value { kind: 4, value: "mail", days }],
        "one question, no matter how long the period"
    );
}
