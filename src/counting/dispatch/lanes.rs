//! Lanes from one isolate to one shard: when the next POST may leave. Each lane has batch numbers of its own.
//!
//! Usually one POST is on its way at a time, in the first lane, so that batches grow with the load. Once a POST has been on its way for
//! [`SLOW_MS`], the next one leaves in the next lane. So a lost answer, or a leader that was killed, delays the visits behind it by that
//! time, and not until its deadline.
//!
//! To a shard, each lane is an isolate of its own ([`lane_name`]). The shard remembers the last batch of each lane, which makes retries exact.

use crate::counting::dispatch::ticket::{MAX_DEADLINE_MS, Ticket};
use std::collections::VecDeque;

/// The lanes from an isolate to a shard. Three POSTs may be stuck, and a fourth still leaves. A shard that is slow because of its load gets
/// at most four times as many calls.
pub const LANES: usize = 4;

/// How long a POST is on its way before another may leave beside it, in milliseconds: ten times as long as a shard nearby takes, and longer
/// than a round trip around the world.
pub const SLOW_MS: u64 = 250;

/// How long after its leader's deadline a POST counts as abandoned, in milliseconds. A leader that is alive ends its POST
/// at its deadline. This covers a late timer.
pub const LEAD_GRACE_MS: u64 = 1_000;

/// The longest lead, in milliseconds: the longest deadline, and the grace.
const MAX_LEAD_MS: u64 = MAX_DEADLINE_MS + LEAD_GRACE_MS;

/// How long a parked visit waits before it looks again whether it may post, in milliseconds, while all lanes are taken. Usually a POST that
/// ends wakes the next leader. If that one was killed, or a killed leader's POST is not slow yet, nobody wakes the others.
pub const LOOK_AGAIN_MS: u64 = 4 * SLOW_MS;

/// How long a visit that was handed the lead may take to post, in milliseconds. It posts in its next turn. A visit that
/// has not posted by then is gone, or begins again.
pub const HANDOVER_MS: u64 = SLOW_MS;

/// The most visits that are remembered to have lost the lead.
const MAX_LOST: usize = 16;

/// The name by which a shard knows a lane of an isolate. The name of an isolate is 128 random bits, so no two lanes have one name.
pub(crate) fn lane_name(isolate: u128, lane: u8) -> u128 {
    isolate ^ u128::from(lane)
}

#[derive(Clone, Copy, Debug, Default)]
enum Lead {
    /// No POST is on its way.
    #[default]
    Free,
    /// This visit was told to post. Its lead lapses at this time if it has not.
    Handed(Ticket, u64),
    /// A POST is on its way. Other visits wait for it until `slow`. It lapses at `lapses` if it has not ended.
    Posting { slow: u64, lapses: u64 },
}

#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    lead: Lead,
    /// The number of its last batch.
    sequence: u64,
}

impl Lane {
    fn is_free(&self, now: u64) -> bool {
        match self.lead {
            Lead::Free => true,
            Lead::Handed(_, lapses) | Lead::Posting { lapses, .. } => lapses < now,
        }
    }

    /// Until when other visits wait for the lane, and until when it is taken.
    fn until(&self) -> (u64, u64) {
        match self.lead {
            Lead::Free => (0, 0),
            Lead::Handed(_, lapses) => (lapses, lapses),
            Lead::Posting { slow, lapses } => (slow, lapses),
        }
    }

    /// Shortens times that a clock set while it was ahead.
    fn shorten(&mut self, now: u64) {
        let (soon, at_last) = (now.saturating_add(SLOW_MS), now.saturating_add(MAX_LEAD_MS));
        match &mut self.lead {
            Lead::Free => {}
            Lead::Handed(_, lapses) => *lapses = soon.min(*lapses),
            Lead::Posting { slow, lapses } => (*slow, *lapses) = (soon.min(*slow), at_last.min(*lapses)),
        }
    }
}

/// The lanes of one isolate to one shard.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: [Lane; LANES],
    /// How many leads lapsed.
    lapsed: u64,
    /// Visits that lost the lead before they took it. They may not know yet that they had it.
    lost: VecDeque<Ticket>,
}

impl Lanes {
    /// The time after which a visit may post, if nothing happens until then: a lane is free, and no POST is waited for.
    pub(crate) fn next_chance(&self) -> u64 {
        let until = self.lanes.iter().map(Lane::until);
        let (fresh, taken) = until.fold((0, u64::MAX), |(fresh, taken), (slow, lapses)| (slow.max(fresh), lapses.min(taken)));
        fresh.max(taken)
    }

    /// Whether a visit may post now.
    pub(crate) fn is_open(&mut self, now: u64) -> bool {
        if self.lanes.iter().all(|lane| matches!(lane.lead, Lead::Free)) {
            return true;
        }
        self.lanes.iter_mut().for_each(|lane| lane.shorten(now));
        self.next_chance() < now
    }

    /// Begins a POST in the first free lane, and returns the lane and the number. The deadline is the leader's.
    pub(crate) fn post(&mut self, now: u64, deadline: u64) -> Option<(u8, u64)> {
        let at = self.lanes.iter().position(|lane| lane.is_free(now))?;
        self.begin(at, now, deadline)
    }

    /// The same for a visit that was handed the lead; `None` if it does not have it any more.
    pub(crate) fn post_handed(&mut self, ticket: Ticket, now: u64, deadline: u64) -> Option<(u8, u64)> {
        let at = self.handed(ticket)?;
        let lapsed = self.lanes.get(at)?.is_free(now);
        self.take_back(ticket);
        if lapsed { None } else { self.begin(at, now, deadline) }
    }

    fn begin(&mut self, at: usize, now: u64, deadline: u64) -> Option<(u8, u64)> {
        let lane = self.lanes.get_mut(at)?;
        let lapses = deadline.saturating_add(LEAD_GRACE_MS);
        lane.sequence = lane.sequence.saturating_add(1);
        let before = std::mem::replace(&mut lane.lead, Lead::Posting { slow: now.saturating_add(SLOW_MS).min(lapses), lapses });
        let sequence = lane.sequence;
        self.took_over(before);
        Some((u8::try_from(at).ok()?, sequence))
    }

    /// Notes that a lead was taken over. A visit that had it and is forgotten here, because too many did, is taken for one in a batch.
    fn took_over(&mut self, before: Lead) {
        if let Lead::Handed(ticket, _) = before {
            self.lost.truncate(MAX_LOST.saturating_sub(1));
            self.lost.push_front(ticket);
        }
        self.lapsed = self.lapsed.saturating_add(u64::from(!matches!(before, Lead::Free)));
    }

    /// Notes that the POST with this number ended. A later POST of its lane goes on.
    pub(crate) fn ended(&mut self, lane: u8, sequence: u64) {
        if let Some(lane) = self.lanes.get_mut(usize::from(lane))
            && lane.sequence == sequence
            && matches!(lane.lead, Lead::Posting { .. })
        {
            lane.lead = Lead::Free;
        }
    }

    /// Hands the lead of the first free lane to a visit.
    pub(crate) fn hand(&mut self, ticket: Ticket, now: u64) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.is_free(now)) {
            let before = std::mem::replace(&mut lane.lead, Lead::Handed(ticket, now.saturating_add(HANDOVER_MS)));
            self.took_over(before);
        }
    }

    /// Takes the lead back from a visit. Returns whether it had been handed the lead, and so is in no batch.
    pub(crate) fn take_back(&mut self, ticket: Ticket) -> bool {
        if let Some(at) = self.lost.iter().position(|lost| *lost == ticket) {
            self.lost.remove(at);
            return true;
        }
        let lane = self.handed(ticket).and_then(|at| self.lanes.get_mut(at));
        lane.map(|lane| lane.lead = Lead::Free).is_some()
    }

    /// Whether a visit was handed the lead, and has not posted.
    pub(crate) fn was_handed(&self, ticket: Ticket) -> bool {
        self.handed(ticket).is_some() || self.lost.contains(&ticket)
    }

    fn handed(&self, ticket: Ticket) -> Option<usize> {
        self.lanes.iter().position(|lane| matches!(lane.lead, Lead::Handed(to, _) if to == ticket))
    }

    /// How many leads another visit took over because their leader was gone.
    pub(crate) fn lapsed(&self) -> u64 {
        self.lapsed
    }
}
