//! What an owner does with a shard's numbers: an imported export gives the same numbers, an interrupted import continues, and a
//! change or a delete applies everywhere.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::export_file::columns::{Column, MAX_COUNT, PARTS};
use footfall::counting::ledger::export_file::incoming::IncomingFile;
use footfall::counting::ledger::export_file::lines::{first_line, last_line, row_of};
use footfall::counting::ledger::quarters::Counts;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::client::Device;
use footfall::counting::model::limits::MAX_PAGES;
use footfall::counting::protocol::answer::{Answer, Exported, Fault, Imported};
use footfall::counting::protocol::batch::{Batch, Tally};
use footfall::counting::protocol::call::{Amend, Call, Import};
use footfall::counting::protocol::report::{Listed, Question, Slice, Span, Step, Times};
use footfall::counting::protocol::wire;
use footfall::counting::storage::Value;
use proptest::prelude::*;
use support::rig::{Rig, by_page};
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{DAY, HOUR, Sent, T0, batch, visit};

const TODAY: u32 = 20_000;

/// Everything that a shard has counted, in its tables after a checkpoint.
const COUNTED: [&str; 7] = [
    "SELECT page, views FROM pages ORDER BY 1",
    "SELECT * FROM site_quarters ORDER BY 1",
    "SELECT * FROM site_days ORDER BY 1",
    "SELECT * FROM withheld ORDER BY 1, 2",
    "SELECT * FROM details ORDER BY 1, 2, 3",
    "SELECT * FROM excluded ORDER BY 1, 2",
    "SELECT value FROM meta WHERE key = 'views'",
];

fn counted(sql: &Sqlite) -> Vec<Vec<Vec<Value>>> {
    let mut counted: Vec<_> = COUNTED.iter().map(|statement| sql.query(statement, &[]).unwrap()).collect();
    for table in ["page_hours", "page_sums", "page_rolled"] {
        let rows = by_page(sql, table).into_iter().map(|(page, at, Counts { views, visitors, newcomers })| {
            [Value::Text(page), Value::count(at), Value::count(views), Value::count(visitors), Value::count(newcomers)].to_vec()
        });
        counted.insert(0, rows.collect());
    }
    counted
}

fn serve(shard: &mut Shard<Sqlite>, call: &Call<'_>, now: u64) -> Answer {
    wire::decode(&shard.serve(&wire::encode(call), now).bytes).unwrap()
}

/// All lines of an export, requested as an isolate does.
fn export(shard: &mut Shard<Sqlite>, now: u64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let last = lines.last().cloned();
        let Answer::Exported(Exported { lines: more, .. }) = serve(shard, &Call::Export(last.as_deref()), now) else { panic!() };
        if more.is_empty() {
            return lines;
        }
        lines.extend(more.lines().map(str::to_owned));
    }
}

fn import(shard: &mut Shard<Sqlite>, before: usize, lines: &[String], now: u64) -> Answer {
    serve(shard, &Call::Import(Import { id: "a", before: before as u64, lines: &lines.join("\n") }), now)
}

fn imported(lines: usize) -> Answer {
    Answer::Imported(Imported { lines: lines as u64, wrong: None })
}

/// A shard with some of everything, over many days.
fn lived() -> Rig {
    let mut rig = Rig::new();
    let details = |name: &str| support::details(Some(Device::Mobile), "FR", name, ["letter", "mail \"1\"", "\u{e9}=cmd()"]);
    for day in 0..KEEP_HOURS_DAYS + 3 {
        rig.now = T0 + u64::from(day) * DAY;
        let sent = [
            visit("/a").by(1).of(TODAY + day).from(&details("news.example")),
            visit("/caf\u{e9}/\"b\"").by(2).of(TODAY + day).from(&details(&format!("{day}.example"))),
            visit("/a").id(u64::from(day)),
        ];
        let batch = Batch {
            tallies: vec![Tally { day: TODAY + day, reason: 0, visits: 2 }],
            ..batch(1, u64::from(day) + 1, rig.now, &sent)
        };
        rig.ledger.apply(&batch, rig.now).unwrap();
        if day % 30 == 7 {
            rig.maintain();
        }
    }
    rig.wait(HOUR);
    let many: Vec<Sent> = (0..400).map(|n| visit(&format!("/{n:03}")).by(n)).collect();
    rig.send(2, 1, &many);
    rig.maintain();
    // Raises the views of the page, and sets them back to what they were.
    for views in [2, 1] {
        rig.ledger.amend(&Amend::Set { page: "/000", views }).unwrap();
        rig.restart();
    }
    rig
}

#[test]
fn an_export_that_is_imported_into_an_empty_shard_gives_the_same_numbers() {
    let rig = lived();
    let today = TODAY + KEEP_HOURS_DAYS + 2;
    let visitors = [today - 1, today].map(|day| rig.visitors(day).visitors);
    assert_eq!(visitors, [2, 400]);
    let mut old = support::shard(rig.sql.clone());
    let lines = export(&mut old, rig.now);
    assert!(lines.len() > 1_000, "{} lines take several answers", lines.len());
    for (part, _) in PARTS.iter().enumerate() {
        assert!(lines.iter().any(|line| row_of(line).unwrap().0 == part), "the export has no line of kind {part}");
    }
    assert!(lines.iter().is_sorted_by_key(|line| row_of(line).unwrap().0));
    let new = Sqlite::new();
    let mut shard = support::shard(new.clone());
    for (at, some) in lines.chunks(300).enumerate() {
        assert_eq!(import(&mut shard, at * 300, some, rig.now), imported(at * 300 + some.len()));
    }
    assert_eq!(counted(&new), counted(&rig.sql));
    assert_eq!(export(&mut shard, rig.now), lines);
    for day in [today - 1, today] {
        assert_eq!(serve(&mut shard, &Call::Visitors(day), rig.now), Answer::Visitors(rig.visitors(day)));
    }
    // The new shard keeps counting. A visitor who comes back counts again for the day, as the export has no hashes.
    let sent = [visit("/a").by(1).of(today), visit("/a").by(1).of(today)];
    assert!(matches!(serve(&mut shard, &Call::Register(batch(9, 1, rig.now, &sent)), rig.now), Answer::Receipt(_)));
    let Answer::Visitors(visitors) = serve(&mut shard, &Call::Visitors(today), rig.now) else { panic!() };
    assert_eq!(visitors.visitors, 401);
    shard.maintain(rig.now + DAY, KEEP_HOURS_DAYS).unwrap();
    let Answer::Visitors(visitors) = serve(&mut shard, &Call::Visitors(today), rig.now + DAY) else { panic!() };
    assert_eq!(visitors.visitors, 401, "a day that is over adds the imported visitors");
}

#[test]
fn the_export_has_no_hash_no_id_and_no_address() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(0x1234_5678_9abc_def0).id(0x0fed_cba9_8765_4321)]);
    let lines = export(&mut support::shard(rig.sql.clone()), rig.now);
    assert_eq!(
        lines,
        [
            r#"{"page":"/a","views":1}"#,
            r#"{"page":"/a","hour":"2024-10-04T07Z","views":1,"visitors":1,"newcomers":1}"#,
            r#"{"hour":"2024-10-04T07Z","views":1,"visitors":1,"newcomers":1}"#,
            r#"{"day":"2024-10-04","visitors":1}"#,
        ]
    );
}

#[test]
fn visitors_of_today_are_exported_as_a_number() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(1), visit("/a").by(2)]);
    let mut shard = support::shard(rig.sql.clone());
    let lines = export(&mut shard, rig.now);
    assert!(lines.contains(&r#"{"day":"2024-10-04","visitors":2}"#.to_owned()), "{lines:?}");
}

#[test]
fn each_line_is_added_once_even_if_lines_come_twice_or_are_missing() {
    let rig = lived();
    let lines = export(&mut support::shard(rig.sql.clone()), rig.now);
    let new = Sqlite::new();
    let mut shard = support::shard(new.clone());
    assert_eq!(import(&mut shard, 0, &[], 0), imported(0));
    assert_eq!(import(&mut shard, 5, &lines[5..9], 0), Answer::Refused(Fault::Malformed), "lines are missing");
    assert_eq!(import(&mut shard, 0, &lines[..500], 0), imported(500));
    assert_eq!(import(&mut shard, 0, &lines[..500], 0), imported(500));
    assert_eq!(import(&mut shard, 300, &lines[300..700], 0), imported(700), "the lines that the shard has are skipped");
    let mut broken = lines[700..].to_vec();
    broken[9] = "{\"page\":\"a\",\"views\":1}".to_owned();
    let wrong = Some("line 711: page cannot be \"a\"".to_owned());
    assert_eq!(import(&mut shard, 700, &broken, 0), Answer::Imported(Imported { lines: 700, wrong }));
    assert_eq!(import(&mut shard, 0, &lines, 0), imported(lines.len()), "the whole file again");
    assert_eq!(counted(&new), counted(&rig.sql));
}

#[test]
fn an_import_whose_storage_fails_at_any_statement_is_all_or_nothing_and_continues() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(1), visit("/b")]);
    let lines = export(&mut support::shard(rig.sql.clone()), rig.now).join("\n");
    let call = wire::encode(&Call::Import(Import { id: "a", before: 0, lines: &lines }));
    let mut tried = 0;
    for fault in FAULTS {
        for n in 1.. {
            let sql = Sqlite::new();
            let faulty = Faulty::new(sql.clone());
            let mut shard = support::shard(faulty.clone());
            faulty.fail_nth(n, fault);
            let first: Answer = wire::decode(&shard.serve(&call, rig.now).bytes).unwrap();
            if first == imported(lines.lines().count()) {
                break;
            }
            assert_eq!(first, Answer::Refused(Fault::Storage));
            let again: Answer = wire::decode(&shard.serve(&call, rig.now).bytes).unwrap();
            assert_eq!(again, imported(lines.lines().count()));
            assert_eq!(counted(&sql)[..9], counted(&rig.sql)[..9]);
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried} statements failed");
}

#[test]
fn a_page_is_set_changed_made_and_deleted() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").by(1), visit("/a").by(2), visit("/b").by(1)]);
    let mut shard = support::shard(rig.sql.clone());
    let now = rig.now;
    let mut amend = |amend| serve(&mut shard, &Call::Amend(amend), now);
    let (a, new) = ("/a", "/new");
    assert_eq!(amend(Amend::Set { page: a, views: 70 }), Answer::Page(Some(2)));
    assert_eq!(amend(Amend::Change { page: a, by: -8, id: "x1" }), Answer::Page(Some(70)));
    assert_eq!(amend(Amend::Change { page: a, by: -8, id: "x1" }), Answer::Page(Some(70)), "a retry");
    assert_eq!(amend(Amend::Change { page: a, by: -1000, id: "x2" }), Answer::Page(Some(62)), "views do not drop below zero");
    assert_eq!(amend(Amend::Change { page: a, by: 5, id: "x3" }), Answer::Page(Some(0)));
    assert_eq!(amend(Amend::Change { page: new, by: 5, id: "x4" }), Answer::Page(None), "a change makes no page");
    assert_eq!(amend(Amend::Delete { page: new }), Answer::Page(None));
    assert_eq!(amend(Amend::Set { page: new, views: 0 }), Answer::Page(None), "nor do 0 views");
    assert_eq!(amend(Amend::Make { page: new, views: 9, most: 2, id: "x5" }), Answer::Refused(Fault::Pages));
    assert_eq!(amend(Amend::Make { page: new, views: 0, most: 3, id: "x5" }), Answer::Page(None));
    assert_eq!(amend(Amend::Make { page: new, views: 0, most: 3, id: "x5" }), Answer::Page(None), "a retry");
    assert_eq!(amend(Amend::Make { page: new, views: 0, most: 3, id: "x6" }), Answer::Page(Some(0)), "the page exists");
    assert_eq!(amend(Amend::Set { page: "/c", views: 4 }), Answer::Page(None));
    let pages = |sql: &Sqlite| sql.query("SELECT page, views FROM pages ORDER BY page", &[]).unwrap();
    let row = |page: &str, views| vec![Value::Text(page.to_owned()), Value::count(views)];
    assert_eq!(pages(&rig.sql), [row("/a", 5), row("/b", 1), row("/c", 4), row("/new", 0)]);
    assert_eq!(serve(&mut shard, &Call::Views(None), now), Answer::Views(10));
    let changes = "SELECT count(*) FROM meta WHERE key LIKE 'change %'";
    assert_eq!(rig.sql.number(changes), 4);
    shard.maintain(now, KEEP_HOURS_DAYS).unwrap();
    assert_eq!(rig.sql.number(changes), 4, "none of these ids has a time");
    let timed = format!("{now:013}-x");
    serve(&mut shard, &Call::Amend(Amend::Change { page: a, by: 1, id: &timed }), now);
    serve(&mut shard, &Call::Amend(Amend::Change { page: a, by: -1, id: "0" }), now);
    shard.maintain(now + 61_000, KEEP_HOURS_DAYS).unwrap();
    assert_eq!(rig.sql.number(changes), 4, "old changes are forgotten");
    // Views by the hour stay until the page is deleted. Then they are deleted from the site's hours, too.
    let site = |sql: &Sqlite| sql.query("SELECT views, visitors FROM site_quarters", &[]).unwrap();
    assert_eq!(site(&rig.sql), [[Value::count(3), Value::count(2)]]);
    assert_eq!(serve(&mut shard, &Call::Amend(Amend::Delete { page: a }), now), Answer::Page(Some(5)));
    assert_eq!(site(&rig.sql), [[Value::count(1), Value::count(2)]]);
    assert_eq!((by_page(&rig.sql, "page_hours").len(), rig.rows("pages")), (1, 3));
    assert_eq!(serve(&mut shard, &Call::Views(None), now), Answer::Views(5));
    // The page may come again.
    let sent = [visit("/a").by(1)];
    let Answer::Receipt(receipt) = serve(&mut shard, &Call::Register(batch(1, 2, now, &sent)), now) else { panic!() };
    assert_eq!(receipt.visits[0].views, 1);
}

#[test]
fn deleting_a_page_of_rolled_up_days_takes_it_from_the_sites_days() {
    let rig = lived();
    let days = |sql: &Sqlite| sql.number("SELECT sum(views) FROM site_days");
    let rolled = by_page(&rig.sql, "page_rolled");
    let of_page: u64 = rolled.iter().filter(|(page, ..)| page == "/a").map(|(.., counts)| counts.views).sum();
    let of_page = i64::try_from(of_page).unwrap();
    let before = days(&rig.sql);
    let mut shard = support::shard(rig.sql.clone());
    assert!(matches!(serve(&mut shard, &Call::Amend(Amend::Delete { page: "/a" }), rig.now), Answer::Page(Some(_))));
    assert!(of_page > 0);
    assert_eq!(days(&rig.sql), before - of_page);
    let sums = |table: &str| rig.sql.number(&format!("SELECT sum(views) FROM {table}"));
    assert_eq!(sums("site_quarters") + sums("site_days"), sums("pages"), "all views have a page and a time");
}

#[test]
fn a_site_that_is_wiped_counts_from_zero_and_no_retry_brings_a_visit_back() {
    let mut rig = lived();
    rig.send(3, 1, &[visit("/a").id(77), visit("/a").by(1)]);
    let mut shard = support::shard(rig.sql.clone());
    assert_eq!(serve(&mut shard, &Call::Amend(Amend::Wipe), rig.now), Answer::Page(None));
    assert_eq!(export(&mut shard, rig.now), Vec::<String>::new());
    assert_eq!(serve(&mut shard, &Call::Views(None), rig.now), Answer::Views(0));
    let sent = [visit("/a").id(77), visit("/a").by(1)];
    let register = |sequence| Call::Register(batch(3, sequence, rig.now, &sent));
    let Answer::Receipt(_) = serve(&mut shard, &register(1), rig.now) else { panic!() };
    assert_eq!(serve(&mut shard, &Call::Views(None), rig.now), Answer::Views(0), "a retry of the batch from before");
    let Answer::Receipt(_) = serve(&mut shard, &register(2), rig.now) else { panic!() };
    assert_eq!(serve(&mut shard, &Call::Views(None), rig.now), Answer::Views(1), "the id is known, the other visit is new");
    let day = TODAY + KEEP_HOURS_DAYS + 2;
    let Answer::Visitors(visitors) = serve(&mut shard, &Call::Visitors(day), rig.now) else { panic!() };
    assert_eq!(visitors.visitors, 1);
}

#[test]
fn an_import_may_bring_more_pages_than_visits_may() {
    let lines: Vec<String> = (0..=MAX_PAGES).map(|n| format!("{{\"page\":\"/{n}\",\"views\":1}}")).collect();
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    for (at, some) in lines.chunks(4_000).enumerate() {
        assert_eq!(import(&mut shard, at * 4_000, some, T0), imported(at * 4_000 + some.len()));
    }
    let sent = [visit("/0"), visit("/stranger")];
    let Answer::Receipt(receipt) = serve(&mut shard, &Call::Register(batch(1, 1, T0, &sent)), T0) else { panic!() };
    assert_eq!(receipt.visits.iter().map(|visit| (visit.other, visit.views)).collect::<Vec<_>>(), [(false, 2), (true, 1)]);
}

/// A file with these lines.
fn file(lines: &[&str]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{}{body}{}", first_line("blog", "x", "now"), last_line(lines.len() as u64, 0))
}

/// What an isolate says about a file: `Ok`, or what is wrong with it.
fn said(lines: &[&str]) -> Result<(), String> {
    let mut incoming = IncomingFile::default();
    incoming.take(&file(lines)).and_then(|_| incoming.finish())
}

/// Checks that the shard answers every question.
fn assert_reports(shard: &mut Shard<Sqlite>, now: u64) {
    let days = Span { from: 0, until: 4_000_000 };
    let times = Times::of_days(days);
    let questions = [
        Question::Times { page: None, times, step: Step::Quarter },
        Question::Times { page: Some("/a"), times, step: Step::Hour },
        Question::Times { page: Some("/a"), times, step: Step::All },
        Question::List { of: Listed::Pages(times), slice: Slice { part: "", skip: 0, most: 100 } },
        Question::Dimensions { kind: 1, days },
        Question::Excluded(days),
        Question::Withheld(days),
        Question::Value { kind: 1, value: "DE", days },
    ];
    for question in questions {
        let answer = serve(shard, &Call::Report(question), now);
        assert!(matches!(answer, Answer::Report(_)), "{question:?}: {answer:?}");
    }
    for day in [0, TODAY - 1, TODAY, TODAY + 1] {
        let answer = serve(shard, &Call::Visitors(day), now);
        assert!(matches!(answer, Answer::Visitors(_)), "{day}: {answer:?}");
    }
    assert!(matches!(serve(shard, &Call::Views(None), now), Answer::Views(_)));
}

#[test]
fn no_delete_makes_views_negative() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    // A shard takes these lines. An isolate would refuse a file with them.
    let lines = [
        r#"{"page":"/a","views":5}"#,
        r#"{"page":"/a","hour":"2024-10-04T07Z","views":5,"visitors":1,"newcomers":1}"#,
        r#"{"page":"/a","day":"2024-01-04","views":5,"visitors":1}"#,
        r#"{"hour":"2024-10-04T07Z","views":3,"visitors":1,"newcomers":1}"#,
        r#"{"day":"2024-01-04","views":3,"visitors":1}"#,
    ]
    .map(str::to_owned);
    assert_eq!(import(&mut shard, 0, &lines, T0), imported(5));
    assert_eq!(serve(&mut shard, &Call::Amend(Amend::Delete { page: "/a" }), T0), Answer::Page(Some(5)));
    assert_reports(&mut shard, T0);
    assert_eq!(sql.number("SELECT min(views) FROM site_quarters"), 0);
}

#[test]
fn a_line_that_contradicts_others_is_refused_by_its_number() {
    let page_hour = r#"{"page":"/a","hour":"2024-10-04T07Z","views":5,"visitors":1,"newcomers":1}"#;
    let page_day = r#"{"page":"/a","day":"2024-01-04","views":5,"visitors":1}"#;
    let hour = |views| format!(r#"{{"hour":"2024-10-04T07Z","views":{views},"visitors":1,"newcomers":1}}"#);
    let day = |views| format!(r#"{{"day":"2024-01-04","views":{views},"visitors":1}}"#);
    let all = |views| format!(r#"{{"page":"/a","views":{views}}}"#);
    assert_eq!(said(&[&all(10), page_hour, &hour(5), page_day, &day(6)]), Ok(()));
    assert_eq!(
        said(&[&all(4), page_hour, &hour(5), &all(6), page_hour, &hour(5)]),
        Ok(()),
        "a file may have the lines of two shards"
    );
    let fewer = "its page has 9 views in all, and 10 by hour and day; if they were set lower, a line says \"lowered\":1 of it";
    assert_eq!(said(&[&all(9), page_hour, &hour(5), page_day, &day(5)]), Err(format!("line 2: {fewer}")));
    let lowered = r#"{"page":"/a","lowered":1}"#;
    assert_eq!(said(&[&all(9), page_hour, &hour(5), page_day, &day(5), lowered]), Ok(()));
    let told = |line, time, site| Err(format!("line {line}: the pages of \"{time}\" have 5 views, and the site has {site}"));
    assert_eq!(said(&[&hour(4), page_hour]), told(3, "2024-10-04T07Z", 4));
    assert_eq!(said(&[page_hour, r#"{"page":"/b","views":1}"#]), told(2, "2024-10-04T07Z", 0));
    assert_eq!(said(&[page_day, page_hour, &hour(5), &day(4)]), told(5, "2024-01-04", 4));
    assert_eq!(said(&[r#"{"page":"a","views":1}"#]), Err("line 2: page cannot be \"a\"".to_owned()));
}

#[test]
fn an_import_refuses_bad_values_and_writes_each_page_in_one_way() {
    let import = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let mut shard = support::shard(Sqlite::new());
        let answer = import(&mut shard, 0, &lines, T0);
        assert_reports(&mut shard, T0);
        match answer {
            Answer::Imported(Imported { wrong: None, .. }) => Ok(export(&mut shard, T0)),
            Answer::Imported(Imported { wrong: Some(wrong), .. }) => Err(wrong),
            other => panic!("{other:?}"),
        }
    };
    let wrong = |lines: &[&str]| import(lines).unwrap_err();
    assert_eq!(wrong(&[r#"{"day":"2024-10-04","withheld":9,"views":1}"#]), "line 2: withheld cannot be \"9\"");
    let most = format!(r#"{{"page":"/a","views":{MAX_COUNT}}}"#);
    let sum = "with this line, the imported lines of its kind add up to more than 1000000000000";
    assert_eq!(wrong(&[&most, &most]), format!("line 3: {sum}"));
    assert_eq!(wrong(&[&most, r#"{"page":"/b","views":1}"#]), format!("line 3: {sum}"));
    for (written, page) in
        [("/a/", "/a"), ("/caf%C3%A9", "/caf\u{e9}"), ("/a?id=\u{e9}", "/a?id=%C3%A9"), ("/a/?", "/a"), ("/a#x?y", "/a")]
    {
        let lines = import(&[&format!(r#"{{"page":"{written}","views":1}}"#)]);
        assert_eq!(lines, Ok(vec![format!(r#"{{"page":"{page}","views":1}}"#)]), "{written}");
    }
    let both = [r#"{"page":"/a","views":1}"#, r#"{"page":"/a/","views":2}"#];
    assert_eq!(import(&both), Ok(vec![r#"{"page":"/a","views":3}"#.to_owned()]), "one page, written two ways");
}

#[test]
fn many_files_import_no_more_than_one_file_may() {
    let mut shard = support::shard(Sqlite::new());
    let line = format!(r#"{{"page":"/a","views":{}}}"#, MAX_COUNT / 2);
    for (id, fits) in [("a", true), ("b", true), ("c", false)] {
        let answer = serve(&mut shard, &Call::Import(Import { id, before: 0, lines: &line }), T0);
        assert_eq!(answer == imported(1), fits, "{id}: {answer:?}");
    }
    assert_eq!(serve(&mut shard, &Call::Views(Some("/a")), T0), Answer::Views(MAX_COUNT));
    let more = [Amend::Change { page: "/a", by: 1, id: "x" }, Amend::Set { page: "/b", views: MAX_COUNT + 1 }];
    for amend in more {
        assert_eq!(serve(&mut shard, &Call::Amend(amend), T0), Answer::Refused(Fault::TooMany));
    }
    assert_reports(&mut shard, T0);
}

#[test]
fn an_export_that_continues_after_a_roll_up_an_import_or_a_change_says_so() {
    let checkpointed = |shard: &mut Shard<Sqlite>, after: Option<&str>, now| {
        let Answer::Exported(Exported { lines, checkpointed }) = serve(shard, &Call::Export(after), now) else { panic!() };
        (lines.lines().next_back().map(str::to_owned), checkpointed)
    };
    let rig = lived();
    let mut shard = support::shard(rig.sql.clone());
    let (last, first) = checkpointed(&mut shard, None, rig.now);
    let mut before = checkpointed(&mut shard, last.as_deref(), rig.now).1;
    assert_eq!(before, first, "nothing happened");
    shard.maintain(rig.now, 10).unwrap();
    let number = checkpointed(&mut shard, last.as_deref(), rig.now).1;
    assert!(number > before, "a roll");
    before = number;
    for (what, amend) in [
        ("an import", None),
        ("a set", Some(Amend::Set { page: "/a", views: 9 })),
        ("a delete", Some(Amend::Delete { page: "/a" })),
        ("a wipe", Some(Amend::Wipe)),
    ] {
        match amend {
            Some(amend) => assert!(matches!(serve(&mut shard, &Call::Amend(amend), rig.now), Answer::Page(_))),
            None => assert_eq!(import(&mut shard, 0, &[r#"{"page":"/zz","views":1}"#.to_owned()], rig.now), imported(1)),
        }
        let number = checkpointed(&mut shard, last.as_deref(), rig.now).1;
        assert!(number > before, "{what}");
        before = number;
    }
}

/// A line of any kind that is valid by itself.
fn any_line() -> impl Strategy<Value = String> {
    let count = prop_oneof![0_u64..9, Just(MAX_COUNT / 3), Just(MAX_COUNT)];
    (0..PARTS.len(), 0_u8..3, 0_usize..3, 0_u8..24, [count.clone(), count.clone(), count]).prop_map(
        |(part, page, day, hour, [views, visitors, newcomers])| {
            let day = ["2024-10-03", "2024-10-04", "9999-12-31"][day];
            let value = |column: &Column| match column {
                Column::Page => format!(r#""page":"/{page}""#),
                Column::Hour => format!(r#""hour":"{day}T{hour:02}Z""#),
                Column::Day => format!(r#""day":"{day}""#),
                Column::Views => format!(r#""views":{views}"#),
                Column::Visitors => format!(r#""visitors":{visitors}"#),
                Column::Newcomers => format!(r#""newcomers":{newcomers}"#),
                Column::Withheld => format!(r#""withheld":{}"#, hour % 5),
                Column::Kind => format!(r#""kind":{}"#, hour % 6),
                Column::Value => r#""value":"DE""#.to_owned(),
                Column::Excluded => format!(r#""excluded":{hour}"#),
                Column::Lowered => r#""lowered":1"#.to_owned(),
                Column::Visits => format!(r#""visits":{visitors}"#),
            };
            format!("{{{}}}", PARTS[part].iter().map(value).collect::<Vec<_>>().join(","))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// After any import, and any delete or roll-up after it, the shard answers every report, and its export imports with the same
    /// numbers.
    #[test]
    fn no_import_breaks_a_report(lines in prop::collection::vec(any_line(), 1..40), deletes in any::<bool>(), rolls in any::<bool>()) {
        let mut shard = support::shard(Sqlite::new());
        for (at, line) in lines.iter().enumerate() {
            let id = format!("file-{at}");
            let answer = serve(&mut shard, &Call::Import(Import { id: &id, before: 0, lines: line }), T0);
            prop_assert!(matches!(answer, Answer::Imported(_)), "{:?}", answer);
        }
        if rolls {
            shard.maintain(T0 + DAY, 1).unwrap();
        }
        if deletes {
            let answer = serve(&mut shard, &Call::Amend(Amend::Delete { page: "/0" }), T0);
            prop_assert!(matches!(answer, Answer::Page(_)), "{:?}", answer);
        }
        assert_reports(&mut shard, T0 + DAY);
        let lines = export(&mut shard, T0);
        let mut other = support::shard(Sqlite::new());
        if !lines.is_empty() {
            prop_assert_eq!(import(&mut other, 0, &lines, T0), imported(lines.len()));
        }
        prop_assert_eq!(export(&mut other, T0), lines);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A shard answers and keeps working, whatever text it gets as an import or as the line that an export continues after.
    #[test]
    fn no_line_breaks_a_shard(line in ".{0,80}", id in "[ -~]{0,20}", before in 0_u64..3) {
        let sql = Sqlite::new();
        let mut shard = support::shard(sql);
        let call = Call::Import(Import { id: &id, before, lines: &line });
        let _ = serve(&mut shard, &call, T0);
        let _ = serve(&mut shard, &Call::Export(Some(&line)), T0);
        prop_assert_eq!(serve(&mut shard, &Call::Views(None), T0), Answer::Views(0));
    }

    /// Whatever the visits, and whether or not they were checkpointed and rolled up, the export has all of them.
    #[test]
    fn any_visits_come_back_from_an_export(visits in prop::collection::vec((0_u8..4, 0_u64..5, 0_u64..200), 1..60)) {
        let mut rig = Rig::new();
        let (mut last, mut number) = (0, 0);
        for (page, visitor, hours) in visits {
            last += hours;
            rig.now = T0 + last * HOUR;
            number += 1;
            rig.send(1, number, &[visit(&format!("/{page}")).by(visitor)]);
            if hours > 150 {
                rig.maintain();
            }
        }
        let mut shard = support::shard(rig.sql.clone());
        let lines = export(&mut shard, rig.now);
        let new = Sqlite::new();
        let mut other = support::shard(new.clone());
        prop_assert_eq!(import(&mut other, 0, &lines, rig.now), imported(lines.len()));
        prop_assert_eq!(counted(&new), counted(&rig.sql));
        prop_assert_eq!(export(&mut other, rig.now), lines);
    }
}
