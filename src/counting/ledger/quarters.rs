//! Counts by time, as far as the tables do not have them yet.
//!
//! The unit is a quarter of an hour, because the days of every time zone begin with one. Hours and days are sums of quarters.

/// The quarters of an hour.
pub(crate) const HOUR: u64 = 4;

/// The quarters of a day.
pub(crate) const DAY: u64 = 24 * HOUR;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Views.
    pub views: u64,
    /// Visitors who are new in their hour.
    pub visitors: u64,
    /// Those visitors who are new on their day.
    pub newcomers: u64,
}

impl Counts {
    /// The sum of both.
    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            views: self.views.saturating_add(more.views),
            visitors: self.visitors.saturating_add(more.visitors),
            newcomers: self.newcomers.saturating_add(more.newcomers),
        }
    }
}

/// Counts by quarter, counted from 1970. There are few: quarters since the last fold, and of the day before for late visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quarters(Vec<(u64, Counts)>);

impl Quarters {
    /// Adds to a quarter, usually the last.
    pub(crate) fn add(&mut self, quarter: u64, more: Counts) {
        match self.0.iter_mut().rev().find(|(known, _)| *known == quarter) {
            Some((_, counts)) => *counts = counts.plus(more),
            None => self.0.push((quarter, more)),
        }
    }

    /// All quarters with their counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Counts)> {
        self.0.iter().copied()
    }

    /// The sum of all views.
    pub(crate) fn views(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, counts)| sum.saturating_add(counts.views))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops all counts, because the tables have them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
