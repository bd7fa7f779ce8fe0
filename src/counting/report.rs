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
    /// Views and visitors by hour.
    Hours {
        /// Of this page; of the whole site where there is none.
        page: Option<&'a str>,
        /// In these hours.
        hours: Span,
    },
    /// Views and visitors of each page in these hours.
    Pages(Span),
    /// Views by the values of one kind of details.
    Details {
        /// The number of the [`super::details::Kind`].
        kind: u8,
        /// On these days.
        days: Span,
    },
    /// What was not counted on these days, by reason.
    Excluded(Span),
    /// Views without a visitor on these days, by reason: the numbers of [`super::visitor::Withheld::ALL`].
    Withheld(Span),
    /// Views by day of one value of a kind of details.
    Value {
        /// The number of the [`super::details::Kind`].
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
}

/// What is listed, the most viewed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listed {
    /// Pages with their views and visitors in these hours.
    Pages(Span),
    /// Pages with all views that they ever had, those without a date as well.
    Totals,
    /// The values of one kind of details with their views.
    Details {
        /// The number of the [`super::details::Kind`].
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

/// What is answered: lines in the order of time, or of views where they have names. One shape for all questions, because each
/// further one would be a kilobyte of the Worker.
pub type Report = Vec<Line>;

/// What was counted at a time, or under a name, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The hour or the day, counted from 1970; 0 for pages and details. Where hours were rolled into days, and for one value of a
    /// detail, the first hour of the day: a series is added up from hours.
    pub at: u32,
    /// The number of the reason, for what was not counted or has no visitor; else 0.
    pub reason: u8,
    /// The page or the value of a detail; else empty.
    pub name: String,
    /// Views; or visits that were not counted.
    pub views: u64,
    /// By hour: visitors who came in this hour, whether or not they came in another. By page: visitors, each once a day (UTC).
    pub visitors: u64,
    /// By hour: those who had not come earlier on the same day (UTC). Added up over a day these are the day's visitors.
    pub newcomers: u64,
}

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
        sort(&mut sums, |a, b| b.views.cmp(&a.views).then_with(|| a.key().cmp(&b.key())));
    }
    sums
}

/// By a pointer, so that sorting is compiled once.
fn sort(lines: &mut [Line], order: fn(&Line, &Line) -> Ordering) {
    lines.sort_unstable_by(order);
}

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
