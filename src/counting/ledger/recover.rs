//! Recovering: rebuilding the memory of a ledger from its tables and journal.

use crate::counting::ledger::dimension_views::DimensionViews;
use crate::counting::ledger::distinct_visitors::DistinctVisitors;
use crate::counting::ledger::isolates::Isolates;
use crate::counting::ledger::kept_reports::KeptReports;
use crate::counting::ledger::pages::PageViewsInMemory;
use crate::counting::ledger::quarters::Quarters;
use crate::counting::ledger::recent_activity::RecentActivity;
use crate::counting::ledger::schema::{self, number_in_meta};
use crate::counting::ledger::seen::{SeenIds, first_known, window_of};
use crate::counting::ledger::sets::Sets;
use crate::counting::ledger::sets::instance::Instance;
use crate::counting::ledger::shape::prepare;
use crate::counting::ledger::state::{JOURNAL_ROWS, Ledger, unreadable};
use crate::counting::model::date::Day;
use crate::counting::model::limits::OTHER;
use crate::counting::protocol::row::{Row, RowBatch};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at};

impl<S: Sql> Ledger<S> {
    /// Opens the ledger of a database, which may be empty. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StorageError`], also for tables that a later version of the program wrote. The database is as it was, or has more of its
    /// empty tables.
    pub fn open(sql: S, now: u64, instance: &Instance) -> Result<Self, StorageError> {
        prepare(&sql, instance)?;
        let sets = Sets::open(&sql, instance)?;
        let checkpointed = number_in_meta(&sql, "checkpointed")?;
        let [views, pages] = [number_in_meta(&sql, "views")?, number_in_meta(&sql, "pages")?];
        let moved = number_in_meta(&sql, "moved")?;
        let mut ledger = Self {
            sql,
            pages: PageViewsInMemory::default(),
            sets,
            seen: SeenIds::default(),
            isolates: Isolates::default(),
            last_batch_rows: 0,
            distinct_visitors: DistinctVisitors::default(),
            site: Quarters::default(),
            dimension_views: DimensionViews::default(),
            excluded: Vec::new(),
            recent_activity: RecentActivity::default(),
            watched: true,
            kept_reports: KeptReports::default(),
            shards: 0,
            checkpointed_at: 0,
            views,
            in_meta: [views, pages],
            latest: 0,
            written: checkpointed,
            checkpointed,
            keeps_counts: false,
            visits_waiting: 0,
            moved,
        };
        ledger.pages.known = pages;
        ledger.load_shares(first_known(window_of(now)))?;
        ledger.load_last_batches(now)?;
        ledger.latest = ledger.isolates.newest();
        let day = Day::try_from(number_in_meta(&ledger.sql, "day")?).map_err(|_| unreadable("the day"))?;
        ledger.distinct_visitors = DistinctVisitors::stored(day);
        ledger.load_recent_activity()?;
        ledger.load_waiting_counts()?;
        ledger.shards = u16::try_from(number_in_meta(&ledger.sql, "shards")?).map_err(|_| unreadable("the number of shards"))?;
        ledger.replay()?;
        Ok(ledger)
    }

    fn load_recent_activity(&mut self) -> Result<(), StorageError> {
        self.watched = number_in_meta(&self.sql, "unwatched")? == 0;
        if let [row] = self.sql.run(schema::META, &[Value::Text("lately".to_owned())])?.as_slice() {
            let numbers: Vec<u64> = unpack(blob_at(row, 0)?)?.collect();
            self.recent_activity = RecentActivity::from_numbers(&numbers).ok_or_else(|| unreadable("the recent activity"))?;
        }
        Ok(())
    }

    /// Applies the journal rows that are not in the tables yet.
    fn replay(&mut self) -> Result<(), StorageError> {
        let mut is_known = true;
        loop {
            let rows = self.journal(self.written.saturating_add(1), READ_AT_ONCE)?;
            let some = !rows.is_empty();
            for (number, body) in rows {
                let Row { at, batches } = Row::read(&body).map_err(|_| unreadable("a journal row"))?;
                let adds = number > self.sets.flushed();
                for RowBatch { batch, receipt, news } in &batches {
                    for page in &batch.pages {
                        self.load(page)?;
                    }
                    if receipt.visits.iter().any(|counted| counted.other) {
                        self.load(OTHER)?;
                    }
                    self.load_dimension_views(batch, at)?;
                    self.take_over(batch, receipt, at, *news, adds)?;
                    is_known &= news.is_some();
                }
                self.written = number;
            }
            if !some {
                break;
            }
        }
        // If the next row were missing, the one after it would be there.
        if !self.journal(self.written.saturating_add(2), 1)?.is_empty() {
            return Err(StorageError("a journal row is missing".to_owned()));
        }
        // The next replay could not look up what the rows of the version before were the first of, because the sets have it by then.
        if is_known { Ok(()) } else { self.checkpoint() }
    }

    /// The journal rows from a number on, at most `most` of them, and at most to the end of the ring.
    fn journal(&self, first: u64, most: u64) -> Result<Vec<(u64, Vec<u8>)>, StorageError> {
        let slot = first.checked_rem(JOURNAL_ROWS).unwrap_or(0);
        let end = slot.saturating_add(most).min(JOURNAL_ROWS);
        let mut rows = Vec::new();
        let mut next = first;
        for row in self.sql.run(schema::JOURNAL, &[Value::count(slot), Value::count(end)])? {
            let number = count_at(&row, 0)?;
            if number < next {
                // This row is of the round before, and checkpointed.
                break;
            }
            if number > next {
                return Err(StorageError("a journal row is missing".to_owned()));
            }
            rows.push((number, blob_at(&row, 1)?.to_vec()));
            next = next.saturating_add(1);
        }
        Ok(rows)
    }
}

/// How many journal rows one statement reads. Up to that many may be read in vain, and a full ring takes 32 statements.
const READ_AT_ONCE: u64 = 32;

/// The numbers in a packed row.
fn unpack(packed: &[u8]) -> Result<impl ExactSizeIterator<Item = u64>, StorageError> {
    match packed.as_chunks::<8>() {
        (numbers, []) => Ok(numbers.iter().map(|bytes| u64::from_le_bytes(*bytes))),
        _ => Err(unreadable("a packed row")),
    }
}
