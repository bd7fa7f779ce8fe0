//! Futures that end with one number or value from JavaScript: a parked request, a timer, the answer of an object.
//!
//! `JsFuture` would do, at two closures, a finalizer and five crossings a wait. These share one closure for all waits of the
//! isolate, and cross once to begin and once to end.

use crate::edge::runtime::isolate;
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen_futures::spawn_local;

#[wasm_bindgen(module = "/src/edge/runtime/waits.js")]
extern "C" {
    /// What ends a wait of another request.
    type Resolve;

    fn park(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>) -> Resolve;

    fn wake(resolve: &Resolve, signal: f64);

    fn sleep(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>);

    fn settle(promise: &Promise, number: f64, ended: &Closure<dyn Fn(f64, JsValue)>, failed: &Closure<dyn Fn(f64, JsValue)>);
}

/// What a wait ends with when its time is over.
pub(crate) const OVER: f64 = -2.0;

thread_local! {
    /// Waits that have not ended, by their number. Those whose request was killed go by [`sweep`].
    static WAITS: RefCell<HashMap<u64, Wait>> = RefCell::new(HashMap::new());
    /// What all waits of the isolate end by.
    static ENDED: Closure<dyn Fn(f64, f64)> = Closure::new(|number, signal| ended(number, With::Number(signal)));
    /// What those end by that end with a value.
    static ANSWERED: Closure<dyn Fn(f64, JsValue)> = Closure::new(|number, value| ended(number, With::Value(value)));
    /// What those end by whose promise fails.
    static FAILED: Closure<dyn Fn(f64, JsValue)> = Closure::new(|number, error| ended(number, With::Error(error)));
}

thread_local! {
    /// When it was swept last, in milliseconds since 1970, and how often.
    static SWEPT: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
    /// Whether the future that is being polled just found that its request was killed.
    static KILLED: Cell<bool> = const { Cell::new(false) };
}

/// From one sweep to the next, in milliseconds. No wait lasts half as long, as each has a deadline.
const SWEEP_MS: u64 = 60_000;

/// What a wait ends with. A number needs no place in the table of JavaScript's values.
enum With {
    Number(f64),
    Value(JsValue),
    Error(JsValue),
    /// Nothing can end it any more: its other side is gone.
    Nothing,
}

#[derive(Default)]
struct Wait {
    /// How often it had been swept when this began.
    begun: u32,
    with: Option<With>,
    waker: Option<Waker>,
    /// How another request ends it, where one may.
    resolve: Option<Resolve>,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number that was handed out below 2^53")]
fn ended(number: f64, with: With) {
    let waker = WAITS.with_borrow_mut(|waits| {
        let wait = waits.get_mut(&(number as u64))?;
        wait.with = Some(with);
        wait.waker.take()
    });
    if let Some(waker) = waker {
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::woken(number);
        waker.wake();
    }
}

/// A wait for a signal. Dropped, it is forgotten; what would have ended it does nothing.
pub(crate) struct Signal {
    number: u64,
}

impl Signal {
    /// Begins a wait under a number that no other wait has. `start` gets it as JavaScript knows it.
    fn begin<T>(number: u64, start: impl FnOnce(f64) -> T) -> (Self, T) {
        let (_, begun) = SWEPT.get();
        WAITS.with_borrow_mut(|waits| waits.insert(number, Wait { begun, ..Wait::default() }));
        #[allow(clippy::cast_precision_loss, reason = "an isolate does not live for 2^53 waits")]
        let started = start(number as f64);
        (Self { number }, started)
    }

    fn poll(&self, context: &Context<'_>) -> Poll<With> {
        WAITS.with_borrow_mut(|waits| match waits.get_mut(&self.number) {
            Some(wait) => match wait.with.take() {
                Some(With::Nothing) => {
                    KILLED.set(true);
                    Poll::Pending
                }
                Some(with) => Poll::Ready(with),
                None => {
                    wait.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            },
            // Only a wait that is dropped is taken out.
            None => Poll::Ready(With::Number(OVER)),
        })
    }

    async fn ended_with(self) -> f64 {
        match poll_fn(|context| self.poll(context)).await {
            With::Number(number) => number,
            _ => OVER,
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        WAITS.with_borrow_mut(|waits| waits.remove(&self.number));
    }
}

/// Runs a future that belongs to a request, or to an object. Where the platform kills its owner in the middle, nothing ends its wait any
/// more; then [`sweep`] lets it be dropped.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    let mut work = Some(Box::pin(work));
    spawn_local(poll_fn(move |context| {
        let polled = work.as_mut().map_or(Poll::Ready(()), |work| work.as_mut().poll(context));
        // It ran no further than to that wait, so nothing of another request's was touched.
        if KILLED.take() {
            work = None;
            return Poll::Ready(());
        }
        polled
    }));
}

/// Lets go of what killed requests left, once a minute: waits that were there two sweeps ago. `now` is in milliseconds since 1970.
pub(crate) fn sweep(now: u64) {
    let (last, sweeps) = SWEPT.get();
    if (last..last.saturating_add(SWEEP_MS)).contains(&now) {
        return;
    }
    let sweeps = sweeps.wrapping_add(1);
    SWEPT.set((now, sweeps));
    let left: Vec<Waker> = WAITS.with_borrow_mut(|waits| {
        let left = waits.values_mut().filter(|wait| sweeps.wrapping_sub(wait.begun) >= 2);
        left.filter_map(|wait| {
            wait.with = Some(With::Nothing);
            wait.waker.take()
        })
        .collect()
    });
    left.into_iter().for_each(Waker::wake);
}

/// Waits until another request calls [`end`], or for `ms` milliseconds. `number` is one of the isolate's.
pub(crate) async fn parked(number: u64, ms: u64) -> f64 {
    let (signal, resolve) = Signal::begin(number, |number| {
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::waits("park", number);
        ENDED.with(|ended| park(number, millis(ms), OVER, ended))
    });
    WAITS.with_borrow_mut(|waits| {
        if let Some(wait) = waits.get_mut(&number) {
            wait.resolve = Some(resolve);
        }
    });
    signal.ended_with().await
}

/// Ends a wait with a signal; nothing happens where it has ended. Its owner goes on in its own context.
pub(crate) fn end(number: u64, signal: f64) {
    if let Some(resolve) = WAITS.with_borrow_mut(|waits| waits.get_mut(&number)?.resolve.take()) {
        wake(&resolve, signal);
    }
}

/// Ends after `ms` milliseconds.
pub(crate) async fn timer(ms: u64) {
    let begun = Signal::begin(isolate::next_number(), |number| {
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::waits("timer", number);
        ENDED.with(|ended| sleep(number, millis(ms), OVER, ended));
    });
    begun.0.ended_with().await;
}

/// Waits for the value that `start` will hand to what it is given, with the number that it is given.
pub(crate) async fn answered(start: impl FnOnce(f64, &Closure<dyn Fn(f64, JsValue)>)) -> JsValue {
    let (signal, ()) = Signal::begin(isolate::next_number(), |number| {
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::waits("answer", number);
        ANSWERED.with(|ended| start(number, ended));
    });
    match poll_fn(|context| signal.poll(context)).await {
        With::Value(value) | With::Error(value) => value,
        With::Number(_) | With::Nothing => JsValue::UNDEFINED,
    }
}

/// Waits for a promise. A `JsFuture` of a request that is killed would never be dropped: it holds itself until its promise is settled.
/// Only for what has a deadline, as [`sweep`] takes what has waited too long for killed.
///
/// # Errors
/// What the promise fails with.
pub(crate) async fn awaited(promise: &Promise) -> Result<JsValue, JsValue> {
    let (signal, ()) = Signal::begin(isolate::next_number(), |number| {
        ANSWERED.with(|ended| FAILED.with(|failed| settle(promise, number, ended, failed)));
    });
    match poll_fn(|context| signal.poll(context)).await {
        With::Value(value) => Ok(value),
        With::Error(error) => Err(error),
        With::Number(_) | With::Nothing => Err(JsValue::UNDEFINED),
    }
}

/// The platform's timers take 31 bits; no deadline here is that far.
fn millis(ms: u64) -> f64 {
    i32::try_from(ms).unwrap_or(i32::MAX).into()
}
