//! What the platform gives: time, waiting, storage, requests.

pub(crate) mod allocator;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod counts;
pub(crate) mod deadline;
pub(crate) mod headers;
pub(crate) mod isolate;
pub(crate) mod js_error;
pub(crate) mod log;
pub(crate) mod rate_limits;
pub(crate) mod sql;
#[cfg(feature = "trace")]
pub(crate) mod trace;
pub(crate) mod waits;
