//! The answers when the counter fails or its configuration is wrong.

use crate::counting::config::variable::ConfigError;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::reply::{Reply, problem};

/// The answer when a variable has a wrong value: 500, with what to set. Strangers can read it, so only the log has the value itself, which
/// may be a token in the wrong variable.
pub fn misconfigured(error: &ConfigError) -> Reply {
    let hint = format!("allowed: {}; the Worker's log has the value", error.allowed);
    problem(500, &format!("the variable {} has a value that is not allowed", error.variable), &hint)
}

/// The status for a failure, and the seconds for `Retry-After`: 502 if the counter refused or broke off, 503 if it is busy or overloaded, 504
/// if it did not answer in time.
pub(crate) fn failure_status(failure: &Failure) -> (u16, Option<u32>) {
    match failure {
        Failure::Refused(_) | Failure::Broken(_) => (502, None),
        Failure::Busy { retry_after } | Failure::Overloaded { retry_after } => (503, Some(*retry_after)),
        Failure::Deadline { .. } => (504, None),
    }
}

/// The answer to a read that failed.
pub(crate) fn read_failed(failure: &Failure) -> Reply {
    failed(failure, READ_AGAIN)
}

/// The hint for a read that failed.
const READ_AGAIN: &str = "ask again";

/// The answer to a request that failed, with a hint what to do.
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
