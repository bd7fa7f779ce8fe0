//! The visits of one isolate that wait for the POST of another visit to the same shard, the oldest first.

use crate::counting::dispatch::posting::Entry;
use crate::counting::dispatch::ticket::{MAX_PARKED, MAX_PARKED_BY_SERVERS, Ticket};
use crate::counting::protocol::batch::MAX_BATCH_VISITS;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Places of a full batch that are kept for visits that servers sent, even where visits that pages sent would fill it.
const SERVERS_PART: usize = MAX_BATCH_VISITS / 4;

/// The parked visits.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    /// By ticket: tickets are handed out in the order of arrival.
    visits: VecDeque<(Ticket, Entry)>,
    /// How many of them servers sent.
    by_servers: usize,
}

/// How many more visits a batch takes: of those that pages sent, and of those that servers sent.
#[derive(Clone, Copy)]
struct Places {
    for_pages: usize,
    for_servers: usize,
}

impl Places {
    /// Takes a place for a visit; `false` where none is left for its kind.
    fn take(&mut self, by_server: bool) -> bool {
        let left = if by_server { &mut self.for_servers } else { &mut self.for_pages };
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_left
    }

    fn are_taken(self) -> bool {
        self.for_pages == 0 && self.for_servers == 0
    }
}

impl Parked {
    /// How many visits are parked.
    pub(crate) fn len(&self) -> usize {
        self.visits.len()
    }

    /// Whether none is.
    pub(crate) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Whether one more visit may park.
    pub(crate) fn has_room(&self, by_server: bool) -> bool {
        self.visits.len() < MAX_PARKED && !(by_server && self.by_servers >= MAX_PARKED_BY_SERVERS)
    }

    /// Parks a visit.
    pub(crate) fn park(&mut self, ticket: Ticket, entry: Entry) {
        let at = self.visits.partition_point(|(other, _)| *other < ticket);
        self.by_servers = self.by_servers.saturating_add(usize::from(entry.by_server));
        self.visits.insert(at, (ticket, entry));
    }

    /// Whether this visit is parked.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.place_of(ticket).is_some()
    }

    /// Whether a parked visit has a later deadline than this one, in milliseconds since 1970.
    pub(crate) fn has_later_deadline(&self, deadline: u64) -> bool {
        self.visits.iter().any(|(_, other)| other.deadline > deadline)
    }

    /// Takes this visit out; says whether it was parked.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> bool {
        self.place_of(ticket).and_then(|at| self.take(at)).is_some()
    }

    /// Takes out the visits whose deadline has come.
    pub(crate) fn take_late(&mut self, now: u64) -> Vec<Ticket> {
        let mut late = Vec::new();
        if self.visits.iter().any(|(_, entry)| entry.deadline <= now) {
            let by_servers = &mut self.by_servers;
            self.visits.retain(|(ticket, entry)| {
                let is_late = entry.deadline <= now;
                if is_late {
                    late.push(*ticket);
                    *by_servers = by_servers.saturating_sub(usize::from(entry.by_server));
                }
                !is_late
            });
        }
        late
    }

    /// Takes out the visit that leads next: of those that will leave together, the one with the latest deadline, and of several the
    /// oldest. If the oldest always led, then after a stall a visit with a few milliseconds left would lead, and fail visits that could
    /// have waited.
    pub(crate) fn take_leader(&mut self) -> Option<Ticket> {
        let mut places = self.places_in(MAX_BATCH_VISITS);
        let leaving = self.visits.iter().enumerate().filter(|(_, (_, entry))| places.take(entry.by_server));
        let next = leaving.max_by_key(|(at, (_, entry))| (entry.deadline, Reverse(*at))).map(|(at, _)| at)?;
        self.take(next).map(|(ticket, _)| ticket)
    }

    /// Takes out the visits that leave with a leader, the oldest first. Where a batch cannot take all, visits that pages sent go before
    /// those that servers sent, which keep a quarter of the batch: one server's lists must not keep browsers waiting.
    pub(crate) fn take_followers(&mut self) -> Vec<(Ticket, Entry)> {
        let mut places = self.places_in(MAX_BATCH_VISITS.saturating_sub(1));
        let (mut leaving, mut staying) = (Vec::new(), VecDeque::new());
        while !places.are_taken() {
            let Some(oldest) = self.take(0) else { break };
            if places.take(oldest.1.by_server) {
                leaving.push(oldest);
            } else {
                staying.push_back(oldest);
            }
        }
        // Those that stay are older than the rest of the queue, so they go back to its front, in their order.
        for (ticket, entry) in staying.into_iter().rev() {
            self.by_servers = self.by_servers.saturating_add(usize::from(entry.by_server));
            self.visits.push_front((ticket, entry));
        }
        leaving
    }

    fn place_of(&self, ticket: Ticket) -> Option<usize> {
        self.visits.binary_search_by_key(&ticket, |(other, _)| *other).ok()
    }

    fn take(&mut self, at: usize) -> Option<(Ticket, Entry)> {
        let (ticket, entry) = self.visits.remove(at)?;
        self.by_servers = self.by_servers.saturating_sub(usize::from(entry.by_server));
        Some((ticket, entry))
    }

    /// The places that the parked visits get in a batch that takes `room` of them.
    fn places_in(&self, room: usize) -> Places {
        let by_pages = self.visits.len().saturating_sub(self.by_servers);
        let for_pages = by_pages.min(room.saturating_sub(self.by_servers.min(SERVERS_PART)));
        Places { for_pages, for_servers: self.by_servers.min(room.saturating_sub(for_pages)) }
    }
}
