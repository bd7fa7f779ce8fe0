//! Parked requests, as in `edge::parking`. Each has a promise, which resolves once, and a timer of its own. Whichever event
//! comes first resolves the promise.

use crate::answers::Via;
use crate::history::About;
use crate::mutation::Mutation;
use crate::plan::Fault;
use crate::queue::{Event, Wake};
use crate::world::World;
use footfall::counting::dispatch::batcher as batch;

impl World {
    /// Parks a request, at most until this time by its isolate's clock.
    pub(crate) fn park(&mut self, a_try: usize, until: u64) {
        let Some(ticket) = self.requests[a_try].ticket else { return };
        self.requests[a_try].parked = true;
        self.requests[a_try].resolved = false;
        let left = until.saturating_sub(self.local(a_try));
        self.requests[a_try].parks += 1;
        let parks = self.requests[a_try].parks;
        self.timer(left, Event::ParkTimer(ticket, parks));
        self.history.note(self.now, &[About::Try(a_try)], || format!("{} parks", self.checker.name(a_try)));
        if self.could_strike(Fault::WaiterKilled) {
            let at = self.now + self.rng.below(8 * self.plan.way_ms);
            self.at(at, Event::Kill(a_try));
        }
    }

    /// Resolves the promise of a parked request, unless it is already resolved.
    pub(crate) fn wake(&mut self, ticket: usize, wake: Wake) {
        let a_try = self.tickets[ticket];
        let request = &mut self.requests[a_try];
        if request.ticket != Some(ticket) || !request.parked {
            return;
        }
        request.parked = false;
        if request.resolved {
            return;
        }
        request.resolved = true;
        if self.mutation == Mutation::LoseParked && self.rng.chance(300) {
            return;
        }
        let turn = self.rng.below(2);
        let linger = if matches!(wake, Wake::Lead) { batch::LINGER_MS } else { 0 };
        self.timer(turn + linger, Event::Wake(ticket, wake));
    }

    /// Handles the timer of a parked request.
    pub(crate) fn park_timer(&mut self, ticket: usize, parks: u32) {
        let request = &mut self.requests[self.tickets[ticket]];
        if request.ticket == Some(ticket) && request.parks == parks && !request.resolved {
            request.resolved = true;
            let turn = self.rng.below(2);
            self.timer(turn, Event::Wake(ticket, Wake::Rang));
        }
    }

    /// Lets a parked request run again.
    pub(crate) fn woken(&mut self, ticket: usize, wake: Wake) {
        let a_try = self.tickets[ticket];
        if !self.runs(a_try) || self.requests[a_try].ticket != Some(ticket) {
            return;
        }
        self.requests[a_try].parked = false;
        self.history.note(self.now, &[About::Try(a_try)], || format!("{} wakes: {wake:?}", self.checker.name(a_try)));
        match wake {
            Wake::Lead => {
                if let Some(entry) = self.requests[a_try].entry.clone() {
                    self.step_and_go(a_try, batch::Event::TookLead(ticket as u64, entry));
                }
            }
            Wake::Answer(answer) => self.counted(a_try, answer, Via::Batcher(0)),
            Wake::Rang => {
                if let Some(entry) = self.requests[a_try].entry.clone() {
                    self.step_and_go(a_try, batch::Event::Rang(ticket as u64, entry));
                }
            }
        }
    }
}
