//! The recent activity of a shard, in memory: views by minute, and visitors by the minute of their last view.
//!
//! A checkpoint writes it into one row, and the journal has everything since, so a restart of the object loses nothing of it.

use crate::counting::live::pulse::{MINUTES, PRESENT_MINUTES, Pulse, add};
use crate::counting::model::minute::{Minute, minute_of};
use crate::counting::model::visitor::VisitorHash;
use std::collections::HashMap;

/// The most visitors that are told apart at a time. They take 4 MB of memory, and 1.6 MB of the 2 MB that a row may have. Further
/// visitors do not count as present, so the number is a lower bound.
pub const MAX_PRESENT: usize = 100_000;

/// The recent activity of one shard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecentActivity {
    /// The last minute in which something was counted, since 1970.
    minute: u64,
    /// Views by minute, up to that one.
    views: Vec<u64>,
    /// Visitors by the minute of their last view, up to that one.
    people: Vec<u64>,
    /// The minute of the last view of each visitor in `people`, except visitors of a day that is over.
    last: HashMap<VisitorHash, u64>,
}

impl Default for RecentActivity {
    fn default() -> Self {
        Self { minute: 0, views: vec![0; MINUTES], people: vec![0; PRESENT_MINUTES], last: HashMap::new() }
    }
}

impl RecentActivity {
    /// Counts views that were made in a minute, and the visitor who made them. They arrive at `at`, in milliseconds since 1970.
    pub(crate) fn count(&mut self, views: u64, visitor: Option<VisitorHash>, made: Minute, at: u64) {
        self.advance(minute_of(at));
        // Around midnight the minute is moved into the visit's own day, so it may lie ahead.
        let made = u64::from(made).min(self.minute);
        if let Some(then) = minutes_ago(&mut self.views, self.minute.saturating_sub(made)) {
            *then = then.saturating_add(views);
        }
        let Some(visitor) = visitor else { return };
        let before = self.last.get(&visitor).copied();
        if before >= Some(made) || (before.is_none() && self.last.len() >= MAX_PRESENT) {
            return;
        }
        let Some(then) = minutes_ago(&mut self.people, self.minute.saturating_sub(made)) else { return };
        *then = then.saturating_add(1);
        self.last.insert(visitor, made);
        if let Some(then) = before.and_then(|before| minutes_ago(&mut self.people, self.minute.saturating_sub(before))) {
            *then = then.saturating_sub(1);
        }
    }

    /// Forgets the hashes of visitors, because their day is over. Their number stays.
    pub(crate) fn forget_visitors(&mut self) {
        self.last = HashMap::new();
    }

    /// The activity as a message, at a time in milliseconds since 1970. `version` is the number of the last journal row.
    pub(crate) fn pulse(&self, version: u64, at: u64) -> Pulse {
        let (views, people) = self.up_to(minute_of(at));
        Pulse { shard: 0, at, version, views, people }
    }

    /// As numbers: the minute, the views, the people, and each visitor with the minute of the last view.
    pub(crate) fn to_numbers(&self) -> Vec<u64> {
        let mut numbers = vec![self.minute];
        numbers.extend_from_slice(&self.views);
        numbers.extend_from_slice(&self.people);
        for (visitor, minute) in &self.last {
            numbers.push(visitor.0);
            numbers.push(*minute);
        }
        numbers
    }

    /// Reads the numbers of [`Self::to_numbers`]; `None` if they are others.
    pub(crate) fn from_numbers(numbers: &[u64]) -> Option<Self> {
        let (minute, rest) = numbers.split_first()?;
        let (views, rest) = rest.split_at_checked(MINUTES)?;
        let (people, rest) = rest.split_at_checked(PRESENT_MINUTES)?;
        let mut last = HashMap::new();
        for pair in rest.chunks(2) {
            let [visitor, minute] = pair else { return None };
            last.insert(VisitorHash(*visitor), *minute);
        }
        Some(Self { minute: *minute, views: views.to_vec(), people: people.to_vec(), last })
    }

    /// The views and the visitors by minute, up to this one.
    fn up_to(&self, minute: u64) -> (Vec<u64>, Vec<u64>) {
        let Self { mut views, mut people, .. } = Self::default();
        add(&mut views, minute, &self.views, self.minute);
        add(&mut people, minute, &self.people, self.minute);
        (views, people)
    }

    /// Moves on to a minute. A clock may go back by a minute, and nothing moves. One that goes back further was wrong, and all begins anew.
    fn advance(&mut self, minute: u64) {
        if minute.saturating_add(1) < self.minute {
            *self = Self { minute, ..Self::default() };
        }
        if minute <= self.minute {
            return;
        }
        (self.views, self.people) = self.up_to(minute);
        self.minute = minute;
        let present = u64::try_from(PRESENT_MINUTES).unwrap_or(0);
        self.last.retain(|_, last| last.saturating_add(present) > minute);
    }
}

/// The number for the minute that many minutes ago, if it is kept.
fn minutes_ago(numbers: &mut [u64], minutes: u64) -> Option<&mut u64> {
    numbers.iter_mut().rev().nth(usize::try_from(minutes).unwrap_or(usize::MAX))
}
