//! What an isolate is to the shards: 128 random bits, and numbers that it hands out.

use std::cell::{Cell, OnceCell};
use wasm_bindgen::JsCast;

thread_local! {
    static NAME: OnceCell<u128> = const { OnceCell::new() };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// The isolate's name, drawn at its first use: the platform gives no randomness before the first request.
pub(super) fn name() -> u128 {
    NAME.with(|name| *name.get_or_init(|| u128::from_le_bytes(random())))
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
pub(super) fn random() -> [u8; 16] {
    let mut bits = [0; 16];
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    // Fails only for arrays over 65,536 bytes and for scopes without `crypto`; a Worker has it.
    let drawn = scope.crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bits));
    if drawn.is_err() {
        super::log::problem("no_randomness", "crypto.getRandomValues failed");
    }
    bits
}
