//! The messages between isolates and objects.

pub mod report;
pub mod shard_metrics;
pub mod wire;
