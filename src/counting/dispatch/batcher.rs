//! Batching the visits of one isolate to one shard: which visit posts now, and which visits wait for its POST.
//!
//! A visit that finds no POST on its way leads: it posts at once, so an idle site adds no wait. A visit that finds one
//! parks. When a POST ends, its leader answers the visits of its batch and hands the lead to a parked visit. That one
//! posts for the others, too, the oldest first. So one POST is on its way at a time, and batches grow with the load. If a POST takes
//! long, the next does not wait for it ([`crate::counting::dispatch::lanes`]).
//!
//! A visit whose deadline has come is never sent: its caller is gone, or is about to hear that the visit is not stored. A visit that was
//! killed while it was parked would else leave with a batch of a later day.
//!
//! In scope: these decisions, as a state machine over tickets. Out of scope: promises, timers and POSTs, which
//! `src/edge/clients` carries out, and retries ([`crate::counting::dispatch::retry`]). Nothing relies on a leader staying alive, or on
//! another visit arriving: each parked visit has a timer for the moment at which it may lead, and then takes the lead if it is free.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::lanes::{LOOK_AGAIN_MS, Lanes, SLOW_MS};
use crate::counting::dispatch::late::Late;
use crate::counting::dispatch::parked::Parked;
use crate::counting::dispatch::posting::{Entry, Posting};
use crate::counting::dispatch::ticket::Ticket;
use crate::counting::protocol::batch::{Counted, MAX_BATCH_TALLIES, Receipt, Tally};

/// How long a visit that was handed the lead waits before it posts, in milliseconds. Meanwhile the visits of the batch before get their
/// answers, and visits that arrive next join the batch. At 64 connections batches then held 30 visits instead of 15 (calls and
/// bytes counted by hand), so there were half as many calls, rows and fees. A visit that finds no POST on its way does not wait.
pub const LINGER_MS: u64 = 1;

/// Seconds after which a caller should send a visit again that found no room to park.
pub const RETRY_AFTER_S: u32 = 1;

/// Something that happened in the isolate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A visit arrived.
    Arrived(Ticket, Entry),
    /// A visit that was told to lead runs again. `Entry` is its own.
    TookLead(Ticket, Entry),
    /// This POST ended.
    Ended(Posting, Result<Receipt, Failure>),
    /// The timer of a parked visit rang. `Entry` is its own.
    Rang(Ticket, Entry),
    /// Tallies have waited for a batch long enough. Their POST must be done at `deadline`.
    Flush {
        /// In milliseconds since 1970.
        deadline: u64,
    },
}

/// Something to do. The visit that reported the event does it, unless the action names a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Post this batch, then report [`Event::Ended`] with it.
    Post(Posting),
    /// Wait for an answer or the lead, and report [`Event::Rang`] if neither has come by then.
    Park {
        /// In milliseconds since 1970; the visit's deadline, or earlier.
        until: u64,
    },
    /// Answer this visit: one of the POST that ended, the one that reported the event, or a parked one whose deadline has come.
    Answer(Ticket, Result<Counted, Failure>),
    /// Tell this parked visit to lead.
    Lead(Ticket),
}

/// The visits of one isolate to one shard, and the POSTs that carry them.
#[derive(Debug, Default)]
pub struct Batcher {
    lanes: Lanes,
    parked: Parked,
    late: Late,
    /// The visits that were not counted since the last batch.
    tallies: Vec<Tally>,
}

impl Batcher {
    /// Takes an event and returns what to do. `now` is in milliseconds since 1970.
    pub fn step(&mut self, event: Event, now: u64) -> Vec<Action> {
        match event {
            Event::Arrived(ticket, entry) => self.arrived(ticket, entry, now),
            Event::TookLead(ticket, entry) => self.took_lead(ticket, entry, now),
            Event::Ended(posting, outcome) => self.ended(&posting, &outcome, now),
            Event::Rang(ticket, entry) if entry.deadline <= now => self.gave_up(ticket, now),
            Event::Rang(ticket, entry) => self.rang(ticket, entry, now),
            Event::Flush { deadline } if self.lanes.is_open(now) && !self.tallies.is_empty() => {
                let place = self.lanes.post(now, deadline);
                place.map(|place| self.send(place, Vec::new(), deadline)).into_iter().collect()
            }
            // A batch is on its way. The next batch or the next flush takes the tallies along.
            Event::Flush { .. } => Vec::new(),
        }
    }

    /// Notes visits that are not counted, for the next batch. A tally that would be one too many for a batch is dropped.
    pub fn exclude(&mut self, more: Tally) {
        let room = self.tallies.len() < MAX_BATCH_TALLIES;
        match self.tallies.iter_mut().find(|tally| (tally.day, tally.reason) == (more.day, more.reason)) {
            Some(tally) => tally.visits = tally.visits.saturating_add(more.visits),
            None if room => self.tallies.push(more),
            None => {}
        }
    }

    /// Whether there is anything to flush.
    pub fn has_tallies(&self) -> bool {
        !self.tallies.is_empty()
    }

    /// How many leads another visit took over because their leader was gone.
    pub fn lapsed(&self) -> u64 {
        self.lanes.lapsed()
    }

    /// How many visits are parked.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    fn arrived(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Vec<Action> {
        if entry.deadline <= now {
            return vec![not_sent(ticket)];
        }
        if self.lanes.is_open(now)
            && let Some(place) = self.lanes.post(now, entry.deadline)
        {
            return self.post(place, ticket, entry, now);
        }
        if !self.parked.has_room(entry.by_server) {
            return vec![Action::Answer(ticket, Err(Failure::Busy { retry_after: RETRY_AFTER_S }))];
        }
        let until = self.timer_of(&entry, now);
        self.parked.park(ticket, entry);
        vec![Action::Park { until }]
    }

    /// When the timer of a parked visit rings: when it may post if nothing happens until then, or at its deadline. Something may happen that
    /// nobody tells it of, because who should is gone. So it looks again after [`LOOK_AGAIN_MS`] at the latest.
    fn timer_of(&self, entry: &Entry, now: u64) -> u64 {
        self.lanes.next_chance().saturating_add(1).min(now.saturating_add(LOOK_AGAIN_MS)).min(entry.deadline)
    }

    fn took_lead(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Vec<Action> {
        let late = entry.deadline <= now;
        if !late && let Some(place) = self.lanes.post_handed(ticket, now, entry.deadline) {
            return self.post(place, ticket, entry, now);
        }
        // It is in no batch, and another visit may have taken over in the meantime. So it begins again, unless it is late.
        let held_lead = self.lanes.take_back(ticket);
        let mut actions = self.arrived(ticket, entry, now);
        if late && held_lead {
            self.hand_on(now, &mut actions);
        }
        actions
    }

    /// The timer of a visit rang before its deadline.
    fn rang(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Vec<Action> {
        if self.lanes.was_handed(ticket) {
            // It was told to lead in the same turn in which its timer rang.
            return self.took_lead(ticket, entry, now);
        }
        if self.late.take(ticket) {
            // Its timer rang in the same turn in which it was answered, and the clock was ahead.
            return vec![not_sent(ticket)];
        }
        if !self.parked.holds(ticket) {
            // It is in a batch whose answer did not come.
            return vec![Action::Park { until: entry.deadline }];
        }
        let hurried = entry.deadline < now.saturating_add(SLOW_MS);
        if hurried && self.parked.has_later_deadline(entry.deadline) {
            // Its deadline would end the POST for visits that have more time. So one of these leads.
            let mut actions = vec![Action::Park { until: entry.deadline }];
            self.hand_on(now, &mut actions);
            return actions;
        }
        if !self.lanes.is_open(now) {
            return vec![Action::Park { until: self.timer_of(&entry, now) }];
        }
        self.parked.leave(ticket);
        self.arrived(ticket, entry, now)
    }

    /// The deadline of a visit has come. A parked visit was not sent, and neither was one that was just told to lead, or that this
    /// batcher has just answered. Any other is in a batch whose answer did not come.
    fn gave_up(&mut self, ticket: Ticket, now: u64) -> Vec<Action> {
        let held_lead = self.lanes.take_back(ticket);
        let sent = !held_lead && !self.parked.leave(ticket) && !self.late.take(ticket);
        let mut actions = vec![Action::Answer(ticket, Err(Failure::Deadline { sent }))];
        if held_lead {
            self.hand_on(now, &mut actions);
        }
        actions
    }

    /// Where the lead is open, hands it to the parked visit that leads next, if any is parked.
    fn hand_on(&mut self, now: u64, actions: &mut Vec<Action>) {
        self.answer_late(now, actions);
        if self.parked.is_empty() || !self.lanes.is_open(now) {
            return;
        }
        if let Some(next) = self.parked.take_leader() {
            self.lanes.hand(next, now);
            actions.push(Action::Lead(next));
        }
    }

    /// Answers the parked visits whose deadline has come. Their timers would, but a timer may be late, and a killed request has none.
    fn answer_late(&mut self, now: u64, actions: &mut Vec<Action>) {
        for ticket in self.parked.take_late(now) {
            self.late.note(ticket);
            actions.push(not_sent(ticket));
        }
    }

    /// Posts for this visit and for the parked ones that leave with it.
    fn post(&mut self, place: (u8, u64), ticket: Ticket, entry: Entry, now: u64) -> Vec<Action> {
        let mut actions = Vec::with_capacity(1);
        self.answer_late(now, &mut actions);
        let deadline = entry.deadline;
        let mut visits = vec![(ticket, entry)];
        visits.append(&mut self.parked.take_followers());
        actions.push(self.send(place, visits, deadline));
        actions
    }

    fn send(&mut self, (lane, sequence): (u8, u64), visits: Vec<(Ticket, Entry)>, deadline: u64) -> Action {
        Action::Post(Posting { lane, sequence, deadline, visits, tallies: std::mem::take(&mut self.tallies) })
    }

    /// Answers the visits of a POST, and hands on the lead.
    fn ended(&mut self, ended: &Posting, outcome: &Result<Receipt, Failure>, now: u64) -> Vec<Action> {
        let mut actions = Vec::with_capacity(ended.visits.len().saturating_add(1));
        for (at, ticket) in ended.tickets().enumerate() {
            let answer = match outcome {
                Ok(receipt) => receipt.visits.get(at).copied().ok_or_else(short_receipt),
                Err(failure) => Err(failure.clone()),
            };
            actions.push(Action::Answer(ticket, answer));
        }
        if outcome.as_ref().is_err_and(Failure::surely_not_stored) {
            ended.tallies.iter().for_each(|tally| self.exclude(*tally));
        }
        self.lanes.ended(ended.lane, ended.sequence);
        self.hand_on(now, &mut actions);
        actions
    }
}

/// The answer of a visit whose deadline came before it was sent.
fn not_sent(ticket: Ticket) -> Action {
    Action::Answer(ticket, Err(Failure::Deadline { sent: false }))
}

/// Why a visit that has no line in the receipt of its batch cannot be answered.
fn short_receipt() -> Failure {
    Failure::Broken("the shard's receipt is too short".to_owned())
}
