//! What may be asked about what was counted, and how a shard answers. The answers of all shards of a site are added up.

use super::wire::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// By hour, in the order of time; hours without a view are left out.
    Hours(Vec<Hour>),
    /// By name, the most viewed first.
    Names(Vec<Named>),
    /// By day and reason.
    Tallies(Vec<Tally>),
}

/// What was counted in an hour. Where hours were rolled into days, that of a day, under its first hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// The hour, counted from 1970.
    pub hour: u32,
    /// Views.
    pub views: u64,
    /// Visitors who came in this hour, whether or not they came in another.
    pub visitors: u64,
    /// Those of them who had not come earlier on the same day (UTC). Added up over a day these are the day's visitors.
    pub newcomers: u64,
}

/// What was counted under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The page, or the value of a detail.
    pub name: String,
    /// Views.
    pub views: u64,
    /// Visitors, each once a day (UTC); 0 for details, which are counted by view only.
    pub visitors: u64,
}

impl Report {
    /// Those of two shards together; `None` if they answer different questions.
    pub fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Hours(one), Self::Hours(two)) => Some(Self::Hours(add_hours(one, two))),
            (Self::Names(one), Self::Names(two)) => Some(Self::Names(add_names(one, two))),
            (Self::Tallies(one), Self::Tallies(two)) => Some(Self::Tallies(add_tallies(one, two))),
            _ => None,
        }
    }
}

fn add_hours(one: Vec<Hour>, two: Vec<Hour>) -> Vec<Hour> {
    let mut sums: BTreeMap<u32, Hour> = one.into_iter().map(|hour| (hour.hour, hour)).collect();
    for more in two {
        let sum = sums.entry(more.hour).or_insert(Hour { hour: more.hour, ..Hour::default() });
        sum.views = sum.views.saturating_add(more.views);
        sum.visitors = sum.visitors.saturating_add(more.visitors);
        sum.newcomers = sum.newcomers.saturating_add(more.newcomers);
    }
    sums.into_values().collect()
}

fn add_names(one: Vec<Named>, two: Vec<Named>) -> Vec<Named> {
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for Named { name, views, visitors } in one.into_iter().chain(two) {
        let sum = sums.entry(name).or_default();
        *sum = (sum.0.saturating_add(views), sum.1.saturating_add(visitors));
    }
    let mut names: Vec<Named> = sums.into_iter().map(|(name, (views, visitors))| Named { name, views, visitors }).collect();
    // Stable, so those of equal views stay in the order of their names, as in a shard's own answer.
    names.sort_by_key(|named| std::cmp::Reverse(named.views));
    names
}

fn add_tallies(one: Vec<Tally>, two: Vec<Tally>) -> Vec<Tally> {
    let mut sums: BTreeMap<(u32, u8), u64> = BTreeMap::new();
    for Tally { day, reason, visits } in one.into_iter().chain(two) {
        let sum = sums.entry((day, reason)).or_default();
        *sum = sum.saturating_add(visits);
    }
    sums.into_iter().map(|((day, reason), visits)| Tally { day, reason, visits }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up() {
        let hour = |hour, views| Hour { hour, views, visitors: 1, newcomers: 1 };
        let sum = Report::Hours(vec![hour(1, 2), hour(3, 4)]).plus(Report::Hours(vec![hour(0, 1), hour(3, 5)]));
        let both = Hour { hour: 3, views: 9, visitors: 2, newcomers: 2 };
        assert_eq!(sum, Some(Report::Hours(vec![hour(0, 1), hour(1, 2), both])));
        let named = |name: &str, views| Named { name: name.to_owned(), views, visitors: views };
        let sum = Report::Names(vec![named("/b", 3), named("/a", 1)]).plus(Report::Names(vec![named("/a", 2), named("/c", 9)]));
        assert_eq!(sum, Some(Report::Names(vec![named("/c", 9), named("/a", 3), named("/b", 3)])));
        let tally = |day, reason, visits| Tally { day, reason, visits };
        let sum = Report::Tallies(vec![tally(1, 0, 2)]).plus(Report::Tallies(vec![tally(1, 0, 3), tally(0, 4, 1)]));
        assert_eq!(sum, Some(Report::Tallies(vec![tally(0, 4, 1), tally(1, 0, 5)])));
        assert_eq!(Report::Names(Vec::new()).plus(Report::Hours(Vec::new())), None);
    }
}
