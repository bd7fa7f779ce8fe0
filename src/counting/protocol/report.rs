//! Questions about what was counted, and the reports that answer them. The reports of all shards of a site are added up.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The most names of one report, the most viewed first. A shard keeps 10,001 pages; a year of referrers may have more.
pub(crate) const MAX_NAMES: u32 = 10_001;

/// A span of quarters, hours or days, counted from 1970. The end is not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first.
    pub from: u32,
    /// The one after the last.
    pub until: u32,
}

/// A question about what was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question<'a> {
    /// Views by the values of one dimension.
    Dimensions {
        /// The number of the [`crate::counting::model::dimension::Dimension`].
        kind: u8,
        /// On these days.
        days: Span,
    },
    /// Visits that were not counted on these days, by reason.
    Excluded(Span),
    /// Views without a visitor on these days, by reason: the numbers of [`crate::counting::model::visitor::Withheld::ALL`].
    Withheld(Span),
    /// Views by day of one value of a dimension.
    Value {
        /// The number of the [`crate::counting::model::dimension::Dimension`].
        kind: u8,
        /// The value, as it is stored.
        value: &'a str,
        /// On these days.
        days: Span,
    },
    /// The names that refused visits came from on these days.
    Refused(Span),
    /// A slice of a list.
    List {
        /// The list.
        of: Listed,
        /// The slice.
        slice: Slice<'a>,
    },
    /// Views and visitors by time.
    Times {
        /// The page; `None` for the whole site.
        page: Option<&'a str>,
        /// The period.
        times: Times,
        /// The steps.
        step: Step,
    },
}

/// A list, the most viewed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listed {
    /// Pages with their views and visitors in this period.
    Pages(Times),
    /// Pages with all their views, also those without a date.
    Totals,
    /// The values of one dimension with their views.
    Dimensions {
        /// The number of the [`crate::counting::model::dimension::Dimension`].
        kind: u8,
        /// On these days.
        days: Span,
    },
}

/// Which lines of a list are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice<'a> {
    /// The text that names must contain, with lower-case ASCII letters. Empty for all names.
    pub part: &'a str,
    /// How many lines are left out at the beginning.
    pub skip: u32,
    /// The most lines.
    pub most: u32,
}

/// The most lines of a list in one report, where the lists of several shards are added up.
pub(crate) const MAX_LISTED: u32 = 50_000;

/// A slice of a whole list.
pub(crate) fn cut(report: Report, slice: &Slice<'_>) -> Report {
    let [skip, most] = [slice.skip, slice.most].map(|lines| usize::try_from(lines).unwrap_or(usize::MAX));
    report.into_iter().skip(skip).take(most).collect()
}

/// A period in a time zone.
///
/// A day whose hours are kept begins when it begins in the zone. Of older days only sums by day of UTC are left, which cannot be divided, so
/// such a day stands for the day of the same date in every zone. So a period is given twice: by its quarters, and by the dates of its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Quarters of an hour, counted from 1970.
    pub quarters: Span,
    /// Days.
    pub days: Span,
}

impl Times {
    /// The period of these days of UTC.
    pub fn of_days(days: Span) -> Self {
        let [from, until] = [days.from, days.until].map(|day| day.saturating_mul(DAY));
        Self { quarters: Span { from, until }, days }
    }

    /// The period of these hours of UTC. A day belongs to it if its first hour does.
    pub fn of_hours(hours: Span) -> Self {
        let [from, until] = [hours.from, hours.until].map(|hour| hour.saturating_mul(HOUR));
        let [first, last] = [hours.from, hours.until].map(|hour| hour.div_ceil(DAY / HOUR));
        Self { quarters: Span { from, until }, days: Span { from: first, until: last } }
    }
}

/// The quarters of an hour.
pub(crate) const HOUR: u32 = 4;
/// The quarters of a day.
pub(crate) const DAY: u32 = 24 * HOUR;

/// The steps of time in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Quarters, for a time zone that differs from UTC by a fraction of an hour.
    Quarter,
    /// Hours of UTC.
    Hour,
    /// One step: the sum of everything.
    All,
}

/// The answer to a question: lines in the order of time; or the most viewed first, if they have names. All questions share one type,
/// because each further one would make the Worker a kilobyte larger.
pub type Report = Vec<Line>;

/// What was counted at a time, or under a name, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The quarter of an hour, or the day, counted from 1970. For one value of a dimension, the first hour of the day. 0 for pages and
    /// for all values of a dimension.
    pub at: u32,
    /// The number of the reason, for visits that were not counted and views without a visitor. By time, [`WHOLE_DAY`] if `at` is a day.
    /// Else 0.
    pub reason: u8,
    /// The page, the value of a dimension, or the name that a refused visit came from; else empty.
    pub name: String,
    /// Views; or visits that were not counted.
    pub views: u64,
    /// By hour: the visitors of the hour. By quarter: those who are new in its hour. By page: visitors, each once a day (UTC). 0 for whole
    /// days.
    pub visitors: u64,
    /// By hour and quarter: the visitors who are new on the day (UTC). Over a whole day they add up to the day's visitors.
    pub newcomers: u64,
}

/// Stands in [`Line::reason`] of a line by time whose [`Line::at`] is a day.
pub const WHOLE_DAY: u8 = 1;

impl Line {
    fn key(&self) -> (u32, u8, &str) {
        (self.at, self.reason, &self.name)
    }
}

/// The sum of the reports of two shards.
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
    // Lines with names are in the order of views, as in the report of one shard.
    if sums.iter().any(|line| !line.name.is_empty()) {
        sort(&mut sums, by_views);
    }
    sums
}

/// The order of the most viewed first.
pub(crate) fn by_views(one: &Line, other: &Line) -> Ordering {
    other.views.cmp(&one.views).then_with(|| one.key().cmp(&other.key()))
}

/// Sorts lines. It takes a function pointer, so that sorting is compiled once.
pub(crate) fn sort(lines: &mut [Line], order: fn(&Line, &Line) -> Ordering) {
    lines.sort_unstable_by(order);
}

/// How old a report may be, in milliseconds. Reports read the tables, which have everything up to the last fold. A fold for each report
/// would write up to two rows for each visit, if somebody asked after each.
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
