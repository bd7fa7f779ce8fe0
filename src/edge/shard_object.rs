//! The Durable Object of a shard: the shell of [`crate::counting::shard`]. `worker.js` carries its bytes and its alarm.

use super::clock::{ms_after, now_ms};
use super::sql::{ObjectSql, Storage};
use super::{config, log};
use crate::counting::days::until_over;
use crate::counting::details::MAX_DETAILS_BYTES;
use crate::counting::ledger::seen::WINDOW_MS;
use crate::counting::page::MAX_PAGE_BYTES;
use crate::counting::shard;
use crate::counting::wire::MAX_BATCH_VISITS;
use js_sys::Uint8Array;
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// The longest call, in bytes: a full batch of the longest pages and details, with 64 bytes of its own for each visit.
const MAX_CALL_BYTES: u32 = 512 * (512 + 301 + 64);
const _: () = assert!(MAX_BATCH_VISITS == 512 && MAX_PAGE_BYTES == 512 && MAX_DETAILS_BYTES == 301);

/// One shard of a site.
#[wasm_bindgen]
pub struct Shard {
    shard: RefCell<shard::Shard<ObjectSql>>,
}

#[wasm_bindgen]
impl Shard {
    /// The shard that this storage holds.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage) -> Self {
        Self { shard: RefCell::new(shard::Shard::new(ObjectSql::new(storage))) }
    }

    /// Serves one call. All its writes happen in this turn.
    pub fn serve(&self, call: &Uint8Array) -> Vec<u8> {
        // Too long for any call: nothing that could be read.
        let call = if call.length() > MAX_CALL_BYTES { Vec::new() } else { call.to_vec() };
        let served = self.shard.borrow_mut().serve(&call, now_ms());
        if let Some(error) = &served.error {
            log::problem("storage_failed", &error.0);
        }
        served.bytes
    }

    /// Folds the journal and forgets what is old; says whether there will be more to forget. Where the configuration is wrong all hours are
    /// kept: what is added up by day cannot be taken apart again.
    ///
    /// Nothing where storage failed: an error must not leave WebAssembly, as that would end the instance.
    pub fn maintain(&self, env: &Env) -> Option<bool> {
        let keep_days = config::of(env).map_or(u32::MAX, |config| config.hours_kept_days);
        self.shard.borrow_mut().maintain(now_ms(), keep_days).map_err(|error| log::problem("storage_failed", &error.0)).ok()
    }

    /// When to call [`Self::maintain`], in milliseconds since 1970.
    pub fn next_alarm(&self) -> f64 {
        ms_after(until_over(WINDOW_MS, now_ms()))
    }
}
