//! Rate limits, where `wrangler.toml` binds them: `ADDRESS_LIMIT` by address, `SITE_LIMIT` by site.
//!
//! They stand in front of the shards and never count: the platform's limits are of one place on the edge, and roughly kept.

use crate::counting::site::Site;
use std::cell::OnceCell;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

#[wasm_bindgen(module = "/src/edge/limits.js")]
extern "C" {
    #[wasm_bindgen(js_name = areBound)]
    fn are_bound(env: &Env) -> bool;

    fn exceeds(env: &Env, site: &str, address: &str) -> js_sys::Promise;
}

thread_local! {
    /// Whether there are any: without, a visit must not wait for a promise.
    static BOUND: OnceCell<bool> = const { OnceCell::new() };
}

/// Whether a visit is one too many. `address` is empty for what a server reports. A limit that fails lets through: it must not lose
/// visits.
pub(super) async fn exceeded(env: &Env, site: &Site, address: &str) -> bool {
    if !BOUND.with(|bound| *bound.get_or_init(|| are_bound(env))) {
        return false;
    }
    JsFuture::from(exceeds(env, site.as_str(), address)).await.is_ok_and(|exceeds| exceeds.is_truthy())
}
