//! The messages between isolates and objects.

pub mod answer;
pub mod batch;
pub mod call;
pub mod day;
pub mod load;
pub mod report;
pub mod row;
pub mod shard_metrics;
pub mod wire;
