//! The tables of a shard, and the statements that count and report. Those of an amendment, an export, an import, a list and of pages by
//! time are beside the code that runs them.
//!
//! `journal` is a ring of [`crate::counting::ledger::state::JOURNAL_ROWS`] rows. Batches that arrive together are one row in it, and nothing
//! else, so the number of written rows depends neither on visits nor, on a busy shard, on batches. When the ring is full, a checkpoint
//! saves what it says in few rows, in one transaction, and raises `checkpointed`. A start of the object replays the rows above
//! `checkpointed`. A fold adds the counts that checkpoints saved to the tables that reports read.

use crate::counting::storage::{Sql, StorageError, Value, count_at};

/// Creates the table that also tells which tables a database has.
pub const CREATE_META: &str = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID";

/// Creates the first tables of a database, which [`GROW`](crate::counting::ledger::shape::GROW) then changes. A statement does nothing
/// where its table exists.
pub const CREATE: [&str; 17] = [
    CREATE_META,
    "CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, page TEXT NOT NULL UNIQUE, views INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS page_hours (part INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, at)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS page_sums (part INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, at)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS page_rolled (part INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, at)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS site_quarters (quarter INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL, newcomers INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS site_days (day INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS details (day INTEGER NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL, views INTEGER NOT NULL, PRIMARY KEY (day, kind, value)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS excluded (day INTEGER NOT NULL, reason INTEGER NOT NULL, visits INTEGER NOT NULL, PRIMARY KEY (day, reason)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS withheld (day INTEGER NOT NULL, why INTEGER NOT NULL, views INTEGER NOT NULL, PRIMARY KEY (day, why)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS refused (day INTEGER NOT NULL, unlisted INTEGER NOT NULL, name TEXT NOT NULL, visits INTEGER NOT NULL, PRIMARY KEY (day, unlisted, name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS seen (half_day INTEGER NOT NULL, number INTEGER NOT NULL, ids BLOB NOT NULL, shares BLOB NOT NULL, PRIMARY KEY (half_day, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS recent (isolate BLOB PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, receipt BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS visitors (day INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (day, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS marks (day INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (day, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY, visitors INTEGER NOT NULL)",
];

/// A value of `meta` by its key: a number (`checkpointed`, `views`, `pages`, `day`, `shape`, `unwatched`, `shards`) or packed ones (`counts`, `lately`, `load`,
/// `probe`).
pub const META: &str = "SELECT value FROM meta WHERE key = ?";
/// Sets a value of `meta`.
pub const SET_META: &str = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";
/// Drops the values of `meta` in a range of keys.
pub const FORGET_META: &str = "DELETE FROM meta WHERE key >= ? AND key < ?";
/// Writes a journal row in place of the one that had its slot a round before, which is checkpointed.
pub const APPEND: &str = "INSERT OR REPLACE INTO journal (slot, number, body) VALUES (?, ?, ?)";
/// The journal rows in a range of slots. A start of the object reads few at a time, because each row that it reads is paid for. By their
/// numbers, SQLite would read the whole ring, and twice, to sort it.
pub const JOURNAL: &str = "SELECT number, body FROM journal WHERE slot >= ? AND slot < ? ORDER BY slot";
/// The stored views of a page.
pub const PAGE_VIEWS: &str = "SELECT views FROM pages WHERE page = ?";
/// Adds views to a page, which may be new, and gives the page's number.
pub const ADD_PAGE_VIEWS: &str =
    "INSERT INTO pages (page, views) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET views = views + excluded.views RETURNING id";
/// Adds to a quarter of the site.
pub const ADD_SITE_QUARTER: &str = "INSERT INTO site_quarters (quarter, views, visitors, newcomers) VALUES (?, ?, ?, ?) ON CONFLICT (quarter) \
    DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors, newcomers = newcomers + excluded.newcomers";
/// Adds views to a value of a dimension.
pub const ADD_DETAIL: &str = "INSERT INTO details (day, kind, value, views) VALUES (?, ?, ?, ?) ON CONFLICT (day, kind, value) DO UPDATE SET views = views + excluded.views";
/// The values of all dimensions on a day.
pub const DETAILS_OF_DAY: &str = "SELECT kind, value FROM details WHERE day = ?";
/// Adds visits that were not counted. SQLite also calls the row that an upsert could not insert `excluded`. So the table gets another name
/// here: without it, the stored number would be added to itself.
pub const ADD_EXCLUDED: &str = "INSERT INTO excluded AS known (day, reason, visits) VALUES (?, ?, ?) ON CONFLICT (day, reason) DO UPDATE SET visits = known.visits + excluded.visits";
/// Drops the journal rows that are checkpointed.
pub const FORGET_JOURNAL: &str = "DELETE FROM journal WHERE number <= ?";
/// Adds the visitors of a day that is over. There are some already only where they were imported.
pub const ADD_DAY: &str =
    "INSERT INTO days (day, visitors) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET visitors = visitors + excluded.visitors";
/// The visitors of a day that is over, or that were imported of one that is not.
pub const DAY: &str = "SELECT visitors FROM days WHERE day = ?";
/// Adds to the views of a day that have no visitor.
pub const ADD_WITHHELD: &str =
    "INSERT INTO withheld (day, why, views) VALUES (?, ?, ?) ON CONFLICT (day, why) DO UPDATE SET views = views + excluded.views";
/// The views of a day that have no visitor, by reason; `4` is [`crate::counting::ledger::distinct_visitors::CROWDED`], whose views have one.
pub const WITHHELD: &str = "SELECT why, views FROM withheld WHERE day = ? AND why != 4";

/// Rolls up the quarters of the site before one: adds them to their days, and drops them.
pub(crate) const ROLL_SITE: [&str; 2] = [
    "INSERT INTO site_days (day, views, visitors) SELECT quarter / 96, sum(views), sum(newcomers) FROM site_quarters WHERE quarter < ? \
     GROUP BY quarter / 96 ON CONFLICT (day) DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors",
    "DELETE FROM site_quarters WHERE quarter < ?",
];
/// The first quarter that is not rolled up.
pub const FIRST_QUARTER: &str = "SELECT min(quarter) FROM site_quarters";

/// The site by quarter.
pub(crate) const SITE_QUARTERS: &str =
    "SELECT quarter, views, visitors, newcomers FROM site_quarters WHERE quarter >= ? AND quarter < ? ORDER BY quarter";
/// The site on days whose hours are not kept.
pub(crate) const SITE_DAYS: &str = "SELECT day, views, 0, visitors FROM site_days WHERE day >= ? AND day < ? ORDER BY day";
/// The values of one dimension in a span of days, the most viewed first.
pub(crate) const DETAILS: &str = "SELECT value, sum(views) AS most, 0 FROM details WHERE day >= ?1 AND day < ?2 \
    AND (kind = ?3 OR kind = ?5 AND value = lower(value)) GROUP BY value ORDER BY most DESC, value LIMIT ?4";
/// One value of a dimension, or of two, in a span of days, by the first hour of each day. The key begins with the day, and a day may have
/// thousands of values. So this goes from day to day, and reads one row for each dimension and one more.
pub const VALUE_DAYS: &str = "WITH RECURSIVE some (day) AS (SELECT min(day) FROM details WHERE day >= ?1 \
    UNION ALL SELECT (SELECT min(day) FROM details WHERE details.day > some.day) FROM some WHERE day < ?2) \
    SELECT details.day * 24, views, 0, 0 FROM some CROSS JOIN details ON details.day = some.day AND kind IN (?3, ?5) AND value = ?4 \
    WHERE some.day < ?2 ORDER BY 1";
/// What was not counted in a span of days.
pub(crate) const EXCLUDED: &str = "SELECT day, reason, visits FROM excluded WHERE day >= ? AND day < ? ORDER BY day, reason";
/// The views without a visitor in a span of days.
pub(crate) const WITHHELD_DAYS: &str = "SELECT day, why, views FROM withheld WHERE day >= ? AND day < ? ORDER BY day, why";

/// The number that `meta` has by a key; 0 where it has none.
///
/// # Errors
/// [`StorageError`], also for a value that is no number.
pub(crate) fn number_in_meta(sql: &dyn Sql, key: &str) -> Result<u64, StorageError> {
    let rows = sql.run(META, &[Value::Text(key.to_owned())])?;
    rows.first().map_or(Ok(0), |row| count_at(row, 0))
}
