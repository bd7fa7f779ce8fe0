//! Who posts a batch now, who waits, and for whom: the coalescing of one isolate's visits to one shard.
//!
//! A visit that finds no POST on its way leads: it posts at once, so an idle site adds no wait. A visit that finds one
//! parks. When a POST ends, its leader answers the visits of its batch and hands the lead to a parked visit,
//! which takes the others along as its batch, oldest first. So one POST is on its way at a time, and batches grow with the load;
//! or a few, where one takes long ([`crate::counting::dispatch::lanes`]).
//!
//! In scope: these decisions, as a state machine over tickets. Out of scope: promises, timers and POSTs, which
//! `edge::shard_client` carries out, and retries ([`crate::counting::dispatch::retry`]). Never relied upon: that a leader lives, or that another visit
//! comes by. Each parked visit wakes by itself when it could lead, and takes the lead where nobody else did.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::ticket::{MAX_PARKED, MAX_PARKED_BY_SERVERS, Ticket};
use crate::counting::model::date::Day;
use crate::counting::model::dimensions::Dimensions;

pub use crate::counting::dispatch::lanes::{HANDOVER_MS, LEAD_GRACE_MS};
use crate::counting::dispatch::lanes::{Lanes, SLOW_MS, name};
use crate::counting::model::minute::Minute;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;
use crate::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Tally};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// How long a visit that was handed the lead waits before it posts, in milliseconds: the visits of the batch before are being
/// answered in these turns, and visits that come next leave along. At 64 connections batches then held 30 visits instead of
/// 15 (calls and bytes counted by hand), so half as many calls, rows and fees. A visit that finds nobody posting waits for nothing.
pub const LINGER_MS: u64 = 1;

/// Seconds after which a visit that found [`MAX_PARKED`] others should be sent again.
pub const RETRY_AFTER_S: u32 = 1;

/// Places of a full batch that visits which servers sent keep, where visits that pages sent would fill it.
const SERVERS_PART: usize = MAX_BATCH_VISITS / 4;

/// What a batch needs to know of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its page.
    pub page: String,
    /// What else is counted about it.
    pub details: Dimensions,
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
    /// Whether a server sent it, for a visit that somebody else made. One server may send as many as it likes.
    pub by_server: bool,
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
    /// The timer of a parked visit rang. `Entry` is its own.
    Rang(Ticket, Entry),
    /// Tallies have waited for a batch long enough. Their POST must be done at `deadline`.
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
    /// Wait for an answer or the lead, and report [`Event::Rang`] if neither has come by then.
    Park {
        /// In milliseconds since 1970; the visit's deadline, or earlier.
        until: u64,
    },
    /// Answer this visit of the POST that ended, or the visit that reported.
    Answer(Ticket, Result<Counted, Failure>),
    /// Tell this parked visit to lead.
    Lead(Ticket),
}

/// A batch on its way: the visits, and what is needed to answer them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The lane that it goes in.
    pub lane: u8,
    /// Its number in its lane, increasing.
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
        let isolate = name(isolate, self.lane);
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

/// The state of one isolate towards one shard.
#[derive(Debug, Default)]
pub struct Batcher {
    lanes: Lanes,
    /// By ticket, the oldest first: tickets are handed out in the order of arrival.
    parked: VecDeque<(Ticket, Entry)>,
    /// How many of the parked visits servers sent.
    parked_by_servers: usize,
    /// What was not counted since the last batch.
    tallies: Vec<Tally>,
}

impl Batcher {
    /// Takes an event and says what to do. `now` is in milliseconds since 1970.
    pub fn step(&mut self, event: Event, now: u64) -> Vec<Action> {
        match event {
            Event::Arrived(ticket, entry) => vec![self.arrived(ticket, entry, now)],
            Event::TookLead(ticket, entry) => vec![self.took_lead(ticket, entry, now)],
            Event::Ended(posting, outcome) => self.ended(&posting, &outcome, now),
            Event::Rang(ticket, entry) if entry.deadline <= now => self.gave_up(ticket, now),
            Event::Rang(ticket, entry) => self.rang(ticket, entry, now),
            Event::Flush { deadline } if self.lanes.is_open(now) && !self.tallies.is_empty() => {
                let place = self.lanes.post(now, deadline);
                place.map(|place| self.send(place, Vec::new(), deadline)).into_iter().collect()
            }
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

    /// Leads that another visit took over because their leader was gone.
    pub fn lapsed(&self) -> u64 {
        self.lanes.lapsed()
    }

    /// Visits that wait for a POST.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    fn arrived(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Action {
        if self.lanes.is_open(now)
            && let Some(place) = self.lanes.post(now, entry.deadline)
        {
            self.post(place, ticket, entry)
        } else if self.parked.len() >= MAX_PARKED || entry.by_server && self.parked_by_servers >= MAX_PARKED_BY_SERVERS {
            Action::Answer(ticket, Err(Failure::Busy { retry_after: RETRY_AFTER_S }))
        } else {
            let until = self.until(&entry);
            let at = self.parked.partition_point(|(other, _)| *other < ticket);
            self.parked_by_servers = self.parked_by_servers.saturating_add(usize::from(entry.by_server));
            self.parked.insert(at, (ticket, entry));
            Action::Park { until }
        }
    }

    /// Takes the visit at this place out of the parked.
    fn unpark(&mut self, at: usize) -> Option<(Ticket, Entry)> {
        let (ticket, entry) = self.parked.remove(at)?;
        self.parked_by_servers = self.parked_by_servers.saturating_sub(usize::from(entry.by_server));
        Some((ticket, entry))
    }

    /// When a visit that is parked wakes by itself: when it may post if nothing happens until then, or at its deadline.
    fn until(&self, entry: &Entry) -> u64 {
        self.lanes.next_chance().saturating_add(1).min(entry.deadline)
    }

    fn took_lead(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Action {
        match self.lanes.post_handed(ticket, now, entry.deadline) {
            Some(place) => self.post(place, ticket, entry),
            // Somebody took over in the meantime: the visit is in no batch, so it begins again.
            None => {
                self.lanes.take_back(ticket);
                self.arrived(ticket, entry, now)
            }
        }
    }

    /// Nobody woke this visit, and it has time left.
    fn rang(&mut self, ticket: Ticket, entry: Entry, now: u64) -> Vec<Action> {
        if self.lanes.was_handed(ticket) {
            // It was told to lead in the very turn in which it woke by itself.
            return vec![self.took_lead(ticket, entry, now)];
        }
        let Ok(at) = self.parked.binary_search_by_key(&ticket, |(other, _)| *other) else {
            // It is in a batch whose answer did not come.
            return vec![Action::Park { until: entry.deadline }];
        };
        let hurried = entry.deadline < now.saturating_add(SLOW_MS);
        if hurried && self.parked.iter().any(|(_, other)| other.deadline > entry.deadline) {
            // Its deadline would end the POST for those that have more time: it goes along with one of them.
            let mut actions = vec![Action::Park { until: entry.deadline }];
            self.hand_on(now, &mut actions);
            return actions;
        }
        self.unpark(at);
        vec![self.arrived(ticket, entry, now)]
    }

    /// A visit's deadline has come. A parked visit was never sent, nor was one that was just told to lead; any other is in a batch
    /// whose answer did not come.
    fn gave_up(&mut self, ticket: Ticket, now: u64) -> Vec<Action> {
        let held_lead = self.lanes.take_back(ticket);
        let sent = !held_lead && self.leave(ticket).is_none();
        let mut actions = vec![Action::Answer(ticket, Err(Failure::Deadline { sent }))];
        if held_lead {
            self.hand_on(now, &mut actions);
        }
        actions
    }

    /// Where the lead is open, gives it to the one with the most time left of those who will leave together, the oldest of several; or to
    /// nobody. Were it the oldest in any case, then after a stall a visit with a few milliseconds left would lead, and
    /// fail those that could have waited.
    fn hand_on(&mut self, now: u64, actions: &mut Vec<Action>) {
        if self.parked.is_empty() || !self.lanes.is_open(now) {
            return;
        }
        let mut left = self.room_by_kind(MAX_BATCH_VISITS);
        let leaving = self.parked.iter().enumerate().filter(|(_, (_, entry))| takes_place(&mut left, entry.by_server));
        let next = leaving.max_by_key(|(at, (_, entry))| (entry.deadline, Reverse(*at))).map(|(at, _)| at);
        if let Some((next, _)) = next.and_then(|at| self.unpark(at)) {
            self.lanes.hand(next, now);
            actions.push(Action::Lead(next));
        }
    }

    /// Takes a visit out of the parked, if it is one of them.
    fn leave(&mut self, ticket: Ticket) -> Option<(Ticket, Entry)> {
        let at = self.parked.binary_search_by_key(&ticket, |(other, _)| *other).ok()?;
        self.unpark(at)
    }

    /// Posts for this visit and those that are parked, the oldest first. Where a batch cannot take all of them, visits that pages sent go
    /// before those that servers sent, which keep [`SERVERS_PART`] of the batch: one server's lists must not keep browsers waiting.
    fn post(&mut self, place: (u8, u64), ticket: Ticket, entry: Entry) -> Action {
        let deadline = entry.deadline;
        let mut visits = vec![(ticket, entry)];
        let mut left = self.room_by_kind(MAX_BATCH_VISITS.saturating_sub(1));
        let mut staying = VecDeque::new();
        while left != [0, 0] {
            let Some(oldest) = self.unpark(0) else { break };
            if takes_place(&mut left, oldest.1.by_server) {
                visits.push(oldest);
            } else {
                staying.push_back(oldest);
            }
        }
        // Those that stay are older than the rest of the queue, so they go back to its front, in their order.
        for (ticket, entry) in staying.into_iter().rev() {
            self.parked_by_servers = self.parked_by_servers.saturating_add(usize::from(entry.by_server));
            self.parked.push_front((ticket, entry));
        }
        self.send(place, visits, deadline)
    }

    /// How many of the parked visits have a place in a batch with so much room: those that pages sent, and those that servers sent.
    fn room_by_kind(&self, room: usize) -> [usize; 2] {
        let by_pages = self.parked.len().saturating_sub(self.parked_by_servers);
        let for_pages = by_pages.min(room.saturating_sub(self.parked_by_servers.min(SERVERS_PART)));
        [for_pages, self.parked_by_servers.min(room.saturating_sub(for_pages))]
    }

    fn send(&mut self, (lane, sequence): (u8, u64), visits: Vec<(Ticket, Entry)>, deadline: u64) -> Action {
        Action::Post(Posting { lane, sequence, deadline, visits, tallies: std::mem::take(&mut self.tallies) })
    }

    /// Answers the visits of a POST, and hands on the lead where it is open by that.
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

/// Takes a place of those that are left for pages and for servers; false where there is none.
fn takes_place(left: &mut [usize; 2], by_server: bool) -> bool {
    let [pages, servers] = left;
    let mine = if by_server { servers } else { pages };
    let is_left = *mine > 0;
    *mine = mine.saturating_sub(1);
    is_left
}

/// Why a visit that has no line in the receipt of its batch cannot be answered.
fn short_receipt() -> Failure {
    Failure::Broken("the shard's receipt is too short".to_owned())
}
