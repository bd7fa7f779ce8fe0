//! Reads reports for `GET /api/sites/SITE/WHAT`. The rules are in [`crate::counting::http::stats::plan`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::stats::answer::{FoundReports, body, check, excluded_body};
use crate::counting::http::stats::compare::Previous;
use crate::counting::http::stats::plan::{Plan, Stats, Steps, What, starts_in_utc};
use crate::counting::http::stats::query::{WEEK, ZONE};
use crate::counting::http::stats::week::Week;
use crate::counting::http::unlisted::told as told_of;
use crate::counting::model::minute::quarter_of;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::protocol::report::{DAY, FRESH_MS, Span, Times};
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::kept_answers;
use crate::edge::runtime::clock::now_ms;
use std::borrow::Cow;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/edge/handlers/zone.js")]
extern "C" {
    #[wasm_bindgen(js_name = clockOf)]
    fn clock_of(zone: &str, time: f64) -> Option<u32>;

    #[wasm_bindgen(js_name = quarterAt)]
    fn quarter_at(zone: &str, local: u32) -> u32;

    #[wasm_bindgen(js_name = startsOf)]
    fn starts_of(zone: &str, from: u32, to: u32) -> Vec<u32>;

    #[wasm_bindgen(js_name = hoursOf)]
    fn hours_of(zone: &str, from: u32, until: u32) -> Vec<u32>;

    #[wasm_bindgen(js_name = weekOf)]
    fn week_of(language: &str) -> Option<u8>;
}

/// The body of the answer, if the isolate still has it.
pub(crate) fn kept_body(stats: &Stats) -> Option<Rc<str>> {
    if is_kept(stats) { kept_answers::of(stats, now_ms()) } else { None }
}

/// Whether the isolate keeps the answer. A summary contains all views, which must be up to date.
fn is_kept(stats: &Stats) -> bool {
    stats.what != What::Summary || stats.value.is_some()
}

/// Asks the shards for a report and returns the body of the answer, or the failure of the counter.
///
/// # Errors
/// [`Refusal`] if there is no such time zone, week or period.
pub(crate) async fn find_body(stats: &Stats, site: &Site, shards: &ShardClient<'_>) -> Result<Result<Rc<str>, Failure>, Refusal> {
    let answer = ask(stats, site, shards).await?;
    Ok(answer.map(|(body, age)| {
        let body = Rc::from(body);
        if is_kept(stats) {
            kept_answers::keep(stats, now_ms().saturating_add(FRESH_MS.saturating_sub(age)), &body);
        }
        body
    }))
}

/// The body and its age in milliseconds.
async fn ask(stats: &Stats, site: &Site, shards: &ShardClient<'_>) -> Result<Result<(String, u64), Failure>, Refusal> {
    let stats = &*with_week(stats)?;
    let plan = plan(stats, shards.config.hours_kept_days)?;
    let (found, age) = match find(stats, &plan, site, shards).await {
        Ok(found) => found,
        Err(failure) => return Ok(Err(failure)),
    };
    check(stats, &found)?;
    let body = match found.reports.as_slice() {
        [_, refused] if stats.what == What::Excluded => {
            let refused = told_of(refused, &shards.config.origins, &shards.config.sites);
            excluded_body(stats, &plan, &found, &refused)
        }
        _ => body(stats, &plan, &found),
    };
    Ok(Ok((body, age)))
}

/// Replaces a language by the first day of its week.
fn with_week(stats: &Stats) -> Result<Cow<'_, Stats>, Refusal> {
    let Week::Of(language) = &stats.week else { return Ok(Cow::Borrowed(stats)) };
    let week = Week::From(week_of(language).ok_or(WEEK)?);
    Ok(Cow::Owned(Stats { week, ..stats.clone() }))
}

/// The clock of a time zone. `None` is UTC.
struct Clock<'a>(Option<&'a str>);

impl Clock<'_> {
    /// The quarter that the clock shows now.
    fn now(&self) -> Result<u32, Refusal> {
        match self.0 {
            Some(zone) => clock_of(zone, js_sys::Date::now()).ok_or(ZONE),
            None => Ok(quarter_of(now_ms())),
        }
    }

    /// The quarter in UTC at which the clock shows the quarter `local`.
    fn utc(&self, local: u32) -> u32 {
        self.0.map_or(local, |zone| quarter_at(zone, local))
    }

    /// The quarters at which the days or hours of a period begin, and the one at which the next day begins.
    fn starts(&self, from: u32, to: u32, steps: Steps) -> Vec<u32> {
        match (self.0, steps) {
            (None, _) => starts_in_utc(from, to, steps),
            (Some(zone), Steps::Days) => starts_of(zone, from, to),
            (Some(zone), _) => {
                let [first, last] = [from, to.saturating_add(1)].map(|day| quarter_at(zone, day.saturating_mul(DAY)));
                if steps == Steps::Hours { hours_of(zone, first, last) } else { vec![first, last] }
            }
        }
    }
}

fn plan(stats: &Stats, keep_days: u32) -> Result<Plan, Refusal> {
    let zone = Clock(stats.tz.as_deref());
    let now = zone.now()?;
    let today = now / DAY;
    let (from, to) = stats.days(today, keep_days)?;
    // The views of one value, such as a country, are kept by day (UTC).
    let clock = if stats.value.is_some() { Clock(None) } else { zone };
    let starts = clock.starts(from, to, stats.steps());
    let previous = stats.compare.map(|compare| {
        let days = compare.days(from, to, today, &stats.week);
        previous(&clock, days, to >= today && stats.value.is_none(), now % DAY, today.saturating_sub(keep_days))
    });
    Ok(Plan { from, to, starts, previous })
}

/// The earlier period for a comparison. If the period is not over, the earlier one ends at the same time of day, provided that the hours of that
/// day are still kept.
fn previous(clock: &Clock<'_>, [from, to, day]: [u32; 3], so_far: bool, time: u32, last_rolled: u32) -> Previous {
    let is_cut = so_far && day > last_rolled && (from..=to).contains(&day);
    let to = if is_cut { day } else { to };
    let end = if is_cut { day.saturating_mul(DAY).saturating_add(time) } else { to.saturating_add(1).saturating_mul(DAY) };
    let quarters = Span { from: clock.utc(from.saturating_mul(DAY)), until: clock.utc(end) };
    Previous { from, to, times: Times { quarters, days: Span { from, until: to.saturating_add(1) } } }
}

async fn find(stats: &Stats, plan: &Plan, site: &Site, shards: &ShardClient<'_>) -> Result<(FoundReports, u64), Failure> {
    let (mut reports, mut names, mut oldest) = (Vec::new(), 0, 0);
    for question in stats.questions(plan) {
        let (report, all, age) = shards.report(site, &question).await?;
        reports.push(report);
        names = all.max(names);
        oldest = age.max(oldest);
    }
    let total_views = match stats.what {
        What::Summary if stats.value.is_none() => {
            shards.recent_views(site, stats.page.as_ref().map(Page::as_str), false).await?.sum
        }
        _ => 0,
    };
    let (number, most_shards) = (shards.shard_count(site).await?, shards.config.shards.most());
    Ok((FoundReports { reports, names, total_views, shards: number, most_shards }, oldest))
}
