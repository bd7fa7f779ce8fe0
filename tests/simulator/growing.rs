//! How a site's days object informs the first shard before there are more shards, as `grow` in `edge::days_object` does.

use crate::history::About;
use crate::mutation::Mutation;
use crate::object::{Machine, Waits};
use crate::plan::Fault;
use crate::queue::Event;
use crate::world::World;
use footfall::counting::model::date::DAY_MS;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::day::{DayAnswer, DayCall};
use footfall::counting::protocol::wire::{decode, encode};

/// As in `edge::days_object`.
const TELL_MS: u64 = 1_000;

/// A call for the day record that waits for the first shard.
#[derive(Debug)]
pub(crate) struct Telling {
    exchange: usize,
    attempt: u32,
    echo: bool,
    call: DayCall,
    /// The life of the days object in which the call arrived.
    life: u32,
    over: bool,
}

impl World {
    /// Lets the days object serve a call. If the call adds shards, the object informs the first shard before it answers.
    pub(crate) fn serve_days(&mut self, exchange: usize, attempt: u32, echo: bool) {
        let days = self.days_object();
        let Ok(call) = decode::<DayCall>(&self.exchanges[exchange].call) else { return };
        let now = self.now + self.objects[days].skew;
        let Machine::Days(machine) = &self.objects[days].machine else { return };
        let grows = match machine.grows(call.day, call.shards, now) {
            Ok(grows) => grows,
            Err(_) => return self.say(exchange, attempt, echo, DayAnswer::Storage),
        };
        if grows.is_none() || self.mutation == Mutation::GrowUntold {
            return self.record(exchange, attempt, echo, call);
        }
        self.history.note(self.now, &[About::Shard(days)], || format!("the days tell s0 of {} shards", call.shards));
        let life = self.objects[days].life;
        self.tellings.push(Telling { exchange, attempt, echo, call, life, over: false });
        let telling = self.tellings.len() - 1;
        if !self.strikes(Fault::LostRequest) {
            let at = self.now + self.rng.between(1, 2 * self.plan.way_ms);
            self.at(at, Event::Tell(telling));
        }
        self.at(self.now + TELL_MS, Event::Told { telling, grown: false });
    }

    /// Informs the first shard that there will be more shards.
    pub(crate) fn tell(&mut self, telling: usize) {
        if self.objects[0].away_until > self.now {
            return;
        }
        let shards = self.tellings[telling].call.shards;
        let now = self.now + self.objects[0].skew;
        self.break_storage(0);
        let Machine::Shard(first) = &mut self.objects[0].machine else { return };
        let answer = first.serve(&encode(&Call::Grow(shards)), now).bytes;
        self.objects[0].store.heal();
        let grown = matches!(decode(&answer), Ok(Answer::Grown));
        self.turn(0, 0, vec![Waits::Days { telling, grown }], None);
    }

    /// Goes on once the first shard has confirmed, or once the wait has timed out.
    pub(crate) fn told(&mut self, telling: usize, grown: bool) {
        let Telling { exchange, attempt, echo, call, life, over } = self.tellings[telling];
        let days = self.days_object();
        if over || self.objects[days].life != life {
            return;
        }
        self.tellings[telling].over = true;
        self.checker.sums.grown += u64::from(grown);
        self.break_storage(days);
        self.record(exchange, attempt, echo, DayCall { shards: if grown { call.shards } else { 0 }, ..call });
    }

    fn record(&mut self, exchange: usize, attempt: u32, echo: bool, call: DayCall) {
        let days = self.days_object();
        let now = self.now + self.objects[days].skew;
        let random = self.rng.bytes();
        let Machine::Days(machine) = &self.objects[days].machine else { return };
        let answer = match machine.record(call.day, call.shards, random, now) {
            Ok(Some(record)) => DayAnswer::Record(record),
            Ok(None) => DayAnswer::Malformed,
            Err(_) => DayAnswer::Storage,
        };
        self.checker.sums.early += u64::from(matches!(answer, DayAnswer::Record(record) if u64::from(record.day) * DAY_MS > now));
        self.say(exchange, attempt, echo, answer);
    }

    fn say(&mut self, exchange: usize, attempt: u32, echo: bool, answer: DayAnswer) {
        let days = self.days_object();
        self.objects[days].store.heal();
        self.history.note(self.now, &[About::Try(self.exchanges[exchange].a_try)], || format!("the days say {answer:?}"));
        let waits = Waits::Caller { exchange, attempt, answer: encode(&answer).into() };
        self.turn(days, 0, if echo { Vec::new() } else { vec![waits] }, None);
    }

    /// Whether the days object takes another call in this second.
    pub(crate) fn days_take(&mut self) -> bool {
        let second = self.now / 1_000;
        if self.days_second != second {
            (self.days_second, self.days_calls) = (second, 0);
        }
        self.days_calls += 1;
        self.checker.sums.most_asked = self.checker.sums.most_asked.max(self.days_calls);
        self.plan.days_cap.is_none_or(|cap| self.days_calls <= cap)
    }
}
