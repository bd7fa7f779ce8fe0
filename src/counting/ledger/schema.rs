//! The tables of a shard, and every statement on them.
//!
//! `journal` is a ring of [`super::JOURNAL_ROWS`] rows: a batch writes one row into it and nothing else, so that rows
//! written follow batches, not visits. When the ring is full, a fold carries it over into the other tables in one
//! transaction and moves `folded` up; rows above `folded` are replayed when the object wakes.

/// Creates what is missing. Each statement does nothing where the table exists.
pub const CREATE: [&str; 9] = [
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, page TEXT NOT NULL UNIQUE, views INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS hours (page INTEGER NOT NULL, hour INTEGER NOT NULL, views INTEGER NOT NULL, PRIMARY KEY (page, hour)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS seen (half_day INTEGER NOT NULL, number INTEGER NOT NULL, ids BLOB NOT NULL, PRIMARY KEY (half_day, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS recent (isolate BLOB PRIMARY KEY, sequence INTEGER NOT NULL, at INTEGER NOT NULL, receipt BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS visitors (day INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (day, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY, visitors INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS withheld (day INTEGER NOT NULL, why INTEGER NOT NULL, views INTEGER NOT NULL, PRIMARY KEY (day, why)) WITHOUT ROWID",
];

/// A number by its key: `folded`, `views`, `day`.
pub const META: &str = "SELECT value FROM meta WHERE key = ?";
/// Sets such a number.
pub const SET_META: &str = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";
/// Writes a journal row over the one that held its slot a ring ago, which is folded.
pub const APPEND: &str = "INSERT OR REPLACE INTO journal (slot, number, body) VALUES (?, ?, ?)";
/// The journal rows that are not folded, oldest first.
pub const JOURNAL: &str = "SELECT number, body FROM journal WHERE number > ? ORDER BY number";
/// The stored views of a page.
pub const PAGE_VIEWS: &str = "SELECT views FROM pages WHERE page = ?";
/// How many pages are stored.
pub const PAGE_COUNT: &str = "SELECT count(*) FROM pages";
/// Adds views to a page, new or not, and gives its number.
pub const ADD_PAGE_VIEWS: &str =
    "INSERT INTO pages (page, views) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET views = views + excluded.views RETURNING id";
/// Adds views to an hour of a page.
pub const ADD_HOUR_VIEWS: &str = "INSERT INTO hours (page, hour, views) VALUES (?, ?, ?) ON CONFLICT (page, hour) DO UPDATE SET views = views + excluded.views";
/// Writes packed ids: 8 bytes each, little endian.
pub const ADD_SEEN: &str = "INSERT OR REPLACE INTO seen (half_day, number, ids) VALUES (?, ?, ?)";
/// The packed ids from a half-day on.
pub const SEEN: &str = "SELECT half_day, ids FROM seen WHERE half_day >= ?";
/// Drops the ids of earlier half-days.
pub const FORGET_SEEN: &str = "DELETE FROM seen WHERE half_day < ?";
/// Writes the last batch of an isolate.
pub const SET_RECENT: &str = "INSERT OR REPLACE INTO recent (isolate, sequence, at, receipt) VALUES (?, ?, ?, ?)";
/// The last batches since a time.
pub const RECENT: &str = "SELECT isolate, sequence, at, receipt FROM recent WHERE at >= ?";
/// Drops the last batches from before a time.
pub const FORGET_RECENT: &str = "DELETE FROM recent WHERE at < ?";
/// Drops the journal rows that are folded.
pub const FORGET_JOURNAL: &str = "DELETE FROM journal WHERE number <= ?";
/// Writes packed visitors' hashes of a day: 8 bytes each, little endian.
pub const ADD_VISITORS: &str = "INSERT OR REPLACE INTO visitors (day, number, hashes) VALUES (?, ?, ?)";
/// The packed hashes of a day.
pub const VISITORS: &str = "SELECT hashes FROM visitors WHERE day = ?";
/// Drops the hashes of earlier days.
pub const FORGET_VISITORS: &str = "DELETE FROM visitors WHERE day < ?";
/// Writes the visitors of a day that is over.
pub const SET_DAY: &str = "INSERT OR REPLACE INTO days (day, visitors) VALUES (?, ?)";
/// The visitors of a day that is over.
pub const DAY: &str = "SELECT visitors FROM days WHERE day = ?";
/// Adds to the views of a day that have no visitor.
pub const ADD_WITHHELD: &str =
    "INSERT INTO withheld (day, why, views) VALUES (?, ?, ?) ON CONFLICT (day, why) DO UPDATE SET views = views + excluded.views";
/// The views of a day that have no visitor, by reason.
pub const WITHHELD: &str = "SELECT why, views FROM withheld WHERE day = ?";
