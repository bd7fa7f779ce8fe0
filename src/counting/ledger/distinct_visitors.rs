//! The visitors of the day, and the views without one.
//!
//! Hashes of a day are kept for that day only; after it, only their number is left. The same holds for marks: hashes of a visitor
//! together with an hour, a page, or both, which tell the visitors of hours and pages apart.

use crate::counting::model::date::Day;
use crate::counting::model::visitor::{VisitorHash, Withheld};
use siphasher::sip::SipHasher24;
use std::collections::HashSet;
use std::hash::Hasher;

/// The most visitors of one day. A set takes 9 bytes a slot and doubles at 7/8 of 2^n: 1,800,000 hashes take 19 MB, or
/// 28 MB while the set grows. Views of further visitors count without a visitor, as [`Withheld::Full`].
pub const MAX_VISITORS: usize = 1_800_000;

/// The most marks of one day, which take as much memory as that many visitors. Beyond them a visitor counts for the site's day only,
/// and the view counts as [`CROWDED`].
pub(crate) const MAX_MARKS: usize = 1_800_000;

/// The number in the table `withheld` of views whose visitor counts for the day, but not for its hour and page.
pub(crate) const CROWDED: u64 = 4;

/// Where a visitor is new: each number is 1 or 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// For the site, today.
    pub today: u64,
    /// For the site, in this hour.
    pub hour: u64,
    /// For the page, today.
    pub page_today: u64,
    /// For the page, in this hour.
    pub page_hour: u64,
}

/// The visitors of the day, and the views without one.
#[derive(Debug, Default)]
pub(crate) struct DistinctVisitors {
    /// The latest day that began.
    day: Day,
    today: HashSet<VisitorHash>,
    /// Those of `today` that are not in the tables yet.
    waiting: Vec<VisitorHash>,
    marks: HashSet<u64>,
    /// Those of `marks` that are not in the tables yet.
    marks_waiting: Vec<u64>,
    /// Views of the day by [`CROWDED`] that the tables do not count yet.
    crowded: Vec<(Day, u64)>,
    /// Visitors of days that are over, where the tables do not have them yet.
    over: Vec<(Day, u64)>,
    /// Views without a visitor that the tables do not count yet.
    withheld: Vec<(Day, Withheld, u64)>,
    /// Whether `day` is newer than in the tables.
    day_is_news: bool,
}

impl DistinctVisitors {
    /// The day and its hashes, as they are in the tables.
    pub(crate) fn stored(day: Day, hashes: impl Iterator<Item = VisitorHash>, marks: impl Iterator<Item = u64>) -> Self {
        Self { day, today: hashes.collect(), marks: marks.collect(), ..Self::default() }
    }

    /// The latest day that began.
    pub(crate) fn day(&self) -> Day {
        self.day
    }

    /// Begins a day, if it is later: the hashes of the one before go, their number stays.
    pub(crate) fn begin(&mut self, day: Day) {
        if day <= self.day {
            return;
        }
        if !self.today.is_empty() {
            self.over.push((self.day, how_many(&self.today)));
        }
        self.today = HashSet::new();
        self.waiting.clear();
        self.marks = HashSet::new();
        self.marks_waiting.clear();
        self.day = day;
        self.day_is_news = true;
    }

    /// Counts a visitor of the last day that began, for a view of a page in an hour.
    pub(crate) fn count(&mut self, hash: VisitorHash, page: &str, hour: u64) -> News {
        let known = self.today.contains(&hash);
        if !known && self.today.len() >= MAX_VISITORS {
            self.withhold(self.day, Withheld::Full);
            return News::default();
        }
        if !known {
            self.today.insert(hash);
            self.waiting.push(hash);
        }
        let marks = [mark(hash, "", hour), mark(hash, page, ALL_DAY), mark(hash, page, hour)].map(|mark| self.mark(mark));
        if marks.contains(&None) {
            match self.crowded.iter_mut().find(|(day, _)| *day == self.day) {
                Some((_, views)) => *views = views.saturating_add(1),
                None => self.crowded.push((self.day, 1)),
            }
        }
        let [hour, page_today, page_hour] = marks.map(|new| u64::from(new == Some(true)));
        News { today: u64::from(!known), hour, page_today, page_hour }
    }

    /// Adds a mark, and says whether it is new; `None` where there is no room for it.
    fn mark(&mut self, mark: u64) -> Option<bool> {
        if self.marks.contains(&mark) {
            return Some(false);
        }
        if self.marks.len() >= MAX_MARKS {
            return None;
        }
        self.marks.insert(mark);
        self.marks_waiting.push(mark);
        Some(true)
    }

    /// Counts a view of a day without a visitor.
    pub(crate) fn withhold(&mut self, day: Day, why: Withheld) {
        match self.withheld.iter_mut().find(|(of, because, _)| *of == day && *because == why) {
            Some((_, _, views)) => *views = views.saturating_add(1),
            None => self.withheld.push((day, why, 1)),
        }
    }

    /// The visitors of a day, besides those in the tables.
    pub(crate) fn visitors(&self, day: Day) -> u64 {
        if day == self.day {
            return how_many(&self.today);
        }
        self.over.iter().find(|(over, _)| *over == day).map_or(0, |(_, visitors)| *visitors)
    }

    /// The marks of the last day that began.
    pub(crate) fn marks(&self) -> usize {
        self.marks.len()
    }

    /// Views of a day without a visitor, besides those in the tables.
    pub(crate) fn withheld(&self, day: Day, why: Withheld) -> u64 {
        self.withheld.iter().find(|(of, because, _)| *of == day && *because == why).map_or(0, |(_, _, views)| *views)
    }

    /// Whether the tables lack any of this.
    pub(crate) fn has_news(&self) -> bool {
        self.day_is_news || !self.waiting.is_empty() || !self.over.is_empty() || !self.withheld.is_empty()
    }

    /// Whether the tables have hashes of an earlier day, if of any.
    pub(crate) fn is_new_day(&self) -> bool {
        self.day_is_news
    }

    /// The hashes that the tables do not have.
    pub(crate) fn waiting(&self) -> &[VisitorHash] {
        &self.waiting
    }

    /// The marks that the tables do not have.
    pub(crate) fn marks_waiting(&self) -> &[u64] {
        &self.marks_waiting
    }

    /// The views of days by [`CROWDED`] that the tables do not have.
    pub(crate) fn crowded(&self) -> impl Iterator<Item = (Day, u64)> {
        self.crowded.iter().copied()
    }

    /// The days that are over, with their visitors, where the tables do not have them.
    pub(crate) fn over(&self) -> impl Iterator<Item = (Day, u64)> {
        self.over.iter().copied()
    }

    /// Views without a visitor that the tables do not have.
    pub(crate) fn all_withheld(&self) -> impl Iterator<Item = (Day, Withheld, u64)> {
        self.withheld.iter().copied()
    }

    /// Notes that the tables have everything.
    pub(crate) fn all_stored(&mut self) {
        self.waiting.clear();
        self.marks_waiting.clear();
        self.crowded.clear();
        self.over.clear();
        self.withheld.clear();
        self.day_is_news = false;
    }
}

/// Stands in place of an hour in the marks of a whole day.
const ALL_DAY: u64 = u64::MAX;

/// The mark of a visitor: SipHash-2-4 (Aumasson and Bernstein, 2012), keyed with the visitor's hash, which needs the day's salt.
fn mark(VisitorHash(visitor): VisitorHash, page: &str, hour: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(visitor, hour);
    hasher.write(page.as_bytes());
    hasher.finish()
}

fn how_many(set: &HashSet<VisitorHash>) -> u64 {
    u64::try_from(set.len()).unwrap_or(u64::MAX)
}
