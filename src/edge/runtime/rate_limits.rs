//! The platform's rate limits, if `wrangler.toml` binds them: `ADDRESS_LIMIT` by address, `SITE_LIMIT` by site.
//!
//! They protect the shards, and no number depends on them: each location of the edge has a limit of its own, and keeps it roughly.

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

/// How long visits do not ask limits that did not answer, in milliseconds, so that not every visit waits for them.
const PAUSE_MS: u64 = 1_000;

thread_local! {
    /// Whether a limit is bound. Without one, a visit must not wait for a promise.
    static BOUND: OnceCell<bool> = const { OnceCell::new() };
    /// Since when the limits do not answer, in milliseconds since 1970.
    static AWAY_SINCE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Whether a visit is one too many. `sender` is its network, `None` if it is not known or not to be asked about; `site` is empty if it is
/// not known yet. Limits that fail or do not answer let visits through, because they must not lose any.
pub(crate) async fn exceeded(env: &Env, sender: Option<&str>, site: &str) -> bool {
    if (sender.is_none() && site.is_empty()) || !BOUND.with(|bound| *bound.get_or_init(|| are_bound(env))) {
        return false;
    }
    // A clock that goes back also ends the pause.
    if AWAY_SINCE.get().is_some_and(|since| (since..since.saturating_add(PAUSE_MS)).contains(&now_ms())) {
        return false;
    }
    let answer = within(WAIT_MS, awaited(&exceeds(env, sender.unwrap_or(""), site))).await;
    AWAY_SINCE.set(if answer.is_none() { Some(now_ms()) } else { None });
    answer.is_some_and(|answer| answer.is_ok_and(|exceeds| exceeds.is_truthy()))
}
