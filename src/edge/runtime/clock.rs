//! The platform's clock.

/// Milliseconds since 1970. The clock moves only when an event enters the isolate, so one reading is enough for a turn.
pub(crate) fn now_ms() -> u64 {
    let now = js_sys::Date::now();
    // The clock is a whole number of milliseconds far below 2^53, so the cast is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
    let now = now as u64;
    now
}

/// The time `ms` milliseconds from now, in milliseconds since 1970, as a number of JavaScript.
pub(crate) fn ms_after(ms: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let ms = ms as f64;
    js_sys::Date::now() + ms
}
