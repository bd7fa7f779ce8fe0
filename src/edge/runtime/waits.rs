//! Futures that end with one number or value from JavaScript: a parked request, a timer, the answer of an object.
//!
//! `JsFuture` does the same, with two closures, a finalizer and five crossings for each wait. These futures share one closure for all waits
//! of the isolate, and cross once to begin and once to end.

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
    /// Ends a wait of another request.
    type Resolve;

    fn park(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>) -> Resolve;

    fn wake(resolve: &Resolve, signal: f64);

    fn sleep(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>);

    fn settle(promise: &Promise, number: f64, ended: &Closure<dyn Fn(f64, JsValue)>, failed: &Closure<dyn Fn(f64, JsValue)>);
}

/// The signal that a wait ends with when its time is over.
pub(crate) const OVER: f64 = -2.0;

/// What ends the wait of a request that then looks for itself.
pub(crate) const LOOK_AGAIN: f64 = 1.0;

thread_local! {
    /// Waits that have not ended, by their number. [`sweep`] removes those whose request was killed.
    static WAITS: RefCell<HashMap<u64, Wait>> = RefCell::new(HashMap::new());
    /// Ends any wait with a number.
    static ENDED: Closure<dyn Fn(f64, f64)> = Closure::new(|number, signal| ended(number, With::Number(signal)));
    /// Ends any wait with a value.
    static ANSWERED: Closure<dyn Fn(f64, JsValue)> = Closure::new(|number, value| ended(number, With::Value(value)));
    /// Ends any wait whose promise fails.
    static FAILED: Closure<dyn Fn(f64, JsValue)> = Closure::new(|number, error| ended(number, With::Error(error)));
}

thread_local! {
    /// When the last sweep was, in milliseconds since 1970, and how many there were.
    static SWEPT: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
    /// Whether the future that is being polled has just found that its request was killed.
    static KILLED: Cell<bool> = const { Cell::new(false) };
}

/// The time from one sweep to the next, in milliseconds. Each wait has a deadline, so none lasts half as long.
const SWEEP_MS: u64 = 60_000;

/// What a wait ends with. A number needs no entry in the table of JavaScript's values.
enum With {
    Number(f64),
    Value(JsValue),
    Error(JsValue),
    /// Nothing can end it any more, because its request was killed.
    Nothing,
}

#[derive(Default)]
struct Wait {
    /// The number of sweeps when the wait began.
    begun: u32,
    with: Option<With>,
    waker: Option<Waker>,
    /// Ends it from another request, if one may.
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

/// A wait for a signal. Once it is dropped, ending it does nothing.
pub(crate) struct Signal {
    number: u64,
}

impl Signal {
    /// Begins a wait under a number that no other wait has. `start` gets the number as JavaScript knows it.
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
            // Only a wait that was dropped is gone.
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

/// Runs a future that belongs to a request or to an object. If the platform kills its owner, nothing ends its wait any more, and [`sweep`]
/// has it dropped.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    let mut work = Some(Box::pin(work));
    spawn_local(poll_fn(move |context| {
        let polled = work.as_mut().map_or(Poll::Ready(()), |work| work.as_mut().poll(context));
        // It stopped at that wait, so it touched nothing of another request.
        if KILLED.take() {
            work = None;
            return Poll::Ready(());
        }
        polled
    }));
}

/// Removes the waits of killed requests, once a minute: those that were there two sweeps ago. `now` is in milliseconds since 1970.
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

/// Waits until another request calls [`end`], or for `ms` milliseconds. `number` is from [`isolate::next_number`].
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

/// Ends a wait with a signal; does nothing if it has ended. The owner of the wait goes on in its own context.
pub(crate) fn end(number: u64, signal: f64) {
    if let Some(resolve) = WAITS.with_borrow_mut(|waits| waits.get_mut(&number)?.resolve.take()) {
        wake(&resolve, signal);
    }
}

/// Waits for `ms` milliseconds.
pub(crate) async fn timer(ms: u64) {
    let begun = Signal::begin(isolate::next_number(), |number| {
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::waits("timer", number);
        ENDED.with(|ended| sleep(number, millis(ms), OVER, ended));
    });
    begun.0.ended_with().await;
}

/// Waits for a value. `start` gets the number of the wait and a closure, and has the closure called with that number and the value.
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

/// Waits for a promise. The `JsFuture` of a killed request would never be dropped, because it holds itself until its promise is settled.
/// The caller needs a deadline: [`sweep`] takes a wait of two minutes for that of a killed request.
///
/// # Errors
/// The value that the promise fails with.
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

/// Milliseconds as the platform's timers take them, in 31 bits. No deadline here is that far.
fn millis(ms: u64) -> f64 {
    i32::try_from(ms).unwrap_or(i32::MAX).into()
}
