//! Limits that more than one layer keeps to.

/// The most pages of a shard. Strangers can make up pages, and a page is kept for ever.
pub const MAX_PAGES: u64 = 10_000;

/// The name under which views of further pages count. No page has it, because pages begin with `/`.
pub const OTHER: &str = "(other)";

/// The most shards of a site. Together, 256 shards take 50,000 to 128,000 batches a second. A read of a whole site asks
/// all of them.
pub(crate) const MAX_SHARDS: u16 = 256;

/// The longest period, in days: ten years. A series of it by day has 3,660 lines.
pub(crate) const MAX_DAYS: u32 = 3_660;
