//! The ledger of a shard: its rules for counting a batch once, over the tables of [`schema`].
//!
//! In scope: what a batch changes, what it is answered, what is remembered and for how long. Out of scope: how a
//! batch arrives ([`crate::counting::ledger::shard`]) and how SQLite is called ([`Sql`]).
//!
//! What is in memory can be rebuilt from the tables at any time; nothing is answered before it is written. A batch is
//! worked out first, then written as one journal row, then taken over into memory, so an error leaves no half of it.

use crate::counting::ledger::dimension_views::DimensionViews;
use crate::counting::ledger::distinct_visitors::{DistinctVisitors, News};
use crate::counting::ledger::isolates::{self, Isolates, Last};
use crate::counting::ledger::kept_reports::KeptReports;
use crate::counting::ledger::pages::PageViewsInMemory;
use crate::counting::ledger::quarters::{Counts, HOUR, Quarters};
use crate::counting::ledger::recent_activity::RecentActivity;
use crate::counting::ledger::schema;
use crate::counting::ledger::seen::{Seen, first_known, window_of};
use crate::counting::live::pulse::Pulse;
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::dimensions::is_details;
use crate::counting::model::limits::{MAX_PAGES, OTHER};
use crate::counting::model::minute::{Minute, day_of_minute, minute_counted, within};
use crate::counting::protocol::answer::{Fault, Visitors};
use crate::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Row, Tally, Verdict};
use crate::counting::protocol::wire::encode;

pub use crate::counting::storage::{Rows, Sql, StorageError, Value};
use crate::counting::storage::{count_at, text_at};
use std::collections::HashSet;

use crate::counting::model::page::MAX_PAGE_BYTES;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::{Visitor, Withheld};

/// Rows of the journal ring. More rows make checkpoints rarer (a checkpoint writes two rows for each page and hour that was
/// visited since the last) and waking slower (up to this many rows are replayed).
pub const JOURNAL_ROWS: u64 = 1024;

/// The highest number of a batch: integers are exact to here on their way into the database.
pub(super) const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// What a probe stores, in bytes: a row of some dozen visits.
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
    pub(super) seen: Seen,
    pub(super) recent: Isolates,
    pub(super) people: DistinctVisitors,
    /// What was counted of the site by quarters of an hour and is not in the tables.
    pub(super) site: Quarters,
    pub(super) facets: DimensionViews,
    /// What was not counted and is not in the tables.
    pub(super) excluded: Vec<Tally>,
    pub(super) lately: RecentActivity,
    /// Whether somebody may watch the site live.
    pub(super) watched: bool,
    pub(super) told: KeptReports,
    /// The most shards that the site is known to have, where they grew; else 0.
    pub(super) shards: u16,
    /// When the last checkpoint ended that a report asked for, in milliseconds since 1970.
    pub(super) checkpointed_at: u64,
    /// Views of the whole shard.
    pub(super) views: u64,
    /// When the newest batch came, in milliseconds since 1970.
    pub(super) latest: u64,
    /// The number of the last journal row.
    pub(super) written: u64,
    /// The number of the last journal row that is in the other tables, too.
    pub(super) checkpointed: u64,
    /// How often the tables changed other than by a checkpoint: by a roll, an import, or what the owner changed.
    pub(super) moved: u64,
    /// Ids of journal rows above `checkpointed`, with their window and whose they are.
    pub(super) ids_waiting: Vec<(u64, Fingerprint, Share)>,
}

impl<S: Sql> Ledger<S> {
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
        check(batch, now)?;
        if self.written.saturating_sub(self.checkpointed) >= JOURNAL_ROWS {
            self.checkpoint()?;
        }
        let receipt = self.work_out(batch, now)?;
        let row = Row { at: now, batch: batch.clone(), receipt };
        self.load_facets(&row)?;
        let number = self.written.saturating_add(1);
        let slot = number.checked_rem(JOURNAL_ROWS).unwrap_or(0);
        self.sql.write(schema::APPEND, &[Value::count(slot), Value::count(number), Value::Blob(encode(&row))])?;
        self.take_over(&row, number);
        Ok(row.receipt)
    }

    /// The views of a page; 0 for one that was never visited.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page_views(&self, page: &str) -> Result<u64, StorageError> {
        Ok(self.page(page)?.unwrap_or(0))
    }

    /// The views of a page, if it is there.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn page(&self, page: &str) -> Result<Option<u64>, StorageError> {
        match self.pages.get(page) {
            Some(state) => Ok(Some(state.views)),
            None => self.stored_views(page),
        }
    }

    /// The number of the last batch that was written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// What it holds: views, pages, ids, visitors of today, isolates, journal rows that are not carried over, which day is today, ids that
    /// servers sent, and ids that are remembered for a shorter time.
    pub fn holds(&self) -> [u64; 9] {
        let visitors = self.people.visitors(self.people.day());
        let waiting = self.written.saturating_sub(self.checkpointed);
        [
            self.views,
            self.pages.known,
            number(self.seen.ids()),
            visitors,
            number(self.recent.isolates()),
            waiting,
            self.people.day().into(),
            number(self.seen.of_servers()),
            number(self.seen.short()),
        ]
    }

    /// What it counted lately.
    pub fn pulse(&self, now: u64) -> Pulse {
        self.lately.pulse(self.written, now)
    }

    /// Whether somebody may watch the site live. So it is until it is said otherwise: whoever watches cannot know of a shard that has not
    /// counted yet.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// Notes whether somebody watches; a row where that changes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn set_watched(&mut self, watched: bool) -> Result<(), StorageError> {
        if watched != self.watched {
            self.sql.write(schema::SET_META, &[Value::Text("unwatched".to_owned()), Value::count((!watched).into())])?;
            self.watched = watched;
        }
        Ok(())
    }

    /// Stores as much as a visit does, and counts nothing.
    ///
    /// # Errors
    /// [`StorageError`]: a visit could not be stored either.
    pub fn probe(&self, now: u64) -> Result<(), StorageError> {
        let row = now.to_le_bytes().repeat(PROBE_BYTES / 8);
        self.sql.write(schema::SET_META, &[Value::Text("probe".to_owned()), Value::Blob(row)])
    }

    /// The most shards that the site is known to have, where they grew; else 0.
    pub fn shards(&self) -> u16 {
        self.shards
    }

    /// Notes that the site will have so many shards; a row where that is more than is known.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn grow(&mut self, shards: u16) -> Result<(), StorageError> {
        if shards > self.shards {
            self.sql.write(schema::SET_META, &[Value::Text("shards".to_owned()), Value::count(shards.into())])?;
            self.shards = shards;
        }
        Ok(())
    }

    /// The views of all pages together.
    pub fn views(&self) -> u64 {
        self.views
    }

    /// Whether an id is known. The asker counts it elsewhere if it is not, under `day`; so from now on it must not be
    /// counted here under an earlier one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn seen(&mut self, id: Fingerprint, day: Day, now: u64) -> Result<bool, LedgerError> {
        if day > day_of(now).saturating_add(1) {
            return Err(LedgerError::Fault(Fault::Malformed));
        }
        if day > self.people.day() {
            self.begin(day);
            self.checkpoint()?;
        }
        Ok(self.seen.knows(id, now))
    }

    /// The visitors of a day, and its views that have none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn visitors(&self, day: Day) -> Result<Visitors, StorageError> {
        let stored = self.sql.run(schema::DAY, &[Value::count(day.into())])?.first().map_or(Ok(0), |row| count_at(row, 0))?;
        let visitors = stored.saturating_add(self.people.visitors(day));
        let mut withheld = Withheld::ALL.map(|why| self.people.withheld(day, why));
        for row in self.sql.run(schema::WITHHELD, &[Value::count(day.into())])? {
            let why = usize::try_from(count_at(&row, 0)?).unwrap_or(usize::MAX);
            let views = withheld.get_mut(why).ok_or_else(|| unreadable("why a view has no visitor"))?;
            *views = views.saturating_add(count_at(&row, 1)?);
        }
        Ok(Visitors { visitors, withheld })
    }

    /// Carries the journal over into the tables and forgets ids, batches and hashes whose time is over. Returns whether
    /// any ids or hashes are left whose time will come, so that this must be called again. Hours are kept for `keep_days`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn maintain(&mut self, now: u64, keep_days: u32) -> Result<bool, StorageError> {
        self.latest = self.latest.max(now);
        self.begin(day_of(now));
        self.checkpoint()?;
        // The rows of a ring that is checkpointed hold hashes of days that are over, until others overwrite them.
        self.sql.write(schema::FORGET_JOURNAL, &[Value::count(self.checkpointed)])?;
        let known = first_known(window_of(now));
        self.sql.write(schema::FORGET_SEEN, &[Value::count(known)])?;
        self.sql.write(schema::FORGET_RECENT, &[Value::count(now.saturating_sub(isolates::KEEP_MS))])?;
        self.seen.forget_before(known);
        self.recent.forget(now);
        self.forget_changes(now)?;
        self.forget_refused(day_of(now))?;
        self.roll(now, keep_days)?;
        Ok(!self.seen.is_empty() || self.people.visitors(self.people.day()) > 0)
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
        let mut day = self.people.day();
        let mut visits = Vec::with_capacity(batch.visits.len());
        for item in &batch.visits {
            let verdict = if item.is_of_its_day() && item.day < day {
                Verdict::Stale
            } else if item.id.is_some_and(|id| self.seen.knows(id, now) || ids.contains(&id)) {
                Verdict::Duplicate
            } else if item.id.is_some() && item.share.is_server() && !self.seen.has_room(item.share) {
                Verdict::Full
            } else {
                // Only what counts has duplicates.
                ids.extend(item.id);
                Verdict::Counted
            };
            if item.is_of_its_day() {
                day = day.max(item.day);
            }
            // `check` made sure that each visit has a page.
            let Some((other, own)) = tallies.get_mut(usize::from(item.page)) else { continue };
            let views = if *other { &mut others } else { own };
            if verdict == Verdict::Counted && !matches!(item.visitor, Visitor::Guest(_)) {
                *views = views.saturating_add(1);
            }
            visits.push(Counted { verdict, other: *other, views: *views });
        }
        Ok(Receipt { visits })
    }

    /// Takes a journal row over into memory.
    pub(super) fn take_over(&mut self, row: &Row<'_>, number: u64) {
        let window = window_of(row.at);
        // An isolate whose clock is ahead tallies days that have not come.
        let last_day = day_of(row.at).saturating_add(1);
        for tally in &row.batch.tallies {
            self.exclude(&Tally { day: tally.day.min(last_day), ..*tally });
        }
        for (item, counted) in row.batch.visits.iter().zip(&row.receipt.visits) {
            if item.is_of_its_day() {
                self.begin(item.day);
            }
            if counted.verdict != Verdict::Counted {
                continue;
            }
            // `check` made sure that each visit has a page.
            let page = if counted.other { Some(&OTHER) } else { row.batch.pages.get(usize::from(item.page)) };
            let Some(page) = page else { continue };
            let minute = minute_of_item(item, row.at);
            let quarter = u64::from(minute / 15);
            let news = match item.visitor {
                Visitor::Hash(hash) | Visitor::Guest(hash) => self.people.come(hash, page, quarter / HOUR),
                Visitor::Elsewhere => News::default(),
                Visitor::Withheld(why) => {
                    self.people.withhold(if item.made.is_some() { day_of_minute(minute) } else { item.day.min(last_day) }, why);
                    News::default()
                }
            };
            let views = u64::from(!matches!(item.visitor, Visitor::Guest(_)));
            self.lately.count(views, item.visitor.at_home(), minute, row.at);
            self.pages.count(page, quarter, Counts { views, visitors: news.page_hour, newcomers: news.page_today });
            self.site.add(quarter, Counts { views, visitors: news.hour, newcomers: news.today });
            self.views = self.views.saturating_add(views);
            if let Some(details) = usize::from(item.details).checked_sub(1).and_then(|at| row.batch.details.get(at)) {
                self.facets.count(day_of_minute(minute), details);
            }
            if let Some(id) = item.id
                && self.seen.insert(id, item.share, window)
            {
                self.ids_waiting.push((window, id, item.share));
            }
        }
        let last = Last { sequence: row.batch.sequence, at: row.at, receipt: row.receipt.clone(), stored: false };
        self.recent.insert(row.batch.isolate, last);
        self.latest = self.latest.max(row.at);
        self.written = number;
    }

    /// Begins a day, if it is later.
    fn begin(&mut self, day: Day) {
        if day > self.people.day() {
            self.people.begin(day);
            self.lately.forget_who();
        }
    }

    fn exclude(&mut self, more: &Tally) {
        match self.excluded.iter_mut().find(|tally| (tally.day, tally.reason) == (more.day, more.reason)) {
            Some(tally) => tally.visits = tally.visits.saturating_add(more.visits),
            None => self.excluded.push(*more),
        }
    }

    /// Makes sure that the values of details are in memory of the days that a row counts under.
    pub(super) fn load_facets(&mut self, row: &Row<'_>) -> Result<(), StorageError> {
        for item in row.batch.visits.iter().filter(|item| item.details > 0) {
            let day = day_of_minute(minute_of_item(item, row.at));
            if self.facets.knows(day) {
                continue;
            }
            let mut stored = Vec::new();
            for row in self.sql.run(schema::DETAILS_OF_DAY, &[Value::count(day.into())])? {
                let kind = u8::try_from(count_at(&row, 0)?).map_err(|_| unreadable("a kind of details"))?;
                stored.push((kind, text_at(&row, 1)?.to_owned()));
            }
            self.facets.load(day, stored.into_iter());
        }
        Ok(())
    }

    /// Makes sure that the stored views of a page are in memory; `None` if there is no such page.
    pub(super) fn load(&mut self, page: &str) -> Result<Option<u64>, StorageError> {
        if let Some(state) = self.pages.get(page) {
            return Ok(Some(state.views));
        }
        let stored = self.stored_views(page)?;
        if let Some(views) = stored {
            self.pages.load(page, views);
        }
        Ok(stored)
    }

    pub(super) fn stored_views(&self, page: &str) -> Result<Option<u64>, StorageError> {
        let rows = self.sql.run(schema::PAGE_VIEWS, &[Value::Text(page.to_owned())])?;
        rows.first().map(|row| count_at(row, 0)).transpose()
    }
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) fn unreadable(what: &str) -> StorageError {
    StorageError(format!("{what} is not readable"))
}

/// The minute that a visit is counted in: in which it was made, else that of the shard's clock. One that was made when it came, and has a
/// day, is counted within its day, and so is each that has a visitor: just after midnight a visitor of yesterday must not be a newcomer of
/// today.
fn minute_of_item(item: &Item, at: u64) -> Minute {
    let minute = minute_counted(item.made, at);
    let is_bound = if item.made.is_none() { item.is_of_its_day() } else { item.visitor.at_home().is_some() };
    if is_bound { within(minute, item.day) } else { minute }
}

/// Whether a batch keeps to its limits and hangs together.
fn check(batch: &Batch<'_>, now: u64) -> Result<(), LedgerError> {
    // Clocks differ around midnight. Which days there are, the site's days object decides.
    let last_day = day_of(now).saturating_add(1);
    let [visits, tallies] = [batch.visits.len(), batch.tallies.len()];
    let sizes = visits <= MAX_BATCH_VISITS && tallies <= MAX_BATCH_TALLIES && visits.saturating_add(tallies) >= 1;
    let fewer = batch.pages.len() <= visits && batch.details.len() <= visits;
    let apart = batch.pages.iter().collect::<HashSet<_>>().len() == batch.pages.len();
    let number = batch.sequence <= MAX_SEQUENCE;
    let pages = batch.pages.iter().all(|page| page.starts_with('/') && page.len() <= MAX_PAGE_BYTES);
    let details = batch.details.iter().all(|details| is_details(details));
    let visits = batch.visits.iter().all(|visit| {
        let is_of_a_day = visit.day <= last_day || !visit.is_of_its_day();
        usize::from(visit.page) < batch.pages.len() && usize::from(visit.details) <= batch.details.len() && is_of_a_day
    });
    let tallies = batch.tallies.iter().all(|tally| tally.visits < MAX_SEQUENCE);
    if sizes && fewer && apart && number && pages && details && visits && tallies {
        Ok(())
    } else {
        Err(LedgerError::Fault(Fault::Malformed))
    }
}
