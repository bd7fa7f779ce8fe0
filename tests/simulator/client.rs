//! Clients: what they visit, whether they wait for the answer, and when they try again.

use crate::history::About;
use crate::plan::Fault;
use crate::queue::Event;
use crate::request::Request;
use crate::rng::mix;
use crate::world::World;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::model::client::{Client, Country, Device};
use footfall::counting::model::dimensions::{Described, Dimensions};
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::protocol::batch::Counted;

/// The most requests that a client sends for one visit.
const MAX_TRIES: u32 = 4;

/// A visit that a client reports.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) page: usize,
    pub(crate) id: Option<Fingerprint>,
    /// The client's address, if the client is a person.
    pub(crate) address: Option<String>,
    /// The age of the visit when the client first sends it, in milliseconds.
    pub(crate) age: u64,
    tries: u32,
    /// The isolate of the first try.
    slot: usize,
}

/// What else is counted of views: one of these. Referrers differ, so that a batch has several. Every view has a country, so that the
/// countries add up to the views.
pub(crate) fn some_details() -> [Dimensions; 3] {
    [0, 1, 2].map(|number| {
        Dimensions::of(&Described {
            client: Client { device: Some(Device::Desktop), country: Country::read("DE") },
            referrer: &format!("r{number}.example"),
            campaign: &Default::default(),
        })
    })
}

impl World {
    /// Plans the visits of the burst, in crowds that share a moment and an isolate.
    pub(crate) fn plan_visits(&mut self) {
        let hot = self.isolates.len().div_ceil(4) as u64;
        let people = 1 + self.plan.visits as u64 / 3;
        let (mut at, mut slot, mut left) = (self.plan.start, 0, 0);
        for number in 0..self.plan.visits {
            if left == 0 {
                at = match self.plan.peak {
                    Some(peak) if self.rng.chance(5_000) => peak + self.rng.below(1_000),
                    _ => self.plan.start + self.rng.below(self.plan.burst_ms),
                };
                let among = if self.rng.chance(5_000) { hot } else { self.isolates.len() as u64 };
                slot = self.rng.below(among) as usize;
                left = self.rng.between(1, self.plan.crowd * 2);
            }
            left -= 1;
            let has_id = self.rng.chance(self.plan.with_id);
            let is_person = self.rng.chance(self.plan.with_visitor);
            let person = self.rng.below(people);
            let page = if self.plan.pages > 1_000 { number as u64 % self.plan.pages } else { self.rng.below(self.plan.pages) };
            self.visits.push(Visit {
                page: page as usize,
                id: has_id.then(|| Fingerprint(mix(self.plan.seed ^ mix(number as u64)))),
                address: is_person.then(|| format!("10.0.{}.{}", person / 256 % 256, person % 256)),
                // One in eight was stored by a browser that had no network.
                age: if self.rng.chance(1_250) { self.rng.below(23 * 3_600_000) } else { 0 },
                tries: 0,
                slot,
            });
            let spread = self.rng.below(3);
            self.at(at + spread, Event::Send(number));
        }
    }

    /// Lets a client send a visit.
    pub(crate) fn send(&mut self, visit: usize) {
        let slots = self.isolates.len() as u64;
        let Visit { page, id, tries, slot, .. } = self.visits[visit];
        // A repeated visit may reach any isolate.
        let slot = if tries == 0 || self.rng.chance(3_000) { slot } else { self.rng.below(slots) as usize };
        self.visits[visit].tries += 1;
        let deadline = self.now + self.plan.timeout_ms;
        let isolate = self.isolates[slot].incarnation;
        let a_try = self.checker.came(visit, page, id, isolate, deadline);
        let nobody_reads = self.strikes(Fault::ClientGone) || self.strikes(Fault::AnswerLost);
        self.requests.push(Request::new(slot, nobody_reads));
        self.isolates[slot].open.push(a_try);
        self.history.note(self.now, &[About::Try(a_try), About::Isolate(isolate)], || {
            format!("{} comes to i{slot}: {page}, {id:?}", self.checker.name(a_try))
        });
        self.begin(a_try);
    }

    /// Gives a client its answer, or the news that no answer will come.
    pub(crate) fn client_gets(&mut self, a_try: usize, answer: Option<&Result<Counted, Failure>>) {
        let answer = answer.filter(|_| !self.requests[a_try].nobody_reads);
        let visit = self.checker.tries[a_try].visit;
        let Visit { id, tries, .. } = self.visits[visit];
        if tries >= MAX_TRIES || self.now >= self.plan.calm_at() {
            return;
        }
        match (id, answer) {
            (Some(_), Some(Ok(_))) => {
                // The client is impatient or overcautious, or a backup restores its visit hours later.
                if self.rng.chance(500) {
                    let pause = self.rng.below(200);
                    self.at(self.now + pause, Event::Send(visit));
                }
                if let Some(after) = self.plan.echo_after
                    && self.rng.chance(3_000)
                {
                    let at = self.plan.start + after + self.rng.below(5_000);
                    self.at(at.max(self.now), Event::Send(visit));
                }
            }
            // The visit was refused, or its outcome is unknown: the client sends it again.
            (Some(_), _) if self.rng.chance(7_000) => {
                let pause = self.rng.between(50, 5_000);
                self.at(self.now + pause, Event::Send(visit));
            }
            // Without an id, a client may resend only a visit that was surely not stored.
            (None, Some(Err(failure))) if failure.surely_not_stored() && self.rng.chance(3_000) => {
                let pause = self.rng.between(50, 5_000);
                self.at(self.now + pause, Event::Send(visit));
            }
            _ => {}
        }
    }
}
