//! What a shard reports: views and visitors by hour and page, dimensions, and excluded visits.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::dimension_views::MAX_VALUES;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::client::Device;
use footfall::counting::model::dimension::Dimension;
use footfall::counting::model::limits::OTHER;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::{Batch, Tally};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::report::FRESH_MS;
use footfall::counting::protocol::report::{Line, Listed, Question, Report, Slice, Span, Step, Times, WHOLE_DAY};
use footfall::counting::protocol::wire;
use support::rig::Rig;
use support::sqlite::{Faulty, Sqlite};
use support::{DAY, HOUR, Sent, T0, batch, counted, duplicate, receipt, visit};

const TODAY: u32 = 20_000;
const EVER: Span = Span { from: 0, until: u32::MAX };
const ALWAYS: Times = Times { quarters: EVER, days: EVER };

fn ask(rig: &mut Rig, question: Question<'_>) -> Report {
    rig.wait(FRESH_MS);
    rig.ledger.report(&question, rig.now).unwrap()
}

fn hours(rig: &mut Rig, page: Option<&str>) -> Vec<(u32, u64, u64, u64)> {
    let hours = ask(rig, Question::Times { page, times: ALWAYS, step: Step::Hour });
    // A whole day is listed at its first hour.
    let hour = |line: &Line| if line.reason == WHOLE_DAY { line.at * 24 } else { line.at / 4 };
    hours.into_iter().map(|line| (hour(&line), line.views, line.visitors, line.newcomers)).collect()
}

fn names(rig: &mut Rig, question: Question<'_>) -> Vec<(String, u64, u64)> {
    ask(rig, question).into_iter().map(|Line { name, views, visitors, .. }| (name, views, visitors)).collect()
}

fn pages(times: Times) -> Question<'static> {
    Question::List { of: Listed::Pages(times), slice: Slice { part: "", skip: 0, most: 1_000 } }
}

fn tallies(rig: &mut Rig, question: Question<'_>) -> Vec<Tally> {
    ask(rig, question).into_iter().map(|Line { at, reason, views, .. }| Tally { day: at, reason, visits: views }).collect()
}

fn of(kind: Dimension) -> Question<'static> {
    Question::Dimensions { kind: kind.number(), days: EVER }
}

fn from(referrer: &str) -> Sent {
    visit("/a").from(&support::details(Some(Device::Desktop), "DE", referrer, [""; 3]))
}

#[test]
fn visitors_are_reported_by_hour_and_page_and_each_once_a_day() {
    let mut rig = Rig::new();
    let first = TODAY * 24 + 7;
    rig.send(1, 1, &[visit("/a").by(1), visit("/a").by(1), visit("/b").by(1), visit("/a").by(2), visit("/a")]);
    rig.restart();
    rig.wait(HOUR);
    rig.send(1, 2, &[visit("/a").by(1), visit("/b").by(2), visit("/a").by(3)]);
    for what in ["from the journal", "from the tables"] {
        assert_eq!(hours(&mut rig, None), [(first, 5, 2, 2), (first + 1, 3, 3, 1)], "{what}");
        assert_eq!(hours(&mut rig, Some("/a")), [(first, 4, 2, 2), (first + 1, 2, 2, 1)], "{what}");
        assert_eq!(hours(&mut rig, Some("/b")), [(first, 1, 1, 1), (first + 1, 1, 1, 1)], "{what}");
        assert_eq!(names(&mut rig, pages(ALWAYS)), [("/a".to_owned(), 6, 3), ("/b".to_owned(), 2, 2)], "{what}");
        rig.restart();
    }
    assert_eq!(hours(&mut rig, Some("/none")), []);
    rig.wait(DAY);
    rig.send(1, 3, &[visit("/a").by(1), visit("/a").by(9).of(TODAY + 1)]);
    assert_eq!(hours(&mut rig, None)[2], (first + 25, 2, 2, 2), "a visitor of yesterday is a new visitor today");
    let today = Times::of_days(Span { from: TODAY + 1, until: TODAY + 2 });
    assert_eq!(names(&mut rig, pages(today)), [("/a".to_owned(), 2, 2)]);
    rig.audit();
}

#[test]
fn a_visit_of_yesterday_that_arrives_after_midnight_counts_for_yesterday() {
    let mut rig = Rig::new();
    rig.wait(17 * HOUR + 1);
    rig.send(1, 1, &[visit("/a").by(1).of(TODAY).from(&support::details(None, "FR", "", [""; 3])), visit("/a")]);
    assert_eq!(hours(&mut rig, None), [(TODAY * 24 + 23, 1, 1, 1), (TODAY * 24 + 24, 1, 0, 0)]);
    let yesterday = Question::Dimensions { kind: Dimension::Country.number(), days: Span { from: TODAY, until: TODAY + 1 } };
    assert_eq!(names(&mut rig, yesterday), [("FR".to_owned(), 1, 0)]);
}

/// A visit that was made 10 minutes before midnight arrives 20 minutes after it.
#[test]
fn f24_a_visit_that_is_sent_late_is_counted_in_the_hour_and_on_the_day_it_was_made() {
    let mut rig = Rig::new();
    let midnight = T0 + 17 * HOUR;
    let made = midnight - 10 * 60_000;
    rig.now = midnight + 20 * 60_000;
    let french = support::details(None, "FR", "", [""; 3]);
    let salt_is_gone = Visitor::Withheld(Withheld::NoSalt);
    let yesterdays = Sent { visitor: salt_is_gone, ..visit("/a").id(1).of(TODAY + 1).made(made).from(&french) };
    let todays = visit("/a").id(2).by(7).made(midnight + 60_000);
    assert_eq!(rig.send(1, 1, &[yesterdays.clone(), todays, visit("/a").by(7)]), receipt(&[counted(1), counted(2), counted(3)]));
    let sums = |rig: &mut Rig| {
        let by_day = |rig: &mut Rig, page| {
            [TODAY, TODAY + 1].map(|day| {
                let some = hours(rig, page).into_iter().filter(|(hour, ..)| hour / 24 == day);
                some.fold((0, 0), |(views, newcomers), (_, more, _, new)| (views + more, newcomers + new))
            })
        };
        (by_day(rig, None), by_day(rig, Some("/a")))
    };
    let days = [(1, 0), (2, 1)];
    for _ in 0..2 {
        assert_eq!(sums(&mut rig), (days, days));
        assert_eq!(rig.visitors(TODAY).withheld, [0, 1, 0, 0], "a view without a salt, on the day on which it was made");
        assert_eq!((rig.visitors(TODAY).visitors, rig.visitors(TODAY + 1).visitors), (0, 1));
        let of_day = |day| Question::Dimensions { kind: Dimension::Country.number(), days: Span { from: day, until: day + 1 } };
        assert_eq!(names(&mut rig, of_day(TODAY)), [("FR".to_owned(), 1, 0)]);
        assert_eq!(names(&mut rig, of_day(TODAY + 1)), []);
        // The shard knows its retry, no matter how late it comes.
        rig.restart();
        rig.wait(HOUR);
        let next = rig.ledger.written() + 1;
        assert_eq!(rig.send(2, next, std::slice::from_ref(&yesterdays)), receipt(&[duplicate(3)]));
    }
    rig.audit();
}

#[test]
fn a_guest_adds_a_visitor_and_no_view_and_the_guests_visit_adds_a_view_and_no_visitor() {
    let mut rig = Rig::new();
    let hour = TODAY * 24 + 7;
    let guest = |hash| Sent { visitor: Visitor::Guest(VisitorHash(hash)), ..visit("/a") };
    let elsewhere = Sent { visitor: Visitor::Elsewhere, ..visit("/a").id(1) };
    let got = rig.send(1, 1, &[guest(7), elsewhere, guest(7), visit("/a").by(8)]);
    assert_eq!(got, receipt(&[counted(0), counted(1), counted(1), counted(2)]));
    for _ in 0..2 {
        assert_eq!(hours(&mut rig, None), [(hour, 2, 2, 2)]);
        assert_eq!(hours(&mut rig, Some("/a")), [(hour, 2, 2, 2)]);
        assert_eq!((rig.visitors(TODAY).visitors, rig.visitors(TODAY).withheld), (2, [0; 4]));
        rig.restart();
    }
    rig.audit();
}

#[test]
fn dimensions_are_counted_by_value() {
    let mut rig = Rig::new();
    let all = support::details(Some(Device::Mobile), "FR", "news.example", ["letter", "mail", "spring"]);
    rig.send(1, 1, &[from("news.example"), from("other.example"), visit("/b").from(&all), visit("/b"), from("")]);
    rig.send(1, 2, &[from("news.example").id(7)]);
    rig.send(1, 3, &[from("news.example").id(7)]);
    for _ in 0..2 {
        assert_eq!(
            names(&mut rig, of(Dimension::Referrer)),
            [("news.example".to_owned(), 3, 0), ("other.example".to_owned(), 1, 0)]
        );
        assert_eq!(names(&mut rig, of(Dimension::Country)), [("DE".to_owned(), 4, 0), ("FR".to_owned(), 1, 0)]);
        assert_eq!(names(&mut rig, of(Dimension::Device)), [("d".to_owned(), 4, 0), ("m".to_owned(), 1, 0)]);
        for (kind, value) in [(Dimension::Source, "letter"), (Dimension::Medium, "mail"), (Dimension::Campaign, "spring")] {
            assert_eq!(names(&mut rig, of(kind)), [(value.to_owned(), 1, 0)]);
        }
        rig.restart();
    }
}

#[test]
fn values_beyond_the_limit_of_a_day_are_counted_together() {
    let mut rig = Rig::new();
    let made_up: Vec<Sent> = (0..MAX_VALUES + 50).map(|n| from(&format!("{n}.example"))).collect();
    for (at, some) in made_up.chunks(350).enumerate() {
        rig.send(1, at as u64 + 1, some);
        if at == 1 {
            rig.restart();
        }
    }
    for (known, others) in [(1, 51), (2, 52), (3, 53)] {
        rig.maintain();
        rig.restart();
        rig.send(2, known, &[from("0.example"), from("new.example")]);
        let found = names(&mut rig, of(Dimension::Referrer));
        assert_eq!((found.len(), found[0].clone()), (MAX_VALUES + 1, (OTHER.to_owned(), others, 0)));
        assert_eq!(found[1], ("0.example".to_owned(), known + 1, 0));
        assert_eq!(names(&mut rig, of(Dimension::Country)), [("DE".to_owned(), made_up.len() as u64 + 2 * known, 0)]);
    }
    rig.wait(DAY);
    rig.send(3, 1, &[from("new.example")]);
    assert!(names(&mut rig, of(Dimension::Referrer)).contains(&("new.example".to_owned(), 1, 0)), "a new day has room");
}

#[test]
fn excluded_visits_are_reported_by_day_and_reason_and_once() {
    let mut rig = Rig::new();
    let tally = |day, reason, visits| Tally { day, reason, visits };
    let only = Batch { tallies: vec![tally(TODAY, 0, 3), tally(TODAY, 2, 1)], ..batch(1, 1, T0, &[]) };
    for _ in 0..3 {
        rig.ledger.apply(&only, rig.now).unwrap();
    }
    let sent = [visit("/a")];
    // This question checkpoints the tallies before more of the same come.
    assert_eq!(tallies(&mut rig, Question::Excluded(EVER)), [tally(TODAY, 0, 3), tally(TODAY, 2, 1)]);
    let with_visits = Batch { tallies: vec![tally(TODAY, 0, 4), tally(TODAY + 1, 0, 1)], ..batch(1, 2, T0, &sent) };
    rig.ledger.apply(&with_visits, rig.now).unwrap();
    rig.restart();
    let expected = [tally(TODAY, 0, 7), tally(TODAY, 2, 1), tally(TODAY + 1, 0, 1)];
    for _ in 0..2 {
        assert_eq!(tallies(&mut rig, Question::Excluded(EVER)), expected);
        rig.restart();
    }
    assert_eq!(tallies(&mut rig, Question::Excluded(Span { from: TODAY + 1, until: TODAY + 2 })), expected[2..]);
    assert_eq!(tallies(&mut rig, Question::Withheld(EVER)), [tally(TODAY, 2, 1)], "a view without a visitor");
    assert_eq!(rig.ledger.views(), 1);
}

#[test]
fn a_report_is_at_most_as_old_as_it_says_and_not_each_makes_a_checkpoint() {
    let mut rig = Rig::new();
    let total =
        |rig: &mut Rig| rig.ledger.report(&Question::Times { page: None, times: ALWAYS, step: Step::All }, rig.now).unwrap();
    let views = |report: Report| report.iter().map(|hour| hour.views).sum::<u64>();
    rig.send(1, 1, &[visit("/a")]);
    assert_eq!(views(total(&mut rig)), 1);
    rig.send(1, 2, &[visit("/a")]);
    let written = rig.sql.rows_written();
    rig.wait(FRESH_MS - 1);
    assert_eq!((views(total(&mut rig)), rig.sql.rows_written()), (1, written));
    rig.wait(1);
    assert_eq!(views(total(&mut rig)), 2);
}

#[test]
fn old_hours_are_rolled_up_by_day_and_nothing_is_lost() {
    let mut rig = Rig::new();
    let mut expected = Vec::new();
    for day in 0..KEEP_HOURS_DAYS + 5 {
        let day = u64::from(day);
        rig.now = T0 + day * DAY;
        rig.send(1, 2 * day + 1, &[visit("/a").by(1), visit("/b").by(1)]);
        rig.wait(2 * HOUR);
        rig.send(1, 2 * day + 2, &[visit("/a").by(1), visit("/a").by(2)]);
        expected.push((4, 2, (TODAY + u32::try_from(day).unwrap()) * 24));
    }
    rig.maintain();
    for _ in 0..2 {
        let found = hours(&mut rig, None);
        let by_day: Vec<_> = expected
            .iter()
            .map(|(views, visitors, first)| {
                let of_day = found.iter().filter(|(hour, ..)| (*first..first + 24).contains(hour));
                assert_eq!(of_day.clone().map(|(_, views, ..)| views).sum::<u64>(), *views);
                assert_eq!(of_day.clone().map(|(.., newcomers)| newcomers).sum::<u64>(), *visitors);
                of_day.count()
            })
            .collect();
        assert_eq!(by_day[..4], [1, 1, 1, 1], "these days are rolled up");
        assert_eq!(by_day[5..], vec![2; by_day.len() - 5], "these days are not rolled up yet");
        let days = u64::from(KEEP_HOURS_DAYS) + 5;
        assert_eq!(names(&mut rig, pages(ALWAYS)), [("/a".to_owned(), 3 * days, 2 * days), ("/b".to_owned(), days, days)]);
        rig.maintain();
        rig.restart();
    }
}

/// A shard has days that are rolled up and days that are not. In every time zone, a rolled-up day is the day of its date, and nothing
/// is reported twice or lost.
#[test]
fn f23_days_add_up_in_every_zone_and_a_rolled_up_day_is_the_day_of_its_date() {
    let mut rig = Rig::new();
    let days = u64::from(KEEP_HOURS_DAYS) + 9;
    let mut sent = 0_u64;
    for hour in 0..days * 6 {
        // Visits take turns through the quarters of an hour.
        rig.now = T0 + hour * 4 * HOUR + (hour * 7 % 4) * 15 * 60_000;
        sent += 1;
        rig.send(1, sent, &[visit(if sent.is_multiple_of(3) { "/a" } else { "/b" }).by(1)]);
    }
    rig.maintain();
    let rolled = TODAY + 9;
    let first = TODAY;
    let last = TODAY + u32::try_from(days).unwrap() + 1;
    for ahead in -48..=56_i32 {
        let start = |day: u32| (day * 96).checked_add_signed(-ahead).unwrap();
        let times = |from: u32, to: u32| Times {
            quarters: Span { from: start(from), until: start(to + 1) },
            days: Span { from, until: to + 1 },
        };
        for page in [None, Some("/a")] {
            let ask = |times, step, rig: &mut Rig| {
                let lines = rig.ledger.report(&Question::Times { page, times, step }, rig.now).unwrap();
                lines.iter().fold((0, 0), |(views, new), line| (views + line.views, new + line.newcomers))
            };
            let whole = ask(times(first - 1, last), Step::All, &mut rig);
            let by_day = (first - 1..=last).map(|day| ask(times(day, day), Step::Quarter, &mut rig));
            assert_eq!(by_day.fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1)), whole, "{ahead} quarters ahead");
            assert_eq!(whole.0, if page.is_some() { sent / 3 } else { sent });
            // The days that are rolled up, except the last: it may have hours of the first day that is not.
            for day in first..rolled - 1 {
                assert_eq!(
                    ask(times(day, day), Step::All, &mut rig),
                    ask(Times::of_days(Span { from: day, until: day + 1 }), Step::All, &mut rig)
                );
            }
        }
        let listed = names(&mut rig, pages(times(first - 1, last)));
        assert_eq!(listed.iter().map(|(_, views, _)| views).sum::<u64>(), sent);
    }
}

#[test]
fn f22_a_visit_is_on_the_day_that_the_clock_of_a_half_hour_zone_shows() {
    let mut rig = Rig::new();
    // 23:40 in India is 18:10 UTC.
    rig.now = T0 + 11 * HOUR + 10 * 60_000;
    rig.send(1, 1, &[visit("/a").by(1)]);
    let of_day = |day: u32| Times {
        quarters: Span { from: day * 96 - 22, until: (day + 1) * 96 - 22 },
        days: Span { from: day, until: day + 1 },
    };
    for day in [TODAY, TODAY + 1] {
        let views = u64::from(day == TODAY);
        for page in [None, Some("/a")] {
            for step in [Step::Quarter, Step::All] {
                let lines = ask(&mut rig, Question::Times { page, times: of_day(day), step });
                assert_eq!(lines.iter().map(|line| line.views).sum::<u64>(), views);
            }
        }
        assert_eq!(names(&mut rig, pages(of_day(day))).len() as u64, views);
    }
}

#[test]
fn a_report_is_computed_again_only_after_the_tables_changed() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(1), visit("/b")]);
    let sql = Faulty::new(rig.sql.clone());
    let mut shard = support::shard(sql.clone());
    let ask = |shard: &mut Shard<Faulty<Sqlite>>, now| {
        let before = sql.statements();
        let call = Call::Ask(Question::Withheld(EVER));
        let Answer::ReportWithAge { report, age, .. } = wire::decode(&shard.serve(&wire::encode(&call), now).bytes).unwrap()
        else {
            panic!()
        };
        (report.len(), age, sql.statements() - before)
    };
    let (lines, age, statements) = ask(&mut shard, T0);
    assert_eq!((lines, age), (1, 0));
    assert!(statements > 0);
    assert_eq!(ask(&mut shard, T0 + 4_000), (1, 4_000, 0));
    // No batch came, so an old report is as good as a new one.
    assert_eq!(ask(&mut shard, T0 + 3_600_000), (1, 0, 0));
    let sent = [visit("/a")];
    shard.serve(&wire::encode(&Call::Register(batch(1, 2, T0 + 3_600_000, &sent))), T0 + 3_600_000);
    assert_eq!(ask(&mut shard, T0 + 3_605_000), (1, 5_000, 0));
    let (_, age, statements) = ask(&mut shard, T0 + 3_610_000);
    assert!(age == 0 && statements > 10, "{statements} statements for a checkpoint and a question");
}
