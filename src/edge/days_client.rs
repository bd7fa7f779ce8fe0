//! The day's record of a site, asked for once a day and kept in the isolate's memory.

use super::clock::now_ms;
use super::log;
use super::object_call::Object;
use crate::counting::days::{Day, DayRecord, day_of};
use crate::counting::endpoint::Failure;
use crate::counting::site::Site;
use crate::counting::wire::{DayAnswer, DayCall, decode, encode};
use std::cell::RefCell;
use std::collections::HashMap;
use worker::Env;

/// The binding of the Durable Object namespace in `wrangler.toml`.
const BINDING: &str = "DAYS";

/// How long a visit waits for the record, in milliseconds, at most and as a share of its own deadline. Without it the
/// visit goes on as a view without a visitor.
const MAX_WAIT_MS: u64 = 2_000;

/// How long after a failure nobody asks again, in milliseconds: each who did would wait for nothing.
const PAUSE_MS: u64 = 5_000;

#[derive(Clone, Copy)]
enum Known {
    Record(DayRecord),
    /// It could not be had, and is not asked for before this time.
    Missing(u64),
}

thread_local! {
    /// By site; there are as many as sites at most. A record goes when the next day's comes.
    static KNOWN: RefCell<HashMap<Site, Known>> = RefCell::new(HashMap::new());
}

/// The record of today, if it can be had. Many requests may ask at once when a day begins: none may wait for another's
/// question, so each asks, and all get the same answer.
pub(super) async fn today(env: &Env, site: &Site, shards: u16, timeout_ms: u64) -> Option<DayRecord> {
    let now = now_ms();
    let day = day_of(now);
    match KNOWN.with_borrow(|known| known.get(site).copied()) {
        Some(Known::Record(record)) if record.day >= day => return Some(record),
        Some(Known::Missing(until)) if now < until => return None,
        _ => {}
    }
    let deadline = now.saturating_add(MAX_WAIT_MS.min(timeout_ms / 2));
    let object = Object { env, binding: BINDING, name: site.as_str() };
    let refusal = |answer: &[u8]| read(answer).err();
    let asked = object.call(&encode(&DayCall { day, shards }), deadline, refusal).await.and_then(|answer| read(&answer));
    let known = match &asked {
        Ok(record) => Known::Record(*record),
        Err(failure) => {
            log::problem("no_day_record", &format!("{failure:?}"));
            Known::Missing(now.saturating_add(PAUSE_MS))
        }
    };
    KNOWN.with_borrow_mut(|all| all.insert(site.clone(), known));
    asked.ok()
}

/// Drops a record that a shard called stale, so that the next question is for a later day.
pub(super) fn forget(site: &Site, stale: Day) {
    KNOWN.with_borrow_mut(|all| {
        if matches!(all.get(site), Some(Known::Record(record)) if record.day <= stale) {
            all.remove(site);
        }
    });
}

fn read(bytes: &[u8]) -> Result<DayRecord, Failure> {
    match decode(bytes) {
        Ok(DayAnswer::Record(record)) => Ok(record),
        Ok(DayAnswer::Malformed) => Err(Failure::Refused("the day's object cannot read the call".to_owned())),
        Ok(DayAnswer::Storage) => Err(Failure::Broken("the day's storage failed".to_owned())),
        Err(_) => Err(Failure::Broken("the day's answer cannot be read".to_owned())),
    }
}
