//! Records what happens in an isolate, for `npm run trace` to draw. It needs the feature `trace`, which no deployed build has;
//! tools/build_check.mjs checks that.
//!
//! It records four things: when a request's future is polled, what it begins to wait for, what ends a wait, and which visits a
//! POST carries. Each is one call of the recorder in JavaScript, tools/trace/recorder.js, which adds the time. One number says which
//! request is being polled, because the one thread polls one future at a time.

use crate::counting::dispatch::posting::Posting;
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = footfallTrace)]
    fn note(what: &str, visit: u32, number: f64);

    #[wasm_bindgen(js_namespace = footfallTrace)]
    fn carries(visit: u32, sequence: f64, tickets: &[f64]);
}

thread_local! {
    /// How many requests came so far.
    static CAME: Cell<u32> = const { Cell::new(0) };
    /// The request whose future is being polled; 0 if there is none.
    static POLLED: Cell<u32> = const { Cell::new(0) };
}

/// A request's future, whose polls are recorded.
struct Traced<F> {
    visit: u32,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        POLLED.set(self.visit);
        note("polled", self.visit, 0.0);
        let polled = self.work.as_mut().poll(context);
        note(if polled.is_ready() { "done" } else { "yields" }, self.visit, 0.0);
        POLLED.set(0);
        polled
    }
}

/// Numbers a request, and records the polls of its future.
pub(crate) fn visit<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let visit = CAME.get().saturating_add(1);
    CAME.set(visit);
    note("came", visit, 0.0);
    Traced { visit, work: Box::pin(work) }
}

/// Records that the request that is being polled begins a wait of this kind and number.
pub(crate) fn waits(kind: &str, number: f64) {
    note(kind, POLLED.get(), number);
}

/// Records that the wait with this number ends. Its future is polled soon.
pub(crate) fn woken(number: f64) {
    note("woken", 0, number);
}

/// Records that the request that is being polled posts these visits, its own first.
#[allow(clippy::cast_precision_loss, reason = "an isolate does not live for 2^53 batches or visits")]
pub(crate) fn posts(posting: &Posting) {
    let tickets: Vec<f64> = posting.tickets().map(|ticket| ticket as f64).collect();
    carries(POLLED.get(), posting.sequence as f64, &tickets);
}
