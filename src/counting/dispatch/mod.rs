//! How a visit gets from an isolate to its shard: batches, retries, routes, the record of the day.

pub mod batcher;
pub mod claim;
pub mod day_cache;
pub mod days;
pub mod endpoint;
pub mod growth;
pub mod kept_sums;
pub mod lanes;
pub mod late;
pub mod parked;
pub mod posting;
pub mod retry;
pub mod reused;
pub mod routing;
pub mod ticket;
