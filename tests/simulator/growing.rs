//! How a site's days object finds the number of shards of a new day, as `grow` in `edge::objects::days` does: it asks the shards what they
//! carry, and informs the first one before there are more.

use crate::facts::Broken;
use crate::history::About;
use crate::mutation::Mutation;
use crate::object::{Machine, Waits};
use crate::plan::Fault;
use crate::queue::Event;
use crate::world::World;
use footfall::counting::dispatch::days::Missing;
use footfall::counting::dispatch::growth::needed;
use footfall::counting::model::date::{DAY_MS, Day};
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::day::{DayAnswer, DayCall};
use footfall::counting::protocol::load::{MOST_CALLS, ShardLoad};
use footfall::counting::protocol::wire::{decode, encode};

/// As in `edge::objects::days`.
const LOAD_MS: u64 = 500;
const TELL_MS: u64 = 900;

/// The search for the number of shards of a new day.
#[derive(Debug)]
pub(crate) struct Growing {
    /// The calls for the record that wait for it.
    waiting: Vec<RecordCaller>,
    /// The life of the days object in which it began.
    life: u32,
    /// When calls no longer wait for it.
    until: u64,
    /// The last day with a record, and the shards that there are.
    before: Day,
    shards: u16,
    loads: Vec<Option<ShardLoad>>,
    /// The number of loads that are still expected.
    open: usize,
    /// The number of shards that the first shard is told.
    wanted: u16,
    is_decided: bool,
    is_over: bool,
}

/// A call for the day record.
#[derive(Clone, Copy, Debug)]
struct RecordCaller {
    exchange: usize,
    attempt: u32,
    echo: bool,
    call: DayCall,
}

/// What happens next in a search, which is named by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The question for its load arrives at a shard.
    Ask { search: usize, shard: usize },
    /// The load of a shard arrives at the days object.
    Load { search: usize, shard: usize, load: Option<ShardLoad> },
    /// The days object waits for no more loads.
    Decide(usize),
    /// The message that there will be more shards arrives at the first shard.
    Tell(usize),
    /// The days object learns whether the first shard knows.
    Told { search: usize, grown: bool },
}

impl World {
    /// Lets the days object serve a call.
    pub(crate) fn serve_days(&mut self, exchange: usize, attempt: u32, echo: bool) {
        let days = self.days_object();
        let Ok(call) = decode::<DayCall>(&self.exchanges[exchange].call) else { return };
        let now = self.now + self.objects[days].skew;
        let caller = RecordCaller { exchange, attempt, echo, call };
        let Machine::Days(machine) = &self.objects[days].machine else { return };
        let (before, shards) = match machine.missing(call.day, now) {
            Ok(Missing::Next { before, shards }) if call.shards > shards || self.plan.most.is_some() => (before, shards),
            Ok(_) => return self.record(caller, call.shards),
            Err(_) => return self.say(caller, DayAnswer::Storage),
        };
        let life = self.objects[days].life;
        let goes_on = |search: &Growing| !search.is_over && search.life == life && self.now <= search.until;
        if let Some(search) = self.searches.iter().rposition(goes_on) {
            return self.searches[search].waiting.push(caller);
        }
        self.searches.push(Growing {
            waiting: vec![caller],
            life,
            until: self.now + LOAD_MS + TELL_MS,
            before,
            shards,
            loads: vec![None; usize::from(shards)],
            open: usize::from(shards),
            wanted: call.shards,
            is_decided: false,
            is_over: false,
        });
        let search = self.searches.len() - 1;
        if self.plan.most.is_none() {
            return self.decide(search);
        }
        for shard in 0..usize::from(shards) {
            self.on_the_way(Step::Ask { search, shard });
        }
        self.at(self.now + LOAD_MS, Event::Growing(Step::Decide(search)));
    }

    /// Sends a message between the days object and a shard.
    fn on_the_way(&mut self, step: Step) {
        if !self.strikes(Fault::LostRequest) {
            let at = self.now + self.rng.between(1, 2 * self.plan.way_ms);
            self.at(at, Event::Growing(step));
        }
    }

    pub(crate) fn grow_on(&mut self, step: Step) {
        match step {
            Step::Ask { search, shard } => self.ask_load(search, shard),
            Step::Load { search, shard, load } => {
                let Growing { loads, open, .. } = &mut self.searches[search];
                loads[shard] = load;
                *open -= 1;
                if *open == 0 {
                    self.decide(search);
                }
            }
            Step::Decide(search) => self.decide(search),
            Step::Tell(search) => self.tell(search),
            Step::Told { search, grown } => self.told(search, grown),
        }
    }

    /// Asks a shard for its load. The answer that a real shard has is that of the few visits here, so the plan's takes its place.
    fn ask_load(&mut self, search: usize, shard: usize) {
        let before = self.searches[search].before;
        let Some(Answer::Load(measured)) = self.ask_shard(shard, &Call::Load(before)) else { return };
        let load = self.plan.load(self.searches[search].shards);
        assert!(measured.calls <= load.calls || self.plan.traffic == 0, "{measured:?} is more than the plan has");
        self.turn(shard, 0, vec![Waits::Days(Step::Load { search, shard, load: Some(load) })], None);
    }

    /// What a shard answers to the days object, unless it is away.
    fn ask_shard(&mut self, shard: usize, call: &Call<'_>) -> Option<Answer> {
        if self.objects[shard].away_until > self.now {
            return None;
        }
        let now = self.now + self.objects[shard].skew;
        self.break_storage(shard);
        let Machine::Shard(machine) = &mut self.objects[shard].machine else { return None };
        let answer = machine.serve(&encode(call), now).bytes;
        self.objects[shard].store.heal();
        decode(&answer).ok()
    }

    /// Decides on the number of shards, once all loads are there or the wait for them has timed out.
    fn decide(&mut self, search: usize) {
        let days = self.days_object();
        let guess = ShardLoad { calls: 2 * MOST_CALLS, full: 0 };
        let guesses = self.mutation == Mutation::GuessLoads;
        let it = &mut self.searches[search];
        if it.is_decided || it.life != self.objects[days].life {
            return;
        }
        it.is_decided = true;
        if let Some(most) = self.plan.most {
            self.checker.sums.loads += it.loads.len() as u64;
            self.checker.sums.loads_missing += it.open as u64;
            if guesses {
                it.loads.iter_mut().for_each(|load| *load = load.or(Some(guess)));
            }
            let needed = if self.mutation == Mutation::NoCap { needed(&it.loads) } else { needed(&it.loads).min(most) };
            it.wanted = it.wanted.max(needed);
        }
        let (wanted, shards, loads) = (it.wanted, it.shards, it.loads.iter().flatten().count());
        self.history.note(self.now, &[About::Shard(days)], || {
            format!("the days want {wanted} shards instead of {shards}, of which {loads} said what they carry")
        });
        if wanted <= shards {
            return self.agreed(search, 0);
        }
        if self.mutation == Mutation::GrowUntold {
            return self.agreed(search, wanted);
        }
        // Either object may restart between the message and the record.
        for object in [0, days] {
            if self.could_strike(Fault::ObjectRestart) {
                let at = self.now + self.rng.between(1, 6 * self.plan.way_ms);
                self.at(at, Event::Crash { object, away_ms: 0 });
            }
        }
        self.on_the_way(Step::Tell(search));
        self.at(self.now + TELL_MS, Event::Growing(Step::Told { search, grown: false }));
    }

    /// Informs the first shard that there will be more shards.
    fn tell(&mut self, search: usize) {
        let shards = self.searches[search].wanted;
        let Some(answer) = self.ask_shard(0, &Call::Grow(shards)) else { return };
        let grown = answer == Answer::Grown;
        self.turn(0, 0, vec![Waits::Days(Step::Told { search, grown })], None);
    }

    /// Goes on once the first shard has confirmed, or once the wait has timed out.
    fn told(&mut self, search: usize, grown: bool) {
        let it = &self.searches[search];
        if !it.is_over && it.life == self.objects[self.days_object()].life {
            self.checker.sums.grown += u64::from(grown);
            self.checker.sums.grown_by_load += u64::from(grown && self.plan.most.is_some());
            self.agreed(search, if grown { it.wanted } else { 0 });
        }
    }

    /// Answers all calls that wait.
    fn agreed(&mut self, search: usize, shards: u16) {
        let it = &mut self.searches[search];
        it.is_over = true;
        let waiting = std::mem::take(&mut it.waiting);
        let days = self.days_object();
        self.break_storage(days);
        for caller in waiting {
            self.record(caller, shards);
        }
    }

    fn record(&mut self, caller: RecordCaller, shards: u16) {
        let days = self.days_object();
        let now = self.now + self.objects[days].skew;
        let random = self.rng.bytes();
        let Machine::Days(machine) = &self.objects[days].machine else { return };
        let answer = match machine.record(caller.call.day, shards, random, now) {
            Ok(Some(record)) => DayAnswer::Record(record),
            Ok(None) => DayAnswer::Malformed,
            Err(_) => DayAnswer::Storage,
        };
        if let DayAnswer::Record(record) = answer {
            self.checker.sums.early += u64::from(u64::from(record.day) * DAY_MS > now);
            self.check_growth(&record);
        }
        self.say(caller, answer);
    }

    /// A load adds no more shards than it needs, whatever did not answer, and none that the owner does not allow.
    fn check_growth(&mut self, record: &DayRecord) {
        let Some(most) = self.plan.most else { return };
        let all = vec![Some(self.plan.load(record.shards_before)); usize::from(record.shards_before)];
        let allowed = needed(&all).min(most).max(record.shards_before).max(self.plan.shards);
        if record.shards > allowed {
            self.checker
                .fail(Broken::Overgrown, &[], None, || format!("{record:?}, but at most {allowed} are needed and allowed"));
        }
    }

    fn say(&mut self, RecordCaller { exchange, attempt, echo, .. }: RecordCaller, answer: DayAnswer) {
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
