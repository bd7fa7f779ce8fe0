//! Carries out the actions of batchers: which request posts, parks or is answered, as in the second half of
//! `edge::shard_client`.

use crate::answers::Via;
use crate::exchange::Kind;
use crate::facts::Broken;
use crate::history::About;
use crate::mutation::Mutation;
use crate::plan::Fault;
use crate::queue::{Event, Wake};
use crate::world::World;
use footfall::counting::dispatch::batcher as batch;
use footfall::counting::dispatch::batcher::{Action, Batcher};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::SLOW_MS;
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::ticket::MAX_PARKED;
use footfall::counting::protocol::batch::{Counted, Receipt};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::encode;

/// What a request itself does next.
enum Next {
    Post(Posting),
    /// Parks until this time by the clock of its isolate.
    Park(u64),
    Answer(Result<Counted, Failure>),
    Nothing,
}

impl World {
    /// Passes the visit to the batcher of its shard, under a new ticket.
    pub(crate) fn count_at(&mut self, a_try: usize) {
        let ticket = self.tickets.len();
        self.tickets.push(a_try);
        self.requests[a_try].ticket = Some(ticket);
        self.checker.tries[a_try].since = self.now;
        if let Some(entry) = self.requests[a_try].entry.clone() {
            self.step_and_go(a_try, batch::Event::Arrived(ticket as u64, entry));
        }
    }

    /// Reports an event to the batcher, and carries out the actions that it returns.
    pub(crate) fn step_and_go(&mut self, a_try: usize, event: batch::Event) {
        let actions = self.step(a_try, event);
        let shard = self.checker.tries[a_try].shard;
        let parked = self.isolates[self.requests[a_try].slot].batchers.get(&shard).map_or(0, Batcher::parked);
        match self.carry_out(a_try, actions) {
            Next::Post(posting) => self.lead(a_try, posting),
            Next::Answer(answer) => {
                self.checker.sums.full += u64::from(parked == MAX_PARKED);
                self.counted(a_try, answer, Via::Batcher(parked));
            }
            Next::Park(_) if self.mutation == Mutation::OneTimer => {
                let skew = self.local(a_try) - self.now;
                self.park(a_try, self.checker.tries[a_try].deadline + skew);
            }
            Next::Park(until) => self.park(a_try, until),
            Next::Nothing => self
                .checker
                .fail(Broken::NeverAnswered, &[a_try], Some(shard), || "the batcher gave no action for this request".to_owned()),
        }
    }

    fn step(&mut self, a_try: usize, event: batch::Event) -> Vec<Action> {
        let shard = self.checker.tries[a_try].shard;
        let now = match (self.mutation, &event) {
            (Mutation::NoLapse, _) => 0,
            (Mutation::EarlyLane, batch::Event::Arrived(_, entry)) if entry.deadline > self.local(a_try) + 2 * SLOW_MS => {
                self.local(a_try) + SLOW_MS
            }
            _ => self.local(a_try),
        };
        let slot = self.requests[a_try].slot;
        let batcher = self.isolates[slot].batchers.entry(shard).or_default();
        let actions = batcher.step(event, now);
        let parked = batcher.parked();
        if parked > MAX_PARKED {
            self.checker.fail(Broken::Unbounded, &[a_try], Some(shard), || format!("{parked} visits are parked"));
        }
        actions
    }

    /// Carries out the actions for other requests, and returns the action for this one.
    fn carry_out(&mut self, own: usize, actions: Vec<Action>) -> Next {
        let mut next = Next::Nothing;
        for action in actions {
            match action {
                Action::Post(posting) => next = Next::Post(posting),
                Action::Park { until } => next = Next::Park(until),
                Action::Answer(ticket, answer) if self.tickets[ticket as usize] == own => next = Next::Answer(answer),
                Action::Answer(ticket, answer) => self.wake(ticket as usize, Wake::Answer(answer)),
                Action::Lead(ticket) => self.wake(ticket as usize, Wake::Lead),
            }
        }
        next
    }

    fn lead(&mut self, a_try: usize, posting: Posting) {
        let facts = &self.checker.tries[a_try];
        let (shard, deadline) = (facts.shard, facts.deadline);
        let name = self.isolates[self.requests[a_try].slot].name;
        let mut batch = posting.batch(name);
        if self.mutation == Mutation::OneName {
            batch.isolate = name;
        }
        if self.mutation == Mutation::ShortBatch && batch.visits.len() > 1 {
            batch.visits.pop();
        }
        let call = encode(&Call::Register(batch));
        let members: Vec<usize> = posting.tickets().map(|ticket| self.tickets[ticket as usize]).collect();
        let post = self.checker.posted(a_try, &members, &call, posting.lane, self.now);
        self.history.note(self.now, &[About::Try(a_try), About::Post(post), About::Shard(shard)], || {
            let names: Vec<String> = members.iter().take(12).map(|member| self.checker.name(*member)).collect();
            format!(
                "post {post} (lane {}, number {}) to s{shard}: {} visits, {}",
                posting.lane,
                posting.sequence,
                members.len(),
                names.join(" ")
            )
        });
        self.exchange(a_try, Kind::Register(Some(posting), post), shard, call, deadline);
        if self.could_strike(Fault::LeaderKilled) {
            let at = self.now + self.rng.below(4 * self.plan.way_ms);
            self.at(at, Event::Kill(a_try));
        }
    }

    /// Handles the end of a POST: its visits get their answers, and another request gets the lead.
    pub(crate) fn post_ended(&mut self, leader: usize, posting: Posting, post: usize, outcome: Result<Receipt, Failure>) {
        self.checker.ended(post, &outcome, self.now);
        if let (Mutation::FailBystander, Err(failure)) = (self.mutation, &outcome) {
            self.fail_bystander(leader, failure);
        }
        let mut actions = self.step(leader, batch::Event::Ended(posting, outcome));
        if self.mutation == Mutation::SwapAnswers {
            swap_answers(&mut actions);
        }
        match self.carry_out(leader, actions) {
            Next::Answer(answer) => self.counted(leader, answer, Via::Batcher(0)),
            Next::Post(_) | Next::Park(_) | Next::Nothing => {
                let answer = Err(Failure::Broken("the batch has no line for its leader".to_owned()));
                self.counted(leader, answer, Via::Batcher(0));
            }
        }
    }

    /// The mutation that fails a request outside the failed batch.
    fn fail_bystander(&mut self, leader: usize, failure: &Failure) {
        let open = &self.isolates[self.requests[leader].slot].open;
        let waits = |a_try: &&usize| self.requests[**a_try].parked && self.checker.tries[**a_try].posted.is_none();
        let bystander = open.iter().find(waits).and_then(|a_try| self.requests[*a_try].ticket);
        if let Some(ticket) = bystander {
            self.wake(ticket, Wake::Answer(Err(failure.clone())));
        }
    }
}

/// The mutation that gives each member of a batch the answer of the next member.
fn swap_answers(actions: &mut [Action]) {
    let answers =
        actions.iter_mut().filter_map(|action| if let Action::Answer(_, answer) = action { Some(answer) } else { None });
    let mut answers: Vec<&mut Result<Counted, Failure>> = answers.collect();
    for at in 1..answers.len() {
        let (before, after) = answers.split_at_mut(at);
        std::mem::swap(before[at - 1], after[0]);
    }
}
