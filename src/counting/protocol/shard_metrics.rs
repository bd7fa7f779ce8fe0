//! The metrics of a shard.

/// The metrics of a shard, in the order of its answer: name, type, meaning. Counters begin at the start of the object.
pub const SHARD: [(&str, &str, &str); 24] = [
    ("footfall_shard_batches_total", "counter", "Batches that were written."),
    ("footfall_shard_counted_total", "counter", "Visits that counted."),
    ("footfall_shard_duplicates_total", "counter", "Visits whose id was known."),
    ("footfall_shard_stale_total", "counter", "Visits of a day that was over; they are routed anew."),
    ("footfall_shard_full_total", "counter", "Visits with an id that servers sent beyond their share."),
    ("footfall_shard_replayed_total", "counter", "Batches that came again and got their stored receipt."),
    ("footfall_shard_superseded_total", "counter", "Batches that came after a later one of their isolate: in doubt."),
    (
        "footfall_shard_storage_failures_total",
        "counter",
        "Turns that failed because the storage did: a call, a group of batches, or an alarm.",
    ),
    ("footfall_shard_views", "gauge", "Views of the shard."),
    ("footfall_shard_pages", "gauge", "Pages of the shard; strangers may make 10000."),
    ("footfall_shard_ids", "gauge", "Visit ids that are remembered; 50000000 at most."),
    ("footfall_shard_visitors", "gauge", "Visitors of today; 25000000 at most."),
    ("footfall_shard_isolates", "gauge", "Isolates whose last batch is remembered; each of their lanes counts."),
    ("footfall_shard_journal_rows", "gauge", "Journal rows since the last checkpoint; 1024 at most."),
    (
        "footfall_shard_hashes_day",
        "gauge",
        "The day, since 1970 in UTC, whose visitors' hashes are held: today, or yesterday until a minute after midnight; 0 for none.",
    ),
    ("footfall_shard_server_ids", "gauge", "Visit ids that servers sent; 37500000 at most."),
    (
        "footfall_shard_short_ids",
        "gauge",
        "Visit ids of pages beyond their sender's share, which are remembered for a shorter time; 65536 at most.",
    ),
    ("footfall_shard_last_batches_bytes", "gauge", "Bytes that the last batches of isolates take; 12582912 at most."),
    ("footfall_shard_marks", "gauge", "Marks of today, which tell the visitors of hours and pages apart; 50000000 at most."),
    ("footfall_shard_set_runs", "gauge", "Runs in which ids, visitors and marks are stored. Merges keep them few."),
    (
        "footfall_shard_set_bytes",
        "gauge",
        "Bytes of memory that ids, visitors and marks of all shards in this instance take; 50331648 at most, and then lookups read more rows.",
    ),
    ("footfall_shard_rows_total", "counter", "Journal rows that were written. Batches that arrive together share one."),
    (
        "footfall_shard_load",
        "gauge",
        "Calls with visits a second in the tenth of today's busiest minutes. A site grows above 700, if SHARDS is auto.",
    ),
    (
        "footfall_shard_fullness",
        "gauge",
        "How full a day like today makes the fullest memory of the shard, in thousandths. A site grows above 600, if SHARDS is auto.",
    ),
];

/// The numbers of [`SHARD`].
pub(crate) type ShardMetrics = Vec<u64>;
