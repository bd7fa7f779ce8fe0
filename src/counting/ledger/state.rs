//! The ledger of a shard: its rules for counting a batch once, over the tables of [`schema`].
//!
//! In scope: what a batch changes, what it is answered, what is remembered and for how long. Out of scope: how a
//! batch arrives ([`crate::counting::ledger::shard`]), which batches share a row ([`crate::counting::ledger::group`]) and how SQLite
//! is called ([`Sql`]).
//!
//! What is in memory can be rebuilt from the tables at any time; nothing is answered before it is written. The batches of a journal row
//! are applied in memory one after the other, and then the row is written, in one turn. If any statement fails on the way, nothing of
//! these batches is stored, and the memory is dropped with what it has of them.

use crate::counting::ledger::dimension_views::DimensionViews;
use crate::counting::ledger::distinct_visitors::DistinctVisitors;
use crate::counting::ledger::isolates::Isolates;
use crate::counting::ledger::kept_reports::KeptReports;
use crate::counting::ledger::pages::PageViewsInMemory;
use crate::counting::ledger::quarters::Quarters;
use crate::counting::ledger::recent_activity::RecentActivity;
use crate::counting::ledger::schema;
use crate::counting::ledger::seen::{SeenIds, first_known, window_of};
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::model::date::day_of;
use crate::counting::protocol::answer::Fault;
use crate::counting::protocol::batch::Tally;

pub(super) use crate::counting::storage::unreadable;
pub use crate::counting::storage::{Rows, Sql, StorageError, Value};

/// Rows of the journal ring. With more rows, checkpoints are rarer (a checkpoint writes about eight rows), and starts are slower (they
/// replay up to this many rows).
pub const JOURNAL_ROWS: u64 = 1024;

/// Visits in the journal after which a checkpoint is due, to within a row: a start replays no more. On workerd, a start takes 40 ms of CPU
/// with 16,000 visits of 100 pages, each with an id, a visitor and details, and 157 ms with 64,000.
pub const JOURNAL_VISITS: u64 = 16_384;

/// The highest number of a batch: up to here, integers cross into the database exactly.
pub(super) const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// The size of what a probe stores, in bytes: that of a journal row of some dozen visits.
const PROBE_BYTES: usize = 4_096;

/// Milliseconds of an hour.
pub(super) const HOUR_MS: u64 = 60 * 60 * 1000;

/// Why a ledger did not take a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// It refused; the ledger is as it was.
    Fault(Fault),
    /// Storage failed. What is in memory may differ from what is stored: open the ledger anew.
    Storage(StorageError),
}

impl From<StorageError> for LedgerError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// The ledger of one shard.
#[derive(Debug)]
pub struct Ledger<S> {
    pub(super) sql: S,
    pub(super) pages: PageViewsInMemory,
    /// The ids, visitors and marks.
    pub(super) sets: Sets,
    pub(super) seen: SeenIds,
    pub(super) isolates: Isolates,
    /// In how many rows the table of last batches has them.
    pub(super) last_batch_rows: u64,
    pub(super) distinct_visitors: DistinctVisitors,
    /// Counts of the site by quarters of an hour that are not in their table.
    pub(super) site: Quarters,
    pub(super) dimension_views: DimensionViews,
    /// Visits that were not counted, and are not in the tables.
    pub(super) excluded: Vec<Tally>,
    pub(super) recent_activity: RecentActivity,
    /// Whether somebody may watch the site live.
    pub(super) watched: bool,
    pub(super) kept_reports: KeptReports,
    /// The most shards that the site is known to have; 0 while their number never grew.
    pub(super) shards: u16,
    /// When everything was last written into the tables for a report, in milliseconds since 1970.
    pub(super) checkpointed_at: u64,
    /// Views of the whole shard.
    pub(super) views: u64,
    /// The views and the pages that the table `meta` has.
    pub(super) in_meta: [u64; 2],
    /// When the newest batch came, in milliseconds since 1970.
    pub(super) latest: u64,
    /// The number of the last journal row.
    pub(super) written: u64,
    /// The number of the last journal row that is in the other tables, too.
    pub(super) checkpointed: u64,
    /// Whether the table `meta` has counts that wait.
    pub(super) keeps_counts: bool,
    /// The visits of the rows after that one.
    pub(super) visits_waiting: u64,
    /// How often the tables changed other than by checkpoints and folds: by a roll-up, an import, or an amendment.
    pub(super) moved: u64,
}

impl<S: Sql> Ledger<S> {
    /// The number of the last batch that was written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The gauges of [`SHARD`](crate::counting::protocol::shard_metrics::SHARD): views, pages, ids, visitors of today, isolates, journal rows
    /// since the last checkpoint, the number of today's day, ids that servers sent, ids that are remembered for a shorter time, bytes of
    /// last batches, marks of today, runs of sets, and bytes of sets.
    pub fn holds(&self) -> [u64; 13] {
        let visitors = self.distinct_visitors.visitors(&self.sets, self.distinct_visitors.day());
        let waiting = self.written.saturating_sub(self.checkpointed);
        [
            self.views,
            self.pages.known,
            self.seen.shares.ids(),
            visitors,
            count_of(self.isolates.lanes()),
            waiting,
            self.distinct_visitors.day().into(),
            self.seen.shares.of_servers(),
            count_of(self.seen.short()),
            count_of(self.isolates.bytes()),
            self.sets.len(SetKind::Marks, self.distinct_visitors.day().into()),
            count_of(self.sets.runs()),
            count_of(self.sets.memory()),
        ]
    }

    /// Whether somebody may watch the site live. It is true until the shard is told otherwise, because a new shard does not know its
    /// watchers.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Notes whether somebody watches. A change writes one row.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn set_watched(&mut self, watched: bool) -> Result<(), StorageError> {
        if watched != self.watched {
            self.sql.write(schema::SET_META, &[Value::Text("unwatched".to_owned()), Value::count((!watched).into())])?;
            self.watched = watched;
        }
        Ok(())
    }

    /// Stores as much as a batch of visits does, and counts nothing.
    ///
    /// # Errors
    /// [`StorageError`]: visits could not be stored either.
    pub(crate) fn probe(&self, now: u64) -> Result<(), StorageError> {
        let row = now.to_le_bytes().repeat(PROBE_BYTES / 8);
        self.sql.write(schema::SET_META, &[Value::Text("probe".to_owned()), Value::Blob(row)])
    }

    /// The most shards that the site is known to have; 0 while their number never grew.
    pub(crate) fn shards(&self) -> u16 {
        self.shards
    }

    /// Notes how many shards the site will have. A number that is higher than the known one writes one row.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn grow(&mut self, shards: u16) -> Result<(), StorageError> {
        if shards > self.shards {
            self.sql.write(schema::SET_META, &[Value::Text("shards".to_owned()), Value::count(shards.into())])?;
            self.shards = shards;
        }
        Ok(())
    }

    /// Writes everything that waits into the tables, forgets ids, batches and hashes whose time is over, and rolls up hours after `keep_days`. Returns whether
    /// any ids or hashes are left, so that this must be called again.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn maintain(&mut self, now: u64, keep_days: u32) -> Result<bool, StorageError> {
        self.latest = self.latest.max(now);
        self.begin(day_of(now));
        self.forget_ids(first_known(window_of(now)))?;
        self.fold()?;
        self.drop_rows()?;
        // Checkpointed rows would hold hashes of past days until other rows replace them.
        self.sql.write(schema::FORGET_JOURNAL, &[Value::count(self.checkpointed)])?;
        self.forget_last_batches(now)?;
        self.forget_changes(now)?;
        self.forget_refused(day_of(now))?;
        self.roll(now, keep_days)?;
        let visitors = self.distinct_visitors.visitors(&self.sets, self.distinct_visitors.day());
        Ok(!self.seen.shares.is_empty() || visitors > 0)
    }
}

fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
