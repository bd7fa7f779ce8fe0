//! The day's record of a site, asked for once a day and kept in the isolate's memory. When to ask is decided by
//! [`crate::counting::day_cache`].

use super::clock::now_ms;
use super::log;
use super::object_call::Object;
use crate::counting::day_cache::{DayCache, Look};
use crate::counting::days::{Day, DayRecord};
use crate::counting::endpoint::Failure;
use crate::counting::site::Site;
use crate::counting::wire::{DayAnswer, DayCall, decode, encode};
use std::cell::RefCell;
use worker::Env;

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "DAYS";

thread_local! {
    /// By site; there are as many as sites at most.
    static CACHES: RefCell<Vec<(Site, DayCache)>> = const { RefCell::new(Vec::new()) };
}

/// The record that holds for a visit, if one can be had. `deadline` is the visit's own.
pub(super) async fn today(env: &Env, site: &Site, shards: u16, deadline: u64) -> Option<DayRecord> {
    let (day, until) = match with_cache(site, |cache| cache.look(now_ms(), deadline)) {
        Look::Known(record) => return record,
        Look::Ask { day, deadline } => (day, deadline),
    };
    let object = Object { env, binding: BINDING, name: site.as_str() };
    let asked = object.call(&encode(&DayCall { day, shards }), until, read).await;
    if let Err(failure) = &asked {
        log::problem("no_day_record", &failure.to_string());
    }
    with_cache(site, |cache| cache.answered(asked.ok(), now_ms()))
}

/// Drops a record that a shard called stale, so that the next question is for a later day.
pub(super) fn forget(site: &Site, stale: Day) {
    with_cache(site, |cache| cache.stale(stale));
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

fn read(bytes: &[u8]) -> Result<DayRecord, Failure> {
    match decode(bytes) {
        Ok(DayAnswer::Record(record)) => Ok(record),
        Ok(DayAnswer::Malformed) => Err(Failure::Refused("the day's object cannot read the call".to_owned())),
        Ok(DayAnswer::Storage) => Err(Failure::Broken("the day's storage failed".to_owned())),
        Err(_) => Err(Failure::Broken("the day's answer cannot be read".to_owned())),
    }
}
