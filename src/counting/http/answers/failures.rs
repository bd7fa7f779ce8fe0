//! The answers where the counter failed, or its configuration is wrong.

use crate::counting::config::variable::ConfigError;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::reply::{Reply, problem};

/// A wrong value in the configuration. It is the owner's fault, so it is a 500, and it says what to mend. Anybody may ask, so the value
/// itself is in the log only: it may be a token, in the wrong variable.
pub fn misconfigured(error: &ConfigError) -> Reply {
    let hint = format!("allowed: {}; the log of the Worker says what it is", error.allowed);
    problem(500, &format!("the variable {} has a value that is not allowed", error.variable), &hint)
}

/// 502 for a counter that refused or broke off, 503 for one that is full or overloaded, 504 for one that took too long.
pub(crate) fn failure_status(failure: &Failure) -> (u16, Option<u32>) {
    match failure {
        Failure::Refused(_) | Failure::Broken(_) => (502, None),
        Failure::Busy { retry_after } | Failure::Overloaded { retry_after } => (503, Some(*retry_after)),
        Failure::Deadline { .. } => (504, None),
    }
}

/// A read that failed.
pub fn read_failed(failure: &Failure) -> Reply {
    failed(failure, READ_AGAIN)
}

/// The hint of a read that failed.
const READ_AGAIN: &str = "ask again";

/// A failure, with what to do.
pub(crate) fn failed(failure: &Failure, hint: &str) -> Reply {
    let (status, retry_after) = failure_status(failure);
    let error = match failure {
        Failure::Refused(_) => "the counter refused",
        Failure::Busy { .. } => "the counter is busy",
        Failure::Overloaded { .. } => "the counter is overloaded",
        Failure::Broken(_) => "the counter broke off",
        Failure::Deadline { .. } => "the counter did not answer in time",
    };
    Reply { retry_after, ..problem(status, error, hint) }
}
