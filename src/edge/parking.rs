//! Parking a request until another one answers it, or its deadline comes.
//!
//! A request may not run code of another: a Rust waker, a channel or a shared future would do just that. What may cross is
//! a JS promise that its owner made by `Promise.withResolvers()` and awaits itself, resolved by the other with a plain
//! number. (One made by `new Promise(executor)` loses its owner once V8 optimises its maker: the isolate then hangs
//! after some 17,500 visits.) The promise's timer is the owner's own, too, because a request that waits without
//! any I/O of its own is cancelled as hung.

use crate::counting::batch::Ticket;
use crate::counting::endpoint::Failure;
use crate::counting::wire::{Counted, Verdict};
use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::WorkerGlobalScope;

#[wasm_bindgen]
extern "C" {
    type Resolvers;

    #[wasm_bindgen(js_namespace = Promise, js_name = withResolvers)]
    fn with_resolvers() -> Resolvers;

    #[wasm_bindgen(method, getter)]
    fn promise(this: &Resolvers) -> Promise;

    #[wasm_bindgen(method, getter)]
    fn resolve(this: &Resolvers) -> Function;
}

thread_local! {
    /// How to wake each parked visit. An entry goes when its visit is answered, leads or gives up; one whose request was
    /// killed goes when its batch ends.
    static PARKED: RefCell<HashMap<Ticket, Function>> = RefCell::new(HashMap::new());
}

/// Why a parked visit runs again.
#[derive(Debug)]
pub(super) enum Wake {
    /// It shall post.
    Lead,
    /// Its answer is there.
    Answer(Result<Counted, Failure>),
    /// Its deadline has come.
    GiveUp,
}

/// Parks the running request for at most `ms` milliseconds.
pub(super) async fn park(ticket: Ticket, ms: u64) -> Wake {
    let resolvers = with_resolvers();
    let resolve = resolvers.resolve();
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let ms = i32::try_from(ms).unwrap_or(i32::MAX);
    let timer = scope.set_timeout_with_callback_and_timeout_and_arguments_1(&resolve, ms, &GIVE_UP.into());
    PARKED.with_borrow_mut(|parked| parked.insert(ticket, resolve));
    let signal = match &timer {
        Ok(_) => JsFuture::from(resolvers.promise()).await.ok().and_then(|value| value.as_f64()),
        // Without a timer nothing would bound the wait.
        Err(_) => None,
    };
    PARKED.with_borrow_mut(|parked| parked.remove(&ticket));
    if let (Ok(timer), Some(signal)) = (timer, signal) {
        if signal != GIVE_UP {
            scope.clear_timeout_with_handle(timer);
        }
        return decode(signal);
    }
    Wake::GiveUp
}

/// Tells a parked visit to lead.
pub(super) fn lead(ticket: Ticket) {
    wake(ticket, LEAD);
}

/// Answers a parked visit.
pub(super) fn answer(ticket: Ticket, answer: &Result<Counted, Failure>) {
    wake(ticket, encode(answer));
}

fn wake(ticket: Ticket, signal: f64) {
    if let Some(resolve) = PARKED.with_borrow_mut(|parked| parked.remove(&ticket)) {
        // A resolve function of a promise does not throw.
        let _ = resolve.call1(&JsValue::UNDEFINED, &signal.into());
    }
}

const LEAD: f64 = -1.0;
const GIVE_UP: f64 = -2.0;
const BROKEN: f64 = -3.0;
const REFUSED: f64 = -4.0;
const LATE: f64 = -5.0;
const BUSY: f64 = -10.0;

/// An answer as one number, which is all that crosses between requests: views * 8 + flags, exact for the first 2^50
/// views of a page; failures below zero.
fn encode(answer: &Result<Counted, Failure>) -> f64 {
    match answer {
        Ok(counted) => {
            let verdict = match counted.verdict {
                Verdict::Counted => 0,
                Verdict::Duplicate => 1,
                Verdict::Stale => 2,
                Verdict::Full => 3,
            };
            let flags = verdict | (u64::from(counted.other) << 2);
            #[allow(clippy::cast_precision_loss, reason = "exact below 2^53, see above")]
            let number = (counted.views.saturating_mul(8) | flags) as f64;
            number
        }
        Err(Failure::Broken(_)) => BROKEN,
        Err(Failure::Refused(_)) => REFUSED,
        Err(Failure::Deadline { .. }) => LATE,
        Err(Failure::Busy { retry_after }) => BUSY - f64::from(*retry_after),
    }
}

fn decode(signal: f64) -> Wake {
    if signal >= 0.0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from `encode`")]
        let number = signal as u64;
        let verdict = match number & 3 {
            0 => Verdict::Counted,
            1 => Verdict::Duplicate,
            2 => Verdict::Stale,
            _ => Verdict::Full,
        };
        return Wake::Answer(Ok(Counted { verdict, other: number & 4 == 4, views: number >> 3 }));
    }
    if signal == LEAD {
        return Wake::Lead;
    }
    if signal == GIVE_UP {
        return Wake::GiveUp;
    }
    let elsewhere = || "in the POST that another visit led".to_owned();
    Wake::Answer(Err(if signal == REFUSED {
        Failure::Refused(elsewhere())
    } else if signal == LATE {
        Failure::Deadline { sent: true }
    } else if signal <= BUSY {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from `encode`")]
        let retry_after = (BUSY - signal) as u32;
        Failure::Busy { retry_after }
    } else {
        Failure::Broken(elsewhere())
    }))
}
