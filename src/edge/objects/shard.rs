//! The Durable Object of a shard: the shell of [`crate::counting::ledger::shard`]. `worker.js` carries its bytes and its alarm.

use crate::counting::ledger::seen::WINDOW_MS;
use crate::counting::ledger::shard::Shard;
use crate::counting::model::date::until_over;
use crate::counting::model::dimensions::MAX_DETAILS_BYTES;
use crate::counting::model::page::MAX_PAGE_BYTES;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::batch::MAX_BATCH_VISITS;
use crate::counting::storage::StorageError;
use crate::edge::clients::object_call::Object;
use crate::edge::clients::shards::decode_answer;
use crate::edge::runtime::clock::{ms_after, now_ms};
use crate::edge::runtime::sql::{ObjectSql, Storage};
use crate::edge::runtime::waits::{spawn, timer};
use crate::edge::runtime::{config, log};
use js_sys::Uint8Array;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// The longest call, in bytes: a full batch of the longest pages and details, with 64 bytes of its own for each visit.
const MAX_CALL_BYTES: u32 = 512 * (1024 + 402 + 64);
const _: () = assert!(MAX_BATCH_VISITS == 512 && MAX_PAGE_BYTES == 1024 && MAX_DETAILS_BYTES == 402);

/// How long a shard tries to tell who watches, in milliseconds. By then there is more to tell.
const PUSH_MS: u64 = 2_000;

/// One shard of a site.
#[wasm_bindgen(js_name = Shard)]
pub struct ShardObject {
    state: Rc<ShardState>,
}

struct ShardState {
    shard: RefCell<Shard<ObjectSql>>,
    env: Env,
    /// Its site and its number, by its name.
    place: Option<(String, u32)>,
}

#[wasm_bindgen(js_class = Shard)]
impl ShardObject {
    /// The shard that this storage holds. The platform does not know the name of an object that an alarm woke which was set before it kept
    /// names; then nobody is told, until it wakes the next time.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage, env: Env, name: Option<String>) -> Self {
        let shard = RefCell::new(Shard::new(ObjectSql::new(storage)));
        let place =
            name.and_then(|name| name.rsplit_once('/').and_then(|(site, number)| Some((site.to_owned(), number.parse().ok()?))));
        Self { state: Rc::new(ShardState { shard, env, place }) }
    }

    /// Serves one call. All its writes happen in this turn.
    pub fn serve(&self, call: &Uint8Array) -> Vec<u8> {
        // Too long for any call: nothing that could be read.
        let call = if call.length() > MAX_CALL_BYTES { Vec::new() } else { call.to_vec() };
        let served = self.state.shard.borrow_mut().serve(&call, now_ms());
        if let Some(error) = &served.error {
            log::problem("storage_failed", &error.0);
        }
        if let Some(ms) = served.push {
            // Where the platform throws the object away, what waits here is never resumed: it must not hold the whole ledger until the isolate ends.
            let state = Rc::downgrade(&self.state);
            // After the answer: who watches never holds up a visit.
            let work = async move {
                timer(ms).await;
                push(&state).await;
            };
            spawn(work);
        }
        served.bytes
    }

    /// Folds the journal and forgets what is old; says whether there will be more to forget. Where the configuration is wrong all hours are
    /// kept: what is added up by day cannot be taken apart again.
    ///
    /// Nothing where storage failed: an error must not leave WebAssembly, as that would end the instance.
    pub fn maintain(&self, env: &Env) -> Option<bool> {
        let keep_days = config::parsed(env).map_or(u32::MAX, |config| config.hours_kept_days);
        self.state.shard.borrow_mut().maintain(now_ms(), keep_days).map_err(|error| log::problem("storage_failed", &error.0)).ok()
    }

    /// When to call [`Self::maintain`], in milliseconds since 1970.
    pub fn next_alarm(&self) -> f64 {
        ms_after(until_over(WINDOW_MS, now_ms()))
    }
}

/// Tells what the shard saw to the object that has the site's watchers. An error is nobody's loss: the next change tells all of it.
async fn push(state: &Weak<ShardState>) {
    let Some(Push { env, site, call, watches }) = state.upgrade().and_then(|state| state.tell()) else { return };
    let deadline = now_ms().saturating_add(PUSH_MS);
    let live = Object { env: &env, binding: "LIVE", name: &site };
    let answer = live.call(&call, deadline, decode_answer).await;
    if let (Ok(Answer::Watched(false)), Some(state)) = (answer, state.upgrade()) {
        noted(state.shard.borrow_mut().pushed(watches, now_ms()));
    }
}

/// What is told to whom, and what comes back with the answer.
struct Push {
    env: Env,
    site: String,
    call: Vec<u8>,
    watches: u64,
}

impl ShardState {
    /// What there is to tell now.
    fn tell(&self) -> Option<Push> {
        let (site, number) = self.place.clone()?;
        let (call, watches) = noted(self.shard.borrow_mut().push(number, now_ms())).flatten()?;
        Some(Push { env: self.env.clone(), site, call, watches })
    }
}

fn noted<T>(outcome: Result<T, StorageError>) -> Option<T> {
    outcome.map_err(|error| log::problem("storage_failed", &error.0)).ok()
}
