//! The Durable Objects.

pub(crate) mod days;
pub(crate) mod live;
pub(crate) mod shard;
