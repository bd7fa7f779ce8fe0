//! From the reports of a site to the answer.

use super::table::{Cell, Table};
use super::{By, Plan, Stats, What};
use crate::counting::days::date_of;
use crate::counting::details::{Device, Kind};
use crate::counting::exclusion::Reason;
use crate::counting::json::exact;
use crate::counting::ledger::report::FRESH_MS;
use crate::counting::refusals::Told;
use crate::counting::report::{Line, Report};

/// What was read of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The answers to [`Stats::questions`], in their order.
    pub reports: Vec<Report>,
    /// How many lines the whole list has.
    pub names: u64,
    /// All views that the page or the site ever had; read for a summary only.
    pub total_views: u64,
}

/// The body of the answer.
pub fn body(stats: &Stats, plan: &Plan, found: &Found) -> String {
    let table = table(stats, plan, found);
    if stats.csv {
        return table.csv();
    }
    let mut facts = vec![("site", Cell::text(&stats.site))];
    if let Some(page) = &stats.page {
        facts.push(("page", Cell::text(page.as_str())));
    }
    if let Some((kind, value)) = &stats.value {
        facts.push((kind.name(), shown(*kind, value)));
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
    table.json(&facts)
}

/// The body of the answer to what was not counted, with what was refused for how the counter is set up.
pub fn with_refused(body: &str, all: &[Told]) -> String {
    let mut json = body.strip_suffix('}').unwrap_or(body).to_owned();
    json.push_str(",\"refused\":[");
    for (at, one) in all.iter().enumerate() {
        let Told { unlisted, name, visits, last, set } = one;
        let comma = if at > 0 { "," } else { "" };
        let set = set.as_ref().map_or_else(|| "null".to_owned(), |set| exact(set));
        json.push_str(&format!(
            "{comma}{{\"unlisted\":\"{}\",\"name\":{},\"visits\":{visits},\"last\":\"{}\",\"set\":{set}}}",
            unlisted.name(),
            exact(name),
            date_of(*last)
        ));
    }
    json.push_str("]}");
    json
}

fn table(stats: &Stats, plan: &Plan, found: &Found) -> Table {
    let first = found.reports.first().map_or(&[][..], Vec::as_slice);
    // Visitors and all that stands after views are not known of one value.
    let known = |columns, table: Table| if stats.value.is_some() { table.first(columns) } else { table };
    match stats.what {
        What::Summary => known(1, summary(found)),
        What::Series(by) => known(2, series(by, plan, first)),
        What::Pages => list("pages", None, first, stats.limit),
        // Visitors ever are not known.
        What::Totals => list("totals", None, first, stats.limit).first(2),
        What::Details(kind) => {
            let name = match kind {
                Kind::Device => "devices",
                Kind::Country => "countries",
                Kind::Referrer => "referrers",
                Kind::Source | Kind::Medium | Kind::Campaign => "campaigns",
            };
            list(name, Some(kind), first, stats.limit)
        }
        What::Excluded => excluded(first),
    }
}

/// The value of a detail as it is answered.
fn shown(kind: Kind, value: &str) -> Cell {
    Cell::text(if kind == Kind::Device { Device::name_of(value) } else { value })
}

/// Views by name; visitors, too, of pages.
fn list(name: &'static str, kind: Option<Kind>, found: &[Line], limit: u32) -> Table {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut lines = Vec::new();
    for Line { name, views, visitors, .. } in found.iter().take(limit) {
        let first = kind.map_or_else(|| Cell::text(name), |kind| shown(kind, name));
        lines.push(vec![first, Cell::Number(*views), Cell::Number(*visitors)]);
    }
    let table = Table { name: Some(name), columns: vec![kind.map_or("page", Kind::name), "views", "visitors"], lines };
    if kind.is_some() { table.first(2) } else { table }
}

fn summary(found: &Found) -> Table {
    let mut reports = found.reports.iter().map(Vec::as_slice);
    let hours = reports.next().unwrap_or(&[]);
    let newcomers = hours.iter().fold(0, |sum: u64, hour| sum.saturating_add(hour.newcomers));
    let mut columns = vec!["views", "visitors", "total_views"];
    let mut sums = vec![views(hours, None), newcomers, found.total_views];
    // Of a page, these are not known.
    if let (Some(withheld), Some(excluded)) = (reports.next(), reports.next()) {
        columns.extend(["views_opted_out", "views_without_salt", "views_without_address", "views_beyond_visitors", "excluded"]);
        sums.extend([0, 1, 2, 3].map(|why| views(withheld, Some(why))));
        sums.push(views(excluded, None));
    }
    Table { name: None, columns, lines: vec![sums.into_iter().map(Cell::Number).collect()] }
}

/// All views, or those for one reason.
fn views(lines: &[Line], reason: Option<u8>) -> u64 {
    let mut sum = 0_u64;
    for line in lines {
        if reason.is_none_or(|reason| line.reason == reason) {
            sum = sum.saturating_add(line.views);
        }
    }
    sum
}

fn series(by: By, plan: &Plan, hours: &[Line]) -> Table {
    let mut hours = hours.iter().peekable();
    let mut steps: Vec<(String, u64, u64)> = Vec::new();
    let mut step = |label: String, end: u32| {
        let (mut views, mut visitors) = (0_u64, 0_u64);
        while let Some(hour) = hours.next_if(|hour| hour.at < end) {
            views = views.saturating_add(hour.views);
            visitors = visitors.saturating_add(if by == By::Hour { hour.visitors } else { hour.newcomers });
        }
        match steps.last_mut() {
            Some(last) if last.0 == label => (last.1, last.2) = (last.1.saturating_add(views), last.2.saturating_add(visitors)),
            _ => steps.push((label, views, visitors)),
        }
    };
    for (day, span) in (plan.from..=plan.to).zip(plan.starts.windows(2)) {
        let [start, end] = span else { continue };
        match by {
            By::Hour => (*start..*end).for_each(|hour| step(hour_label(hour), hour.saturating_add(1))),
            By::Day => step(date_of(day), *end),
            By::Month => {
                let mut month = date_of(day);
                month.truncate(7);
                step(month, *end);
            }
        }
    }
    let mut lines = Vec::new();
    for (time, views, visitors) in steps {
        lines.push(vec![Cell::Text(time), Cell::Number(views), Cell::Number(visitors)]);
    }
    Table { name: Some("series"), columns: vec!["time", "views", "visitors"], lines }
}

/// An hour as `2026-11-22T07:00Z` (ISO 8601).
fn hour_label(hour: u32) -> String {
    format!("{}T{:02}:00Z", date_of(hour / 24), hour % 24)
}

fn excluded(tallies: &[Line]) -> Table {
    let mut lines = Vec::new();
    for tally in tallies {
        let reason = Reason::from_number(tally.reason).map_or("other", Reason::name);
        lines.push(vec![Cell::Text(date_of(tally.at)), Cell::text(reason), Cell::Number(tally.views)]);
    }
    Table { name: Some("excluded"), columns: vec!["day", "reason", "visits"], lines }
}
