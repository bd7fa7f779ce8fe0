//! What is counted by the hour, and what of it the tables do not have yet.

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Views.
    pub views: u64,
    /// Visitors of the hour.
    pub visitors: u64,
    /// Those of them who were new on their day.
    pub newcomers: u64,
}

impl Counts {
    fn plus(self, more: Self) -> Self {
        Self {
            views: self.views.saturating_add(more.views),
            visitors: self.visitors.saturating_add(more.visitors),
            newcomers: self.newcomers.saturating_add(more.newcomers),
        }
    }
}

/// Counts by hour since 1970. An hour may stand here twice, if clocks went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<(u64, Counts)>);

impl Hours {
    /// Adds to an hour, most often the last.
    pub fn add(&mut self, hour: u64, more: Counts) {
        match self.0.last_mut() {
            Some((last, counts)) if *last == hour => *counts = counts.plus(more),
            _ => self.0.push((hour, more)),
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
