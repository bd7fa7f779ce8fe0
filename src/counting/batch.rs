//! Who posts a batch now, who waits, and for whom: the coalescing of one isolate's visits to one shard.
//!
//! A visit that finds no POST on its way leads: it posts at once, so an idle site adds no wait. A visit that finds one
//! parks. When a POST ends, its leader answers the visits of its batch and hands the lead to a parked visit,
//! which takes the others along as its batch, oldest first. So one POST is on its way at a time, and batches grow with the load.
//!
//! In scope: these decisions, as a state machine over tickets. Out of scope: promises, timers and POSTs, which
//! `edge::shard_client` carries out, and retries ([`super::retry`]). Never relied upon: that a leader lives. A lead
//! that is not ended in time lapses, and the next visit takes it over.

use super::days::Day;
use super::details::Details;
use super::endpoint::Failure;
use super::made::Minute;
use super::share::Share;
use super::visit_id::Fingerprint;
use super::visitor::Visitor;
use super::wire::{Batch, Counted, Item, MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Tally};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// The most visits that wait for one shard in one isolate: 16 full batches. A visit behind them would wait for 16
/// round trips; it is told to come back instead (503).
pub const MAX_PARKED: usize = 16 * MAX_BATCH_VISITS;

/// How long after its leader's deadline a POST counts as abandoned, in milliseconds. A leader that lives ends its POST
/// at its deadline; this covers a late timer.
pub const LEAD_GRACE_MS: u64 = 1_000;

/// How long a visit that was handed the lead may take to post, in milliseconds. It does so in its next turn; one that
/// has not by then is gone.
pub const HANDOVER_MS: u64 = 1_000;

/// How long a visit that was handed the lead waits before it posts, in milliseconds: the visits of the batch before are being
/// answered in these turns, and whoever comes next leaves along. At 64 connections batches then held 30 visits instead of
/// 15 (calls and bytes counted by hand), so half as many calls, rows and fees. A visit that finds nobody posting waits for nothing.
pub const LINGER_MS: u64 = 1;

/// Seconds after which a visit that found [`MAX_PARKED`] others should be sent again.
pub const RETRY_AFTER_S: u32 = 1;

/// A visit in this isolate. Tickets are handed out in the order of arrival and never again.
pub type Ticket = u64;

/// What a batch needs to know of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its page.
    pub page: String,
    /// What else is counted about it.
    pub details: Details,
    /// Its id, if its caller gave one.
    pub id: Option<Fingerprint>,
    /// Who made it.
    pub visitor: Visitor,
    /// The day of its route and its visitor.
    pub day: Day,
    /// When it was made, where it is sent late.
    pub made: Option<Minute>,
    /// Whose part of the memory its id takes up.
    pub share: Share,
    /// When its caller must have an answer, in milliseconds since 1970.
    pub deadline: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A visit came.
    Arrived(Ticket, Entry),
    /// A visit that was told to lead is running again. `Entry` is its own, which it kept.
    TookLead(Ticket, Entry),
    /// This POST ended.
    Ended(Posting, Result<Receipt, Failure>),
    /// A parked visit's deadline has come.
    GaveUp(Ticket),
    /// Tallies have waited for a batch long enough. Whoever posts them must be done at `deadline`.
    Flush {
        /// In milliseconds since 1970.
        deadline: u64,
    },
}

/// Something to do, by the visit that reported the event unless it names a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Post this batch, then report [`Event::Ended`] with it.
    Post(Posting),
    /// Wait for an answer or the lead, and report [`Event::GaveUp`] at the deadline.
    Park,
    /// Answer this visit of the POST that ended, or the visit that reported.
    Answer(Ticket, Result<Counted, Failure>),
    /// Tell this parked visit to lead.
    Lead(Ticket),
}

/// A batch on its way: the visits, and what is needed to answer them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its number, increasing.
    pub sequence: u64,
    /// When its leader must have an answer.
    pub deadline: u64,
    visits: Vec<(Ticket, Entry)>,
    tallies: Vec<Tally>,
}

impl Posting {
    /// The batch as it goes over the wire.
    pub fn batch(&self, isolate: u128) -> Batch<'_> {
        let mut pages = Vec::new();
        let mut details = Vec::new();
        let mut visits = Vec::with_capacity(self.visits.len());
        for (_, entry) in &self.visits {
            let page = index_of(&entry.page, &mut pages);
            let details = match entry.details.as_str() {
                "" => 0,
                known => index_of(known, &mut details).saturating_add(1),
            };
            visits.push(Item {
                page,
                details,
                id: entry.id,
                visitor: entry.visitor,
                day: entry.day,
                made: entry.made,
                share: entry.share,
            });
        }
        Batch { isolate, sequence: self.sequence, pages, details, visits, tallies: self.tallies.clone() }
    }

    /// Its visits, the leader first.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.visits.iter().map(|(ticket, _)| *ticket)
    }
}

/// Where a text stands in a list, at the end if it was not there. Most batches have few, and none has more than 512: a search
/// from the front beats building an index.
fn index_of<'a>(text: &'a str, known: &mut Vec<&'a str>) -> u16 {
    let at = known.iter().position(|one| *one == text).unwrap_or(known.len());
    if at == known.len() {
        known.push(text);
    }
    u16::try_from(at).unwrap_or(u16::MAX)
}

#[derive(Debug)]
enum Lead {
    /// Nobody posts.
    Free,
    /// This visit was told to post, and lapses at this time if it has not.
    Handed(Ticket, u64),
    /// The POST of this number is on its way, and lapses at this time if it has not ended.
    Posting { sequence: u64, lapses: u64 },
}

/// The state of one isolate towards one shard.
#[derive(Debug)]
pub struct Batcher {
    lead: Lead,
    /// By ticket, the oldest first: tickets are handed out in the order of arrival.
    parked: VecDeque<(Ticket, Entry)>,
    /// What was not counted since the last batch.
    tallies: Vec<Tally>,
    sequence: u64,
    /// Leads that were not ended in time.
    lapsed: u64,
}

impl Default for Batcher {
    fn default() -> Self {
        Self { lead: Lead::Free, parked: VecDeque::new(), tallies: Vec::new(), sequence: 0, lapsed: 0 }
    }
}

impl Batcher {
    /// Takes an event and says what to do. `now` is in milliseconds since 1970.
    pub fn step(&mut self, event: Event, now: u64) -> Vec<Action> {
        match event {
            Event::Arrived(ticket, entry) => vec![self.arrived(ticket, entry, now)],
            Event::TookLead(ticket, entry) => match self.lead {
                Lead::Handed(to, _) if to == ticket => vec![self.post(ticket, entry)],
                // Somebody took over in the meantime: the visit is in no batch, so it begins again.
                _ => vec![self.arrived(ticket, entry, now)],
            },
            Event::Ended(posting, outcome) => self.ended(&posting, &outcome, now),
            Event::GaveUp(ticket) => self.gave_up(ticket, now),
            Event::Flush { deadline } if self.is_free(now) && !self.tallies.is_empty() => vec![self.send(Vec::new(), deadline)],
            // The batch that is on its way is followed by another, or by the next flush.
            Event::Flush { .. } => Vec::new(),
        }
    }

    /// Notes visits that are not counted, for the next batch to take along. Where there are more kinds of them than a batch takes,
    /// further ones are not noted.
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

    /// Leads that another visit took over, as whoever had them was gone.
    pub fn lapsed(&self) -> u64 {
        self.lapsed
    }

    /// Visits that wait for a POST.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    fn arrived(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Action {
        if self.is_free(now) {
            self.lapsed = self.lapsed.saturating_add(u64::from(!matches!(self.lead, Lead::Free)));
            self.post(ticket, entry)
        } else if self.parked.len() >= MAX_PARKED {
            Action::Answer(ticket, Err(Failure::Busy { retry_after: RETRY_AFTER_S }))
        } else {
            let at = self.parked.partition_point(|(other, _)| *other < ticket);
            self.parked.insert(at, (ticket, entry));
            Action::Park
        }
    }

    /// Whether nobody posts, or whoever did is gone.
    fn is_free(&self, now: u64) -> bool {
        match &self.lead {
            Lead::Free => true,
            Lead::Handed(_, lapses) | Lead::Posting { lapses, .. } => *lapses < now,
        }
    }

    /// A parked visit was never sent, nor was one that was just told to lead; any other is in a batch whose answer did
    /// not come.
    fn gave_up(&mut self, ticket: Ticket, now: u64) -> Vec<Action> {
        let held_lead = matches!(self.lead, Lead::Handed(to, _) if to == ticket);
        let sent = !held_lead && self.leave(ticket).is_none();
        let mut actions = vec![Action::Answer(ticket, Err(Failure::Deadline { sent }))];
        if held_lead {
            self.hand_on(now, &mut actions);
        }
        actions
    }

    /// Gives the lead to the one with the most time left of those who will leave together, the oldest of several; or to
    /// nobody. Were it the oldest in any case, then after a stall a visit with a few milliseconds left would lead, and
    /// fail those that could have waited.
    fn hand_on(&mut self, now: u64, actions: &mut Vec<Action>) {
        self.lead = Lead::Free;
        let next = self.parked.iter().take(MAX_BATCH_VISITS).enumerate();
        let next = next.max_by_key(|(at, (_, entry))| (entry.deadline, Reverse(*at))).map(|(at, _)| at);
        if let Some((next, _)) = next.and_then(|at| self.parked.remove(at)) {
            self.lead = Lead::Handed(next, now.saturating_add(HANDOVER_MS));
            actions.push(Action::Lead(next));
        }
    }

    /// Takes a visit out of the parked, if it is one of them.
    fn leave(&mut self, ticket: Ticket) -> Option<(Ticket, Entry)> {
        let at = self.parked.binary_search_by_key(&ticket, |(other, _)| *other).ok()?;
        self.parked.remove(at)
    }

    /// Posts for this visit and those that are parked, oldest first.
    fn post(&mut self, ticket: Ticket, entry: Entry) -> Action {
        let deadline = entry.deadline;
        let mut visits = vec![(ticket, entry)];
        while visits.len() < MAX_BATCH_VISITS {
            let Some(oldest) = self.parked.pop_front() else { break };
            visits.push(oldest);
        }
        self.send(visits, deadline)
    }

    fn send(&mut self, visits: Vec<(Ticket, Entry)>, deadline: u64) -> Action {
        self.sequence = self.sequence.saturating_add(1);
        self.lead = Lead::Posting { sequence: self.sequence, lapses: deadline.saturating_add(LEAD_GRACE_MS) };
        Action::Post(Posting { sequence: self.sequence, deadline, visits, tallies: std::mem::take(&mut self.tallies) })
    }

    /// Answers the visits of a POST, and hands on the lead unless it has lapsed and is somebody else's by now.
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
        if matches!(self.lead, Lead::Posting { sequence, .. } if sequence == ended.sequence) {
            self.hand_on(now, &mut actions);
        }
        actions
    }
}

/// Why a visit that has no line in the receipt of its batch cannot be answered.
fn short_receipt() -> Failure {
    Failure::Broken("the shard's receipt is too short".to_owned())
}
