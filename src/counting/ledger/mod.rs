//! The ledger of a shard: its rules for counting a batch once, over the tables of [`schema`].
//!
//! In scope: what a batch changes, what it is answered, what is remembered and for how long. Out of scope: how a
//! batch arrives ([`super::shard`]) and how SQLite is called ([`Sql`]).
//!
//! What is in memory can be rebuilt from the tables at any time; nothing is answered before it is written. A batch is
//! worked out first, then written as one journal row, then taken over into memory, so an error leaves no half of it.

pub mod pages;
pub mod recent;
pub mod schema;
pub mod seen;
pub mod sql;

use super::wire::{Batch, Counted, Fault, MAX_BATCH_VISITS, Receipt, Row, decode, encode};
use pages::Pages;
use recent::{Last, Recent};
use seen::{Seen, first_known, window_of};
pub use sql::{Rows, Sql, StorageError, Value};
use sql::{blob_at, count_at};
use std::collections::HashSet;

use super::page::MAX_PAGE_BYTES;
use super::visit_id::Fingerprint;

/// Rows of the journal ring. More rows make folds rarer (a fold writes two rows for each page and hour that was
/// visited since the last) and waking slower (up to this many rows are replayed).
pub const JOURNAL_ROWS: u64 = 1024;

/// The most pages that a shard keeps apart. A stranger can make up pages, and a page is kept for ever.
pub const MAX_PAGES: u64 = 10_000;

/// Where views of further pages are counted. No page has this name, because pages begin with `/`.
pub const OTHER: &str = "(other)";

/// Milliseconds of an hour.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Ids in one row of `seen`: 0.8 MB of the 2 MB that a row may have.
const IDS_PER_ROW: usize = 100_000;

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
    sql: S,
    pages: Pages,
    seen: Seen,
    recent: Recent,
    /// Views of the whole shard.
    views: u64,
    /// The number of the last journal row.
    written: u64,
    /// The number of the last journal row that is in the other tables, too.
    folded: u64,
    /// Ids of journal rows above `folded`, with their window.
    ids_waiting: Vec<(u64, Fingerprint)>,
}

impl<S: Sql> Ledger<S> {
    /// Opens the ledger of a database, which may be empty. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StorageError`]; the database is as it was, or has more of its empty tables.
    pub fn open(sql: S, now: u64) -> Result<Self, StorageError> {
        for statement in schema::CREATE {
            sql.run(statement, &[])?;
        }
        let folded = meta(&sql, "folded")?;
        let views = meta(&sql, "views")?;
        let mut ledger = Self {
            sql,
            pages: Pages::default(),
            seen: Seen::default(),
            recent: Recent::default(),
            views,
            written: folded,
            folded,
            ids_waiting: Vec::new(),
        };
        ledger.load_pages_known()?;
        ledger.load_seen(now)?;
        ledger.load_recent(now)?;
        ledger.replay()?;
        Ok(ledger)
    }

    /// Counts a batch once and returns its receipt; a retry of the last batch of its isolate gets the stored receipt.
    /// When this returns, the batch is written; it is durable before any answer leaves the object.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn apply(&mut self, batch: &Batch<'_>, now: u64) -> Result<Receipt, LedgerError> {
        if let Some(last) = self.recent.of(batch.isolate) {
            if batch.sequence == last.sequence {
                return Ok(last.receipt.clone());
            }
            if batch.sequence < last.sequence {
                return Err(LedgerError::Fault(Fault::Superseded));
            }
        } else if !self.recent.has_room(now) {
            return Err(LedgerError::Fault(Fault::Full));
        }
        check(batch)?;
        if self.seen.is_full(batch.visits.iter().filter(|visit| visit.id.is_some()).count()) {
            return Err(LedgerError::Fault(Fault::Full));
        }
        if self.written.saturating_sub(self.folded) >= JOURNAL_ROWS {
            self.fold()?;
        }
        let receipt = self.work_out(batch, now)?;
        let row = Row { at: now, batch: batch.clone(), receipt };
        let number = self.written.saturating_add(1);
        let slot = number.checked_rem(JOURNAL_ROWS).unwrap_or(0);
        self.sql.run(schema::APPEND, &[Value::count(slot)?, Value::count(number)?, Value::Blob(encode(&row))])?;
        self.take_over(&row, number);
        Ok(row.receipt)
    }

    /// The views of a page; 0 for one that was never visited.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page_views(&self, page: &str) -> Result<u64, StorageError> {
        match self.pages.get(page) {
            Some(state) => Ok(state.views),
            None => Ok(self.stored_views(page)?.unwrap_or(0)),
        }
    }

    /// The views of all pages together.
    pub fn views(&self) -> u64 {
        self.views
    }

    /// Carries the journal over into the tables and forgets ids and batches whose time is over. Returns whether any
    /// ids are left whose time will come, so that this must be called again.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn maintain(&mut self, now: u64) -> Result<bool, StorageError> {
        self.fold()?;
        let known = first_known(window_of(now));
        self.sql.run(schema::FORGET_SEEN, &[Value::count(known)?])?;
        self.sql.run(schema::FORGET_RECENT, &[Value::count(now.saturating_sub(recent::KEEP_MS))?])?;
        self.seen.forget_before(known);
        self.recent.forget(now);
        Ok(!self.seen.is_empty())
    }

    /// What each visit of a batch counts. Changes nothing but the cache of stored pages.
    fn work_out(&mut self, batch: &Batch<'_>, now: u64) -> Result<Receipt, StorageError> {
        let mut tallies = Vec::with_capacity(batch.pages.len());
        let mut room = MAX_PAGES.saturating_sub(self.pages.known);
        for page in &batch.pages {
            let known = self.load(page)?;
            if known.is_none() && room == 0 {
                tallies.push((true, 0));
                continue;
            }
            if known.is_none() {
                room = room.saturating_sub(1);
            }
            tallies.push((false, known.unwrap_or(0)));
        }
        let mut others = if tallies.iter().any(|(other, _)| *other) { self.load(OTHER)?.unwrap_or(0) } else { 0 };
        let mut ids = HashSet::new();
        let mut visits = Vec::with_capacity(batch.visits.len());
        for item in &batch.visits {
            let duplicate = item.id.is_some_and(|id| self.seen.knows(id, now) || !ids.insert(id));
            // `check` made sure that each visit has a page.
            let Some((other, own)) = tallies.get_mut(usize::from(item.page)) else { continue };
            let views = if *other { &mut others } else { own };
            if !duplicate {
                *views = views.saturating_add(1);
            }
            visits.push(Counted { duplicate, other: *other, views: *views });
        }
        Ok(Receipt { visits })
    }

    /// Takes a journal row over into memory.
    fn take_over(&mut self, row: &Row<'_>, number: u64) {
        let window = window_of(row.at);
        let hour = row.at.checked_div(HOUR_MS).unwrap_or(0);
        for (item, counted) in row.batch.visits.iter().zip(&row.receipt.visits) {
            if counted.duplicate {
                continue;
            }
            let page = if counted.other { Some(&OTHER) } else { row.batch.pages.get(usize::from(item.page)) };
            if let Some(page) = page {
                self.pages.count(page, hour);
                self.views = self.views.saturating_add(1);
            }
            if let Some(id) = item.id {
                self.seen.insert(id, window);
                self.ids_waiting.push((window, id));
            }
        }
        let last = Last { sequence: row.batch.sequence, at: row.at, receipt: row.receipt.clone(), stored: false };
        self.recent.insert(row.batch.isolate, last);
        self.written = number;
    }

    /// Carries everything that waits over into the tables, all or nothing.
    fn fold(&mut self) -> Result<(), StorageError> {
        if self.folded == self.written {
            return Ok(());
        }
        let this = &*self;
        this.sql.transaction(&mut || {
            for (page, state) in this.pages.waiting() {
                this.store_page(page, state)?;
            }
            this.store_ids()?;
            for (isolate, last) in this.recent.unstored() {
                let isolate = Value::Blob(isolate.to_be_bytes().to_vec());
                let receipt = Value::Blob(encode(&last.receipt));
                this.sql.run(schema::SET_RECENT, &[isolate, Value::count(last.sequence)?, Value::count(last.at)?, receipt])?;
            }
            this.sql.run(schema::SET_META, &[Value::Text("views".to_owned()), Value::count(this.views)?])?;
            this.sql.run(schema::SET_META, &[Value::Text("folded".to_owned()), Value::count(this.written)?])?;
            Ok(())
        })?;
        self.pages.all_stored();
        self.recent.all_stored();
        self.ids_waiting.clear();
        self.folded = self.written;
        Ok(())
    }

    fn store_page(&self, page: &str, state: &pages::PageState) -> Result<(), StorageError> {
        let views = state.waiting.values().fold(0, |sum: u64, views| sum.saturating_add(*views));
        let rows = self.sql.run(schema::ADD_PAGE_VIEWS, &[Value::Text(page.to_owned()), Value::count(views)?])?;
        let id = rows.first().map_or_else(|| count_at(&[], 0), |row| count_at(row, 0))?;
        for (hour, views) in &state.waiting {
            self.sql.run(schema::ADD_HOUR_VIEWS, &[Value::count(id)?, Value::count(*hour)?, Value::count(*views)?])?;
        }
        Ok(())
    }

    /// Packs the ids that wait into rows. A fold has more journal rows than it makes rows of ids, so the numbers after
    /// `folded` are free for them.
    fn store_ids(&self) -> Result<(), StorageError> {
        let mut number = self.folded;
        let mut left = self.ids_waiting.as_slice();
        while let Some((window, _)) = left.first() {
            let same = left.iter().take(IDS_PER_ROW).take_while(|(other, _)| other == window).count();
            let (now, later) = left.split_at_checked(same).unwrap_or((left, &[]));
            let packed = now.iter().flat_map(|(_, id)| id.0.to_le_bytes()).collect();
            number = number.saturating_add(1);
            self.sql.run(schema::ADD_SEEN, &[Value::count(*window)?, Value::count(number)?, Value::Blob(packed)])?;
            left = later;
        }
        Ok(())
    }

    /// Makes sure that the stored views of a page are in memory; `None` if there is no such page.
    fn load(&mut self, page: &str) -> Result<Option<u64>, StorageError> {
        if let Some(state) = self.pages.get(page) {
            return Ok(Some(state.views));
        }
        let stored = self.stored_views(page)?;
        if let Some(views) = stored {
            self.pages.load(page, views);
        }
        Ok(stored)
    }

    fn stored_views(&self, page: &str) -> Result<Option<u64>, StorageError> {
        let rows = self.sql.run(schema::PAGE_VIEWS, &[Value::Text(page.to_owned())])?;
        rows.first().map(|row| count_at(row, 0)).transpose()
    }

    fn load_pages_known(&mut self) -> Result<(), StorageError> {
        let rows = self.sql.run(schema::PAGE_COUNT, &[])?;
        self.pages.known = rows.first().map_or(Ok(0), |row| count_at(row, 0))?;
        Ok(())
    }

    fn load_seen(&mut self, now: u64) -> Result<(), StorageError> {
        for row in self.sql.run(schema::SEEN, &[Value::count(first_known(window_of(now)))?])? {
            let window = count_at(&row, 0)?;
            for packed in blob_at(&row, 1)?.as_chunks::<8>().0 {
                self.seen.insert(Fingerprint(u64::from_le_bytes(*packed)), window);
            }
        }
        Ok(())
    }

    fn load_recent(&mut self, now: u64) -> Result<(), StorageError> {
        for row in self.sql.run(schema::RECENT, &[Value::count(now.saturating_sub(recent::KEEP_MS))?])? {
            let isolate = blob_at(&row, 0)?.try_into().map(u128::from_be_bytes).map_err(|_| unreadable("an isolate"))?;
            let receipt = decode(blob_at(&row, 3)?).map_err(|_| unreadable("a receipt"))?;
            let last = Last { sequence: count_at(&row, 1)?, at: count_at(&row, 2)?, receipt, stored: true };
            self.recent.insert(isolate, last);
        }
        Ok(())
    }

    /// Takes over the journal rows that are not in the tables yet.
    fn replay(&mut self) -> Result<(), StorageError> {
        for row in self.sql.run(schema::JOURNAL, &[Value::count(self.folded)?])? {
            let number = count_at(&row, 0)?;
            let read: Row<'_> = decode(blob_at(&row, 1)?).map_err(|_| unreadable("a journal row"))?;
            for page in read.batch.pages.iter().chain([&OTHER]) {
                self.load(page)?;
            }
            self.take_over(&read, number);
        }
        Ok(())
    }
}

fn meta(sql: &impl Sql, key: &str) -> Result<u64, StorageError> {
    let rows = sql.run(schema::META, &[Value::Text(key.to_owned())])?;
    rows.first().map_or(Ok(0), |row| count_at(row, 0))
}

fn unreadable(what: &str) -> StorageError {
    StorageError(format!("{what} is not readable"))
}

/// Whether a batch keeps to its limits and hangs together.
fn check(batch: &Batch<'_>) -> Result<(), LedgerError> {
    let sizes = (1..=MAX_BATCH_VISITS).contains(&batch.visits.len()) && batch.pages.len() <= batch.visits.len();
    let pages = batch.pages.iter().all(|page| page.starts_with('/') && page.len() <= MAX_PAGE_BYTES);
    let visits = batch.visits.iter().all(|visit| usize::from(visit.page) < batch.pages.len());
    if sizes && pages && visits { Ok(()) } else { Err(LedgerError::Fault(Fault::Malformed)) }
}
