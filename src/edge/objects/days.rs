//! The Durable Object of a site's days, around [`crate::counting::dispatch::days`]. `worker.js` passes it the bytes of calls, and its alarm.

use crate::counting::dispatch::days::Days;
use crate::counting::model::date::{DAY_MS, until_over};
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::day::{DayAnswer, DayCall};
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::StorageError;
use crate::edge::clients::object_call::Object;
use crate::edge::clients::shards::decode_answer;
use crate::edge::runtime::clock::{ms_after, now_ms};
use crate::edge::runtime::sql::{ObjectSql, Storage};
use crate::edge::runtime::{isolate, log};
use futures_util::FutureExt;
use js_sys::{Function, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use worker::Env;

/// How long a call to the first shard may take, in milliseconds: less than a visit waits for the record.
const TELL_MS: u64 = 1_000;

/// The days of one site.
#[wasm_bindgen(js_name = Days)]
pub struct DaysObject {
    state: Rc<DaysState>,
}

struct DaysState {
    days: Days<ObjectSql>,
    /// The name of the object. The platform does not know it if the object was started by an alarm that was set before alarms kept names.
    site: Option<String>,
}

#[wasm_bindgen(js_class = Days)]
impl DaysObject {
    /// The object over this storage.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage, _env: Env, site: Option<String>) -> Self {
        Self { state: Rc::new(DaysState { days: Days::new(ObjectSql::new(storage)), site }) }
    }

    /// Serves one call, with all its writes in this turn. `None` if the site's first shard must first be told that there will be more shards.
    /// Then the caller calls [`Self::later`].
    pub fn serve(&self, call: &Uint8Array) -> Option<Vec<u8>> {
        let Ok(call) = decode::<DayCall>(&call.to_vec()) else { return Some(encode(&DayAnswer::Malformed)) };
        match self.state.days.grows(call.day, call.shards, now_ms()) {
            Ok(None) => Some(self.state.answer(call)),
            Ok(Some(_)) => None,
            Err(error) => Some(encode(&failed(&error))),
        }
    }

    /// Tells the first shard, then serves the call and passes the answer to `answered`. If that shard cannot be told, this day has as many
    /// shards as the day before.
    pub fn later(&self, call: &Uint8Array, env: Env, answered: Function) {
        let Ok(call) = decode::<DayCall>(&call.to_vec()) else { return };
        let state = Rc::clone(&self.state);
        let work = async move {
            let told = state.tell_first_shard(&env, call.shards).await;
            let call = DayCall { shards: if told { call.shards } else { 0 }, ..call };
            // A function that settles a promise does not throw.
            let _ = answered.call1(&JsValue::UNDEFINED, &Uint8Array::from(state.answer(call).as_slice()));
        };
        spawn_local(work.boxed_local());
    }

    /// Deletes the salts of days that are over. Returns whether a salt is left to delete later: a visit just after midnight makes one
    /// before this runs.
    ///
    /// `None` if the storage failed. An error that left WebAssembly would end the instance.
    pub fn maintain(&self, _env: &Env) -> Option<bool> {
        self.state.days.maintain(now_ms()).map_err(|error| log::problem("storage_failed", &error.0)).ok()
    }

    /// When to call [`Self::maintain`], in milliseconds since 1970.
    pub fn next_alarm(&self) -> f64 {
        ms_after(until_over(DAY_MS, now_ms()))
    }
}

impl DaysState {
    fn answer(&self, call: DayCall) -> Vec<u8> {
        encode(&self.record(call).unwrap_or_else(|error| failed(&error)))
    }

    fn record(&self, call: DayCall) -> Result<DayAnswer, StorageError> {
        let random = isolate::random().map_err(|failure| StorageError(failure.to_string()))?;
        let record = self.days.record(call.day, call.shards, random, now_ms())?;
        Ok(record.map_or(DayAnswer::Malformed, DayAnswer::Record))
    }

    /// Tells the site's first shard how many shards there will be. Returns whether it knows.
    async fn tell_first_shard(&self, env: &Env, shards: u16) -> bool {
        let Some(site) = &self.site else { return false };
        let name = format!("{site}/0");
        let first = Object { env, binding: "SHARD", name: &name };
        let told = first.call(&encode(&Call::Grow(shards)), now_ms().saturating_add(TELL_MS), decode_answer).await;
        if let Err(failure) = &told {
            log::problem("not_grown", &failure.to_string());
        }
        matches!(told, Ok(Answer::Grown))
    }
}

fn failed(error: &StorageError) -> DayAnswer {
    log::problem("storage_failed", &error.0);
    DayAnswer::Storage
}
