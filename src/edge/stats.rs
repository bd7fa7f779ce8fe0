//! Reading what was counted, for `GET /api/sites/SITE/WHAT`. The rules are in [`crate::counting::stats`].

use super::clock::now_ms;
use super::shard_client::ShardClient;
use super::told;
use crate::counting::days::day_of;
use crate::counting::endpoint::Failure;
use crate::counting::error::Refusal;
use crate::counting::ledger::report::FRESH_MS;
use crate::counting::page::Page;
use crate::counting::refusals::told as told_of;
use crate::counting::site::Site;
use crate::counting::stats::answer::{Found, body, with_refused};
use crate::counting::stats::query::ZONE;
use crate::counting::stats::{Plan, Stats, What, starts_in_utc};
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/edge/zone.js")]
extern "C" {
    #[wasm_bindgen(js_name = dayOf)]
    fn day_of_zone(zone: &str, time: f64) -> Option<u32>;

    #[wasm_bindgen(js_name = startsOf)]
    fn starts_of_zone(zone: &str, from: u32, to: u32) -> Vec<u32>;
}

/// The body of the answer, if it was given lately.
pub(super) fn known(stats: &Stats) -> Option<Rc<str>> {
    if is_kept(stats) { told::of(stats, now_ms()) } else { None }
}

/// All views ever, which a summary tells, are of the moment.
fn is_kept(stats: &Stats) -> bool {
    stats.what != What::Summary || stats.value.is_some()
}

/// The body of the answer, or why the counter could not say.
///
/// # Errors
/// [`Refusal`] for a time zone or a period that there is not.
pub(super) async fn read(stats: &Stats, site: &Site, shards: &ShardClient<'_>) -> Result<Result<Rc<str>, Failure>, Refusal> {
    let answer = ask(stats, site, shards).await?;
    Ok(answer.map(|(body, age)| {
        let body = Rc::from(body);
        if is_kept(stats) {
            told::keep(stats, now_ms().saturating_add(FRESH_MS.saturating_sub(age)), &body);
        }
        body
    }))
}

/// The same, asked of the shards, and how many milliseconds ago it was so.
async fn ask(stats: &Stats, site: &Site, shards: &ShardClient<'_>) -> Result<Result<(String, u64), Failure>, Refusal> {
    let plan = plan(stats, shards.config.hours_kept_days)?;
    let (found, age) = match find(stats, &plan, site, shards).await {
        Ok(found) => found,
        Err(failure) => return Ok(Err(failure)),
    };
    let body = body(stats, &plan, &found);
    let body = match found.reports.as_slice() {
        [_, refused] if stats.what == What::Excluded && !stats.csv => {
            with_refused(&body, &told_of(refused, &shards.config.origins, &shards.config.sites))
        }
        _ => body,
    };
    Ok(Ok((body, age)))
}

fn plan(stats: &Stats, keep_days: u32) -> Result<Plan, Refusal> {
    let Some(zone) = &stats.tz else {
        let (from, to) = stats.days(day_of(now_ms()), keep_days)?;
        return Ok(Plan { from, to, starts: starts_in_utc(from, to) });
    };
    let today = day_of_zone(zone, js_sys::Date::now()).ok_or(ZONE)?;
    let (from, to) = stats.days(today, keep_days)?;
    // The views of one value are kept by days of UTC.
    let starts = if stats.value.is_some() { starts_in_utc(from, to) } else { starts_of_zone(zone, from, to) };
    Ok(Plan { from, to, starts })
}

async fn find(stats: &Stats, plan: &Plan, site: &Site, shards: &ShardClient<'_>) -> Result<(Found, u64), Failure> {
    let (mut reports, mut names, mut oldest) = (Vec::new(), 0, 0);
    for question in stats.questions(plan) {
        let (report, all, age) = shards.report(site, &question).await?;
        reports.push(report);
        names = all.max(names);
        oldest = age.max(oldest);
    }
    let total_views = match stats.what {
        What::Summary if stats.value.is_none() => shards.views(site, stats.page.as_ref().map(Page::as_str)).await?,
        _ => 0,
    };
    Ok((Found { reports, names, total_views }, oldest))
}
