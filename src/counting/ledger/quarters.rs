//! What is counted by time, and what of it the tables do not have yet.
//!
//! The unit is a quarter of an hour: wherever a time zone is, its days begin with one. Hours and days are sums of quarters.

/// Quarters of an hour.
pub const HOUR: u64 = 4;

/// Quarters of a day.
pub const DAY: u64 = 24 * HOUR;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Views.
    pub views: u64,
    /// Visitors of the hour: those who had not come earlier in it.
    pub visitors: u64,
    /// Those of them who were new on their day.
    pub newcomers: u64,
}

impl Counts {
    /// Both together.
    pub fn plus(self, more: Self) -> Self {
        Self {
            views: self.views.saturating_add(more.views),
            visitors: self.visitors.saturating_add(more.visitors),
            newcomers: self.newcomers.saturating_add(more.newcomers),
        }
    }
}

/// Counts by quarter since 1970. There are few: those since the last checkpoint, and those of a day before where visits came late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarters(Vec<(u64, Counts)>);

impl Quarters {
    /// Adds to a quarter, most often the last.
    pub fn add(&mut self, quarter: u64, more: Counts) {
        match self.0.iter_mut().rev().find(|(known, _)| *known == quarter) {
            Some((_, counts)) => *counts = counts.plus(more),
            None => self.0.push((quarter, more)),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Counts)> {
        self.0.iter().copied()
    }

    /// All views together.
    pub fn views(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, counts)| sum.saturating_add(counts.views))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything is in the tables now.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
