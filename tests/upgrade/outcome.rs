//! What the shard of the story answers afterwards, as lines of text: to questions, to batches that come again, and to ids and people that
//! come again.

use crate::story::{Act, FILE, FIRST, IMPORTED, KEEP_DAYS, OPENED, Story, TODAY, Told, change_id, mixed};
use crate::support::sqlite::Sqlite;
use crate::support::{DAY, Sent, batch, visit};
use footfall::counting::ledger::isolates;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::dimension::Dimension;
use footfall::counting::protocol::answer::{Answer, Exported};
use footfall::counting::protocol::batch::Receipt;
use footfall::counting::protocol::call::{Amend, Call, Import};
use footfall::counting::protocol::report::{Listed, Question, Report, Slice, Span, Step, Times};
use footfall::counting::protocol::wire::{decode, encode};
use std::collections::{BTreeMap, BTreeSet};

/// A database to which the story happened.
pub(crate) fn lived(story: &Story) -> Sqlite {
    let sql = Sqlite::new();
    let mut shard = Shard::new(sql.clone());
    for (at, act) in &story.acts {
        match act {
            Act::Call(call) => {
                let answer: Answer = decode(&shard.serve(call, *at).bytes).unwrap();
                assert!(!matches!(answer, Answer::Refused(_)), "{answer:?}");
            }
            Act::Maintain => drop(shard.maintain(*at, KEEP_DAYS).unwrap()),
            Act::Unwatched => shard.pushed(0, *at).unwrap(),
        }
    }
    sql
}

/// A shard that is asked, and the lines of its answers.
struct Asked<'a> {
    story: &'a Story,
    shard: Shard<Sqlite>,
    lines: Vec<String>,
    /// The number of the next batch of an isolate that was not in the story.
    next: u64,
}

/// Everything that the shard answers. It changes the database.
pub(crate) fn outcome(story: &Story, sql: &Sqlite) -> Vec<String> {
    let mut asked = Asked { story, shard: Shard::new(sql.clone()), lines: Vec::new(), next: 0 };
    // First what the memory has that was rebuilt from tables and journal, before a report makes a checkpoint.
    asked.views();
    asked.visitors("after the start");
    asked.pulse();
    asked.retries();
    asked.reports();
    asked.export(&[""]);
    asked.known();
    asked.changes();
    asked.next_day();
    asked.lines
}

impl Asked<'_> {
    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    fn serve(&mut self, call: &Call<'_>, now: u64) -> Answer {
        decode(&self.shard.serve(&encode(call), now).bytes).unwrap()
    }

    fn views(&mut self) {
        let pages: BTreeSet<String> =
            self.story.batches.iter().flat_map(|told| &told.sent).map(|sent| sent.page.clone()).collect();
        for page in pages.iter().map(String::as_str).chain(["/old", "/made", "/never"]) {
            let answer = self.serve(&Call::Page(page), OPENED);
            let Answer::Page(views) = answer else { panic!("{answer:?}") };
            self.say(format!("views of {page}: {}", views.map_or("none".to_owned(), |views| views.to_string())));
        }
        self.total();
    }

    fn total(&mut self) {
        let Answer::Views(views) = self.serve(&Call::Views(None), OPENED) else { panic!() };
        self.say(format!("views of the shard: {views}"));
    }

    fn visitors(&mut self, when: &str) {
        for day in [19_967].into_iter().chain(FIRST..=TODAY + 1) {
            let Answer::Visitors(of_day) = self.serve(&Call::Visitors(day), OPENED) else { panic!() };
            self.say(format!("visitors of {day} {when}: {}, withheld {:?}", of_day.visitors, of_day.withheld));
        }
    }

    fn pulse(&mut self) {
        let Answer::Live(pulse) = self.serve(&Call::Live, OPENED) else { panic!() };
        self.say(format!("views of the last minutes: {:?}", pulse.views));
        self.say(format!("people of the last minutes: {:?}", pulse.people));
    }

    /// The last batch of each isolate comes again, and one before it.
    fn retries(&mut self) {
        let mut last: BTreeMap<u128, &Told> = BTreeMap::new();
        for told in &self.story.batches {
            last.insert(told.isolate, told);
        }
        for told in last.into_values().filter(|told| told.at + isolates::KEEP_MS >= OPENED) {
            let of = format!("isolate {}, batch {}", told.isolate, told.sequence);
            let again = self.serve(&Call::Register(batch(told.isolate, told.sequence, told.at, &told.sent)), OPENED);
            self.say(format!("{of} again: {}", receipt(&again)));
            let earlier = self.serve(&Call::Register(batch(told.isolate, told.sequence - 1, told.at, &told.sent)), OPENED);
            self.say(format!("{of}, one before it: {}", receipt(&earlier)));
        }
        self.total();
    }

    fn reports(&mut self) {
        let days = Span { from: 19_900, until: TODAY + 2 };
        let times = Times::of_days(days);
        let by_time = |page, step| Question::Times { page, times, step };
        let all = Slice { part: "", skip: 0, most: 20_000 };
        let of_day = |day| Listed::Pages(Times::of_days(Span { from: day, until: day + 1 }));
        let mut questions = vec![
            ("site".to_owned(), by_time(None, Step::Quarter)),
            ("/p007".to_owned(), by_time(Some("/p007"), Step::Quarter)),
            ("/old".to_owned(), by_time(Some("/old"), Step::Quarter)),
            ("/p330 by hour".to_owned(), by_time(Some("/p330"), Step::Hour)),
            ("excluded".to_owned(), Question::Excluded(days)),
            ("withheld".to_owned(), Question::Withheld(days)),
            ("refused".to_owned(), Question::Refused(days)),
            ("totals".to_owned(), Question::List { of: Listed::Totals, slice: Slice { skip: 10, most: 60, ..all } }),
            ("some totals".to_owned(), Question::List { of: Listed::Totals, slice: Slice { part: "p33", ..all } }),
        ];
        for day in [FIRST + 1, TODAY - 1, TODAY] {
            questions.push((format!("pages of {day}"), Question::List { of: of_day(day), slice: Slice { most: 20, ..all } }));
        }
        for kind in Dimension::ALL {
            questions.push((kind.name().to_owned(), Question::Dimensions { kind: kind.number(), days }));
        }
        questions.push(("France".to_owned(), Question::Value { kind: Dimension::Country.number(), value: "FR", days }));
        for (name, question) in questions {
            let answer = self.serve(&Call::Ask(question), OPENED);
            let Answer::ReportWithAge { report, names, .. } = answer else { panic!("{answer:?}") };
            self.report(&format!("report of {name}"), &report, names);
        }
    }

    fn report(&mut self, of: &str, report: &Report, names: u64) {
        self.say(format!("{of}: {names} names"));
        for line in report {
            let numbers = [line.views, line.visitors, line.newcomers];
            self.say(format!("{of}: {} {} {:?} {numbers:?}", line.at, line.reason, line.name));
        }
    }

    /// Says the lines of an export that contain one of these texts.
    fn export(&mut self, parts: &[&str]) {
        let mut last: Option<String> = None;
        loop {
            let answer = self.serve(&Call::Export(last.as_deref()), OPENED);
            let Answer::Exported(Exported { lines, .. }) = answer else { panic!("{answer:?}") };
            for line in lines.lines().filter(|line| parts.iter().any(|part| line.contains(part))) {
                self.say(format!("export: {line}"));
            }
            match lines.lines().last() {
                Some(line) => last = Some(line.to_owned()),
                None => break,
            }
        }
    }

    /// Sends visits in a new batch.
    fn send(&mut self, of: &str, sent: &[Sent]) {
        self.next += 1;
        let call = encode(&Call::Register(batch(99, self.next, OPENED, sent)));
        let served = self.shard.serve(&call, OPENED);
        let answer = decode(&served.bytes).unwrap();
        self.say(format!("{of}: {}", receipt(&answer)));
        self.say(format!("{of}: somebody watches: {}", served.push.is_some()));
    }

    /// Ids and people come again.
    fn known(&mut self) {
        let recent = self.story.batches.iter().filter(|told| told.at + DAY > OPENED);
        let again: Vec<Sent> = recent.flat_map(|told| &told.sent).filter(|sent| sent.id.is_some()).cloned().collect();
        let again: Vec<Sent> = again.into_iter().map(|sent| Sent { day: Some(TODAY), made: None, ..sent }).collect();
        assert!(again.len() > 200, "{} ids", again.len());
        self.send("ids that are known", &again);
        let of_today = self.story.batches.iter().filter(|told| told.at / DAY == u64::from(TODAY));
        let people: BTreeSet<u64> =
            of_today.flat_map(|told| &told.sent).filter_map(|sent| sent.visitor.at_home()).map(|hash| hash.0).collect();
        let people: Vec<Sent> = people.into_iter().map(|hash| visit("/p330").by(hash)).collect();
        self.send("people who are known", &people);
        self.visitors("after known people");
        let new = [visit("/p330").by(mixed(1)).id(mixed(2)), visit("/p330").by(mixed(1)), visit("/new").id(mixed(2))];
        self.send("a new person and a new id", &new);
        self.send("yesterday's id", &[visit("/p330").id(mixed(3)).of(TODAY - 1)]);
        self.visitors("after a new person");
        self.total();
    }

    /// What the owner did comes again.
    fn changes(&mut self) {
        let again = Import { id: FILE, before: 0, lines: IMPORTED };
        let imported = self.serve(&Call::Import(again), OPENED);
        self.say(format!("the import again: {imported:?}"));
        let change = Amend::Change { page: "/p007", by: 40, id: &change_id() };
        let changed = self.serve(&Call::Amend(change), OPENED);
        self.say(format!("the change again: {changed:?}"));
        for most in 355..358 {
            let make = Amend::Make { page: &format!("/of {most}"), views: 1, most, id: &format!("{OPENED:013}-{most}") };
            let made = self.serve(&Call::Amend(make), OPENED);
            self.say(format!("a page more, of at most {most}: {made:?}"));
        }
        let views = encode(&Call::Views(None));
        for shards in [2, 3] {
            let sum = self.serve(&Call::Sum { shards, call: &views }, OPENED);
            self.say(format!("a sum over {shards} shards: {sum:?}"));
        }
    }

    fn next_day(&mut self) {
        let again = self.shard.maintain(OPENED + DAY, KEEP_DAYS).unwrap();
        self.say(format!("the next day, the alarm is needed again: {again}"));
        self.visitors("on the next day");
        // Another day is rolled up.
        self.export(&[r#","day":"2024-10-07""#, r#"{"day":"2024-10-0"#]);
    }
}

/// A receipt in words.
fn receipt(answer: &Answer) -> String {
    let (shards, receipt): (u16, &Receipt) = match answer {
        Answer::Receipt(receipt) => (1, receipt),
        Answer::Among(shards, receipt) => (*shards, receipt),
        other => return format!("{other:?}"),
    };
    let visits = receipt.visits.iter().map(|visit| {
        let other = if visit.other { "other " } else { "" };
        format!("{other}{} {}", format!("{:?}", visit.verdict).to_lowercase(), visit.views)
    });
    format!("{shards} shards; {}", visits.collect::<Vec<_>>().join(", "))
}
