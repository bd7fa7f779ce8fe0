//! How large the parts of a set are.

use crate::counting::ledger::sets::set_rows::MAX_BITS;

/// The sizes that decide how a set is kept. They may differ from one opening of the sets to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The most keys of a slice, to within what chance adds. Half as many is the least, unless a run has only one slice.
    pub slice: u64,
    /// The most keys of a set that memory has all of.
    pub whole: usize,
    /// How many keys of a shard wait in memory before they are flushed, to within a journal row.
    pub waiting: usize,
}

impl Default for Sizes {
    /// A row of 8,192 keys takes 64 KiB. Larger ones would take longer to read for one key; smaller ones would be more rows to pay for. A table of 65,536 keys
    /// takes 1 MiB. 16,384 keys that wait take 256 KiB to 1 MiB, and a flush writes some five rows.
    fn default() -> Self {
        Self { slice: 8_192, whole: 65_536, waiting: 16_384 }
    }
}

impl Sizes {
    /// How many bits tell the slices of so many keys apart.
    pub(crate) fn bits_for(self, keys: u64) -> u32 {
        (0..MAX_BITS).find(|bits| self.slice.saturating_mul(1_u64.wrapping_shl(*bits)) >= keys).unwrap_or(MAX_BITS)
    }
}
