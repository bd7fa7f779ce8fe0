//! Futures that end with one number from JavaScript: a parked request, a timer.
//!
//! `JsFuture` would do, at two closures, a finalizer and five crossings a wait. These share one closure for all waits of the
//! isolate, and cross once to begin and once to end.

use super::isolate;
use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

#[wasm_bindgen(module = "/src/edge/waits.js")]
extern "C" {
    /// What ends a wait of another request.
    type Resolve;

    fn park(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>) -> Resolve;

    fn wake(resolve: &Resolve, signal: f64);

    fn sleep(number: f64, ms: f64, over: f64, ended: &Closure<dyn Fn(f64, f64)>);
}

/// What a wait ends with when its time is over.
pub(super) const OVER: f64 = -2.0;

thread_local! {
    /// Waits that have not ended, by their number. One whose request was killed stays as long as the isolate: 100 bytes.
    static WAITS: RefCell<HashMap<u64, Wait>> = RefCell::new(HashMap::new());
    /// What all waits of the isolate end by.
    static ENDED: Closure<dyn Fn(f64, f64)> = Closure::new(ended);
}

#[derive(Default)]
struct Wait {
    signal: Option<f64>,
    waker: Option<Waker>,
    /// How another request ends it, where one may.
    resolve: Option<Resolve>,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number that was handed out below 2^53")]
fn ended(number: f64, signal: f64) {
    let waker = WAITS.with_borrow_mut(|waits| {
        let wait = waits.get_mut(&(number as u64))?;
        wait.signal = Some(signal);
        wait.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A wait for a signal. Dropped, it is forgotten; what would have ended it does nothing.
pub(super) struct Signal {
    number: u64,
}

impl Signal {
    /// Begins a wait under a number that no other wait has.
    fn begin<T>(number: u64, start: impl FnOnce(f64, &Closure<dyn Fn(f64, f64)>) -> T) -> (Self, T) {
        WAITS.with_borrow_mut(|waits| waits.insert(number, Wait::default()));
        #[allow(clippy::cast_precision_loss, reason = "an isolate does not live for 2^53 waits")]
        let started = ENDED.with(|ended| start(number as f64, ended));
        (Self { number }, started)
    }
}

impl Future for Signal {
    type Output = f64;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<f64> {
        WAITS.with_borrow_mut(|waits| match waits.get_mut(&self.number) {
            Some(Wait { signal: Some(signal), .. }) => Poll::Ready(*signal),
            Some(wait) => {
                wait.waker = Some(context.waker().clone());
                Poll::Pending
            }
            // Only a wait that is dropped is taken out.
            None => Poll::Ready(OVER),
        })
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        WAITS.with_borrow_mut(|waits| waits.remove(&self.number));
    }
}

/// A wait that another request may end by [`end`], or its time of `ms` milliseconds. `number` is one of the isolate's.
pub(super) fn parked(number: u64, ms: u64) -> Signal {
    let (signal, resolve) = Signal::begin(number, |number, ended| park(number, millis(ms), OVER, ended));
    WAITS.with_borrow_mut(|waits| {
        if let Some(wait) = waits.get_mut(&number) {
            wait.resolve = Some(resolve);
        }
    });
    signal
}

/// Ends a wait with a signal; nothing happens where it has ended. Its owner goes on in its own context.
pub(super) fn end(number: u64, signal: f64) {
    if let Some(resolve) = WAITS.with_borrow_mut(|waits| waits.get_mut(&number)?.resolve.take()) {
        wake(&resolve, signal);
    }
}

/// Ends after `ms` milliseconds.
pub(super) async fn timer(ms: u64) {
    Signal::begin(isolate::next_number(), |number, ended| sleep(number, millis(ms), OVER, ended)).0.await;
}

/// The platform's timers take 31 bits; no deadline here is that far.
fn millis(ms: u64) -> f64 {
    i32::try_from(ms).unwrap_or(i32::MAX).into()
}
