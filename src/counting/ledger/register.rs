//! Counting a batch once: what it changes is worked out and taken over into memory, and then written in a journal row, which batches may share.

use crate::counting::ledger::distinct_visitors::keys_of;
use crate::counting::ledger::last_batch::LastBatch;
use crate::counting::ledger::quarters::{Counts, HOUR};
use crate::counting::ledger::schema;
use crate::counting::ledger::seen::window_of;
use crate::counting::ledger::state::{JOURNAL_ROWS, Ledger, LedgerError, MAX_SEQUENCE, unreadable};
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::dimensions::is_details;
use crate::counting::model::limits::{MAX_PAGES, OTHER};
use crate::counting::model::minute::{Minute, day_of_minute, minute_counted, within};
use crate::counting::model::page::MAX_PAGE_BYTES;
use crate::counting::model::visitor::Visitor;
use crate::counting::protocol::answer::Fault;
use crate::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Tally, Verdict};
use crate::counting::protocol::row::{NewRow, News};
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::{Sql, StorageError, Value};
use std::collections::HashSet;

impl<S: Sql> Ledger<S> {
    /// Counts a batch once, in a row of its own, and returns its receipt; a retry of the last batch of its isolate gets the stored
    /// receipt. When this returns, the batch is written; it is durable before any answer leaves the object.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn apply(&mut self, batch: &Batch<'_>, now: u64) -> Result<Receipt, LedgerError> {
        let mut row = NewRow::new(now);
        let receipt = self.count(batch, &mut row)?;
        self.append(row)?;
        Ok(receipt)
    }

    /// Counts a batch of a row once, in memory, and returns its receipt; a retry of the last batch of its isolate gets the stored
    /// receipt, and does not go into the row. Later batches of the row see what this one changed. In the same turn, [`Self::append`]
    /// must write the row.
    ///
    /// # Errors
    /// [`LedgerError`]. A fault is about this batch alone. If the storage failed, nothing of the row is stored, and the ledger must be
    /// opened anew.
    pub(crate) fn count(&mut self, batch: &Batch<'_>, row: &mut NewRow) -> Result<Receipt, LedgerError> {
        let now = row.at();
        let last = self.isolates.last_batch_of(batch.isolate);
        if let Some(last) = last {
            if batch.sequence == last.sequence {
                return decode(last.receipt).map_err(|_| unreadable("a receipt").into());
            }
            if batch.sequence < last.sequence {
                return Err(LedgerError::Fault(Fault::Superseded));
            }
        }
        let is_known = last.is_some();
        if !self.isolates.has_room(is_known, now) {
            return Err(LedgerError::Fault(Fault::Full));
        }
        check(batch, now)?;
        // A checkpoint saves all that is in memory, so it must come before the first batch of the row.
        if row.batches() == 0 {
            if self.is_checkpoint_due() {
                self.checkpoint()?;
            }
            self.tend_sets()?;
        }
        let receipt = self.work_out(batch, now)?;
        self.load_dimension_views(batch, now)?;
        let news = self.take_over(batch, &receipt, now, None, true)?;
        row.push(batch, &receipt, &news);
        Ok(receipt)
    }

    /// Writes the row of batches that [`Self::count`] counted, unless it has none. Returns whether it was written.
    ///
    /// # Errors
    /// [`StorageError`]; the ledger must be opened anew.
    pub(crate) fn append(&mut self, row: NewRow) -> Result<bool, StorageError> {
        if row.batches() == 0 {
            return Ok(false);
        }
        let number = self.written.saturating_add(1);
        let slot = number.checked_rem(JOURNAL_ROWS).unwrap_or(0);
        self.sql.write(schema::APPEND, &[Value::count(slot), Value::count(number), Value::Blob(row.into_bytes())])?;
        self.written = number;
        Ok(true)
    }

    /// The receipt of a batch: what each of its visits counts. Changes nothing except which pages are in memory.
    pub(super) fn work_out(&mut self, batch: &Batch<'_>, now: u64) -> Result<Receipt, StorageError> {
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
        let mut day = self.distinct_visitors.day();
        let mut visits = Vec::with_capacity(batch.visits.len());
        for item in &batch.visits {
            let verdict = if item.is_of_its_day() && item.day < day {
                Verdict::Stale
            } else if let Some(id) = item.id {
                if ids.contains(&id) || self.seen.knows(&mut self.sets, &self.sql, id, now)? {
                    Verdict::Duplicate
                } else if item.share.is_server() && !self.seen.shares.has_room(item.share) {
                    Verdict::Full
                } else {
                    // Only a visit that counts makes later ones duplicates.
                    ids.insert(id);
                    Verdict::Counted
                }
            } else {
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

    /// Applies a batch of a journal row to the memory, and returns the [`News`] of its visits. They are looked up where they are not
    /// `known` from the row. `adds` is false where the sets have the ids and visitors of the row already.
    ///
    /// # Errors
    /// [`StorageError`]; only part of the batch was applied.
    pub(super) fn take_over(
        &mut self,
        batch: &Batch<'_>,
        receipt: &Receipt,
        at: u64,
        known: Option<&[u8]>,
        adds: bool,
    ) -> Result<Vec<u8>, StorageError> {
        let window = window_of(at);
        // An isolate whose clock is ahead may tally a later day.
        let last_day = day_of(at).saturating_add(1);
        for tally in &batch.tallies {
            self.exclude(&Tally { day: tally.day.min(last_day), ..*tally });
        }
        let mut all_news = vec![0; receipt.visits.len()];
        for (at_visit, (item, counted)) in batch.visits.iter().zip(&receipt.visits).enumerate() {
            if item.is_of_its_day() {
                self.begin(item.day);
            }
            if counted.verdict != Verdict::Counted {
                continue;
            }
            // `check` made sure that each visit has a page.
            let page = if counted.other { Some(&OTHER) } else { batch.pages.get(usize::from(item.page)) };
            let Some(page) = page else { continue };
            let minute = minute_of_item(item, at);
            let quarter = u64::from(minute / 15);
            let known = known.map(|known| News(known.get(at_visit).copied().unwrap_or(0)));
            let mut news = match item.visitor {
                Visitor::Hash(hash) | Visitor::Guest(hash) => {
                    let keys = keys_of(&self.sets, hash, page, quarter / HOUR);
                    let news = match known {
                        Some(news) => news,
                        None => self.distinct_visitors.look(&mut self.sets, &self.sql, &keys)?,
                    };
                    self.distinct_visitors.count(news);
                    if adds {
                        self.distinct_visitors.remember(&mut self.sets, news, &keys);
                    }
                    news
                }
                Visitor::Elsewhere => News::default(),
                Visitor::Withheld(why) => {
                    self.distinct_visitors
                        .withhold(if item.made.is_some() { day_of_minute(minute) } else { item.day.min(last_day) }, why);
                    News::default()
                }
            };
            let views = u64::from(!matches!(item.visitor, Visitor::Guest(_)));
            self.recent_activity.count(views, item.visitor.at_home(), minute, at);
            let [today, hour] = [News::TODAY, News::HOUR].map(|one| news.count(one));
            let [page_today, page_hour] = [News::PAGE_TODAY, News::PAGE_HOUR].map(|one| news.count(one));
            self.pages.count(page, quarter, Counts { views, visitors: page_hour, newcomers: page_today });
            self.site.add(quarter, Counts { views, visitors: hour, newcomers: today });
            self.views = self.views.saturating_add(views);
            if let Some(details) = usize::from(item.details).checked_sub(1).and_then(|at| batch.details.get(at)) {
                self.dimension_views.count(day_of_minute(minute), details);
            }
            if let Some(id) = item.id {
                // An id from a server without room was refused before.
                let shortly = match known {
                    Some(known) => known.has(News::SHORTLY),
                    None => !item.share.is_server() && !self.seen.shares.has_room(item.share),
                };
                if shortly {
                    self.seen.remember_shortly(id);
                    news = news.and(News::SHORTLY);
                } else if adds {
                    self.seen.remember(&mut self.sets, id, item.share, window);
                }
            }
            if let Some(place) = all_news.get_mut(at_visit) {
                *place = news.0;
            }
        }
        let (isolate, sequence, receipt) = (batch.isolate, batch.sequence, encode(receipt));
        self.isolates.insert(LastBatch { isolate, sequence, at, receipt: &receipt });
        self.visits_waiting = self.visits_waiting.saturating_add(u64::try_from(batch.visits.len()).unwrap_or(u64::MAX));
        self.latest = self.latest.max(at);
        Ok(all_news)
    }

    /// Begins a day, if it is later than the last one that began.
    pub(super) fn begin(&mut self, day: Day) {
        if day > self.distinct_visitors.day() {
            self.distinct_visitors.begin(&self.sets, day);
            self.recent_activity.forget_visitors();
        }
    }

    /// Adds visits that are not counted.
    pub(super) fn exclude(&mut self, more: &Tally) {
        match self.excluded.iter_mut().find(|tally| (tally.day, tally.reason) == (more.day, more.reason)) {
            Some(tally) => tally.visits = tally.visits.saturating_add(more.visits),
            None => self.excluded.push(*more),
        }
    }
}

/// The minute that a visit counts in: the one in which it was made, else that of the shard's clock. A visit of its day counts within that
/// day unless it came late, and one with a visitor always does: just after midnight, a visitor of yesterday must not be a newcomer of today.
pub(crate) fn minute_of_item(item: &Item, at: u64) -> Minute {
    let minute = minute_counted(item.made, at);
    let is_bound = if item.made.is_none() { item.is_of_its_day() } else { item.visitor.at_home().is_some() };
    if is_bound { within(minute, item.day) } else { minute }
}

/// Whether a batch keeps to its limits, and its visits name pages and details that it has.
///
/// # Errors
/// [`Fault::Malformed`].
pub(crate) fn check(batch: &Batch<'_>, now: u64) -> Result<(), LedgerError> {
    // Clocks differ around midnight. The site's days object decides which day it is.
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
