//! A shard against a naive model, over random histories with restarts, faults and time passing.
//!
//! The model has no journal, checkpoints or rows: only maps of what was counted, and the last batch of each isolate, for retries.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::isolates::KEEP_MS;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::ledger::state::JOURNAL_ROWS;
use footfall::counting::model::date::{Day, day_of};
use footfall::counting::model::visitor::Visitor;
use footfall::counting::protocol::answer;
use footfall::counting::protocol::answer::{Answer, Visitors};
use footfall::counting::protocol::batch::{Counted, Receipt, Verdict};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::rig::Rig;
use support::sqlite::{Fault, Faulty, Sqlite};
use support::{HOUR, NOBODY, SECOND, Sent, T0, batch, visit};

const PAGES: [&str; 4] = ["/", "/a", "/b", "/c"];

#[derive(Clone, Debug)]
enum Op {
    /// An isolate sends its next batch. While the answer is a storage error, it sends the batch again, until it has a receipt.
    Send(u8, Vec<Sent>),
    /// An isolate sends its last batch again, as after a lost answer.
    Retry(u8),
    /// A straggler: the batch before the last of an isolate arrives late.
    Straggle(u8),
    /// An isolate asks whether an id is known.
    Ask(u64),
    Restart,
    Maintain,
    Wait(u64),
    /// The nth statement from now will fail.
    Fail(u32, Fault),
}

fn any_visit() -> impl Strategy<Value = Sent> {
    let day = prop_oneof![8 => Just(None), 1 => Just(Some(-1)), 1 => Just(Some(1))];
    // In minutes before the time of sending; `run` turns it into a time.
    let age = prop_oneof![6 => Just(None), 1 => (0..23 * 60_u32).prop_map(Some), 1 => any::<u32>().prop_map(Some)];
    (0..PAGES.len(), proptest::option::of(0..12_u64), proptest::option::of(0..6_u64), day, age).prop_map(
        |(page, id, hash, day, age)| {
            let sent = id.into_iter().fold(visit(PAGES[page]), Sent::id);
            let sent = Sent { made: age, ..hash.into_iter().fold(sent, Sent::by) };
            // The day is relative to the time of sending, which `run` knows.
            day.map(|day: i32| day.cast_unsigned()).into_iter().fold(sent, Sent::of)
        },
    )
}

fn any_op() -> impl Strategy<Value = Op> {
    let wait = prop_oneof![3 => 0..40 * SECOND, 2 => (1..30_u64).prop_map(|hours| hours * HOUR)];
    let fault = prop_oneof![Just(Fault::Failed), Just(Fault::FailedButApplied)];
    prop_oneof![
        8 => (0..3_u8, prop::collection::vec(any_visit(), 1..6)).prop_map(|(isolate, sent)| Op::Send(isolate, sent)),
        3 => (0..3_u8).prop_map(Op::Retry),
        1 => (0..3_u8).prop_map(Op::Straggle),
        1 => (0..12_u64).prop_map(Op::Ask),
        2 => Just(Op::Restart),
        2 => Just(Op::Maintain),
        3 => wait.prop_map(Op::Wait),
        4 => (1..40_u32, fault).prop_map(|(n, fault)| Op::Fail(n, fault)),
    ]
}

/// The last batch of an isolate.
struct LastSent {
    sequence: u64,
    at: u64,
    sent: Vec<Sent>,
    receipt: Receipt,
}

fn minute_of(at: u64) -> u32 {
    u32::try_from(at / 60_000).unwrap()
}

#[derive(Default)]
struct Model {
    views: BTreeMap<String, u64>,
    /// When each id was counted last.
    ids: BTreeMap<u64, u64>,
    day: Day,
    visitors: BTreeMap<Day, BTreeSet<u64>>,
    withheld: BTreeMap<Day, u64>,
    last: BTreeMap<u8, LastSent>,
}

impl Model {
    fn knows(&self, id: u64, now: u64) -> bool {
        // An id is known in the half-day in which it counted and in the two after it.
        self.ids.get(&id).is_some_and(|at| now / (12 * HOUR) <= at / (12 * HOUR) + 2)
    }

    fn send(&mut self, sent: &[Sent], now: u64) -> Receipt {
        let visits = sent.iter().map(|one| self.count(one, now)).collect();
        Receipt { visits }
    }

    fn count(&mut self, one: &Sent, now: u64) -> Counted {
        let day = one.day.unwrap_or_else(|| day_of(now));
        let binding = one.id.is_some() || matches!(one.visitor, Visitor::Hash(_));
        let stale = binding && day < self.day;
        if binding {
            self.day = self.day.max(day);
        }
        let verdict = if stale {
            Verdict::Stale
        } else if one.id.is_some_and(|id| self.knows(id.0, now)) {
            Verdict::Duplicate
        } else {
            Verdict::Counted
        };
        let views = self.views.get(&one.page).copied().unwrap_or(0);
        if verdict != Verdict::Counted {
            return Counted { verdict, other: false, views };
        }
        self.views.insert(one.page.clone(), views + 1);
        if let Some(id) = one.id {
            self.ids.insert(id.0, now);
        }
        match one.visitor {
            Visitor::Hash(hash) => {
                self.visitors.entry(day).or_default().insert(hash.0);
            }
            Visitor::Withheld(_) | Visitor::Elsewhere | Visitor::Guest(_) => {
                // The view counts on the day on which it was made. A time outside the last 24 hours moves to the nearer end of them.
                let latest = minute_of(now);
                let made = one.made.map(|made| if made > latest { latest } else { made.max(latest - 1_440) });
                *self.withheld.entry(made.map_or(day, |made| made / 1_440)).or_default() += 1;
            }
        }
        Counted { verdict, other: false, views: views + 1 }
    }

    fn visitors(&self, day: Day) -> Visitors {
        let visitors = self.visitors.get(&day).map_or(0, |hashes| hashes.len() as u64);
        Visitors { visitors, withheld: [0, 0, self.withheld.get(&day).copied().unwrap_or(0), 0] }
    }
}

/// The shard, with a database that can fail, and a clock.
struct World {
    sql: Faulty<Sqlite>,
    shard: Shard<Faulty<Sqlite>>,
    now: u64,
}

impl World {
    /// Calls until the answer is not a storage error. Each fault causes at most one such answer.
    fn call(&mut self, call: &Call<'_>) -> Answer {
        let call = wire::encode(call);
        for _ in 0..2 {
            let answer = wire::decode(&self.shard.serve(&call, self.now).bytes).unwrap();
            if answer != Answer::Refused(answer::Fault::Storage) {
                return answer;
            }
        }
        panic!("one fault caused two storage errors");
    }

    fn send(&mut self, isolate: u8, sequence: u64, sent: &[Sent]) -> Answer {
        self.call(&Call::Register(batch(isolate.into(), sequence, self.now, sent)))
    }

    fn check(&mut self, model: &Model) {
        assert_eq!(self.call(&Call::Views(None)), Answer::Views(model.views.values().sum()));
        for page in PAGES {
            let views = model.views.get(page).copied().unwrap_or(0);
            assert_eq!(self.call(&Call::Views(Some(page))), Answer::Views(views), "{page}");
        }
        let today = day_of(self.now);
        for day in today - 3..=today + 1 {
            assert_eq!(self.call(&Call::Visitors(day)), Answer::Visitors(model.visitors(day)), "day {day}");
        }
    }
}

fn run(start: &Sqlite, ops: Vec<Op>) {
    let mut model = Model::default();
    // The views that `nearly_full` has in its journal.
    let filled = Rig::on(start.copy(), T0).ledger.views();
    model.views.insert("/".to_owned(), filled);
    model.withheld.insert(day_of(T0), filled);
    let sql = Faulty::new(start.copy());
    let mut world = World { shard: support::shard(sql.clone()), sql, now: T0 };
    for op in ops {
        match op {
            Op::Send(isolate, sent) => {
                let today = day_of(world.now);
                let sent: Vec<Sent> = sent
                    .into_iter()
                    .map(|one| Sent {
                        day: one.day.map(|relative| today.wrapping_add(relative)),
                        made: one.made.map(|age| minute_of(world.now).wrapping_sub(age)),
                        ..one
                    })
                    .collect();
                let sequence = model.last.get(&isolate).map_or(1, |last| last.sequence + 1);
                let receipt = model.send(&sent, world.now);
                assert_eq!(world.send(isolate, sequence, &sent), Answer::Receipt(receipt.clone()));
                model.last.insert(isolate, LastSent { sequence, at: world.now, sent, receipt });
            }
            // No isolate retries later than this: it has long answered that the visit is in doubt.
            Op::Retry(isolate) | Op::Straggle(isolate)
                if model.last.get(&isolate).is_none_or(|last| last.at + KEEP_MS < world.now) => {}
            Op::Retry(isolate) => {
                let last = &model.last[&isolate];
                assert_eq!(world.send(isolate, last.sequence, &last.sent), Answer::Receipt(last.receipt.clone()), "a retry");
            }
            Op::Straggle(isolate) => {
                let last = &model.last[&isolate];
                let answer = world.send(isolate, last.sequence - 1, &last.sent);
                assert_eq!(answer, Answer::Refused(answer::Fault::Superseded));
            }
            Op::Ask(id) => {
                let day = day_of(world.now);
                model.day = model.day.max(day);
                let id_known = model.knows(id, world.now);
                let call = Call::Seen { day, id: footfall::counting::model::visit_id::Fingerprint(id) };
                assert_eq!(world.call(&call), Answer::Seen(id_known));
            }
            Op::Restart => world.shard = support::shard(world.sql.clone()),
            Op::Maintain => {
                if world.shard.maintain(world.now, KEEP_HOURS_DAYS).is_err() {
                    world.shard.maintain(world.now, KEEP_HOURS_DAYS).unwrap();
                }
                model.day = model.day.max(day_of(world.now));
            }
            Op::Wait(ms) => world.now += ms,
            Op::Fail(n, fault) => world.sql.fail_nth(n, fault),
        }
        world.check(&model);
    }
    world.sql.clear();
    world.shard = support::shard(world.sql.clone());
    world.check(&model);
}

/// A shard whose journal is a few batches short of a checkpoint.
fn nearly_full() -> Sqlite {
    let mut rig = Rig::new();
    for sequence in 1..JOURNAL_ROWS - 5 {
        let sent = Sent { visitor: NOBODY, ..visit("/") };
        rig.send(99, sequence, &[sent]);
    }
    rig.sql
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shard_does_what_the_model_does(ops in prop::collection::vec(any_op(), 1..40)) {
        run(&Sqlite::new(), ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shard_that_checkpoints_on_the_way_does_what_the_model_does(ops in prop::collection::vec(any_op(), 10..40)) {
        thread_local! {
            static START: Sqlite = nearly_full();
        }
        START.with(|start| run(start, ops));
    }
}
