//! Reports: `GET /api/sites/SITE/WHAT`. [`query`](super::query) reads the request, [`Plan`] says what to ask the shards,
//! [`answer`](super::answer) writes the answer, and [`compare`](super::compare) finds the period to compare with.

use crate::counting::http::refusal::Refusal;
use crate::counting::http::stats::compare::{Compare, Previous};
use crate::counting::http::stats::week::Week;
use crate::counting::model::date::Day;
use crate::counting::model::dimension::Dimension;
use crate::counting::model::limits::MAX_DAYS;
use crate::counting::model::page::Page;
use crate::counting::protocol::report::{DAY, HOUR, Listed, Question, Slice, Span, Step, Times};

/// The longest period of a series by hour, in days.
pub(crate) const MAX_HOUR_DAYS: u32 = 31;

/// The default period, in days up to today.
pub(crate) const DEFAULT_DAYS: u32 = 30;

/// The default of `limit`: lines of a list.
pub(crate) const DEFAULT_LIMIT: u32 = 100;

/// A request for a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// The site's name.
    pub site: String,
    /// The kind of report.
    pub what: What,
    /// The page that a summary or a series is limited to.
    pub page: Option<Page>,
    /// The value, as it is stored, that a summary or a series is limited to. Never together with a page, as no table has views by both.
    pub value: Option<(Dimension, String)>,
    /// The first day of the period, in the time zone.
    pub from: Option<Day>,
    /// The last day, which belongs to the period.
    pub to: Option<Day>,
    /// The time zone's name (IANA), unless it is UTC.
    pub tz: Option<String>,
    /// The day on which weeks begin.
    pub week: Week,
    /// The period that a summary is compared with, if any.
    pub compare: Option<Compare>,
    /// A text that the names of a list must contain, with ASCII letters in lower case. Empty for all names.
    pub part: String,
    /// Lines to skip at the beginning of a list.
    pub skip: u32,
    /// The most lines of a list.
    pub limit: u32,
    /// Whether the answer is CSV instead of JSON.
    pub csv: bool,
}

/// The kinds of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Sums over the period.
    Summary,
    /// Views and visitors over time.
    Series(By),
    /// Views and visitors by page.
    Pages,
    /// All views ever by page, including those without a date.
    Totals,
    /// Views by the values of a dimension.
    Details(Dimension),
    /// Excluded visits by reason.
    Excluded,
}

/// The steps of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Hours of the time zone.
    Hour,
    /// Days of the time zone.
    Day,
    /// Weeks of the time zone.
    Week,
    /// Months of the time zone.
    Month,
}

/// A period, and the times at which its days or hours begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// When the days of the period begin, and when the day after it does, in quarters of an hour since 1970. For a series by hour these are hours.
    /// For anything but a series only the first and the last are here.
    pub starts: Vec<u32>,
    /// The period to compare with.
    pub previous: Option<Previous>,
}

impl Plan {
    /// The period as shards understand it.
    fn times(&self) -> Times {
        let quarters = Span { from: self.starts.first().copied().unwrap_or(0), until: self.starts.last().copied().unwrap_or(0) };
        Times { quarters, days: Span { from: self.from, until: self.to.saturating_add(1) } }
    }

    /// The steps in which shards report: hours of UTC, unless an hour of the zone begins within one.
    fn step(&self) -> Step {
        if self.starts.iter().all(|start| start % HOUR == 0) { Step::Hour } else { Step::Quarter }
    }
}

impl Stats {
    /// The first and the last day of the period. `today` is the time zone's; hours are kept for `keep_days`.
    ///
    /// # Errors
    /// [`Refusal::Parameter`] if the period ends before it begins or is too long.
    pub(crate) fn days(&self, today: Day, keep_days: u32) -> Result<(Day, Day), Refusal> {
        let to = self.to.unwrap_or_else(|| self.from.map_or(today, |from| from.max(today)));
        let from = self.from.unwrap_or_else(|| to.saturating_sub(DEFAULT_DAYS.saturating_sub(1)));
        let days = to.saturating_sub(from).saturating_add(1);
        if from > to {
            return Err(Refusal::Parameter("from", "a day up to that of `to`"));
        }
        if days > MAX_DAYS {
            return Err(Refusal::Parameter("from", "at most 3,660 days before `to`"));
        }
        if self.what == What::Series(By::Hour) {
            if days > MAX_HOUR_DAYS {
                return Err(Refusal::Parameter("from", "at most 31 days before `to` with by=hour"));
            }
            if today.saturating_sub(from) >= keep_days {
                return Err(Refusal::Parameter(
                    "from",
                    "one of the last HOURS_KEPT_DAYS days (90, unless set) with by=hour, as older hours are kept by day only",
                ));
            }
        }
        Ok((from, to))
    }

    fn list(&self, of: Listed) -> Question<'_> {
        Question::List { of, slice: Slice { part: &self.part, skip: self.skip, most: self.limit } }
    }

    /// The questions to the shards. Dimensions and excluded visits are kept by days of UTC, whatever the time zone.
    pub fn questions(&self, plan: &Plan) -> Vec<Question<'_>> {
        let times = plan.times();
        let days = times.days;
        let page = self.page.as_ref().map(Page::as_str);
        let counted = |times: Times, step| match &self.value {
            Some((kind, value)) => Question::Value { kind: kind.number(), value, days: times.days },
            None => Question::Times { page, times, step },
        };
        match self.what {
            What::Summary => {
                let mut questions = vec![counted(times, Step::All)];
                questions.extend(plan.previous.map(|previous| counted(previous.times, Step::All)));
                // No table has these by page or by value.
                if page.is_none() && self.value.is_none() {
                    questions.extend([Question::Withheld(days), Question::Excluded(days)]);
                }
                questions
            }
            What::Series(_) => vec![counted(times, plan.step())],
            What::Pages => vec![self.list(Listed::Pages(times))],
            What::Totals => vec![self.list(Listed::Totals)],
            What::Details(kind) => vec![self.list(Listed::Dimensions { kind: kind.number(), days })],
            What::Excluded => vec![Question::Excluded(days), Question::Refused(days)],
        }
    }

    /// The steps whose beginnings the answer needs. Anything but a series needs those of the period only.
    pub(crate) fn steps(&self) -> Steps {
        match self.what {
            What::Series(By::Hour) => Steps::Hours,
            What::Series(_) => Steps::Days,
            _ => Steps::Ends,
        }
    }
}

/// The steps into which a period is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// None: only the two ends count.
    Ends,
}

/// The quarters of an hour at which hours or days of UTC begin, from the first day to the day after the last.
pub fn starts_in_utc(from: Day, to: Day, steps: Steps) -> Vec<u32> {
    let after = to.saturating_add(1);
    let [first, last] = [from, after].map(|day| day.saturating_mul(DAY));
    match steps {
        Steps::Hours => (first..=last).filter(|quarter| quarter % HOUR == 0).collect(),
        Steps::Days => (from..=after).map(|day| day.saturating_mul(DAY)).collect(),
        Steps::Ends => vec![first, last],
    }
}
