//! A shard whose batches wait for each other: a group counts what its batches would one by one, in one journal row.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::commit::Turn;
use footfall::counting::ledger::group::GROUP_MS;
use footfall::counting::ledger::quarters::Counts;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::ledger::state::{JOURNAL_ROWS, JOURNAL_VISITS};
use footfall::counting::live::pulse::Pulse;
use footfall::counting::model::client::Device;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::protocol::answer::{Answer, Fault, Imported, Visitors};
use footfall::counting::protocol::batch::{Batch, MAX_BATCH_VISITS, Receipt, Tally, Verdict};
use footfall::counting::protocol::call::{Amend, Call, Import};
use footfall::counting::protocol::report::{Question, Span, Step, Times};
use footfall::counting::protocol::shard_metrics::SHARD;
use footfall::counting::protocol::wire::{decode, encode};
use footfall::counting::storage::{Sql, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::rig::{Rig, by_page};
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{DAY, Sent, T0, batch, counted, duplicate, receipt, visit};

const TODAY: u32 = 20_000;

/// A batch that no shard can read. Its isolate and number can be read, so it may wait.
fn malformed(isolate: u128) -> Vec<u8> {
    let sent = [visit("/"), visit("/")];
    let mut call = encode(&Call::Register(batch(isolate, 1, T0, &sent)));
    call.truncate(call.len() - 3);
    call
}

fn register(isolate: u128, sequence: u64, sent: &[Sent]) -> Vec<u8> {
    encode(&Call::Register(batch(isolate, sequence, T0, sent)))
}

/// Begins a group with a batch that will be refused, while other isolates may post again.
fn begin<S: Sql + Clone>(shard: &mut Shard<S>, now: u64) {
    for isolate in [1 << 100, 2 << 100] {
        let turn = shard.take(0, malformed(isolate), now);
        assert_eq!(turn.answers, [(0, encode(&Answer::Refused(Fault::Malformed)))], "it is alone");
    }
    let turn = shard.take(0, malformed(3 << 100), now);
    assert_eq!(turn, Turn { ring: Some(GROUP_MS), ..Turn::default() });
}

/// Lets these calls wait in one group; their callers are numbered from 1.
fn wait<S: Sql + Clone>(shard: &mut Shard<S>, calls: &[Vec<u8>], now: u64) {
    begin(shard, now);
    for (caller, call) in (1..).zip(calls) {
        assert_eq!(shard.take(caller, call.clone(), now), Turn::default(), "it waits, and the timer is set");
    }
}

/// Lets the timer ring, and returns the answers of the callers, in their order.
fn ring<S: Sql + Clone>(shard: &mut Shard<S>, now: u64) -> Vec<Answer> {
    let mut turn = shard.rang(now);
    assert_eq!((turn.ring, &turn.error), (None, &None));
    let first = turn.answers.remove(0);
    assert_eq!(first, (0, encode(&Answer::Refused(Fault::Malformed))), "it is refused alone");
    turn.answers.sort_by_key(|(caller, _)| *caller);
    for (expected, (caller, _)) in (1..).zip(&turn.answers) {
        assert_eq!(*caller, expected, "each caller is answered once");
    }
    turn.answers.iter().map(|(_, answer)| decode(answer).unwrap()).collect()
}

fn group<S: Sql + Clone>(shard: &mut Shard<S>, calls: &[Vec<u8>], now: u64) -> Vec<Answer> {
    wait(shard, calls, now);
    ring(shard, now + GROUP_MS)
}

fn ask<S: Sql + Clone>(shard: &mut Shard<S>, call: &Call<'_>, now: u64) -> Answer {
    let turn = shard.take(7, encode(call), now);
    assert_eq!(turn.answers.len(), 1, "nothing but batches waits");
    decode(&turn.answers[0].1).unwrap()
}

fn metric(shard: &mut Shard<Sqlite>, name: &str) -> u64 {
    let Answer::Metrics(metrics) = ask(shard, &Call::Metrics, T0) else { panic!() };
    assert_eq!(metrics.len(), SHARD.len());
    metrics[SHARD.iter().position(|(known, ..)| *known == format!("footfall_shard_{name}")).unwrap()]
}

fn rows(sql: &Sqlite) -> i64 {
    sql.number("SELECT count(*) FROM journal")
}

#[test]
fn batches_that_wait_share_a_row_and_see_each_other() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let answers = group(
        &mut shard,
        &[
            register(1, 1, &[visit("/a").id(1).by(1), visit("/b")]),
            register(2, 1, &[visit("/a").id(1), visit("/a").by(2)]),
            register(1, 2, &[visit("/b"), visit("/b").by(1)]),
        ],
        T0,
    );
    let expected = [[counted(1), counted(1)], [duplicate(1), counted(2)], [counted(2), counted(3)]];
    assert_eq!(answers, expected.map(|visits| Answer::Receipt(receipt(&visits))));
    assert_eq!(rows(&sql), 1);
    assert_eq!(
        ["batches_total", "rows_total", "replayed_total", "counted_total"].map(|name| metric(&mut shard, name)),
        [3, 1, 0, 5]
    );
    let mut again = support::shard(sql.clone());
    assert_eq!(ask(&mut again, &Call::Visitors(TODAY), T0), Answer::Visitors(Visitors { visitors: 2, withheld: [0, 0, 2, 0] }));
    Rig::on(sql, T0).audit();
}

#[test]
fn retries_and_refusals_harm_nobody_and_write_no_row() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let [first, second] = [1, 2].map(|sequence| register(1, sequence, &[visit("/a")]));
    let answers =
        group(&mut shard, &[first.clone(), second.clone(), malformed(5), first.clone(), register(2, 1, &[visit("/a")])], T0);
    let [one, two, three] = [1, 2, 3].map(|views| Answer::Receipt(receipt(&[counted(views)])));
    assert_eq!(answers, [one.clone(), two.clone(), Answer::Refused(Fault::Malformed), one, three]);
    assert_eq!((rows(&sql), metric(&mut shard, "replayed_total")), (1, 1));
    let written = sql.rows_written();
    let now = T0 + DAY / 2;
    let answers = group(&mut shard, &[first.clone(), second, malformed(5), first], now);
    let superseded = Answer::Refused(Fault::Superseded);
    assert_eq!(answers, [superseded.clone(), two, Answer::Refused(Fault::Malformed), superseded]);
    assert_eq!((sql.rows_written(), metric(&mut shard, "rows_total")), (written, 1), "nothing was written");
    assert_eq!(["batches_total", "replayed_total", "superseded_total"].map(|name| metric(&mut shard, name)), [3, 2, 1]);
}

#[test]
fn nothing_is_counted_before_the_row_is_written_and_a_lost_group_is_sent_again() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let calls = [register(1, 1, &[visit("/a").id(1)]), register(2, 1, &[visit("/a")])];
    wait(&mut shard, &calls, T0);
    assert_eq!(ask(&mut shard, &Call::Views(None), T0), Answer::Views(0));
    assert_eq!(rows(&sql), 0);
    let mut shard = support::shard(sql);
    assert_eq!(ask(&mut shard, &Call::Views(None), T0), Answer::Views(0), "the object lost them");
    assert_eq!(group(&mut shard, &calls, T0), [1, 2].map(|views| Answer::Receipt(receipt(&[counted(views)]))));
}

#[test]
fn a_day_that_begins_while_batches_wait_makes_them_stale() {
    let mut shard = support::shard(Sqlite::new());
    wait(&mut shard, &[register(1, 1, &[visit("/a").id(1), visit("/a"), visit("/a").by(1)])], T0);
    // The asker counts this id elsewhere, under the new day. It is not known here yet, and must not count here any more.
    assert_eq!(ask(&mut shard, &Call::Seen { day: TODAY + 1, id: Fingerprint(1) }, T0), Answer::Seen(false));
    let [Answer::Receipt(receipt)] = &ring(&mut shard, T0 + GROUP_MS)[..] else { panic!() };
    let verdicts = receipt.visits.iter().map(|line| line.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts, [Verdict::Stale, Verdict::Counted, Verdict::Stale]);
}

#[test]
fn an_owners_changes_maintenance_and_more_shards_go_ahead_of_batches_that_wait() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    shard.serve(&register(9, 1, &[visit("/a").id(9), visit("/b")]), T0);
    wait(&mut shard, &[register(1, 1, &[visit("/a").id(1)]), register(2, 1, &[visit("/a").by(2)])], T0);
    assert_eq!(ask(&mut shard, &Call::Amend(Amend::Set { page: "/a", views: 40 }), T0), Answer::Page(Some(1)));
    assert!(shard.maintain(T0, KEEP_HOURS_DAYS).unwrap());
    let import = Import { id: "f", before: 0, lines: "" };
    assert_eq!(ask(&mut shard, &Call::Import(import), T0), Answer::Imported(Imported { lines: 0, wrong: None }));
    assert_eq!(ask(&mut shard, &Call::Grow(3), T0), Answer::Grown);
    assert_eq!(ask(&mut shard, &Call::Views(None), T0), Answer::Views(41));
    let answers = ring(&mut shard, T0 + GROUP_MS);
    assert_eq!(answers, [41, 42].map(|views| Answer::Among(3, receipt(&[counted(views)]))));
    // Wiped while one waits: it counts afterwards.
    wait(&mut shard, &[register(1, 2, &[visit("/a")])], T0 + DAY / 2);
    assert_eq!(ask(&mut shard, &Call::Amend(Amend::Wipe), T0 + DAY / 2), Answer::Page(None));
    assert_eq!(ring(&mut shard, T0 + DAY / 2 + GROUP_MS), [Answer::Among(3, receipt(&[counted(1)]))]);
    Rig::on(sql, T0 + DAY / 2).audit();
}

#[test]
fn a_group_after_a_clock_that_was_ahead_counts_under_today() {
    let mut shard = support::shard(Sqlite::new());
    let ahead = T0 + 3 * DAY;
    let early = [visit("/a").by(1)];
    shard.serve(&encode(&Call::Register(batch(9, 1, ahead, &early))), ahead);
    let answers = group(&mut shard, &[register(1, 1, &[visit("/a").by(1)]), register(2, 1, &[visit("/a").by(2)])], T0);
    assert_eq!(answers, [2, 3].map(|views| Answer::Receipt(receipt(&[counted(views)]))));
}

#[test]
fn watchers_learn_of_a_group() {
    let mut shard = support::shard(Sqlite::new());
    assert!(matches!(ask(&mut shard, &Call::Watch, T0), Answer::Live(_)));
    wait(&mut shard, &[register(1, 1, &[visit("/a").by(1)]), register(2, 1, &[visit("/a").by(2)])], T0);
    let turn = shard.rang(T0 + GROUP_MS);
    assert_eq!(turn.push, Some(0));
    let (message, _) = shard.push(0, T0 + GROUP_MS).unwrap().unwrap();
    let Ok(Answer::Live(pulse)) = decode(&message) else { panic!() };
    assert_eq!(pulse.views.iter().sum::<u64>(), 2, "{pulse:?}");
}

#[test]
fn a_journal_that_is_full_is_checkpointed_before_a_group() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    for sequence in 1..=JOURNAL_ROWS {
        shard.serve(&register(9, sequence, &[visit("/a").id(sequence)]), T0);
    }
    let last = register(9, JOURNAL_ROWS, &[visit("/a").id(JOURNAL_ROWS)]);
    let answers = group(&mut shard, &[last, register(1, 1, &[visit("/a").id(1)]), register(2, 1, &[visit("/a")])], T0);
    let lines = [counted(JOURNAL_ROWS), duplicate(JOURNAL_ROWS), counted(JOURNAL_ROWS + 1)];
    assert_eq!(answers, lines.map(|line| Answer::Receipt(receipt(&[line]))));
    assert_eq!(sql.number("SELECT value FROM meta WHERE key = 'checkpointed'"), i64::try_from(JOURNAL_ROWS).unwrap());
    let mut rig = Rig::on(sql, T0);
    assert_eq!(rig.ledger.views(), JOURNAL_ROWS + 1);
    rig.audit();
}

#[test]
fn a_row_from_before_batches_shared_rows_is_replayed() {
    // What a shard of that version wrote: `\x01`, the time, the batch and its receipt.
    let sent = [visit("/a").id(300).by(5)];
    let call = register(5, 2, &sent);
    let time = [0x80, 0xd8, 0xbd, 0xd4, 0xc9, 0x32];
    let row = [&[1][..], &time, &call[2..], &[1, 0, 0, 1]].concat();
    let sql = Sqlite::new();
    drop(support::open(sql.clone(), T0).unwrap());
    sql.query("INSERT INTO journal VALUES (1, 1, ?)", &[Value::Blob(row)]).unwrap();
    let mut shard = support::shard(sql.clone());
    assert_eq!(ask(&mut shard, &Call::Views(Some("/a")), T0), Answer::Views(1));
    assert_eq!(decode(&shard.serve(&call, T0).bytes), Ok(Answer::Receipt(receipt(&[counted(1)]))), "its receipt is stored");
    let next = register(5, 3, &sent);
    assert_eq!(decode(&shard.serve(&next, T0).bytes), Ok(Answer::Receipt(receipt(&[duplicate(1)]))), "and its id");
    Rig::on(sql, T0).audit();
}

#[test]
fn a_fault_at_any_statement_stores_nothing_of_a_group_or_all_of_it() {
    let mut start = Rig::new();
    start.send(1, 1, &[visit("/a").id(1).by(1), visit("/b").from(&support::details(Some(Device::Mobile), "DE", "", [""; 3]))]);
    start.maintain();
    for sequence in 1..=JOURNAL_ROWS {
        start.send(2, sequence, &[visit("/b")]);
    }
    let calls = [
        register(1, 2, &[visit("/a").id(2).by(2), visit("/new")]),
        register(3, 1, &[visit("/a").id(2), visit("/b").from(&support::details(None, "FR", "", [""; 3]))]),
        register(1, 3, &[visit("/new").id(3).by(3)]),
    ];
    let expected =
        [receipt(&[counted(2), counted(1)]), receipt(&[duplicate(2), counted(JOURNAL_ROWS + 2)]), receipt(&[counted(2)])];
    let expected = expected.map(Answer::Receipt);
    for fault in FAULTS {
        for n in 1.. {
            let sql = start.sql.copy();
            let faulty = Faulty::new(sql.clone());
            let mut shard = support::shard(faulty.clone());
            assert_eq!(ask(&mut shard, &Call::Views(None), T0), Answer::Views(JOURNAL_ROWS + 2));
            wait(&mut shard, &calls, T0);
            faulty.fail_nth(n, fault);
            let turn = shard.rang(T0 + GROUP_MS);
            let answers: Vec<Answer> = turn.answers.iter().map(|(_, answer)| decode(answer).unwrap()).collect();
            if faulty.clear() {
                assert_eq!(answers[1..], expected);
                assert!(n > 4, "the group has {} statements that can fail", n - 1);
                break;
            }
            let about = format!("{fault:?} at statement {n}");
            assert_eq!(answers, vec![Answer::Refused(Fault::Storage); 4], "{about}");
            assert!(turn.error.is_some());
            let views = Rig::on(sql.clone(), T0).ledger.views();
            assert!([JOURNAL_ROWS + 2, JOURNAL_ROWS + 6].contains(&views), "{about}: {views} views are stored");
            // All send their batches again. The first of isolate 1 has no receipt any more if a later one of it is stored.
            let again = group(&mut shard, &calls, T0 + DAY / 2);
            let first = if views > JOURNAL_ROWS + 2 { Answer::Refused(Fault::Superseded) } else { expected[0].clone() };
            assert_eq!(again, [first, expected[1].clone(), expected[2].clone()], "{about}");
            let mut stored = Rig::on(sql, T0 + DAY / 2);
            assert_eq!(stored.ledger.views(), JOURNAL_ROWS + 6, "{about}");
            stored.audit();
        }
    }
}

#[test]
fn a_group_that_fills_the_journal_with_visits_is_saved_as_a_whole() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let many = vec![visit("/a"); MAX_BATCH_VISITS];
    let fill = JOURNAL_VISITS / MAX_BATCH_VISITS as u64;
    for sequence in 1..fill {
        shard.serve(&register(9, sequence, &many), T0);
    }
    // The first of these is the last that the journal takes before a checkpoint.
    group(&mut shard, &[1, 2, 3].map(|isolate| register(isolate, 1, &many)), T0);
    let mut stored = Rig::on(sql, T0);
    assert_eq!(stored.ledger.views(), (fill + 2) * MAX_BATCH_VISITS as u64, "no visit of the row was saved before it");
    stored.audit();
}

/// Everything that a database has after a checkpoint, except how its journal was numbered.
fn everything(sql: &Sqlite, now: u64) -> Vec<Vec<Vec<Value>>> {
    support::shard(sql.clone()).maintain(now, KEEP_HOURS_DAYS).unwrap();
    let mut all = Vec::new();
    for statement in [
        "SELECT page, views FROM pages ORDER BY 1",
        "SELECT * FROM site_quarters ORDER BY 1",
        "SELECT * FROM withheld ORDER BY 1, 2",
        "SELECT * FROM details ORDER BY 1, 2, 3",
        "SELECT * FROM excluded ORDER BY 1, 2",
        "SELECT * FROM days ORDER BY 1",
        "SELECT * FROM last_batches ORDER BY 1",
        "SELECT * FROM set_rows ORDER BY 1",
        "SELECT * FROM meta WHERE key NOT IN ('checkpointed', 'lately', 'sets') ORDER BY 1",
    ] {
        all.push(sql.query(statement, &[]).unwrap());
    }
    for table in ["page_hours", "page_sums"] {
        let rows = by_page(sql, table).into_iter().map(|(page, at, Counts { views, visitors, newcomers })| {
            [Value::Text(page), Value::count(at), Value::count(views), Value::count(visitors), Value::count(newcomers)].to_vec()
        });
        all.push(rows.collect());
    }
    all
}

fn any_visit() -> impl Strategy<Value = Sent> {
    let id = proptest::option::of(0..8_u64);
    let visitor = proptest::option::of(0..6_u64);
    let day = prop_oneof![8 => Just(None), 1 => Just(Some(TODAY - 1)), 1 => Just(Some(TODAY + 1))];
    (0..4_u8, id, visitor, day, 0..3_u8).prop_map(|(page, id, visitor, day, from)| {
        let sent = id.into_iter().fold(visit(&format!("/{page}")), Sent::id);
        let sent = visitor.into_iter().fold(Sent { day, ..sent }, Sent::by);
        let countries = ["", "DE", "FR"];
        if from == 0 { sent } else { sent.from(&support::details(None, countries[usize::from(from)], "", [""; 3])) }
    })
}

/// Batches of a few isolates: which one, whether it sends its last batch again, its visits, and its tallies.
type Plan = Vec<(u8, bool, Vec<Sent>, bool)>;

fn any_group() -> impl Strategy<Value = Plan> {
    let one = (0..4_u8, prop::bool::weighted(0.1), prop::collection::vec(any_visit(), 0..5), any::<bool>());
    prop::collection::vec(one, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_counts_what_its_batches_count_one_by_one(plans in prop::collection::vec(any_group(), 1..4)) {
        let [one, other] = [Sqlite::new(), Sqlite::new()];
        let [mut alone, mut together] = [&one, &other].map(|sql| support::shard(sql.clone()));
        let mut last: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        let mut sequence = 0;
        for (round, plan) in (0..).zip(plans) {
            let now = T0 + round * 1_000;
            let mut calls: Vec<Vec<u8>> = Vec::new();
            for (isolate, again, sent, tally) in plan {
                sequence += 1;
                let tallies = if tally { vec![Tally { day: TODAY, reason: 2, visits: 3 }] } else { Vec::new() };
                let new = encode(&Call::Register(Batch { tallies, ..batch(isolate.into(), sequence, now, &sent) }));
                let call = match last.get(&isolate) {
                    Some(before) if again => before.clone(),
                    _ => new,
                };
                last.insert(isolate, call.clone());
                calls.push(call);
            }
            let expected: Vec<Answer> =
                calls.iter().map(|call| decode(&alone.serve(call, now + GROUP_MS).bytes).unwrap()).collect();
            prop_assert_eq!(group(&mut together, &calls, now), expected);
        }
        let now = T0 + 10_000;
        let report = |shard: &mut Shard<Sqlite>| {
            let hours = Span { from: (TODAY - 1) * 24, until: (TODAY + 2) * 24 };
            let times = [None, Some("/1")].map(|page| Question::Times { page, times: Times::of_hours(hours), step: Step::Hour });
            let others = [Question::Excluded(hours), Question::Withheld(hours), Question::Value { kind: 1, value: "DE", days: hours }];
            let reports: Vec<_> =
                times.into_iter().chain(others).map(|question| ask(shard, &Call::Report(question), now)).collect();
            let Answer::Live(pulse) = ask(shard, &Call::Live, now) else { panic!() };
            (reports, Pulse { version: 0, ..pulse })
        };
        let [mut alone, mut together] = [&one, &other].map(|sql| support::shard(sql.clone()));
        prop_assert_eq!(report(&mut together), report(&mut alone));
        prop_assert_eq!(everything(&other, now), everything(&one, now));
    }
}

#[test]
fn a_receipt_is_of_the_batch_and_not_of_its_neighbour() {
    let mut shard = support::shard(Sqlite::new());
    let calls: Vec<Vec<u8>> =
        (1..=40_u64).map(|n| register(n.into(), 1, &vec![visit(&format!("/{n}")); usize::try_from(n).unwrap()])).collect();
    for (n, answer) in (1..).zip(group(&mut shard, &calls, T0)) {
        assert_eq!(answer, Answer::Receipt(Receipt { visits: (1..=n).map(counted).collect() }));
    }
}
