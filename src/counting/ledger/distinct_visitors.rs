//! The visitors of the day, and the views without one.
//!
//! Hashes of a day are kept for that day only; after it, only their number is left. The same holds for marks: hashes of a visitor
//! together with an hour, a page, or both, which tell the visitors of hours and pages apart. The shard's [`Sets`] have both.

use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::model::date::Day;
use crate::counting::model::visitor::{VisitorHash, Withheld};
use crate::counting::protocol::row::News;
use crate::counting::storage::{Sql, StorageError};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// The most visitors of one day, half as many as the marks: most visitors leave two or more. Views of further visitors count without a
/// visitor, as [`Withheld::Full`].
pub const MAX_VISITORS: u64 = 25_000_000;

/// The most marks of one day, as many as the ids of a shard. In a shard that is full of ids, visitors and marks, their filters would take more than
/// they may ([`MemoryBudget`](crate::counting::ledger::sets::memory_budget::MemoryBudget)), and some lookups read rows instead. Beyond them a visitor
/// counts for the site's day only, and the view counts as [`CROWDED`].
pub const MAX_MARKS: u64 = 50_000_000;

/// The number in the table `withheld` of views whose visitor counts for the day, but not for its hour and page.
pub(crate) const CROWDED: u64 = 4;

/// The visitors of the day, and the views without one.
#[derive(Debug, Default)]
pub(crate) struct DistinctVisitors {
    /// The latest day that began.
    day: Day,
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
    /// The latest day that began, as it is in the tables.
    pub(crate) fn stored(day: Day) -> Self {
        Self { day, ..Self::default() }
    }

    /// The latest day that began.
    pub(crate) fn day(&self) -> Day {
        self.day
    }

    /// Begins a day, if it is later: the number of visitors of the one before stays, and the next checkpoint drops their hashes.
    pub(crate) fn begin(&mut self, sets: &Sets, day: Day) {
        if day <= self.day {
            return;
        }
        let visitors = sets.len(SetKind::Visitors, self.day.into());
        if visitors > 0 {
            self.over.push((self.day, visitors));
        }
        self.day = day;
        self.day_is_news = true;
    }

    /// Finds out where a visitor of the last day that began is new. The keys are those of [`keys_of`].
    pub(crate) fn look(&self, sets: &mut Sets, sql: &dyn Sql, keys: &[u64; 4]) -> Result<News, StorageError> {
        let day = self.day.into();
        let [visitor, marks @ ..] = keys;
        let mut news = News::default();
        if !sets.contains(sql, SetKind::Visitors, day, *visitor)? {
            if sets.len(SetKind::Visitors, day) >= MAX_VISITORS {
                return Ok(News::FULL);
            }
            news = News::TODAY;
        }
        // A visitor who is new today has left no marks. So these need not be looked up, which may read a row each.
        let is_newcomer = news.has(News::TODAY);
        let mut held = sets.len(SetKind::Marks, day);
        for (mark, new) in marks.iter().zip(MARKS) {
            if is_newcomer || !sets.contains(sql, SetKind::Marks, day, *mark)? {
                news = news.and(if held < MAX_MARKS { new } else { News::CROWDED });
                held = held.saturating_add(1);
            }
        }
        Ok(news)
    }

    /// Counts a view of a visitor of the last day that began.
    pub(crate) fn count(&mut self, news: News) {
        if news.has(News::FULL) {
            self.withhold(self.day, Withheld::Full);
        }
        if news.has(News::CROWDED) {
            match self.crowded.iter_mut().find(|(day, _)| *day == self.day) {
                Some((_, views)) => *views = views.saturating_add(1),
                None => self.crowded.push((self.day, 1)),
            }
        }
    }

    /// Remembers a visitor of the last day that began, as far as it is new.
    pub(crate) fn remember(&self, sets: &mut Sets, news: News, keys: &[u64; 4]) {
        let day = self.day.into();
        let [visitor, marks @ ..] = keys;
        if news.has(News::TODAY) {
            sets.insert(SetKind::Visitors, day, *visitor);
        }
        for (mark, _) in marks.iter().zip(MARKS).filter(|(_, new)| news.has(*new)) {
            sets.insert(SetKind::Marks, day, *mark);
        }
    }

    /// Counts a view of a day without a visitor.
    pub(crate) fn withhold(&mut self, day: Day, why: Withheld) {
        match self.withheld.iter_mut().find(|(of, because, _)| *of == day && *because == why) {
            Some((_, _, views)) => *views = views.saturating_add(1),
            None => self.withheld.push((day, why, 1)),
        }
    }

    /// The visitors of a day, besides those in the tables.
    pub(crate) fn visitors(&self, sets: &Sets, day: Day) -> u64 {
        if day == self.day {
            return sets.len(SetKind::Visitors, day.into());
        }
        self.over.iter().find(|(over, _)| *over == day).map_or(0, |(_, visitors)| *visitors)
    }

    /// Views of a day without a visitor, besides those in the tables.
    pub(crate) fn withheld(&self, day: Day, why: Withheld) -> u64 {
        self.withheld.iter().find(|(of, because, _)| *of == day && *because == why).map_or(0, |(_, _, views)| *views)
    }

    /// Whether the tables lack any of this.
    pub(crate) fn has_news(&self) -> bool {
        self.day_is_news || !self.over.is_empty() || !self.withheld.is_empty()
    }

    /// Whether the tables have hashes of an earlier day, if of any.
    pub(crate) fn is_new_day(&self) -> bool {
        self.day_is_news
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
        self.crowded.clear();
        self.over.clear();
        self.withheld.clear();
        self.day_is_news = false;
    }
}

/// What each mark tells, if it is new.
const MARKS: [News; 3] = [News::HOUR, News::PAGE_TODAY, News::PAGE_HOUR];

/// The keys of a visitor and of the three marks that a view of a page in an hour leaves.
pub(crate) fn keys_of(sets: &Sets, visitor: VisitorHash, page: &str, hour: u64) -> [u64; 4] {
    [visitor.0, mark(visitor, "", hour), mark(visitor, page, ALL_DAY), mark(visitor, page, hour)].map(|element| sets.key(element))
}

/// Stands in place of an hour in the marks of a whole day.
const ALL_DAY: u64 = u64::MAX;

/// The mark of a visitor: SipHash-2-4 (Aumasson and Bernstein, 2012), keyed with the visitor's hash, which needs the day's salt.
fn mark(VisitorHash(visitor): VisitorHash, page: &str, hour: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(visitor, hour);
    hasher.write(page.as_bytes());
    hasher.finish()
}
