//! The Durable Object of a site's days: the shell of [`crate::counting::days`]. `worker.js` carries its bytes and its alarm.

use super::clock::{ms_after, now_ms};
use super::sql::{ObjectSql, Storage};
use super::{isolate, log};
use crate::counting::days::{self, DAY_MS, until_over};
use crate::counting::ledger::StorageError;
use crate::counting::wire::{DayAnswer, DayCall, decode, encode};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// The days of one site.
#[wasm_bindgen]
pub struct Days {
    days: days::Days<ObjectSql>,
}

#[wasm_bindgen]
impl Days {
    /// The days that this storage holds.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage) -> Self {
        Self { days: days::Days::new(ObjectSql::new(storage)) }
    }

    /// Serves one call. All its writes happen in this turn.
    pub fn serve(&self, call: &Uint8Array) -> Vec<u8> {
        let answer = match decode(&call.to_vec()) {
            Ok(call) => self.record(&call).unwrap_or_else(|error| {
                log::problem("storage_failed", &error.0);
                DayAnswer::Storage
            }),
            Err(_) => DayAnswer::Malformed,
        };
        encode(&answer)
    }

    /// Deletes the salts of days that are over; says whether there will be more to delete, as a visit just after midnight
    /// makes a salt before this runs.
    ///
    /// Nothing where storage failed: an error must not leave WebAssembly, as that would end the instance.
    pub fn maintain(&self, _env: &Env) -> Option<bool> {
        self.days.maintain(now_ms()).map_err(|error| log::problem("storage_failed", &error.0)).ok()
    }

    /// When to call [`Self::maintain`], in milliseconds since 1970.
    pub fn next_alarm(&self) -> f64 {
        ms_after(until_over(DAY_MS, now_ms()))
    }

    fn record(&self, call: &DayCall) -> Result<DayAnswer, StorageError> {
        let random = isolate::random().map_err(|failure| StorageError(failure.to_string()))?;
        let record = self.days.record(call.day, call.shards, random, now_ms())?;
        Ok(record.map_or(DayAnswer::Malformed, DayAnswer::Record))
    }
}
