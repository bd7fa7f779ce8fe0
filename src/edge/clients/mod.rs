//! What an isolate calls: shards, days, a counter elsewhere.

pub(crate) mod batchers;
pub(crate) mod counting;
pub(crate) mod days;
pub(crate) mod http_counter;
pub(crate) mod object_call;
pub(crate) mod parking;
pub(crate) mod pulses;
pub(crate) mod shards;
pub(crate) mod sums;
