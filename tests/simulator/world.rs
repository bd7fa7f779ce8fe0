//! The world of one run: isolates, objects, clients, a clock, and the loop that runs the events.
//!
//! [`crate::request`], [`crate::leading`], [`crate::parking`], [`crate::exchange`] and [`crate::object`] carry out the decisions
//! of `counting`, as the files of `src/edge` do.

use crate::answers::Via;
use crate::checker::Checker;
use crate::client::{Visit, some_details};
use crate::exchange::Exchange;
use crate::facts::{Names, Sums, Violation};
use crate::growing::Growing;
use crate::history::{About, History};
use crate::isolate::Isolate;
use crate::mutation::Mutation;
use crate::object::Object;
use crate::plan::{FAULTS, Fault, Plan};
use crate::queue::{Event, Queue};
use crate::request::Request;
use crate::rng::Rng;
use crate::sums::Sum;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::model::dimensions::Dimensions;
use footfall::counting::model::site::{Site, Sites};
use footfall::counting::protocol::batch::{Counted, Verdict};

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) mutation: Mutation,
    pub(crate) rng: Rng,
    pub(crate) now: u64,
    queue: Queue,
    pub(crate) history: History,
    pub(crate) checker: Checker,
    /// How often each kind of fault struck.
    pub(crate) struck: [u64; FAULTS.len()],
    pub(crate) site: Site,
    /// What else is counted of views: they differ by page.
    pub(crate) details: [Dimensions; 3],
    pub(crate) isolates: Vec<Isolate>,
    /// The number of isolates so far, dead ones included.
    pub(crate) incarnations: usize,
    /// The shards, followed by the days object.
    pub(crate) objects: Vec<Object>,
    pub(crate) visits: Vec<Visit>,
    /// By try.
    pub(crate) requests: Vec<Request>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) searches: Vec<Growing>,
    /// The second of the last call to the days object, and the number of calls in that second.
    pub(crate) days_second: u64,
    pub(crate) days_calls: u64,
    /// The try of each ticket.
    pub(crate) tickets: Vec<usize>,
    pub(crate) ended: bool,
    /// The time of the last fault.
    pub(crate) last_strike: u64,
}

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) sums: Sums,
    pub(crate) struck: [u64; FAULTS.len()],
    pub(crate) tries: u64,
    pub(crate) visits: u64,
    pub(crate) history: History,
    pub(crate) start: u64,
    /// The subjects of the violation, for an excerpt of the history.
    pub(crate) concerned: Vec<About>,
}

/// Runs a seed.
pub(crate) fn run(seed: u64, mutation: Mutation, history: History) -> Outcome {
    let mut rng = Rng::new(seed);
    let plan = Plan::of(seed, &mut rng);
    let mut world = World::new(plan, rng, mutation, history);
    world.run();
    let concerned = world.concerned();
    Outcome {
        violation: world.checker.broken.take(),
        sums: world.checker.sums,
        struck: world.struck,
        tries: world.requests.len() as u64,
        visits: world.visits.len() as u64,
        history: world.history,
        start: world.plan.start,
        concerned,
    }
}

impl World {
    pub(crate) fn new(plan: Plan, rng: Rng, mutation: Mutation, history: History) -> Self {
        let names = Names((0..plan.pages).map(|page| format!("/page-{page}")).collect());
        let shards = usize::from(plan.shards.max(plan.shards_then));
        let checker = Checker::new(shards, names, plan.slack_ms());
        let sites = Sites::parse("site").unwrap_or_else(|problem| panic!("{problem}"));
        let mut world = Self {
            mutation,
            rng,
            now: plan.start,
            queue: Queue::default(),
            history,
            checker,
            struck: [0; FAULTS.len()],
            site: sites.first().clone(),
            details: some_details(),
            isolates: Vec::new(),
            incarnations: 0,
            objects: Vec::new(),
            visits: Vec::new(),
            requests: Vec::new(),
            exchanges: Vec::new(),
            sums: Vec::new(),
            searches: Vec::new(),
            days_second: 0,
            days_calls: 0,
            tickets: Vec::new(),
            ended: false,
            last_strike: 0,
            plan,
        };
        for _ in 0..world.plan.isolates {
            let isolate = world.new_isolate();
            world.isolates.push(isolate);
        }
        for number in 0..=shards {
            let object = Object::new(number < shards, mutation, &mut world.rng);
            world.objects.push(object);
        }
        world
    }

    /// Runs all events, until the end or the first broken promise.
    pub(crate) fn run(&mut self) {
        self.populate();
        while !self.ended && self.checker.broken.is_none() {
            let Some((at, event)) = self.queue.pop() else { break };
            self.now = self.now.max(at);
            self.happen(event);
        }
    }

    /// Schedules what will come: visits, faults of whole isolates and objects, reads, and the end.
    fn populate(&mut self) {
        self.plan_visits();
        let (start, calm) = (self.plan.start, self.plan.calm_at());
        // Faults strike while visits come, in the burst or when clients repeat visits hours later.
        let echo = self.plan.echo_after.map(|after| start + after);
        let span = self.plan.burst_ms + self.plan.timeout_ms;
        for slot in 0..self.isolates.len() {
            if self.rng.chance(self.plan.rate(Fault::IsolateDeath)) {
                let at = self.moment(echo, span);
                self.at(at, Event::IsolateDies(slot));
            }
            // A new configuration starts new isolates.
            if self.plan.shards_then > self.plan.shards && self.rng.chance(7_000) {
                let at = self.plan.grows_at + self.rng.below(2_000);
                self.at(at, Event::IsolateDies(slot));
            }
        }
        for object in 0..self.objects.len() {
            for _ in 0..3 {
                if self.rng.chance(self.plan.rate(Fault::ObjectRestart)) {
                    let at = self.moment(echo, span);
                    let away_ms = if self.rng.chance(self.plan.rate(Fault::ObjectAway)) { self.rng.tail(500, 20_000) } else { 0 };
                    self.at(at.min(calm - 1), Event::Crash { object, away_ms });
                }
                if self.rng.chance(self.plan.rate(Fault::ExtraAlarm)) {
                    let at = self.moment(echo, span);
                    self.at(at, Event::Alarm { object, extra: true });
                }
            }
            if object < self.days_object() && self.rng.chance(2_000) {
                for _ in 0..3 {
                    let at = self.moment(echo, span);
                    self.at(at, Event::Read { shard: object });
                }
            }
        }
        for _ in 0..self.plan.sums {
            let slot = self.rng.below(self.isolates.len() as u64) as usize;
            let at = self.moment(echo, span);
            self.at(at, Event::Sum(slot));
        }
        if let Some((fault, nth)) = self.plan.once {
            let at = start + nth * 100;
            match fault {
                Fault::IsolateDeath => self.at(at, Event::IsolateDies(0)),
                Fault::ObjectRestart => self.at(at, Event::Crash { object: 0, away_ms: 0 }),
                Fault::ObjectAway => self.at(at, Event::Crash { object: 0, away_ms: 1_000 }),
                Fault::ExtraAlarm => self.at(at, Event::Alarm { object: 0, extra: true }),
                _ => {}
            }
        }
        if self.plan.is_flood() {
            self.at(start, Event::Crash { object: 0, away_ms: 4_000 });
        }
        let drained = self.plan.drained_at();
        self.at(drained, Event::Probe { round: 1 });
        self.at(drained + 2_000, Event::Probe { round: 2 });
        self.at(drained + 4_000, Event::End);
    }

    fn moment(&mut self, echo: Option<u64>, span: u64) -> u64 {
        let from = match echo {
            Some(echo) if self.rng.chance(3_000) => echo,
            _ => self.plan.start,
        };
        from + self.rng.below(span)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Send(visit) => self.send(visit),
            Event::Wake(ticket, wake) => self.woken(ticket, wake),
            Event::ParkTimer(ticket, parks) => self.park_timer(ticket, parks),
            Event::AttemptTimer { exchange, attempt } => self.attempt_timer(exchange, attempt),
            Event::PauseOver { exchange, attempt } => self.pause_over(exchange, attempt),
            Event::Arrive { exchange, attempt, echo } => self.arrive(exchange, attempt, echo),
            Event::Return { exchange, attempt, reply } => self.returned(exchange, attempt, &reply),
            Event::Ring { object, life } => self.ring(object, life),
            Event::Commit { object, life } => self.commit(object, life),
            Event::Crash { object, away_ms } => self.crash(object, away_ms),
            Event::Alarm { object, extra } => self.alarm(object, extra),
            Event::Read { shard } => self.read(shard),
            Event::Sum(slot) => self.begin_sum(slot),
            Event::Part { sum, round, shard } => self.part(sum, round, shard),
            Event::Growing(step) => self.grow_on(step),
            Event::LookAgain(a_try, looks) => self.look_again(a_try, looks),
            Event::IsolateDies(slot) => self.isolate_dies(slot),
            Event::Kill(a_try) => self.kill(a_try),
            Event::Probe { round } => self.probe(round),
            Event::End => self.end(),
        }
    }

    /// Schedules an event at a time.
    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.queue.push(at, &mut self.rng, event);
    }

    /// Schedules an event after a timer. The timer may be late.
    pub(crate) fn timer(&mut self, ms: u64, event: Event) {
        let late = if self.strikes(Fault::LateTimer) { self.rng.between(1, self.plan.late_ms) } else { 0 };
        self.at(self.now + ms + late, event);
    }

    /// Whether a fault strikes here. If it does, this records it.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = self.could_strike(fault);
        if strikes {
            self.struck(fault);
        }
        strikes
    }

    /// Whether a fault could strike here. It is not yet certain that it will have an effect, so this records nothing.
    pub(crate) fn could_strike(&mut self, fault: Fault) -> bool {
        if let Some((once, left)) = &mut self.plan.once
            && *once == fault
        {
            *left = left.wrapping_sub(1);
            return *left == 0;
        }
        self.now < self.plan.calm_at() && self.rng.chance(self.plan.rate(fault))
    }

    pub(crate) fn struck(&mut self, fault: Fault) {
        self.struck[fault as usize] += 1;
        self.last_strike = self.now;
    }

    /// The number of the days object.
    pub(crate) fn days_object(&self) -> usize {
        self.objects.len() - 1
    }

    /// Answers a client. The run stops at the first broken promise.
    pub(crate) fn answer(&mut self, a_try: usize, answer: &Result<Counted, Failure>, via: Via) {
        self.history.note(self.now, &[About::Try(a_try)], || format!("{} is answered {answer:?}", self.checker.name(a_try)));
        self.checker.answered(a_try, answer, via, self.now);
        if let Some((view, counted)) = self.requests[a_try].view {
            self.checker.tries[view].person_lost = !matches!(answer, Ok(Counted { verdict: Verdict::Counted, .. }));
            self.answer(view, &Ok(counted), Via::Batcher(0));
        } else if let Some(began) = self.requests[a_try].probe {
            self.probed(a_try, answer, began);
        } else {
            self.client_gets(a_try, Some(answer));
        }
    }
}
