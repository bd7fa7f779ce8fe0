//! Turns the reports of a site's shards into an answer.

use crate::counting::http::refusal::Refusal;
use crate::counting::http::stats::compare::Previous;
use crate::counting::http::stats::plan::{By, Plan, Stats, What};
use crate::counting::http::stats::table::{Cell, JsonTable, Table};
use crate::counting::http::unlisted::UnlistedLine;
use crate::counting::model::date::{Day, date_of};
use crate::counting::model::dimension::Dimension;
use crate::counting::model::reason::Reason;
use crate::counting::protocol::report::{DAY, FRESH_MS, HOUR, Line, Report, WHOLE_DAY};
use crate::counting::text::json::to_json;

/// The reports of a site, added up over its shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReports {
    /// The answers to [`Stats::questions`], in their order.
    pub reports: Vec<Report>,
    /// The length of the whole list, in lines.
    pub names: u64,
    /// All views that the page or the site ever had. Only a summary reads it.
    pub total_views: u64,
    /// The site's number of shards. Only the summary of a whole site reads it.
    pub shards: u16,
    /// The most that a load may lead to, if it may add any.
    pub most_shards: Option<u16>,
}

/// The body of the answer.
pub fn body(stats: &Stats, plan: &Plan, found: &FoundReports) -> String {
    body_beside(stats, plan, found, None)
}

/// The body of an answer about excluded visits. In JSON it has the origins and sites that the settings do not list.
pub(crate) fn excluded_body(stats: &Stats, plan: &Plan, found: &FoundReports, refused: &[UnlistedLine]) -> String {
    body_beside(stats, plan, found, Some(("refused", refused)))
}

fn body_beside(stats: &Stats, plan: &Plan, found: &FoundReports, beside: Option<(&'static str, &[UnlistedLine])>) -> String {
    let table = table(stats, plan, found);
    if stats.csv {
        return table.csv();
    }
    let mut facts = vec![("site", Cell::text(&stats.site))];
    if let Some(page) = &stats.page {
        facts.push(("page", Cell::text(page.as_str())));
    }
    if let Some((kind, value)) = &stats.value {
        facts.push((kind.name(), Cell::text(kind.shown(value))));
    }
    if stats.what != What::Totals {
        facts.push(("from", Cell::Text(date_of(plan.from))));
        facts.push(("to", Cell::Text(date_of(plan.to))));
        facts.push(("tz", Cell::text(stats.tz.as_deref().unwrap_or("UTC"))));
    }
    facts.push(("fresh_seconds", Cell::Number(FRESH_MS / 1000)));
    if matches!(stats.what, What::Pages | What::Totals | What::Details(_)) {
        let until = u64::from(stats.skip).saturating_add(u64::try_from(table.lines.len()).unwrap_or(0));
        facts.push(("offset", Cell::Number(stats.skip.into())));
        facts.push(("total", Cell::Number(found.names)));
        facts.push(("more", Cell::Flag(until < found.names)));
    }
    if stats.what == What::Summary && stats.page.is_none() && stats.value.is_none() {
        facts.push(("shards", Cell::Number(found.shards.into())));
        facts.extend(found.most_shards.map(|most| ("max_shards", Cell::Number(most.into()))));
    }
    if let Some(Previous { from, to, times }) = &plan.previous {
        facts.push(("previous_from", Cell::Text(date_of(*from))));
        facts.push(("previous_to", Cell::Text(date_of(*to))));
        facts.push(("previous_until", Cell::Text(time_label(times.quarters.until))));
    }
    to_json(&JsonTable { facts: &facts, table: &table, beside })
}

fn table(stats: &Stats, plan: &Plan, found: &FoundReports) -> Table {
    let first = found.reports.first().map_or(&[][..], Vec::as_slice);
    // A single value has views, but no visitors and none of the columns after views.
    let known = |columns, table: Table| if stats.value.is_some() { table.first(columns) } else { table };
    match stats.what {
        What::Summary => summary(stats, plan, found),
        What::Series(by) => known(2, series(by, stats, plan, first)),
        What::Pages => list("pages", None, first, stats.limit),
        // Nobody knows the visitors of all time.
        What::Totals => list("totals", None, first, stats.limit).first(2),
        What::Details(kind) => list(kind.list(), Some(kind), first, stats.limit),
        What::Excluded => excluded(first),
    }
}

/// Views by name. Pages also have visitors.
fn list(name: &'static str, kind: Option<Dimension>, found: &[Line], limit: u32) -> Table {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut lines = Vec::new();
    for Line { name, views, visitors, .. } in found.iter().take(limit) {
        let first = kind.map_or_else(|| Cell::text(name), |kind| Cell::text(kind.shown(name)));
        lines.push(vec![first, Cell::Number(*views), Cell::Number(*visitors)]);
    }
    let table = Table { name: Some(name), columns: vec![kind.map_or("page", Dimension::name), "views", "visitors"], lines };
    if kind.is_some() { table.first(2) } else { table }
}

fn summary(stats: &Stats, plan: &Plan, found: &FoundReports) -> Table {
    let mut reports = found.reports.iter().map(Vec::as_slice);
    let counted =
        |report: &[Line]| [views(report, None), report.iter().fold(0, |sum: u64, line| sum.saturating_add(line.newcomers))];
    // A single value has no visitors and no views of all time.
    let known = if stats.value.is_some() { 1 } else { 2 };
    let mut columns = vec!["views", "visitors"];
    columns.truncate(known);
    let mut sums = counted(reports.next().unwrap_or(&[])).to_vec();
    sums.truncate(known);
    if stats.value.is_none() {
        columns.push("total_views");
        sums.push(found.total_views);
    }
    let previous = plan.previous.and_then(|_| reports.next()).map(counted);
    // A page does not have these.
    if let (Some(withheld), Some(excluded)) = (reports.next(), reports.next()) {
        columns.extend(["views_opted_out", "views_without_salt", "views_without_address", "views_beyond_visitors", "excluded"]);
        sums.extend([0, 1, 2, 3].map(|why| views(withheld, Some(why))));
        sums.push(views(excluded, None));
    }
    if let Some(previous) = previous {
        columns.extend(["previous_views", "previous_visitors"].into_iter().take(known));
        sums.extend(previous.into_iter().take(known));
    }
    Table { name: None, columns, lines: vec![sums.into_iter().map(Cell::Number).collect()] }
}

/// All views, or the views with one reason.
fn views(lines: &[Line], reason: Option<u8>) -> u64 {
    let mut sum = 0_u64;
    for line in lines {
        if reason.is_none_or(|reason| line.reason == reason) {
            sum = sum.saturating_add(line.views);
        }
    }
    sum
}

fn series(by: By, stats: &Stats, plan: &Plan, found: &[Line]) -> Table {
    // A single value has one report a day, at the day's first hour.
    let day_of = |line: &Line| if stats.value.is_some() { line.at / 24 } else { line.at };
    let is_day = |line: &&Line| line.reason == WHOLE_DAY || stats.value.is_some();
    let mut days = found.iter().filter(is_day).peekable();
    let mut quarters = found.iter().filter(|line| !is_day(line)).peekable();
    let mut steps: Vec<(String, u64, u64)> = Vec::new();
    let mut step = |label: String, end: u32, day: Option<Day>| {
        let (mut views, mut visitors) = (0_u64, 0_u64);
        let mut add = |line: &Line, some: u64| {
            views = views.saturating_add(line.views);
            visitors = visitors.saturating_add(some);
        };
        while let Some(line) = quarters.next_if(|line| line.at < end) {
            add(line, if by == By::Hour { line.visitors } else { line.newcomers });
        }
        while let Some(line) = day.and_then(|day| days.next_if(|line| day_of(line) <= day)) {
            add(line, line.newcomers);
        }
        match steps.last_mut() {
            Some(last) if last.0 == label => (last.1, last.2) = (last.1.saturating_add(views), last.2.saturating_add(visitors)),
            _ => steps.push((label, views, visitors)),
        }
    };
    if by == By::Hour {
        for (start, end) in plan.starts.iter().zip(plan.starts.iter().skip(1)) {
            step(time_label(*start), *end, None);
        }
    } else {
        for (day, end) in (plan.from..=plan.to).zip(plan.starts.iter().skip(1)) {
            let label = match by {
                By::Hour | By::Day => date_of(day),
                By::Week => date_of(stats.week.first(day)),
                By::Month => {
                    let mut month = date_of(day);
                    month.truncate(7);
                    month
                }
            };
            step(label, *end, Some(day));
        }
    }
    let mut lines = Vec::new();
    for (time, views, visitors) in steps {
        lines.push(vec![Cell::Text(time), Cell::Number(views), Cell::Number(visitors)]);
    }
    Table { name: Some("series"), columns: vec!["time", "views", "visitors"], lines }
}

/// Checks that the reports are as fine as the question.
///
/// # Errors
/// [`Refusal::Parameter`] if the question asks for hours of days that only have a sum: `HOURS_KEPT_DAYS` may once have been smaller.
pub(crate) fn check(stats: &Stats, found: &FoundReports) -> Result<(), Refusal> {
    let has_days = |report: &Report| report.iter().any(|line| line.reason == WHOLE_DAY);
    if stats.what == What::Series(By::Hour) && found.reports.iter().any(has_days) {
        return Err(Refusal::Parameter(
            "from",
            "a later day with by=hour, as the hours of some days in this period are no longer kept",
        ));
    }
    Ok(())
}

/// A quarter of an hour as `2026-11-22T07:15Z` (ISO 8601).
fn time_label(quarter: u32) -> String {
    let (hour, minute) = (quarter % DAY / HOUR, quarter % HOUR);
    format!("{}T{hour:02}:{:02}Z", date_of(quarter / DAY), minute.saturating_mul(15))
}

fn excluded(tallies: &[Line]) -> Table {
    let mut lines = Vec::new();
    for tally in tallies {
        let reason = Reason::from_number(tally.reason).map_or("other", Reason::name);
        lines.push(vec![Cell::Text(date_of(tally.at)), Cell::text(reason), Cell::Number(tally.views)]);
    }
    Table { name: Some("excluded"), columns: vec!["day", "reason", "visits"], lines }
}
