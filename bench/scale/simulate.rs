//! One shard and the isolates in front of it, as a discrete-event simulation around the real [`Batcher`].
//!
//! Shards are independent: each isolate has a batcher for each shard, and a hash spreads visits over shards, which splits one Poisson stream into
//! independent ones. So the simulation of one shard, with all isolates and its part of the visits, is exact and represents all shards. That way,
//! 500,000 visits/s take seconds to simulate.
//!
//! Not simulated: the CPU of an isolate, deadlines and retries (POSTs that would need them are counted as late), isolates that come and go, and a site
//! whose isolates are not equally busy.

use crate::load::Rng;
use crate::notes::{MS, Notes, Outcome, Time, mean};
use crate::support::{counted, entry, receipt};
use footfall::counting::config::settings::DEFAULT_TIMEOUT_MS;
use footfall::counting::dispatch::batcher::{Action, Batcher, Event};
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::retry;
use footfall::counting::dispatch::ticket::Ticket;
use footfall::counting::protocol::batch::MAX_BATCH_VISITS;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The fewest visits of a chunk. A chunk also lasts for at least a few round trips.
const CHUNK_VISITS: f64 = 10_000.0;
const CHUNK_ROUND_TRIPS: f64 = 4.0;

/// A run has settled when three chunks in a row have the same mean wait, within this relative difference.
const SAME: f64 = 0.1;

/// The number of chunks after which an unsettled run is given up.
const PATIENCE: usize = 40;

/// The number of chunks that are measured once a run has settled. There are many, because the visits of a batch wait equally long, so a p99
/// depends on few batches.
const MEASURED: usize = 10;

/// The simulated case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Visits a second to this shard, from all isolates together.
    pub(crate) visits_per_s: f64,
    pub(crate) isolates: usize,
    pub(crate) round_trip_ms: f64,
    /// The shard's work for a batch, and for each of its visits.
    pub(crate) batch_ms: f64,
    pub(crate) visit_ms: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    AtShard,
    Answered,
}

struct World {
    case: Case,
    rng: Rng,
    now: Time,
    isolates: Vec<Batcher>,
    arrived: Vec<Time>,
    /// POSTs on their way, by slot. Slots are reused.
    posts: Vec<Option<(usize, Time, Posting)>>,
    free_places: Vec<usize>,
    ahead: BinaryHeap<Reverse<(Time, u64, Happening, usize)>>,
    happened: u64,
    shard_free_at: Time,
    notes: Notes,
}

/// Runs a case until it has settled, and then measures it.
pub(crate) fn simulate(case: Case, seed: u64) -> Outcome {
    let mut world = World {
        case,
        rng: Rng::new(seed),
        now: 0,
        isolates: (0..case.isolates).map(|_| Batcher::default()).collect(),
        arrived: Vec::new(),
        posts: Vec::new(),
        free_places: Vec::new(),
        ahead: BinaryHeap::new(),
        happened: 0,
        shard_free_at: 0,
        notes: Notes::default(),
    };
    let chunk = CHUNK_VISITS.max(case.visits_per_s * case.round_trip_ms / 1000.0 * CHUNK_ROUND_TRIPS) as usize;
    let mut means: Vec<f64> = Vec::new();
    let settled = loop {
        world.run(chunk);
        means.push(mean(&std::mem::take(&mut world.notes).whole));
        world.notes.since = world.now;
        world.notes.backlog = world.backlog();
        if let [.., a, b, c] = means[..]
            && (a - c).abs() < SAME * c
            && (b - c).abs() < SAME * c
        {
            break true;
        }
        if means.len() >= PATIENCE {
            break false;
        }
    };
    world.run(chunk * MEASURED);
    let left = world.backlog();
    world.notes.outcome(world.now, left, settled)
}

impl World {
    /// Runs until this many more visits are answered.
    fn run(&mut self, visits: usize) {
        let mut arrival = self.now + self.until_next_arrival();
        while self.notes.whole.len() < visits {
            match self.ahead.peek() {
                Some(Reverse((at, ..))) if *at <= arrival => {
                    let Some(Reverse((at, _, happening, place))) = self.ahead.pop() else { return };
                    self.now = at;
                    match happening {
                        Happening::AtShard => self.serve(place),
                        Happening::Answered => self.answered(place),
                    }
                }
                _ => {
                    self.now = arrival;
                    self.visit();
                    arrival = self.now + self.until_next_arrival();
                }
            }
        }
    }

    fn until_next_arrival(&mut self) -> Time {
        (self.rng.exponential(1000.0 / self.case.visits_per_s) * MS) as Time
    }

    /// Half a round trip. The shortest one is half of the case's round trip. Most take a little longer. One round trip in a hundred takes much longer,
    /// as when a packet is lost and sent again.
    fn one_way(&mut self) -> Time {
        let half = self.case.round_trip_ms / 2.0;
        let lost = if self.rng.below(200) == 0 { self.rng.exponential(self.case.round_trip_ms * 2.0) } else { 0.0 };
        ((half + self.rng.exponential(half / 10.0) + lost) * MS) as Time
    }

    fn later(&mut self, at: Time, happening: Happening, place: usize) {
        self.happened += 1;
        self.ahead.push(Reverse((at, self.happened, happening, place)));
    }

    fn visit(&mut self) {
        let isolate = self.rng.below(self.case.isolates);
        let ticket = self.arrived.len() as Ticket;
        self.arrived.push(self.now);
        let deadline = self.deadline(ticket);
        self.step(isolate, Event::Arrived(ticket, entry("/", deadline)));
    }

    fn deadline(&self, ticket: Ticket) -> u64 {
        (self.arrived[ticket as usize] as f64 / MS) as u64 + u64::from(DEFAULT_TIMEOUT_MS)
    }

    fn step(&mut self, isolate: usize, event: Event) {
        for action in self.isolates[isolate].step(event, (self.now as f64 / MS) as u64) {
            match action {
                Action::Post(posting) => self.post(isolate, posting),
                Action::Park { .. } => {}
                Action::Answer(ticket, answer) => {
                    self.notes.refused += u64::from(answer.is_err());
                    let waited = self.waited(ticket);
                    self.notes.whole.push(waited);
                }
                Action::Lead(ticket) => {
                    let deadline = self.deadline(ticket);
                    self.step(isolate, Event::TookLead(ticket, entry("/", deadline)));
                }
            }
        }
    }

    fn waited(&self, ticket: Ticket) -> f32 {
        ((self.now - self.arrived[ticket as usize]) as f64 / MS) as f32
    }

    fn post(&mut self, isolate: usize, posting: Posting) {
        for ticket in posting.tickets() {
            let waited = self.waited(ticket);
            self.notes.added.push(waited);
            self.notes.posted += 1;
        }
        self.notes.batches += 1;
        let place = self.free_places.pop().unwrap_or_else(|| {
            self.posts.push(None);
            self.posts.len() - 1
        });
        self.posts[place] = Some((isolate, self.now, posting));
        let at = self.now + self.one_way();
        self.later(at, Happening::AtShard, place);
    }

    /// Handles a batch that arrived at the shard. The shard processes one batch at a time, in order of arrival.
    fn serve(&mut self, place: usize) {
        let Some((_, _, posting)) = &self.posts[place] else { return };
        let visits = posting.tickets().count();
        let work = ((self.case.batch_ms + self.case.visit_ms * visits as f64) * MS) as Time;
        self.shard_free_at = self.shard_free_at.max(self.now) + work;
        self.notes.busy += work;
        let at = self.shard_free_at + self.one_way();
        self.later(at, Happening::Answered, place);
    }

    /// The work that has arrived at the shard and is not done yet.
    fn backlog(&self) -> Time {
        self.shard_free_at.saturating_sub(self.now)
    }

    fn answered(&mut self, place: usize) {
        let Some((isolate, sent, posting)) = self.posts[place].take() else { return };
        self.free_places.push(place);
        let patience = retry::attempt_ms(1, 0, u64::from(DEFAULT_TIMEOUT_MS));
        self.notes.late += u64::from((self.now - sent) as f64 / MS > patience as f64);
        let visits = [counted(1); MAX_BATCH_VISITS];
        let lines = &visits[..posting.tickets().count()];
        self.step(isolate, Event::Ended(posting, Ok(receipt(lines))));
    }
}
