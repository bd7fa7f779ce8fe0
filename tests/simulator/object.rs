//! Objects: a shard, or the days of a site, over a database. An object works in turns. The writes of a turn become durable
//! before its answer leaves, as in `edge::shard_object` and `edge::days_object`.

use crate::facts::Broken;
use crate::grouping::Caller;
use crate::growing::Step;
use crate::history::About;
use crate::mutation::Mutation;
use crate::plan::{Fault, MAX_SKEW_MS};
use crate::queue::{Event, Reply};
use crate::rng::Rng;
use crate::store::{Failing, Store};
use crate::world::World;
use footfall::counting::dispatch::days::Days;
use footfall::counting::dispatch::retry::UNSEEN;
use footfall::counting::ledger::sets::instance::Instance;
use footfall::counting::ledger::sets::memory_budget::MemoryBudget;
use footfall::counting::ledger::sets::sizes::Sizes;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::date::Day;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::Receipt;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};
use footfall::counting::storage::Sql;
use std::collections::VecDeque;
use std::rc::Rc;

/// The pure half of an object.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a world has one small one")]
pub(crate) enum Machine {
    Shard(Shard<Store>),
    Days(Days<Store>),
}

/// A Durable Object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) machine: Machine,
    pub(crate) store: Store,
    /// The number of its restarts.
    pub(crate) life: u32,
    pub(crate) away_until: u64,
    pub(crate) skew: u64,
    pub(crate) turns: VecDeque<Committing>,
    /// The calls that have no answer yet, and how many calls there were.
    pub(crate) waiting: Vec<Caller>,
    pub(crate) callers: u64,
    pub(crate) last_commit: u64,
    pub(crate) has_alarm: bool,
    /// The total that the last read gave.
    read: u64,
}

/// The effect of one event, until it is durable.
#[derive(Debug)]
pub(crate) struct Committing {
    mark: u64,
    /// The number of changes that become durable with this turn.
    changes: usize,
    /// The answers of this turn, with their recipients.
    pub(crate) answers: Vec<Waits>,
    /// The total that this turn read.
    read: Option<u64>,
}

/// The recipient of an answer that leaves when the turn is durable.
#[derive(Debug)]
pub(crate) enum Waits {
    /// An attempt of an exchange, which gets these bytes.
    Caller { exchange: usize, attempt: u32, answer: Rc<[u8]> },
    /// A sum over all shards, which gets this part.
    Sum { sum: usize, round: u32, views: u64 },
    /// The days object, which goes on to find the number of shards of a new day.
    Days(Step),
}

impl Object {
    pub(crate) fn new(is_shard: bool, mutation: Mutation, rng: &mut Rng) -> Self {
        let store = Store::default();
        if mutation == Mutation::LoseFolds {
            store.lose_folds();
        }
        if mutation == Mutation::LoseLast {
            store.lose_last();
        }
        let machine = Self::machine(is_shard, &store);
        let skew = rng.below(MAX_SKEW_MS);
        let (turns, waiting) = (VecDeque::new(), Vec::new());
        let (life, away_until, callers, last_commit, has_alarm, read) = (0, 0, 0, 0, false, 0);
        Self { machine, store, life, away_until, skew, turns, waiting, callers, last_commit, has_alarm, read }
    }

    pub(crate) fn machine(is_shard: bool, store: &Store) -> Machine {
        if is_shard { Machine::Shard(shard(store.clone())) } else { Machine::Days(Days::new(store.clone())) }
    }
}

/// A shard over a database. Its sets are cut so small that a few visits flush and merge them, and have so little memory that most lookups read
/// rows.
pub(crate) fn shard<S: Sql + Clone>(sql: S) -> Shard<S> {
    let sizes = Sizes { slice: 4, whole: 8, waiting: 12 };
    Shard::new(sql, Instance { seed: Some(*b"of the simulator"), budget: MemoryBudget::new(1_000), sizes })
}

impl World {
    /// Lets a call arrive at its object.
    pub(crate) fn arrive(&mut self, exchange: usize, attempt: u32, echo: bool) {
        let it = &self.exchanges[exchange];
        let (post, mut object, mut call) = (it.post(), it.object, Rc::clone(&it.call));
        let about = [post.map_or(About::Try(it.a_try), About::Post), About::Shard(object)];
        if self.mutation == Mutation::RetryElsewhere && post.is_some() && attempt > 1 {
            object = (object + 1) % self.days_object();
        }
        if self.objects[object].away_until > self.now {
            self.struck(Fault::ObjectAway);
            self.history.note(self.now, &about, || format!("attempt {attempt} finds s{object} away"));
            if !echo {
                self.reply(exchange, attempt, Reply::Exception);
            }
            return;
        }
        if matches!(self.mutation, Mutation::ForgetBatches | Mutation::ForgetIds) {
            call = self.forge(&call);
        }
        if object == self.days_object() && !self.days_take() {
            self.history.note(self.now, &about, || format!("attempt {attempt} is one too many for the days"));
            return self.reply(exchange, attempt, Reply::Overloaded(UNSEEN[1]));
        }
        self.set_alarm(object);
        self.break_storage(object);
        if object == self.days_object() {
            return self.serve_days(exchange, attempt, echo);
        }
        self.take(object, exchange, attempt, echo, call.to_vec());
    }

    /// The mutations that change a call on the way.
    fn forge(&mut self, call: &Rc<[u8]>) -> Rc<[u8]> {
        let Ok(Call::Register(mut batch)) = decode(call) else { return Rc::clone(call) };
        if self.mutation == Mutation::ForgetBatches {
            batch.isolate = batch.isolate.wrapping_add(u128::from(self.rng.next()));
        } else {
            batch.visits.iter_mut().for_each(|item| item.id = None);
        }
        encode(&Call::Register(batch)).into()
    }

    /// The mutation that gives a retry a new receipt.
    pub(crate) fn forge_receipt(&self, answer: Vec<u8>, rows: u64) -> Vec<u8> {
        match decode(&answer) {
            Ok(Answer::Receipt(Receipt { mut visits }) | Answer::Among(_, Receipt { mut visits }))
                if self.mutation == Mutation::FreshReceipt && rows == 0 =>
            {
                visits.iter_mut().for_each(|counted| counted.views += 1);
                encode(&Answer::Receipt(Receipt { visits }))
            }
            _ => answer,
        }
    }

    /// Records it if a shard began a day for a reason other than a batch. Returns whether it did.
    pub(crate) fn begins(&mut self, object: usize, day: Option<Day>) -> bool {
        let Some(day) = day.filter(|day| object < self.days_object() && self.objects[object].store.day() == i64::from(*day))
        else {
            return false;
        };
        let begins = self.checker.truths[object].day() < day;
        if begins {
            self.checker.began(object, day);
        }
        begins
    }

    pub(crate) fn break_storage(&mut self, object: usize) {
        let how = if self.strikes(Fault::StorageFailed) {
            Failing::Before
        } else if self.strikes(Fault::StorageFailedApplied) {
            Failing::After
        } else {
            return;
        };
        let after = self.rng.tail(1, 40) as u32 - 1;
        self.objects[object].store.fail_after(after, how);
    }

    /// Ends a turn. Its writes become durable after a while, in the order of the turns. Only then does its answer leave.
    pub(crate) fn turn(&mut self, object: usize, changes: usize, mut answers: Vec<Waits>, read: Option<u64>) {
        let usual = if self.now < self.plan.calm_at() { self.plan.commit_ms } else { self.plan.commit_ms.min(10) };
        let took = self.rng.between(0, usual);
        let it = &mut self.objects[object];
        it.last_commit = it.last_commit.max(self.now + took);
        let (life, at, mark) = (it.life, it.last_commit, it.store.mark());
        if self.mutation == Mutation::AckBeforeStore {
            let early = answers.extract_if(.., |waits| matches!(waits, Waits::Caller { .. })).collect::<Vec<_>>();
            early.into_iter().for_each(|waits| self.answered(waits));
        }
        self.objects[object].turns.push_back(Committing { mark, changes, answers, read });
        self.at(at, Event::Commit { object, life });
    }

    /// Sends an answer to its recipient.
    fn answered(&mut self, waits: Waits) {
        match waits {
            Waits::Caller { exchange, attempt, answer } => self.send_back(exchange, attempt, answer),
            Waits::Sum { sum, round, views } => self.summed(sum, round, views),
            Waits::Days(step) if !self.strikes(Fault::LostReply) => {
                let at = self.now + self.rng.between(1, 2 * self.plan.way_ms);
                self.at(at, Event::Growing(step));
            }
            Waits::Days(_) => {}
        }
    }

    pub(crate) fn commit(&mut self, object: usize, life: u32) {
        let it = &mut self.objects[object];
        if it.life != life {
            return;
        }
        let Some(Committing { mark, changes, answers, read }) = it.turns.pop_front() else { return };
        it.store.commit(mark);
        if object < self.days_object() {
            self.checker.committed(object, changes);
        }
        answers.into_iter().for_each(|waits| self.answered(waits));
        if let Some(views) = read {
            let last = std::mem::replace(&mut self.objects[object].read, views);
            if views < last {
                self.checker.fail(Broken::WrongTotal, &[], Some(object), || format!("the total fell from {last} to {views}"));
            }
        }
    }
}
