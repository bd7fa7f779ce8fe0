//! Counting a batch once: what it changes is worked out, written as one journal row, and then taken over into memory.

use crate::counting::ledger::distinct_visitors::News;
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
use crate::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Row, Tally, Verdict};
use crate::counting::protocol::wire::{decode, encode};
use crate::counting::storage::{Sql, StorageError, Value};
use std::collections::HashSet;

impl<S: Sql> Ledger<S> {
    /// Counts a batch once and returns its receipt; a retry of the last batch of its isolate gets the stored receipt.
    /// When this returns, the batch is written; it is durable before any answer leaves the object.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn apply(&mut self, batch: &Batch<'_>, now: u64) -> Result<Receipt, LedgerError> {
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
        if self.is_checkpoint_due() {
            self.checkpoint()?;
        }
        let receipt = self.work_out(batch, now)?;
        let row = Row { at: now, batch: batch.clone(), receipt };
        self.load_dimension_views(&row)?;
        let number = self.written.saturating_add(1);
        let slot = number.checked_rem(JOURNAL_ROWS).unwrap_or(0);
        self.sql.write(schema::APPEND, &[Value::count(slot), Value::count(number), Value::Blob(encode(&row))])?;
        self.take_over(&row, number);
        Ok(row.receipt)
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
            } else if item.id.is_some_and(|id| self.seen.knows(id, now) || ids.contains(&id)) {
                Verdict::Duplicate
            } else if item.id.is_some() && item.share.is_server() && !self.seen.has_room(item.share) {
                Verdict::Full
            } else {
                // Only a visit that counts makes later ones duplicates.
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

    /// Applies a journal row to the memory.
    pub(super) fn take_over(&mut self, row: &Row<'_>, number: u64) {
        let window = window_of(row.at);
        // An isolate whose clock is ahead may tally a later day.
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
                Visitor::Hash(hash) | Visitor::Guest(hash) => self.distinct_visitors.count(hash, page, quarter / HOUR),
                Visitor::Elsewhere => News::default(),
                Visitor::Withheld(why) => {
                    self.distinct_visitors
                        .withhold(if item.made.is_some() { day_of_minute(minute) } else { item.day.min(last_day) }, why);
                    News::default()
                }
            };
            let views = u64::from(!matches!(item.visitor, Visitor::Guest(_)));
            self.recent_activity.count(views, item.visitor.at_home(), minute, row.at);
            self.pages.count(page, quarter, Counts { views, visitors: news.page_hour, newcomers: news.page_today });
            self.site.add(quarter, Counts { views, visitors: news.hour, newcomers: news.today });
            self.views = self.views.saturating_add(views);
            if let Some(details) = usize::from(item.details).checked_sub(1).and_then(|at| row.batch.details.get(at)) {
                self.dimension_views.count(day_of_minute(minute), details);
            }
            if let Some(id) = item.id
                && self.seen.insert(id, item.share, window)
            {
                self.ids_waiting.push((window, id, item.share));
            }
        }
        let (isolate, sequence, receipt) = (row.batch.isolate, row.batch.sequence, encode(&row.receipt));
        self.isolates.insert(LastBatch { isolate, sequence, at: row.at, receipt: &receipt });
        self.visits_waiting = self.visits_waiting.saturating_add(u64::try_from(row.batch.visits.len()).unwrap_or(u64::MAX));
        self.latest = self.latest.max(row.at);
        self.written = number;
    }

    /// Begins a day, if it is later than the last one that began.
    pub(super) fn begin(&mut self, day: Day) {
        if day > self.distinct_visitors.day() {
            self.distinct_visitors.begin(day);
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
