//! The Durable Object of a shard, around [`crate::counting::ledger::shard`]. `worker.js` passes it the bytes of calls, and its alarm.
//!
//! All calls of an object share its context. So one turn may answer the callers of earlier ones, whose batches waited to be written with
//! its own.

use crate::counting::ledger::commit::Turn;
use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::sets::memory_budget::MemoryBudget;
use crate::counting::ledger::sets::sizes::Sizes;
use crate::counting::ledger::shard::Shard;
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
use crate::edge::runtime::{config, isolate, log};
use js_sys::{Function, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// The longest call, in bytes: a full batch with the longest pages and details, and 64 more bytes for each visit.
const MAX_CALL_BYTES: u32 = 512 * (1024 + 402 + 64);
const _: () = assert!(MAX_BATCH_VISITS == 512 && MAX_PAGE_BYTES == 1024 && MAX_DETAILS_BYTES == 402);

/// How long a push to the watchers may take, in milliseconds. By then the next one is due.
const PUSH_MS: u64 = 2_000;

thread_local! {
    /// The memory of the sets of all shards in this instance.
    static BUDGET: MemoryBudget = MemoryBudget::new(MemoryBudget::INSTANCE);
}

/// What a shard gets from this instance. Only a new shard needs randomness, so it tells if there is none.
fn instance() -> Instance {
    Instance { seed: isolate::random().ok(), budget: BUDGET.with(MemoryBudget::clone), sizes: Sizes::default() }
}

/// One shard of a site.
#[wasm_bindgen(js_name = Shard)]
pub struct ShardObject {
    state: Rc<ShardState>,
}

struct ShardState {
    shard: RefCell<Shard<ObjectSql>>,
    /// The number of the last caller.
    last: Cell<u64>,
    /// The callers whose batches wait, each with the function that takes the answer. If the instance breaks down, they run into their
    /// deadline, and send their batches again.
    waiting: RefCell<Vec<(u64, Function)>>,
    env: Env,
    /// Its site and its number, from its name.
    place: Option<(String, u32)>,
}

#[wasm_bindgen(js_class = Shard)]
impl ShardObject {
    /// The object over this storage. The platform does not know the name if the object was started by an alarm that was set before alarms
    /// kept names. Then watchers are not told until the next start.
    #[wasm_bindgen(constructor)]
    pub fn new(storage: Storage, env: Env, name: Option<String>) -> Self {
        let shard = RefCell::new(Shard::new(ObjectSql::new(storage), instance()));
        let place =
            name.and_then(|name| name.rsplit_once('/').and_then(|(site, number)| Some((site.to_owned(), number.parse().ok()?))));
        Self { state: Rc::new(ShardState { shard, last: Cell::default(), waiting: RefCell::default(), env, place }) }
    }

    /// Serves one call, with all its writes in this turn. `None` if its batch waits to be written with others. Then the caller calls
    /// [`Self::later`].
    pub fn serve(&self, call: &Uint8Array) -> Option<Vec<u8>> {
        // A longer call than any cannot be read, so its bytes are not needed.
        let call = if call.length() > MAX_CALL_BYTES { Vec::new() } else { call.to_vec() };
        let caller = self.state.last.get().wrapping_add(1);
        self.state.last.set(caller);
        let turn = self.state.shard.borrow_mut().take(caller, call, now_ms());
        end_turn(&self.state, turn, caller)
    }

    /// Passes the answer to `answered` once the batch of the last call is written.
    pub fn later(&self, _call: &Uint8Array, _env: &Env, answered: Function) {
        self.state.waiting.borrow_mut().push((self.state.last.get(), answered));
    }

    /// Writes everything that waits into the tables and forgets what is old. Returns whether there will be more to forget. If the configuration is wrong, all hours are
    /// kept, because a roll-up cannot be undone.
    ///
    /// `None` if the storage failed. An error that left WebAssembly would end the instance.
    pub fn maintain(&self, env: &Env) -> Option<bool> {
        let keep_days = config::parsed(env).map_or(u32::MAX, |config| config.hours_kept_days);
        self.state.shard.borrow_mut().maintain(now_ms(), keep_days).map_err(|error| log::problem("storage_failed", &error.0)).ok()
    }

    /// When to call [`Self::maintain`], in milliseconds since 1970.
    pub fn next_alarm(&self) -> f64 {
        ms_after(self.state.shard.borrow().next_maintenance(now_ms()))
    }
}

/// Does what a turn asks for. Returns the answer of this caller, if it has one.
fn end_turn(state: &Rc<ShardState>, turn: Turn, caller: u64) -> Option<Vec<u8>> {
    if let Some(error) = &turn.error {
        log::problem("storage_failed", &error.0);
    }
    for (ms, pushes) in [(turn.push, true), (turn.ring, false)] {
        if let Some(ms) = ms {
            spawn(later(Rc::downgrade(state), ms, pushes));
        }
    }
    let mut own = None;
    for (to, answer) in turn.answers {
        if to == caller {
            own = Some(answer);
        } else if let Some(answered) = state.taken(to) {
            // A function that settles a promise does not throw.
            let _ = answered.call1(&JsValue::UNDEFINED, &Uint8Array::from(answer.as_slice()));
        }
    }
    own
}

/// After a while, pushes to the watchers, who so never delay a visit, or goes on with the batches that wait. If the platform drops the
/// object, this is never resumed. It must not keep the whole ledger in memory until the isolate ends.
async fn later(state: Weak<ShardState>, ms: u64, pushes: bool) {
    timer(ms).await;
    if pushes {
        push(&state).await;
    } else if let Some(state) = state.upgrade() {
        let turn = state.shard.borrow_mut().rang(now_ms());
        end_turn(&state, turn, 0);
    }
}

/// Sends the recent activity of the shard to the object of the site's watchers. If that fails, the next push makes up for it.
async fn push(state: &Weak<ShardState>) {
    let Some(Push { env, site, call, watches }) = state.upgrade().and_then(|state| state.due_push()) else { return };
    let deadline = now_ms().saturating_add(PUSH_MS);
    let live = Object { env: &env, binding: "LIVE", name: &site };
    let answer = live.call(&call, deadline, decode_answer).await;
    if let (Ok(Answer::Watched(false)), Some(state)) = (answer, state.upgrade()) {
        logged(state.shard.borrow_mut().pushed(watches, now_ms()));
    }
}

/// A push: the message for the site's watchers, and the number that [`Shard::pushed`] takes after the answer.
struct Push {
    env: Env,
    site: String,
    call: Vec<u8>,
    watches: u64,
}

impl ShardState {
    /// Takes out what passes a caller's answer on. Answers come in about the order of the calls.
    fn taken(&self, caller: u64) -> Option<Function> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|(waits, _)| *waits == caller)?;
        Some(waiting.remove(at).1)
    }

    /// The push that is due now, if somebody may watch.
    fn due_push(&self) -> Option<Push> {
        let (site, number) = self.place.clone()?;
        let (call, watches) = logged(self.shard.borrow_mut().push(number, now_ms())).flatten()?;
        Some(Push { env: self.env.clone(), site, call, watches })
    }
}

/// The value; a storage error is logged, and gives none.
fn logged<T>(outcome: Result<T, StorageError>) -> Option<T> {
    outcome.map_err(|error| log::problem("storage_failed", &error.0)).ok()
}
