//! What an isolate is to the shards: 128 random bits, and numbers that it hands out.

use crate::counting::endpoint::Failure;
use std::cell::{Cell, OnceCell};
use wasm_bindgen::JsCast;

thread_local! {
    static NAME: OnceCell<u128> = const { OnceCell::new() };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// The isolate's name, drawn at its first use: the platform gives no randomness before the first request.
///
/// # Errors
/// There is no randomness. Isolates that share a name would get each other's receipts.
pub(super) fn name() -> Result<u128, Failure> {
    NAME.with(|name| match name.get() {
        Some(known) => Ok(*known),
        None => random().map(|bits| *name.get_or_init(|| u128::from_le_bytes(bits))),
    })
}

/// A number that this isolate never handed out before.
pub(super) fn next_number() -> u64 {
    NEXT.with(|next| {
        let number = next.get().saturating_add(1);
        next.set(number);
        number
    })
}

/// 128 bits from the platform's cryptographic random number generator.
///
/// # Errors
/// A scope without `crypto`, which a Worker is not.
pub(super) fn random() -> Result<[u8; 16], Failure> {
    let mut bits = [0; 16];
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let drawn = scope.crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bits));
    drawn.map(|_| bits).map_err(|_| Failure::Refused("crypto.getRandomValues failed".to_owned()))
}
