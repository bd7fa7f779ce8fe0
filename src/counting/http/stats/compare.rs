//! Finds the earlier period that a period is compared with.
//!
//! A day is compared with the day before, a week or less with the same weekdays of the week before, whole months with whole months. A
//! period that is not over is compared with one that ends at the same time of its last day, by the clock of the time zone.

use crate::counting::http::stats::week::Week;
use crate::counting::model::date::{Day, date_of, parse_date};
use crate::counting::protocol::report::Times;

/// How far back the earlier period lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The distance that fits the period; the module's comment says which.
    Previous,
    /// As many days as the period is long.
    Days,
    /// As many whole weeks as it takes, so that weekdays match.
    Weeks,
    /// As many months as the period touches.
    Months,
    /// As many years as it takes, usually one.
    Years,
}

impl Compare {
    /// Finds it by its name in a query.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "previous" => Self::Previous,
            "day" => Self::Days,
            "week" => Self::Weeks,
            "month" => Self::Months,
            "year" => Self::Years,
            _ => return None,
        })
    }

    /// All names, for error messages.
    pub(crate) const NAMES: &str = "previous, day, week, month, year";

    /// The first and the last day of the earlier period, and its day that corresponds to `today`. Nothing is earlier than 1970.
    pub(crate) fn days(self, from: Day, to: Day, today: Day, week: &Week) -> [Day; 3] {
        let length = to.saturating_sub(from).saturating_add(1);
        let how = match self {
            Self::Previous if length == 1 => Self::Days,
            Self::Previous if is_first(from) && length > 7 && (is_last(to) || to >= today) => Self::Months,
            Self::Previous if length <= 7 || week.first(from) == from && length < 28 => Self::Weeks,
            Self::Previous => Self::Days,
            other => other,
        };
        let back = |days: u32| [from, to, today].map(|day| day.saturating_sub(days));
        match how {
            Self::Weeks => back(length.div_ceil(7).saturating_mul(7)),
            Self::Months => months(from, to, today, months_of(from, to)),
            Self::Years => months(from, to, today, months_of(from, to).div_ceil(12).saturating_mul(12)),
            Self::Previous | Self::Days => back(length),
        }
    }
}

/// An earlier period to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// When it is.
    pub times: Times,
}

/// Year, month and day of the month.
fn parts(day: Day) -> [u32; 3] {
    let date = date_of(day);
    let mut parts = date.split('-').map(|part| part.parse().unwrap_or(1));
    [(); 3].map(|()| parts.next().unwrap_or(1))
}

fn is_first(day: Day) -> bool {
    parts(day).ends_with(&[1])
}

fn is_last(day: Day) -> bool {
    is_first(day.saturating_add(1))
}

/// How many months a period touches.
fn months_of(from: Day, to: Day) -> u32 {
    let ([year, month, _], [last_year, last_month, _]) = (parts(from), parts(to));
    last_year
        .saturating_mul(12)
        .saturating_add(last_month)
        .saturating_sub(year.saturating_mul(12).saturating_add(month))
        .saturating_add(1)
}

/// That many months earlier. If the period ends with a month, so does the earlier one.
fn months(from: Day, to: Day, today: Day, back: u32) -> [Day; 3] {
    let last =
        if is_last(to) && is_first(from) { earlier(to.saturating_add(1), back).saturating_sub(1) } else { earlier(to, back) };
    [earlier(from, back), last, earlier(today, back)]
}

/// The same day that many months earlier, or the last day of a shorter month.
fn earlier(day: Day, months: u32) -> Day {
    let [year, month, date] = parts(day);
    let months_since = year.saturating_mul(12).saturating_add(month).saturating_sub(1).saturating_sub(months);
    let (year, month) = (months_since / 12, (months_since % 12).saturating_add(1));
    (1..=date).rev().take(4).find_map(|date| parse_date(&format!("{year:04}-{month:02}-{date:02}"))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> Day {
        parse_date(date).unwrap()
    }

    #[test]
    fn like_is_compared_with_like() {
        // 2026-11-25 is a Wednesday.
        let today = "2026-11-25";
        for (compare, from, to, expected) in [
            ("previous", "2026-11-25", "2026-11-25", ["2026-11-24", "2026-11-24", "2026-11-24"]),
            ("previous", "2026-11-23", "2026-11-25", ["2026-11-16", "2026-11-18", "2026-11-18"]),
            ("previous", "2026-11-23", "2026-11-29", ["2026-11-16", "2026-11-22", "2026-11-18"]),
            ("previous", "2026-11-19", "2026-11-25", ["2026-11-12", "2026-11-18", "2026-11-18"]),
            ("previous", "2026-11-16", "2026-11-25", ["2026-11-02", "2026-11-11", "2026-11-11"]),
            ("previous", "2026-10-27", "2026-11-25", ["2026-09-27", "2026-10-26", "2026-10-26"]),
            ("previous", "2026-10-01", "2026-10-31", ["2026-09-01", "2026-09-30", "2026-10-25"]),
            ("previous", "2026-11-01", "2026-11-25", ["2026-10-01", "2026-10-25", "2026-10-25"]),
            ("previous", "2026-02-01", "2026-02-28", ["2026-01-01", "2026-01-31", "2026-10-25"]),
            ("month", "2026-11-01", "2026-11-25", ["2026-10-01", "2026-10-25", "2026-10-25"]),
            ("month", "2026-03-31", "2026-03-31", ["2026-02-28", "2026-02-28", "2026-10-25"]),
            ("day", "2026-11-23", "2026-11-25", ["2026-11-20", "2026-11-22", "2026-11-22"]),
            ("week", "2026-11-25", "2026-11-25", ["2026-11-18", "2026-11-18", "2026-11-18"]),
            ("year", "2026-11-01", "2026-11-25", ["2025-11-01", "2025-11-25", "2025-11-25"]),
            ("year", "2025-12-01", "2026-11-25", ["2024-12-01", "2025-11-25", "2025-11-25"]),
        ] {
            let found = Compare::named(compare).unwrap().days(day(from), day(to), day(today), &Week::From(1));
            assert_eq!(found.map(date_of), expected, "{compare} of {from} to {to}");
        }
        // An American week begins on Sunday.
        let found = Compare::Previous.days(day("2026-11-22"), day("2026-11-25"), day(today), &Week::From(7));
        assert_eq!(found.map(date_of), ["2026-11-15", "2026-11-18", "2026-11-18"]);
        assert_eq!(Compare::named("sometime"), None);
    }

    #[test]
    fn weeks_begin_when_they_should() {
        for (first, expected) in [(1, "2026-11-23"), (6, "2026-11-21"), (7, "2026-11-22"), (3, "2026-11-25"), (4, "2026-11-19")] {
            assert_eq!(date_of(Week::From(first).first(day("2026-11-25"))), expected, "from {first}");
        }
        assert_eq!(Week::From(1).first(day("1970-01-02")), 0, "there is nothing before 1970");
    }
}
