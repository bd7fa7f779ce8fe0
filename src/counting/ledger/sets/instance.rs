//! What a shard gets from the instance that it runs in.

use crate::counting::ledger::sets::memory_budget::MemoryBudget;
use crate::counting::ledger::sets::sizes::Sizes;

/// What a shard gets from its instance: randomness, and memory that it shares with other shards.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The seed for the sets of a new shard: 128 random bits. `None` if there is no randomness.
    pub seed: Option<[u8; 16]>,
    /// How much memory all sets of the instance may take.
    pub budget: MemoryBudget,
    /// How large the parts of sets are.
    pub sizes: Sizes,
}
