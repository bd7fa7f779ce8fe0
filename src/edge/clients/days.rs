//! The day record of a site, which the isolate asks for once a day and keeps in memory. [`crate::counting::dispatch::day_cache`] decides
//! when to ask.

use crate::counting::dispatch::day_cache::{DayCache, RecordStep, ahead_ms, patience};
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::site::Site;
use crate::counting::protocol::day::{DayAnswer, DayCall};
use crate::counting::protocol::wire::{decode, encode};
use crate::edge::clients::object_call::Object;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{isolate, log, waits};
use std::cell::RefCell;
use worker::Env;

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "DAYS";

thread_local! {
    /// One for each site.
    static CACHES: RefCell<Vec<(Site, DayCache)>> = const { RefCell::new(Vec::new()) };
}

/// The record for a visit, if there is one in time. `deadline` is the visit's, in milliseconds since 1970; `by_server` says whether a server
/// sent it.
pub(crate) async fn today(env: &Env, site: &Site, shards: u16, by_server: bool, deadline: u64) -> Option<DayRecord> {
    let ahead_ms = isolate::name().map(ahead_ms).unwrap_or_default();
    let mut now = now_ms();
    let patience = patience(now, deadline);
    let ticket = isolate::next_number();
    loop {
        let (day, until) = match with_cache(site, |cache| cache.look(ticket, by_server, now, patience, ahead_ms)) {
            RecordStep::Known(record) => return record,
            RecordStep::Wait { until } => {
                // The visit that asks wakes it. If that visit is gone, its own timer does.
                waits::parked(ticket, until.saturating_sub(now)).await;
                now = now_ms();
                continue;
            }
            RecordStep::Ask { day, until } => (day, until),
        };
        let object = Object { env, binding: BINDING, name: site.as_str() };
        let asked = object.call(&encode(&DayCall { day, shards }), until, decode_record).await;
        if let Err(failure) = &asked {
            log::problem("no_day_record", &failure.to_string());
        }
        now = now_ms();
        for waiting in with_cache(site, |cache| cache.answered(day, asked.ok(), now)) {
            waits::end(waiting, waits::LOOK_AGAIN);
        }
    }
}

/// Drops the record of a day that a shard called over, so that the next question is for a later day.
pub(crate) fn forget(site: &Site, stale: Day) {
    with_cache(site, |cache| cache.stale(stale));
}

/// The most shards that a site is known to have, if any are.
pub(crate) fn shards(site: &Site) -> Option<u16> {
    with_cache(site, |cache| cache.shards())
}

/// Notes the number of shards that a shard knows of.
pub(crate) fn outgrown(site: &Site, shards: u16) {
    with_cache(site, |cache| cache.outgrown(shards));
}

fn with_cache<T>(site: &Site, act: impl FnOnce(&mut DayCache) -> T) -> T {
    CACHES.with_borrow_mut(|caches| {
        if let Some((_, cache)) = caches.iter_mut().find(|(known, _)| known == site) {
            return act(cache);
        }
        let mut cache = DayCache::default();
        let done = act(&mut cache);
        caches.push((site.clone(), cache));
        done
    })
}

fn decode_record(bytes: &[u8]) -> Result<DayRecord, Failure> {
    match decode(bytes) {
        Ok(DayAnswer::Record(record)) => Ok(record),
        Ok(DayAnswer::Malformed) => Err(Failure::Refused("the day's object cannot read the call".to_owned())),
        Ok(DayAnswer::Storage) => Err(Failure::Broken("the day's storage failed".to_owned())),
        Err(_) => Err(Failure::Broken("the day's answer cannot be read".to_owned())),
    }
}
