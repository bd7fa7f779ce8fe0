//! Limits that more than one layer keeps to.

/// The most pages that a shard keeps apart. A stranger can make up pages, and a page is kept for ever.
pub const MAX_PAGES: u64 = 10_000;

/// Where views of further pages are counted. No page has this name, because pages begin with `/`.
pub const OTHER: &str = "(other)";

/// The most shards of a site. 256 shards take 50,000 to 128,000 batches a second together, and a read of a whole site
/// asks them all.
pub const MAX_SHARDS: u16 = 256;

/// The longest period, in days: ten years. A series of it by day has 3,660 lines.
pub const MAX_DAYS: u32 = 3_660;
