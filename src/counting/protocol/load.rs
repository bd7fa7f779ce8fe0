//! The load of a shard on one day. By the loads of its shards, a site gets more of them: [`crate::counting::dispatch::growth`].

use serde::{Deserialize, Serialize};

/// The calls a second that an object takes: Cloudflare's soft limit.
pub const MOST_CALLS: u32 = 1_000;

/// What a shard had to carry on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLoad {
    /// Calls with visits a second in the tenth of the day's busiest minutes. So it had at least as many for ten minutes.
    pub calls: u32,
    /// How full days like this one make the fullest of its memories, in thousandths: ids, visitors or marks.
    pub full: u32,
}
