//! Exchanges between isolates and objects: attempts, their timers and the rules of `retry`, as in `edge::object_call`. Also
//! the network between them.

use crate::history::About;
use crate::mutation::Mutation;
use crate::plan::{Fault, MAX_FLIGHT_MS};
use crate::queue::{Event, Reply};
use crate::request::BUSY_RETRY_AFTER_S;
use crate::world::World;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::retry::{After, Attempts, UNSEEN, of_exception};
use footfall::counting::model::date::Day;
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::protocol::answer::{Answer, Fault as Refusal};
use footfall::counting::protocol::batch::Receipt;
use footfall::counting::protocol::day::DayAnswer;
use footfall::counting::protocol::wire::decode;
use std::rc::Rc;

/// The messages of the platform's exceptions that are marked `overloaded`.
const OVERLOADED: [&str; 6] = [
    UNSEEN[0],
    UNSEEN[1],
    UNSEEN[2],
    "Durable Object is overloaded. Requests queued for too long.",
    "Durable Object storage operation exceeded timeout which caused object to be reset.",
    "Durable Object's isolate exceeded its memory limit and was reset.",
];

/// The purpose of an exchange.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Registers a batch. The number is the checker's number of the post.
    Register(Option<Posting>, usize),
    /// Asks whether the shard knows an id.
    Seen,
    /// Asks for the record of this day.
    Record(Day),
}

/// The result of an exchange.
#[derive(Debug)]
pub(crate) enum Asked {
    Receipt(Posting, usize, Result<Receipt, Failure>),
    Seen(Result<bool, Failure>),
    Record(Day, Result<DayRecord, Failure>),
}

/// A call with all its attempts, until it has an answer or is given up.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) a_try: usize,
    pub(crate) kind: Kind,
    pub(crate) object: usize,
    pub(crate) call: Rc<[u8]>,
    began: u64,
    attempts: Attempts,
    attempt: u32,
    /// Whether the current attempt still has no outcome.
    open: bool,
}

impl Exchange {
    /// The checker's number of the post, if this is a post.
    pub(crate) fn post(&self) -> Option<usize> {
        match self.kind {
            Kind::Register(_, post) => Some(post),
            Kind::Seen | Kind::Record(_) => None,
        }
    }

    fn about(&self) -> [About; 2] {
        [About::Try(self.a_try), self.post().map_or(About::Try(self.a_try), About::Post)]
    }
}

/// The meaning of an answer's bytes.
enum Said {
    Receipt(Receipt),
    Seen(bool),
    Record(DayRecord),
}

impl World {
    /// Begins an exchange for a request. The request awaits it.
    pub(crate) fn exchange(&mut self, a_try: usize, kind: Kind, object: usize, call: Vec<u8>, deadline: u64) {
        self.requests[a_try].awaits = true;
        let (began, call) = (self.now, call.into());
        self.exchanges.push(Exchange {
            a_try,
            kind,
            object,
            call,
            began,
            attempts: Attempts::until(deadline),
            attempt: 0,
            open: false,
        });
        self.attempt(self.exchanges.len() - 1);
    }

    fn attempt(&mut self, exchange: usize) {
        let now = self.now;
        let it = &mut self.exchanges[exchange];
        it.attempt += 1;
        it.open = true;
        let attempt = it.attempt;
        let mut ms = it.attempts.begin(now);
        if self.mutation == Mutation::NoDeadline {
            ms += self.plan.slack_ms() + 4_000;
        }
        self.timer(ms, Event::AttemptTimer { exchange, attempt });
        self.transmit(exchange, attempt);
    }

    /// Puts a call on the network.
    fn transmit(&mut self, exchange: usize, attempt: u32) {
        let about = self.exchanges[exchange].about();
        let arrive = |echo| Event::Arrive { exchange, attempt, echo };
        if self.strikes(Fault::Overload) {
            let words = self.rng.pick(&OVERLOADED);
            self.history.note(self.now, &about, || format!("attempt {attempt}: {words}"));
            // The platform refused the call at once, or an output gate broke after the object had carried the call out.
            let carried_out = !UNSEEN.contains(&words) && self.rng.chance(5_000);
            self.checker.sums.overloaded += u64::from(carried_out);
            if carried_out || self.mutation == Mutation::CountRefused {
                let at = self.way(exchange);
                self.at(at, arrive(true));
            }
            return self.reply(exchange, attempt, Reply::Overloaded(words));
        }
        let slot = self.requests[self.exchanges[exchange].a_try].slot;
        if matches!(self.exchanges[exchange].kind, Kind::Record(_)) && self.isolates[slot].cut && self.now >= self.plan.cut_at {
            self.history.note(self.now, &about, || format!("attempt {attempt}: i{slot} cannot reach the days"));
            return;
        }
        if self.strikes(Fault::Duplicate) {
            let late = self.rng.tail(300, MAX_FLIGHT_MS);
            let latest = self.exchanges[exchange].began + MAX_FLIGHT_MS;
            self.at((self.now + late).min(latest), arrive(true));
        }
        if self.strikes(Fault::LostRequest) {
            self.history.note(self.now, &about, || format!("attempt {attempt}: the call is lost"));
            if self.rng.chance(5_000) {
                self.reply(exchange, attempt, Reply::Exception);
            }
            return;
        }
        let at = self.way(exchange);
        self.at(at, arrive(false));
    }

    /// The time at which a message that is sent now arrives.
    fn way(&mut self, exchange: usize) -> u64 {
        let usual = if self.now < self.plan.calm_at() { self.plan.way_ms } else { self.plan.way_ms.min(5) };
        let mut at = self.now + self.rng.between(1, usual * 2);
        if self.strikes(Fault::Delay) {
            at += self.rng.tail(100, 20_000);
        }
        at.min(self.exchanges[exchange].began + MAX_FLIGHT_MS)
    }

    /// Sends a reply back to the isolate.
    pub(crate) fn reply(&mut self, exchange: usize, attempt: u32, reply: Reply) {
        let at = self.way(exchange);
        self.at(at, Event::Return { exchange, attempt, reply });
    }

    /// Sends an object's answer back, unless it gets lost.
    pub(crate) fn send_back(&mut self, exchange: usize, attempt: u32, answer: Rc<[u8]>) {
        if !self.strikes(Fault::LostReply) {
            return self.reply(exchange, attempt, Reply::Bytes(answer));
        }
        let about = self.exchanges[exchange].about();
        self.history.note(self.now, &about, || format!("attempt {attempt}: the answer is lost"));
        if self.rng.chance(5_000) {
            self.reply(exchange, attempt, Reply::Exception);
        }
    }

    fn awaits(&self, exchange: usize, attempt: u32) -> bool {
        let it = &self.exchanges[exchange];
        it.attempt == attempt && self.runs(it.a_try)
    }

    pub(crate) fn returned(&mut self, exchange: usize, attempt: u32, reply: &Reply) {
        if self.awaits(exchange, attempt) && self.exchanges[exchange].open {
            let said = match reply {
                Reply::Bytes(bytes) => self.read_answer(exchange, bytes),
                Reply::Overloaded(_) if self.mutation == Mutation::TrustOverloaded => {
                    Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S })
                }
                Reply::Overloaded(words) => Err(of_exception(true, words, || (*words).to_owned())),
                Reply::Exception => Err(Failure::Broken("the connection was lost".to_owned())),
            };
            self.attempt_over(exchange, said);
        }
    }

    pub(crate) fn attempt_timer(&mut self, exchange: usize, attempt: u32) {
        if self.awaits(exchange, attempt) && self.exchanges[exchange].open {
            self.attempt_over(exchange, Err(Failure::Deadline { sent: true }));
        }
    }

    pub(crate) fn pause_over(&mut self, exchange: usize, attempt: u32) {
        if self.awaits(exchange, attempt) {
            self.attempt(exchange);
        }
    }

    fn read_answer(&mut self, exchange: usize, bytes: &[u8]) -> Result<Said, Failure> {
        let slot = self.requests[self.exchanges[exchange].a_try].slot;
        let broken = |what: &str| Err(Failure::Broken(what.to_owned()));
        if matches!(self.exchanges[exchange].kind, Kind::Record(_)) {
            return match decode(bytes) {
                Ok(DayAnswer::Record(record)) => Ok(Said::Record(record)),
                Ok(DayAnswer::Malformed) => Err(Failure::Refused("the day's object cannot read the call".to_owned())),
                Ok(DayAnswer::Storage) => broken("the day's storage failed"),
                Err(_) => broken("the day's answer cannot be read"),
            };
        }
        match decode(bytes) {
            Ok(Answer::Receipt(receipt)) => Ok(Said::Receipt(receipt)),
            Ok(Answer::Among(shards, receipt)) => {
                self.isolates[slot].day.outgrown(shards);
                Ok(Said::Receipt(receipt))
            }
            Ok(Answer::Seen(seen)) => Ok(Said::Seen(seen)),
            Ok(Answer::Refused(Refusal::Malformed)) => Err(Failure::Refused("the shard cannot read the call".to_owned())),
            Ok(Answer::Refused(Refusal::Full)) => Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }),
            Ok(Answer::Refused(Refusal::Superseded)) => broken("a later batch of this isolate came first"),
            Ok(Answer::Refused(Refusal::Storage)) => broken("the shard's storage failed"),
            Ok(_) => broken("the shard answered another question"),
            Err(_) => broken("the shard's answer cannot be read"),
        }
    }

    fn attempt_over(&mut self, exchange: usize, said: Result<Said, Failure>) {
        let now = self.now;
        let it = &mut self.exchanges[exchange];
        it.open = false;
        let (attempt, about) = (it.attempt, it.about());
        let said = match said {
            Ok(said) => Ok(said),
            Err(failure) => {
                self.history.note(now, &about, || format!("attempt {attempt} failed: {failure:?}"));
                match it.attempts.failed(failure.clone(), now) {
                    After::Again(0) => return self.attempt(exchange),
                    After::Again(ms) => return self.timer(ms, Event::PauseOver { exchange, attempt }),
                    After::Failed(_) if self.mutation == Mutation::ForgetDoubt => Err(failure),
                    After::Failed(failure) => Err(failure),
                }
            }
        };
        // No attempt has this number, so no later event affects this exchange.
        it.attempt = u32::MAX;
        let a_try = it.a_try;
        let something_else = || Failure::Broken("something else was answered".to_owned());
        let asked = match &mut it.kind {
            Kind::Record(day) => Asked::Record(
                *day,
                said.and_then(|said| if let Said::Record(it) = said { Ok(it) } else { Err(something_else()) }),
            ),
            Kind::Seen => {
                Asked::Seen(said.and_then(|said| if let Said::Seen(it) = said { Ok(it) } else { Err(something_else()) }))
            }
            Kind::Register(posting, post) => {
                let Some(posting) = posting.take() else { return };
                let receipt = said.and_then(|said| if let Said::Receipt(it) = said { Ok(it) } else { Err(something_else()) });
                Asked::Receipt(posting, *post, receipt)
            }
        };
        self.asked(a_try, asked);
    }
}
