//! A request, from its arrival to its answer: the day record, the route, the shard. If the day ends meanwhile, the request
//! begins again. This follows `edge::days_client` and the first half of `edge::shard_client`, with events instead of awaits.

use crate::answers::Via;
use crate::exchange::{Asked, Kind};
use crate::facts::{Broken, GUEST, Try};
use crate::history::About;
use crate::mutation::Mutation;
use crate::plan::Fault;
use crate::queue::Event;
use crate::world::World;
use footfall::counting::dispatch::day_cache::{RecordStep, ahead_ms, patience};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::posting::Entry;
use footfall::counting::dispatch::routing::{ShardRoute, route};
use footfall::counting::model::date::day_of;
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::model::dimensions::Dimensions;
use footfall::counting::model::minute::{minute_made, salt_of};
use footfall::counting::model::share::Share;
use footfall::counting::model::visitor::{Sender, Visitor, VisitorHash, visitor};
use footfall::counting::protocol::batch::{Counted, Verdict};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::day::DayCall;
use footfall::counting::protocol::wire::encode;

/// As in `edge::shard_client`.
const MAX_ROUTES: u32 = 3;
/// As in `edge::object_call`.
pub(crate) const BUSY_RETRY_AFTER_S: u32 = 10;

/// A request, without the facts that the checker keeps about it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) slot: usize,
    /// Whether the client is gone, or the answer will be lost.
    pub(crate) nobody_reads: bool,
    /// Whether it was killed.
    pub(crate) dead: bool,
    /// The time at which it began, if it is a probe.
    pub(crate) probe: Option<u64>,
    /// Whether it awaits an exchange of its own.
    pub(crate) awaits: bool,
    /// How often it was routed again.
    pub(crate) routes: u32,
    pub(crate) ticket: Option<usize>,
    pub(crate) entry: Option<Entry>,
    /// Whether other requests can still reach its promise, and whether the promise is already resolved.
    pub(crate) parked: bool,
    pub(crate) resolved: bool,
    /// The shard that counts its visitor, if that is another shard, and the visitor.
    pub(crate) guest: Option<(usize, VisitorHash)>,
    /// The try that reports this guest.
    pub(crate) telling: Option<usize>,
    /// For a try that reports a guest: the try of the view, and the answer that the view gets.
    pub(crate) view: Option<(usize, Counted)>,
    /// How often it parked.
    pub(crate) parks: u32,
    /// The time until which it waits for the day record, by its isolate's clock, and a number that changes with each wait.
    pub(crate) patience: u64,
    pub(crate) looks: u32,
}

impl Request {
    pub(crate) fn new(slot: usize, nobody_reads: bool) -> Self {
        Self {
            slot,
            nobody_reads,
            dead: false,
            probe: None,
            awaits: false,
            routes: 0,
            ticket: None,
            entry: None,
            parked: false,
            resolved: false,
            guest: None,
            telling: None,
            view: None,
            parks: 0,
            patience: 0,
            looks: 0,
        }
    }
}

impl World {
    /// Whether a request still runs.
    pub(crate) fn runs(&self, a_try: usize) -> bool {
        let request = &self.requests[a_try];
        !request.dead && self.isolates[request.slot].incarnation == self.checker.tries[a_try].isolate
    }

    /// The time by the clock of the request's isolate.
    pub(crate) fn local(&self, a_try: usize) -> u64 {
        self.now + self.isolates[self.requests[a_try].slot].skew
    }

    /// Gets the day record, then goes on.
    pub(crate) fn begin(&mut self, a_try: usize) {
        let local = self.local(a_try);
        let skew = local - self.now;
        let own = self.checker.tries[a_try].deadline;
        self.requests[a_try].patience = match self.mutation {
            // As if the visit had just come, with plenty of time left.
            Mutation::WaitForRecord => patience(local, local + 60_000),
            _ => patience(local, own + skew),
        };
        self.look(a_try);
    }

    /// Looks for the day record, as the loop of `today` in `edge::days_client` does.
    fn look(&mut self, a_try: usize) {
        let slot = self.requests[a_try].slot;
        let local = self.local(a_try);
        let skew = local - self.now;
        let patience = self.requests[a_try].patience;
        let ahead = if self.mutation == Mutation::AskAtMidnight { 0 } else { ahead_ms(self.isolates[slot].name) };
        let isolate = &mut self.isolates[slot];
        let mut look = isolate.day.look(a_try as u64, false, local, patience, ahead);
        if self.mutation == Mutation::AskAll && matches!(look, RecordStep::Wait { .. }) {
            look = RecordStep::Ask { day: day_of(local), until: patience };
        }
        match look {
            RecordStep::Known(record) => self.go_on(a_try, record.as_ref()),
            RecordStep::Wait { until } => {
                self.requests[a_try].looks += 1;
                let looks = self.requests[a_try].looks;
                self.timer(until.saturating_sub(local), Event::LookAgain(a_try, looks));
                if self.could_strike(Fault::WaiterKilled) {
                    let at = self.now + self.rng.below(8 * self.plan.way_ms);
                    self.at(at, Event::Kill(a_try));
                }
            }
            RecordStep::Ask { day, until } => {
                if let Some((other, ends)) = isolate.asks.replace((self.exchanges.len(), until))
                    && ends + 100 >= local
                    && self.runs(self.exchanges[other].a_try)
                {
                    let asker = self.exchanges[other].a_try;
                    self.checker.fail(Broken::Stampede, &[a_try, asker], None, || {
                        format!("two requests of i{slot} ask for the day record at once")
                    });
                }
                let call = encode(&DayCall { day, shards: self.isolates[slot].shards });
                let days = self.days_object();
                self.exchange(a_try, Kind::Record(day), days, call, until - skew);
                if self.could_strike(Fault::LeaderKilled) {
                    let at = self.now + self.rng.below(4 * self.plan.way_ms);
                    self.at(at, Event::Kill(a_try));
                }
            }
        }
    }

    /// Lets a request that waits for the record run again.
    pub(crate) fn look_again(&mut self, a_try: usize, looks: u32) {
        if self.runs(a_try) && self.requests[a_try].looks == looks {
            self.requests[a_try].looks += 1;
            self.look(a_try);
        }
    }

    /// Routes the visit, and passes it to the batcher of its shard.
    fn go_on(&mut self, a_try: usize, record: Option<&DayRecord>) {
        let visit = &self.visits[self.checker.tries[a_try].visit];
        let made = minute_made(visit.age, self.local(a_try));
        let sender = Sender { address: visit.address.as_deref(), agent: Some("Browser/1"), ..Sender::default() };
        let visitor = visitor(sender, &self.site, salt_of(record, made));
        let isolate = &self.isolates[self.requests[a_try].slot];
        let id = self.checker.tries[a_try].member.id;
        let own = record.map(|record| DayRecord { shards: isolate.shards, ..*record });
        let record = if self.mutation == Mutation::OwnShards { own.as_ref() } else { record };
        match route(id, visitor, record, isolate.name, day_of(self.local(a_try))) {
            Err(failure) => self.answer(a_try, &Err(failure), Via::NoRoute),
            Ok(ShardRoute { shard, day, ask_first, visitors }) => {
                let shard = usize::from(shard);
                let visitors = visitors.filter(|_| self.mutation != Mutation::VisitorsAtIds);
                let guest = visitors.and_then(|at| visitor.at_home().map(|hash| (usize::from(at), hash)));
                self.requests[a_try].guest = guest;
                self.checker.tries[a_try].person = visitor.at_home().map(|hash| (day, hash));
                let here = if guest.is_some() { Visitor::Elsewhere } else { visitor };
                self.checker.routed(a_try, shard, day, here, made);
                self.requests[a_try].entry = Some(self.entry(a_try));
                match (ask_first, id) {
                    (Some(before), Some(id)) if self.mutation != Mutation::SkipAsk => {
                        let deadline = self.checker.tries[a_try].deadline;
                        let call = encode(&Call::Seen { day, id });
                        self.exchange(a_try, Kind::Seen, usize::from(before), call, deadline);
                    }
                    _ => self.count_at(a_try),
                }
            }
        }
    }

    /// The entry of a try for its batcher. Every visit of a batch is made here.
    pub(crate) fn entry(&self, a_try: usize) -> Entry {
        let facts = &self.checker.tries[a_try];
        let skew = self.isolates[self.requests[a_try].slot].skew;
        let deadline = match self.mutation {
            Mutation::NoLapse => u64::MAX / 2,
            Mutation::SendLate => facts.deadline + skew + 100,
            _ => facts.deadline + skew,
        };
        let page = self.checker.names.of(facts.member.page).to_owned();
        let details = match facts.member.visitor {
            Visitor::Guest(_) => Dimensions::default(),
            _ => self.details[facts.member.page % 3].clone(),
        };
        Entry {
            page,
            details,
            id: facts.member.id,
            visitor: facts.member.visitor,
            day: facts.member.day,
            made: facts.member.made,
            share: Share::default(),
            by_server: a_try.is_multiple_of(3),
            deadline,
        }
    }

    /// Takes the result of an exchange that this request awaits.
    pub(crate) fn asked(&mut self, a_try: usize, asked: Asked) {
        self.requests[a_try].awaits = false;
        match asked {
            Asked::Record(day, outcome) => {
                let local = self.local(a_try);
                let isolate = &mut self.isolates[self.requests[a_try].slot];
                isolate.asks = None;
                for waiting in isolate.day.answered(day, outcome.ok(), local) {
                    let looks = self.requests[waiting as usize].looks;
                    let turn = self.rng.below(2);
                    self.timer(turn, Event::LookAgain(waiting as usize, looks));
                }
                self.look(a_try);
            }
            Asked::Seen(Ok(true)) => {
                let counted = Counted { verdict: Verdict::Duplicate, other: false, views: 0 };
                self.answer(a_try, &Ok(counted), Via::Asked);
            }
            Asked::Seen(Ok(false)) => self.count_at(a_try),
            Asked::Seen(Err(failure)) => self.answer(a_try, &Err(failure), Via::Asked),
            Asked::Receipt(posting, post, outcome) => self.post_ended(a_try, posting, post, outcome),
        }
    }

    /// The view is stored. A second try in the same request reports the visitor to the shard that counts the visitor.
    fn tell_guest(&mut self, a_try: usize, shard: usize, hash: VisitorHash, counted: Counted) {
        let Try { isolate, deadline, member, .. } = self.checker.tries[a_try];
        let visitor = if self.mutation == Mutation::GuestsAreViews { Visitor::Hash(hash) } else { Visitor::Guest(hash) };
        let guest = self.checker.came(GUEST, member.page, None, isolate, deadline);
        let slot = self.requests[a_try].slot;
        self.requests.push(Request { view: Some((a_try, counted)), ..Request::new(slot, false) });
        self.requests[a_try].telling = Some(guest);
        self.isolates[slot].open.push(guest);
        self.checker.routed(guest, shard, member.day, visitor, member.made);
        self.history.note(self.now, &[About::Try(a_try), About::Try(guest)], || {
            format!("{} tells its visitor to s{shard}", self.checker.name(a_try))
        });
        self.requests[guest].entry = Some(self.entry(guest));
        self.count_at(guest);
    }

    /// Takes the outcome of a visit at its shard. If the visit is stale, it begins again.
    pub(crate) fn counted(&mut self, a_try: usize, answer: Result<Counted, Failure>, via: Via) {
        if let (Some((shard, hash)), Ok(counted)) = (self.requests[a_try].guest, &answer)
            && counted.verdict == Verdict::Counted
            && self.mutation != Mutation::LoseGuests
        {
            self.requests[a_try].guest = None;
            return self.tell_guest(a_try, shard, hash, *counted);
        }
        match answer {
            // The view counts even if the report of its visitor fails, or is stale at the visitor's shard.
            answer if self.requests[a_try].view.is_some() => self.answer(a_try, &answer, via),
            Ok(counted) if counted.verdict == Verdict::Stale && self.mutation != Mutation::TrustStale => {
                self.checker.rerouted(a_try, counted);
                self.history
                    .note(self.now, &[About::Try(a_try)], || format!("{} is of a day that is over", self.checker.name(a_try)));
                let day = self.checker.tries[a_try].member.day;
                self.isolates[self.requests[a_try].slot].day.stale(day);
                self.requests[a_try].ticket = None;
                self.requests[a_try].routes += 1;
                if self.requests[a_try].routes < MAX_ROUTES {
                    self.begin(a_try);
                } else {
                    self.answer(a_try, &Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }), Via::NoRoute);
                }
            }
            answer => self.answer(a_try, &answer, via),
        }
    }
}
