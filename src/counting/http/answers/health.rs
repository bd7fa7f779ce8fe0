//! The answers for monitoring: `GET /healthz` and `GET /metrics`.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::reply::{PROMETHEUS, Reply, json_reply, problem, text};
use serde::Serialize;

/// `GET /healthz`: how long a shard took to confirm that it can store, and how full its memory of ids is; or what is wrong.
pub(crate) fn health(outcome: &Result<Healthy, Failure>) -> Reply {
    let hint = "the runbook, docs/runbook.md, says what to look at";
    match outcome {
        Ok(Healthy { is_full: true, .. }) => {
            problem(503, "the memory of ids is full: visits of pages count, but a retry may count again", hint)
        }
        Ok(Healthy { shard_ms, ids_percent, server_ids_percent, .. }) => json_reply(
            200,
            &HealthBody { status: "ok", shard_ms: *shard_ms, ids_percent: *ids_percent, server_ids_percent: *server_ids_percent },
        ),
        Err(failure) => problem(503, why_unhealthy(failure), hint),
    }
}

#[derive(Serialize)]
struct HealthBody {
    status: &'static str,
    shard_ms: u64,
    ids_percent: u64,
    server_ids_percent: u64,
}

/// What is wrong, as a fixed text: the caller may be a stranger, and the log has the details. The platform names errors of SQLite, and two of
/// them tell the owner what to do.
fn why_unhealthy(failure: &Failure) -> &'static str {
    match failure {
        Failure::Broken(why) if why.contains("SQLITE_FULL") => "nothing can be stored: the disk is full",
        Failure::Broken(why) if why.contains("SQLITE_") || why.contains("storage") => "nothing can be stored: storage fails",
        Failure::Broken(_) => "the shard broke off, as it does where its storage fails",
        Failure::Refused(_) => "the day's record, or the shard, refused",
        Failure::Busy { .. } | Failure::Overloaded { .. } => "the shard is overloaded",
        Failure::Deadline { .. } => "the shard did not answer in time",
    }
}

/// What `GET /healthz` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Healthy {
    /// How long the shard took, in milliseconds.
    pub shard_ms: u64,
    /// How much of the memory of ids is used, in percent.
    pub ids_percent: u64,
    /// How much of the part for servers is used, in percent.
    pub server_ids_percent: u64,
    /// Whether less than a thousandth of the memory of ids is free.
    pub is_full: bool,
}

/// `GET /metrics`.
pub(crate) fn metrics(body: Result<String, Failure>) -> Reply {
    match body {
        Ok(body) => text(200, PROMETHEUS, body),
        Err(failure) => read_failed(&failure),
    }
}
