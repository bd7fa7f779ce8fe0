//! The name of the isolate, which is 128 random bits, and the numbers that it hands out.

use crate::counting::dispatch::endpoint::Failure;
use std::cell::{Cell, OnceCell};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static NAME: OnceCell<u128> = const { OnceCell::new() };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// The name of the isolate, drawn at its first use, because the platform gives no randomness before the first request.
///
/// # Errors
/// There is no randomness. Two isolates with one name would get each other's receipts.
pub(crate) fn name() -> Result<u128, Failure> {
    NAME.with(|name| match name.get() {
        Some(known) => Ok(*known),
        None => random().map(|bits| *name.get_or_init(|| u128::from_le_bytes(bits))),
    })
}

/// A number that this isolate never handed out before.
pub(crate) fn next_number() -> u64 {
    NEXT.with(|next| {
        let number = next.get().saturating_add(1);
        next.set(number);
        number
    })
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bits: &mut [u8]) -> Result<JsValue, JsValue>;
}

/// 128 bits from the platform's cryptographic random number generator.
///
/// # Errors
/// There is no `crypto`, or no request.
pub(crate) fn random() -> Result<[u8; 16], Failure> {
    let mut bits = [0; 16];
    let drawn = get_random_values(&mut bits);
    drawn.map(|_| bits).map_err(|_| Failure::Refused("crypto.getRandomValues failed".to_owned()))
}
