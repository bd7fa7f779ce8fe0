//! The visitors of the day, and the views that have none.
//!
//! Hashes of a day are kept for that day only; then their number is all that is left.

use crate::counting::days::Day;
use crate::counting::visitor::{VisitorHash, Withheld};
use std::collections::HashSet;

/// The most visitors of one day. A set takes 9 bytes a slot and doubles at 7/8 of 2^n: 1,800,000 hashes take 19 MB, or
/// 28 MB while the set grows. Views of further visitors count, and are told apart as [`Withheld::Full`].
pub const MAX_VISITORS: usize = 1_800_000;

/// Who came.
#[derive(Debug, Default)]
pub struct People {
    /// The latest day that began.
    day: Day,
    today: HashSet<VisitorHash>,
    /// Those of `today` that are not in the tables yet.
    waiting: Vec<VisitorHash>,
    /// Visitors of days that are over, where the tables do not say so yet.
    over: Vec<(Day, u64)>,
    /// Views without a visitor that the tables do not count yet.
    withheld: Vec<(Day, Withheld, u64)>,
    /// Whether `day` is newer than in the tables.
    day_is_news: bool,
}

impl People {
    /// The day and its hashes, as they are in the tables.
    pub fn stored(day: Day, hashes: impl Iterator<Item = VisitorHash>) -> Self {
        Self { day, today: hashes.collect(), ..Self::default() }
    }

    /// The latest day that began.
    pub fn day(&self) -> Day {
        self.day
    }

    /// Begins a day, if it is later: the hashes of the one before go, their number stays.
    pub fn begin(&mut self, day: Day) {
        if day <= self.day {
            return;
        }
        if !self.today.is_empty() {
            self.over.push((self.day, number(&self.today)));
        }
        self.today = HashSet::new();
        self.waiting.clear();
        self.day = day;
        self.day_is_news = true;
    }

    /// Counts a visitor of the day that began last.
    pub fn come(&mut self, hash: VisitorHash) {
        if self.today.contains(&hash) {
            return;
        }
        if self.today.len() >= MAX_VISITORS {
            self.withhold(self.day, Withheld::Full);
            return;
        }
        self.today.insert(hash);
        self.waiting.push(hash);
    }

    /// Counts a view of a day without a visitor.
    pub fn withhold(&mut self, day: Day, why: Withheld) {
        match self.withheld.iter_mut().find(|(of, because, _)| *of == day && *because == why) {
            Some((_, _, views)) => *views = views.saturating_add(1),
            None => self.withheld.push((day, why, 1)),
        }
    }

    /// The visitors of a day, unless only the tables know.
    pub fn visitors(&self, day: Day) -> Option<u64> {
        if day == self.day {
            return Some(number(&self.today));
        }
        self.over.iter().find(|(over, _)| *over == day).map(|(_, visitors)| *visitors)
    }

    /// Views of a day without a visitor, besides those in the tables.
    pub fn withheld(&self, day: Day, why: Withheld) -> u64 {
        self.withheld.iter().find(|(of, because, _)| *of == day && *because == why).map_or(0, |(_, _, views)| *views)
    }

    /// Whether the tables do not know all of this.
    pub fn has_news(&self) -> bool {
        self.day_is_news || !self.waiting.is_empty() || !self.over.is_empty() || !self.withheld.is_empty()
    }

    /// The hashes that the tables do not have.
    pub fn waiting(&self) -> &[VisitorHash] {
        &self.waiting
    }

    /// The days that are over, with their visitors, where the tables do not have them.
    pub fn over(&self) -> impl Iterator<Item = (Day, u64)> {
        self.over.iter().copied()
    }

    /// Views without a visitor that the tables do not have.
    pub fn all_withheld(&self) -> impl Iterator<Item = (Day, Withheld, u64)> {
        self.withheld.iter().copied()
    }

    /// The tables have everything now.
    pub fn all_stored(&mut self) {
        self.waiting.clear();
        self.over.clear();
        self.withheld.clear();
        self.day_is_news = false;
    }
}

fn number(set: &HashSet<VisitorHash>) -> u64 {
    u64::try_from(set.len()).unwrap_or(u64::MAX)
}
