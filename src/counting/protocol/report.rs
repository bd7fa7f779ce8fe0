//! What may be asked about what was counted, and how a shard answers. The answers of all shards of a site are added up.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The most names of one report, the most viewed first. A shard keeps 10,001 pages; a year of referrers may have more.
pub const MAX_NAMES: u32 = 10_001;

/// Hours, counted from 1970, or days: from the first up to the last, which is not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first.
    pub from: u32,
    /// The one after the last.
    pub until: u32,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question<'a> {
    /// Views by the values of one kind of details.
    Dimensions {
        /// The number of the [`crate::counting::model::dimensions::Dimension`].
        kind: u8,
        /// On these days.
        days: Span,
    },
    /// What was not counted on these days, by reason.
    Excluded(Span),
    /// Views without a visitor on these days, by reason: the numbers of [`crate::counting::model::visitor::Withheld::ALL`].
    Withheld(Span),
    /// Views by day of one value of a kind of details.
    Value {
        /// The number of the [`crate::counting::model::dimensions::Dimension`].
        kind: u8,
        /// The value, as it is kept.
        value: &'a str,
        /// On these days.
        days: Span,
    },
    /// From where visits were refused on these days.
    Refused(Span),
    /// A part of a list.
    List {
        /// Of what.
        of: Listed,
        /// Which part.
        slice: Slice<'a>,
    },
    /// Views and visitors by time.
    Times {
        /// Of this page; of the whole site where there is none.
        page: Option<&'a str>,
        /// When.
        times: Times,
        /// In which steps.
        step: Step,
    },
}

/// What is listed, the most viewed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listed {
    /// Pages with their views and visitors in this period.
    Pages(Times),
    /// Pages with all views that they ever had, those without a date as well.
    Totals,
    /// The values of one kind of details with their views.
    Dimensions {
        /// The number of the [`crate::counting::model::dimensions::Dimension`].
        kind: u8,
        /// On these days.
        days: Span,
    },
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice<'a> {
    /// What names must have in them, its ASCII letters small; nothing where it is empty.
    pub part: &'a str,
    /// Lines that are left out before.
    pub skip: u32,
    /// The most lines.
    pub most: u32,
}

/// The most lines that a shard tells of a list at once, where it is to be added up with those of others.
pub const MAX_LISTED: u32 = 50_000;

/// A part of a list that is there as a whole.
pub fn cut(report: Report, slice: &Slice<'_>) -> Report {
    let [skip, most] = [slice.skip, slice.most].map(|lines| usize::try_from(lines).unwrap_or(usize::MAX));
    report.into_iter().skip(skip).take(most).collect()
}

/// A period of a time zone.
///
/// Days whose hours are kept begin when the zone says. Of older ones only the sums of days of UTC are left, which no zone can divide: such
/// a day is the day of the same date in each zone. So a period has two ends: its quarters, and the dates of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Quarters of an hour, counted from 1970.
    pub quarters: Span,
    /// Days.
    pub days: Span,
}

impl Times {
    /// The times of days of UTC from one up to another, which is not included.
    pub fn of_days(days: Span) -> Self {
        let [from, until] = [days.from, days.until].map(|day| day.saturating_mul(DAY));
        Self { quarters: Span { from, until }, days }
    }

    /// Of hours of UTC; a day belongs to them if its first hour does.
    pub fn of_hours(hours: Span) -> Self {
        let [from, until] = [hours.from, hours.until].map(|hour| hour.saturating_mul(HOUR));
        let [first, last] = [hours.from, hours.until].map(|hour| hour.div_ceil(DAY / HOUR));
        Self { quarters: Span { from, until }, days: Span { from: first, until: last } }
    }
}

/// Quarters of an hour and of a day.
pub const HOUR: u32 = 4;
/// Quarters of a day.
pub const DAY: u32 = 24 * HOUR;

/// What is added up before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Nothing: for a zone that is part of an hour off.
    Quarter,
    /// Hours of UTC.
    Hour,
    /// Everything.
    All,
}

/// What is answered: lines in the order of time, or of views where they have names. One shape for all questions, because each
/// further one would be a kilobyte of the Worker.
pub type Report = Vec<Line>;

/// What was counted at a time, or under a name, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The first quarter of an hour, or the day, counted from 1970; 0 for pages and details. For one value of a detail the first hour of
    /// the day.
    pub at: u32,
    /// The number of the reason, for what was not counted or has no visitor. By time, [`WHOLE_DAY`] where `at` is a day; else 0.
    pub reason: u8,
    /// The page or the value of a detail; else empty.
    pub name: String,
    /// Views; or visits that were not counted.
    pub views: u64,
    /// By hour: visitors who came in this hour, whether or not they came in another; by quarter, those who had not come earlier in its
    /// hour. By page: visitors, each once a day (UTC). Of whole days none.
    pub visitors: u64,
    /// By hour: those who had not come earlier on the same day (UTC). Added up over a day these are the day's visitors.
    pub newcomers: u64,
}

/// What a line says in the place of a reason whose `at` is a day.
pub const WHOLE_DAY: u8 = 1;

impl Line {
    fn key(&self) -> (u32, u8, &str) {
        (self.at, self.reason, &self.name)
    }
}

/// The reports of two shards together.
pub fn plus(mut one: Report, two: Report) -> Report {
    if two.is_empty() {
        return one;
    }
    one.extend(two);
    sort(&mut one, |a, b| a.key().cmp(&b.key()));
    let mut sums: Report = Vec::with_capacity(one.len());
    for line in one {
        match sums.last_mut() {
            Some(sum) if sum.key() == line.key() => {
                sum.views = sum.views.saturating_add(line.views);
                sum.visitors = sum.visitors.saturating_add(line.visitors);
                sum.newcomers = sum.newcomers.saturating_add(line.newcomers);
            }
            _ => sums.push(line),
        }
    }
    // Names come by views, as in a shard's own answer.
    if sums.iter().any(|line| !line.name.is_empty()) {
        sort(&mut sums, by_views);
    }
    sums
}

/// The most viewed first.
pub fn by_views(one: &Line, other: &Line) -> Ordering {
    other.views.cmp(&one.views).then_with(|| one.key().cmp(&other.key()))
}

/// Sorts by a pointer, so that sorting is compiled once.
pub fn sort(lines: &mut [Line], order: fn(&Line, &Line) -> Ordering) {
    lines.sort_unstable_by(order);
}

/// How old a report may be, in milliseconds. The tables know what was counted up to the last checkpoint, and a checkpoint for each report would
/// write up to two rows a visit for who looks after each.
pub const FRESH_MS: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up() {
        let hour = |at, views| Line { at, views, visitors: 1, newcomers: 1, ..Line::default() };
        let both = Line { visitors: 2, newcomers: 2, ..hour(3, 9) };
        assert_eq!(plus(vec![hour(1, 2), hour(3, 4)], vec![hour(0, 1), hour(3, 5)]), [hour(0, 1), hour(1, 2), both]);
        let named = |name: &str, views| Line { name: name.to_owned(), views, visitors: views, ..Line::default() };
        let sum = plus(vec![named("/b", 3), named("/a", 1)], vec![named("/a", 2), named("/c", 9)]);
        assert_eq!(sum, [named("/c", 9), named("/a", 3), named("/b", 3)]);
        let tally = |at, reason, views| Line { at, reason, views, ..Line::default() };
        assert_eq!(plus(vec![tally(1, 0, 2)], vec![tally(0, 4, 1), tally(1, 0, 3)]), [tally(0, 4, 1), tally(1, 0, 5)]);
        assert_eq!(plus(vec![named("/a", 1)], Vec::new()), [named("/a", 1)]);
    }
}
