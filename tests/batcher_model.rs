//! The batcher under random interleavings, with leaders and parked visits that die at any time.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::dispatch::batcher::{Action, Batcher, Event};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::{HANDOVER_MS, LEAD_GRACE_MS};
use footfall::counting::dispatch::lanes::{LANES, SLOW_MS};
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::ticket::Ticket;
use footfall::counting::protocol::batch::{Counted, MAX_BATCH_VISITS};
use proptest::prelude::*;
use proptest::sample::Index;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use support::{SECOND, T0, counted, entry, receipt};

const TIMEOUT_MS: u64 = 5 * SECOND;

#[derive(Clone, Debug)]
enum Op {
    /// This many visits arrive.
    Arrive(u8),
    /// A visit arrives with this much time left.
    ArriveLate(u64),
    /// One of the POSTs under way ends, with a receipt or without.
    End(Index, bool),
    /// One of the visits that were told to lead runs.
    Run(Index),
    /// The timer of one of the waiting visits rings, perhaps before its time.
    Ring(Index),
    /// The timer of a visit rings in the same turn in which it was answered because its deadline had come.
    RingAgain(Index),
    /// The request of a leader is killed: its POST never ends.
    KillLeader(Index),
    /// The request of a waiting visit is killed: it receives nothing and reports nothing.
    KillWaiting(Index),
    Wait(u64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let at = any::<Index>;
    prop_oneof![
        6 => (1..6_u8).prop_map(Op::Arrive),
        1 => (0..2 * SLOW_MS).prop_map(Op::ArriveLate),
        6 => (at(), any::<bool>()).prop_map(|(at, well)| Op::End(at, well)),
        6 => at().prop_map(Op::Run),
        2 => at().prop_map(Op::Ring),
        2 => at().prop_map(Op::RingAgain),
        1 => at().prop_map(Op::KillLeader),
        1 => at().prop_map(Op::KillWaiting),
        1 => (1..2 * TIMEOUT_MS).prop_map(Op::Wait),
        2 => (1..2 * SLOW_MS).prop_map(Op::Wait),
    ]
}

/// Everything around a batcher: it plays `edge::clients` and the requests.
#[derive(Default)]
struct World {
    batcher: Batcher,
    now: u64,
    last_ticket: Ticket,
    /// Requests that are alive and have no answer yet, with their deadlines. `told` has those of them that were told to lead.
    waiting: BTreeMap<Ticket, u64>,
    told: BTreeSet<Ticket>,
    posts: Vec<Posting>,
    /// The parked tickets by this model's own account, with their deadlines: not posted, not told to lead, not gone.
    parked: BTreeMap<Ticket, u64>,
    posted: BTreeSet<Ticket>,
    never_sent: BTreeSet<Ticket>,
    /// The deadline of every visit.
    deadlines: BTreeMap<Ticket, u64>,
    /// Living visits that another one answered because their deadline had come.
    late: BTreeSet<Ticket>,
    /// When each parked visit wakes by itself.
    timers: BTreeMap<Ticket, u64>,
    /// For each lane: the number of its last batch, when its POST becomes slow, and until when the lane is taken.
    lanes: [(u64, u64, u64); LANES],
}

impl World {
    fn arrive(&mut self, left: u64) {
        self.last_ticket += 1;
        let (ticket, deadline) = (self.last_ticket, self.now + left);
        self.waiting.insert(ticket, deadline);
        self.deadlines.insert(ticket, deadline);
        self.report(ticket, Event::Arrived(ticket, entry("/", deadline)));
    }

    /// Reports an event of one visit to the batcher, and carries out the actions that it returns.
    fn report(&mut self, reporter: Ticket, event: Event) {
        let deadline = match &event {
            Event::Arrived(_, entry) | Event::TookLead(_, entry) | Event::Rang(_, entry) => entry.deadline,
            _ => 0,
        };
        self.timers.remove(&reporter);
        for action in self.batcher.step(event, self.now) {
            match action {
                Action::Post(posting) => self.post(reporter, posting),
                Action::Park { until } => {
                    assert!(
                        until <= deadline && (until > self.now || deadline <= self.now),
                        "a parked visit wakes again, no later than its deadline"
                    );
                    self.timers.insert(reporter, until);
                    if !self.posted.contains(&reporter) {
                        self.parked.insert(reporter, deadline);
                    }
                }
                Action::Answer(ticket, answer) => {
                    let is_late = answer == Err(Failure::Deadline { sent: false });
                    assert!(!is_late || self.deadlines[&ticket] <= self.now, "{ticket} had time left");
                    if is_late && ticket != reporter && self.waiting.contains_key(&ticket) {
                        self.late.insert(ticket);
                    }
                    self.answer(ticket, &answer);
                }
                Action::Lead(ticket) => {
                    let most = self.parked.iter().take(MAX_BATCH_VISITS).max_by_key(|(at, due)| (**due, Reverse(**at)));
                    assert_eq!(
                        most.map(|(at, _)| *at),
                        Some(ticket),
                        "the visit with the most time left leads, or the oldest of several"
                    );
                    assert!(self.deadlines[&ticket] > self.now, "{ticket} leads after its deadline");
                    self.parked.remove(&ticket);
                    self.timers.remove(&ticket);
                    // A killed request is told nothing.
                    self.told.extend(self.waiting.contains_key(&ticket).then_some(ticket));
                }
            }
        }
        assert_eq!(self.batcher.parked(), self.parked.len());
    }

    fn post(&mut self, leader: Ticket, posting: Posting) {
        self.parked.remove(&leader);
        assert!(self.lanes.iter().all(|(_, fresh, _)| *fresh < self.now), "another POST is under way and not slow");
        let (sequence, fresh, taken) = &mut self.lanes[usize::from(posting.lane)];
        assert!(posting.sequence > *sequence, "the numbers of batches increase");
        assert!(*taken < self.now, "two POSTs are under way in one lane");
        (*sequence, *fresh, *taken) = (posting.sequence, self.now + SLOW_MS, posting.deadline + LEAD_GRACE_MS);
        let tickets: Vec<Ticket> = posting.tickets().collect();
        let oldest: Vec<Ticket> = self.parked.keys().copied().collect();
        assert_eq!((tickets[0], &tickets[1..]), (leader, &oldest[..]), "the leader, then all parked visits in their order");
        for ticket in tickets {
            assert!(self.deadlines[&ticket] > self.now, "{ticket} is posted after its deadline");
            assert!(self.posted.insert(ticket), "{ticket} is posted twice");
            assert!(!self.never_sent.contains(&ticket), "{ticket} was told that it was not sent");
        }
        self.parked.clear();
        self.posts.push(posting);
    }

    fn answer(&mut self, ticket: Ticket, answer: &Result<Counted, Failure>) {
        match answer {
            Ok(counted) => {
                assert_eq!(counted.views, ticket, "{ticket} got the line of another visit");
                assert!(self.posted.contains(&ticket));
            }
            Err(failure) if failure.surely_not_stored() => {
                assert!(!self.posted.contains(&ticket), "{ticket} was posted: it may be stored");
                self.never_sent.insert(ticket);
            }
            Err(_) => {}
        }
        self.parked.remove(&ticket);
        self.timers.remove(&ticket);
        self.told.remove(&ticket);
        self.waiting.remove(&ticket);
    }

    fn end(&mut self, at: usize, well: bool) {
        let posting = self.posts.remove(at);
        let (sequence, fresh, taken) = &mut self.lanes[usize::from(posting.lane)];
        if posting.sequence == *sequence {
            (*fresh, *taken) = (0, 0);
        }
        let lines: Vec<Counted> = posting.tickets().map(counted).collect();
        let outcome = if well { Ok(receipt(&lines)) } else { Err(Failure::Broken(String::new())) };
        let leader = posting.tickets().next().unwrap();
        self.report(leader, Event::Ended(posting, outcome));
    }

    fn run(&mut self, ticket: Ticket) {
        self.told.remove(&ticket);
        let deadline = self.waiting[&ticket];
        self.report(ticket, Event::TookLead(ticket, entry("/", deadline)));
    }

    /// A timer rings. If the visit was told to lead in the same turn, that signal is lost.
    fn ring(&mut self, ticket: Ticket) {
        let deadline = self.waiting[&ticket];
        self.told.remove(&ticket);
        self.report(ticket, Event::Rang(ticket, entry("/", deadline)));
        assert!(deadline > self.now || !self.waiting.contains_key(&ticket), "a visit that gives up is answered");
    }

    fn ring_again(&mut self, ticket: Ticket) {
        self.late.remove(&ticket);
        let actions = self.batcher.step(Event::Rang(ticket, entry("/", self.deadlines[&ticket])), self.now);
        assert_eq!(actions, [Action::Answer(ticket, Err(Failure::Deadline { sent: false }))], "the same answer again");
    }

    fn leads(&self, ticket: Ticket) -> bool {
        self.posts.iter().any(|posting| posting.tickets().next() == Some(ticket))
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Arrive(many) => (0..*many).for_each(|_| self.arrive(TIMEOUT_MS)),
            Op::ArriveLate(left) => self.arrive(*left),
            Op::End(at, well) if !self.posts.is_empty() => self.end(at.index(self.posts.len()), *well),
            Op::Run(at) if !self.told.is_empty() => self.run(*at.get(&Vec::from_iter(self.told.clone()))),
            Op::RingAgain(at) if !self.late.is_empty() => self.ring_again(*at.get(&Vec::from_iter(self.late.clone()))),
            Op::Ring(at) => {
                // A leader waits for its POST. A visit that was told to lead may wake by itself in the same turn, before it runs.
                let waiting: Vec<Ticket> = self.waiting.keys().copied().filter(|ticket| !self.leads(*ticket)).collect();
                if !waiting.is_empty() {
                    self.ring(*at.get(&waiting));
                }
            }
            Op::KillLeader(at) if !self.posts.is_empty() => {
                let posting = self.posts.remove(at.index(self.posts.len()));
                self.waiting.remove(&posting.tickets().next().unwrap());
            }
            Op::KillWaiting(at) if !self.waiting.is_empty() => {
                let ticket = *at.get(&self.waiting.keys().copied().collect::<Vec<_>>());
                if !self.leads(ticket) {
                    self.waiting.remove(&ticket);
                    self.told.remove(&ticket);
                    self.timers.remove(&ticket);
                }
            }
            Op::Wait(ms) => self.wait(*ms),
            _ => {}
        }
    }

    /// Lets time pass: timers ring, and a living leader ends its POST at its deadline.
    fn wait(&mut self, ms: u64) {
        let until = self.now + ms;
        loop {
            let posts = self.posts.iter().map(|posting| posting.deadline);
            let told = self.told.iter().map(|ticket| self.waiting[ticket]);
            let next = self.timers.values().copied().chain(posts).chain(told).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            self.happen();
        }
        self.now = until;
    }

    /// Makes everything happen that is due now.
    fn happen(&mut self) {
        while let Some(at) = self.posts.iter().position(|posting| posting.deadline <= self.now) {
            self.end(at, false);
        }
        if let Some(ticket) = self.told.iter().copied().find(|ticket| self.waiting[ticket] <= self.now) {
            self.run(ticket);
        }
        let rings = self.timers.iter().find(|(_, at)| **at <= self.now).map(|(ticket, _)| *ticket);
        if let Some(ticket) = rings {
            self.ring(ticket);
        }
    }

    /// Ends every POST, and runs every visit that was told to lead, without time passing.
    fn drain(&mut self) {
        while !self.posts.is_empty() || !self.told.is_empty() {
            if self.posts.is_empty() {
                let next = *self.told.first().unwrap();
                self.run(next);
            } else {
                self.end(0, true);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_visit_is_posted_at_most_once_and_answered_in_the_end(ops in prop::collection::vec(any_op(), 1..60)) {
        let mut world = World { now: T0, ..World::default() };
        for op in &ops {
            world.apply(op);
        }
        // The faults are over. The timer of a living visit frees it. A visit that was killed while it was parked leaves with the
        // next arrival, once the leads of the killed requests have lapsed.
        world.drain();
        world.wait(TIMEOUT_MS + 1);
        prop_assert!(world.waiting.is_empty(), "never answered: {:?}", world.waiting);
        world.now += LEAD_GRACE_MS.max(HANDOVER_MS) + TIMEOUT_MS + 1;
        world.arrive(TIMEOUT_MS);
        world.drain();
        prop_assert!(world.parked.is_empty(), "parked forever: {:?}", world.parked);
        world.wait(TIMEOUT_MS);
        prop_assert!(world.waiting.is_empty(), "never answered: {:?}", world.waiting);
    }

    #[test]
    fn without_kills_no_visit_waits_for_another_arrival(ops in prop::collection::vec(any_op(), 1..60)) {
        let mut world = World { now: T0, ..World::default() };
        for op in ops.iter().filter(|op| !matches!(op, Op::KillLeader(_) | Op::KillWaiting(_))) {
            world.apply(op);
        }
        world.drain();
        prop_assert!(world.waiting.is_empty(), "stuck: {:?}", world.waiting);
    }
}
