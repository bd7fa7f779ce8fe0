//! What happens to a request, from its arrival to its answer.

pub(crate) mod admin;
pub(crate) mod changes;
pub(crate) mod client;
pub(crate) mod compat;
pub(crate) mod context;
pub(crate) mod counters;
pub(crate) mod entry;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod kept_answers;
pub(crate) mod live;
pub(crate) mod numbers;
pub(crate) mod ops;
pub(crate) mod reads;
pub(crate) mod respond;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod tallies;
pub(crate) mod tokens;
pub(crate) mod transfer;
pub(crate) mod unlisted;
pub(crate) mod visits;
