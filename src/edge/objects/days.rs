//! The Durable Object of a site's days, around [`crate::counting::dispatch::days`]. `worker.js` passes it the bytes of calls, and its alarm.

use crate::counting::dispatch::days::{Days, Missing};
use crate::counting::dispatch::growth::needed;
use crate::counting::model::date::{DAY_MS, until_over};
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::day::{DayAnswer, DayCall};
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::StorageError;
use crate::edge::clients::shards::{ShardClient, object_names};
use crate::edge::runtime::clock::{ms_after, now_ms};
use crate::edge::runtime::sql::{ObjectSql, Storage};
use crate::edge::runtime::{config, isolate, log};
use futures_util::FutureExt;
use js_sys::{Function, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use worker::Env;

/// How long the shards may take to say what they carry, in milliseconds.
const LOAD_MS: u64 = 500;

/// How long a call to the first shard may take, in milliseconds. Both together take less time than a visit waits for the record.
const TELL_MS: u64 = 900;

/// The days of one site.
#[wasm_bindgen(js_name = Days)]
pub struct DaysObject {
    state: Rc<DaysState>,
}

struct DaysState {
    days: Days<ObjectSql>,
    env: Env,
    /// The name of the object. The platform does not know it if the object was started by an alarm that was set before alarms kept names.
    site: Option<String>,
    /// The calls for a record whose number of shards is being found, and how to answer each.
    waiting: RefCell<Vec<(DayCall, Function)>>,
    /// Until when the number is being found, in milliseconds since 1970.
    until: Cell<u64>,
}

#[wasm_bindgen(js_class = Days)]
impl DaysObject {
    /// The object over this storage.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage, env: Env, site: Option<String>) -> Self {
        let (waiting, until) = (RefCell::default(), Cell::default());
        Self { state: Rc::new(DaysState { days: Days::new(ObjectSql::new(storage)), env, site, waiting, until }) }
    }

    /// Serves one call, with all its writes in this turn. `None` if shards must be asked or told first. Then the caller calls [`Self::later`].
    pub fn serve(&self, call: &Uint8Array) -> Option<Vec<u8>> {
        let Ok(call) = decode::<DayCall>(&call.to_vec()) else { return Some(encode(&DayAnswer::Malformed)) };
        match self.state.days.missing(call.day, now_ms()) {
            Ok(Missing::Next { shards, .. }) if call.shards > shards || self.state.grows_by_itself() => return None,
            Ok(Missing::First) => self.state.tell_of_a_new_site(),
            Ok(_) => {}
            Err(error) => return Some(encode(&failed(&error))),
        }
        Some(self.state.answer(call))
    }

    /// Finds the number of shards, tells the first shard if there will be more, serves the call, and passes the answer to `answered`. Calls that
    /// come meanwhile wait for the same number. If the shard cannot be told, this day has as many shards as the day before.
    pub fn later(&self, call: &Uint8Array, _env: &Env, answered: Function) {
        let Ok(call) = decode::<DayCall>(&call.to_vec()) else { return };
        self.state.waiting.borrow_mut().push((call, answered));
        let now = now_ms();
        let until = now.saturating_add(LOAD_MS).saturating_add(TELL_MS);
        // A later time was set by a clock that was ahead.
        if (now..=until).contains(&self.state.until.get()) {
            return;
        }
        self.state.until.set(until);
        let state = Rc::clone(&self.state);
        let work = async move {
            let shards = state.agree(call).await;
            state.until.set(0);
            for (call, answered) in state.waiting.take() {
                // A function that settles a promise does not throw.
                let _ =
                    answered.call1(&JsValue::UNDEFINED, &Uint8Array::from(state.answer(DayCall { shards, ..call }).as_slice()));
            }
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

    /// The number of shards of the record that is asked for, once the first shard knows it; 0 for as many as there are.
    async fn agree(&self, call: DayCall) -> u16 {
        let (Ok(config), Some(site)) = (config::parsed(&self.env), &self.site) else { return 0 };
        let Ok(Missing::Next { before, shards }) = self.days.missing(call.day, now_ms()) else { return 0 };
        let names = object_names(site, shards);
        let within = |ms| ShardClient::new(&self.env, &config, Sender::default(), now_ms().saturating_add(ms));
        let mut wanted = call.shards;
        if let Some(most) = config.shards.most() {
            let mut loads = Vec::with_capacity(names.len());
            // A shard that does not answer in time is not known to carry anything.
            for answer in within(LOAD_MS).ask_each(&names, &encode(&Call::Load(before))).await {
                loads.push(if let Ok(Answer::Load(load)) = answer { Some(load) } else { None });
            }
            let needed = needed(&loads);
            if needed > most.max(shards) {
                log::problem("not_grown", "MAX_SHARDS allows fewer shards than the load of a site needs");
            }
            wanted = wanted.max(needed.min(most));
        }
        if wanted <= shards {
            return 0;
        }
        let first = names.first().map_or("", String::as_str);
        match within(TELL_MS).ask(first, &encode(&Call::Grow(wanted))).await {
            Ok(Answer::Grown) => log::site_grows(site, wanted),
            Ok(_) => return 0,
            Err(failure) => {
                log::problem("not_grown", &failure.to_string());
                return 0;
            }
        }
        wanted
    }

    /// Whether the load may add shards.
    fn grows_by_itself(&self) -> bool {
        config::parsed(&self.env).is_ok_and(|config| config.shards.most().is_some())
    }

    /// Tells the owner where a site begins: after a change of `JURISDICTION`, this is how they learn that its numbers are elsewhere.
    fn tell_of_a_new_site(&self) {
        let jurisdiction = config::parsed(&self.env).ok().and_then(|config| config.jurisdiction);
        log::site_begins(self.site.as_deref().unwrap_or_default(), jurisdiction.unwrap_or("none"));
    }
}

fn failed(error: &StorageError) -> DayAnswer {
    log::problem("storage_failed", &error.0);
    DayAnswer::Storage
}
