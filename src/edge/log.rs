//! What is logged: one line of JSON an event, never an address, a user agent or a page.

use serde::Serialize;
use worker::console_error;

#[derive(Serialize)]
struct Line<'a> {
    event: &'a str,
    why: &'a str,
}

/// Something that the owner should know: a failed visit, a storage error, a wrong configuration.
pub(super) fn problem(event: &str, why: &str) {
    // Two strings always serialise.
    let line = serde_json::to_string(&Line { event, why }).unwrap_or_default();
    console_error!("{line}");
}
