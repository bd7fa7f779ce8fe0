//! The only place that names the platform. Its files are thin shells around [`crate::counting`]: they carry bytes,
//! promises and timers, and decide nothing.

mod allocator;
mod body;
mod client;
mod clock;
mod config;
mod counters;
mod days_client;
mod days_object;
mod deadline;
mod dropins;
mod entry;
mod events;
mod headers;
mod http_counter;
mod isolate;
mod js_error;
mod limits;
mod live;
mod live_object;
mod log;
mod metrics;
mod object_call;
mod owner;
mod parking;
mod reads;
mod refusals;
mod respond;
mod shard_client;
mod shard_object;
mod shown;
mod sql;
mod stats;
mod stream;
mod tallies;
mod told;
#[cfg(feature = "trace")]
mod trace;
mod turn;
mod visits;
mod waits;
