//! Rate limits, where `wrangler.toml` binds them: `ADDRESS_LIMIT` by address, `SITE_LIMIT` by site.
//!
//! They stand in front of the shards and never count: the platform's limits are of one place on the edge, and roughly kept.

use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::waits::awaited;
use std::cell::{Cell, OnceCell};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

#[wasm_bindgen(module = "/src/edge/runtime/rate_limits.js")]
extern "C" {
    #[wasm_bindgen(js_name = areBound)]
    fn are_bound(env: &Env) -> bool;

    fn exceeds(env: &Env, sender: &str, site: &str) -> js_sys::Promise;
}

/// How long a visit waits for the limits, in milliseconds. On the edge they answer within one.
const WAIT_MS: u64 = 250;

/// How long nobody asks limits that did not answer, in milliseconds: not every visit shall wait for them.
const PAUSE_MS: u64 = 1_000;

thread_local! {
    /// Whether there are any: without, a visit must not wait for a promise.
    static BOUND: OnceCell<bool> = const { OnceCell::new() };
    /// Since when limits do not answer, in milliseconds since 1970.
    static AWAY_SINCE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Whether a visit is one too many. `sender` is the network that it comes from, where it is known and to be asked for; `site` is empty
/// where it is not known yet. Limits that fail, or that do not answer, let through: they must not lose visits.
pub(crate) async fn exceeded(env: &Env, sender: Option<&str>, site: &str) -> bool {
    if (sender.is_none() && site.is_empty()) || !BOUND.with(|bound| *bound.get_or_init(|| are_bound(env))) {
        return false;
    }
    // A clock that went back ends the pause, too.
    if AWAY_SINCE.get().is_some_and(|since| (since..since.saturating_add(PAUSE_MS)).contains(&now_ms())) {
        return false;
    }
    let answer = within(WAIT_MS, awaited(&exceeds(env, sender.unwrap_or(""), site))).await;
    AWAY_SINCE.set(if answer.is_none() { Some(now_ms()) } else { None });
    answer.is_some_and(|answer| answer.is_ok_and(|exceeds| exceeds.is_truthy()))
}
