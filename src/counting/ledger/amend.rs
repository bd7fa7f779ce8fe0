//! Amending: changing and deleting what was counted. The statements are here, next to the code that runs them.

use crate::counting::ledger::by_page::{HOURS, ROLLED, SUMS};
use crate::counting::ledger::export_file::columns::MAX_COUNT;
use crate::counting::ledger::import::{ADD_LOWERED, ADD_PAGE, COUNT_PAGES, DROP_LOWERED, MAX_VIEWS};
use crate::counting::ledger::quarters::HOUR;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::ledger::{isolates, schema};
use crate::counting::protocol::answer::Fault;
use crate::counting::protocol::call::Amend;
use crate::counting::storage::{Sql, StorageError, Value, count_at};

impl<S: Sql> Ledger<S> {
    /// Changes what was counted, and returns the views of the page before, if it was there. The caller must open the ledger anew.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was changed.
    pub fn amend(&mut self, amend: &Amend<'_>) -> Result<Option<u64>, LedgerError> {
        let page = match *amend {
            Amend::Wipe => {
                self.fold()?;
                let mut sets = std::mem::take(&mut self.sets);
                // No day is that late.
                sets.keep(SetKind::Visitors, u64::MAX..=u64::MAX);
                sets.keep(SetKind::Marks, u64::MAX..=u64::MAX);
                let this = &*self;
                let sql = &this.sql;
                sql.transaction(&mut || {
                    WIPE.into_iter().try_for_each(|statement| sql.write(statement, &[]))?;
                    this.flush(&mut sets)?;
                    this.set_moved()
                })?;
                return Ok(None);
            }
            Amend::Set { page, .. } | Amend::Change { page, .. } | Amend::Delete { page } => page,
            Amend::Make { page, .. } => page,
        };
        let change = match *amend {
            Amend::Change { id, .. } | Amend::Make { id, .. } => Some(Value::Text(change_key(id))),
            _ => None,
        };
        if let Some(key) = &change
            && let Some(row) = self.sql.run(schema::META, std::slice::from_ref(key))?.first()
        {
            // The retry of a `Make` answers as the first did: the page was not there.
            let made = matches!(amend, Amend::Make { .. });
            return if made { Ok(None) } else { Ok(Some(count_at(row, 0)?)) };
        }
        self.fold()?;
        let before = self.stored_views(page)?;
        let after = match (*amend, before) {
            (Amend::Set { views, .. }, None) => (views > 0).then_some(views),
            (Amend::Set { views, .. }, Some(_)) => Some(views),
            (Amend::Change { by, .. }, Some(before)) => Some(before.saturating_add_signed(by)),
            (Amend::Make { most, .. }, None) if self.pages.known >= most => {
                return Err(LedgerError::Fault(Fault::Pages));
            }
            (Amend::Make { views, .. }, None) => Some(views),
            (Amend::Make { .. }, Some(before)) => Some(before),
            (Amend::Change { .. } | Amend::Delete { .. } | Amend::Wipe, _) => None,
        };
        if after == before {
            return Ok(before);
        }
        // An export must stay importable, and every sum exact.
        let views = self.views.saturating_sub(before.unwrap_or(0)).saturating_add(after.unwrap_or(0));
        if after > before && (after > Some(MAX_COUNT) || views > MAX_VIEWS) {
            return Err(LedgerError::Fault(Fault::TooMany));
        }
        let name = [Value::Text(page.to_owned())];
        let this = &*self;
        this.sql.transaction(&mut || {
            match after {
                Some(views) => {
                    this.sql.write(ADD_PAGE, &name)?;
                    let [page] = name.clone();
                    this.sql.write(SET_PAGE, &[page.clone(), Value::count(views)])?;
                    if before > after {
                        this.sql.write(ADD_LOWERED, &[page, Value::count(1)])?;
                    }
                }
                None => this.delete_page(page)?,
            }
            if let Some(key) = &change {
                this.sql.write(schema::SET_META, &[key.clone(), Value::count(before.unwrap_or(0))])?;
            }
            this.sql.write(COUNT_PAGES, &[])?;
            this.set_moved()?;
            this.set_views(views)
        })?;
        Ok(before)
    }

    /// Deletes a page, and takes its views from the site's.
    pub(super) fn delete_page(&self, page: &str) -> Result<(), StorageError> {
        let Some(id) = self.id_of(page)? else { return Ok(()) };
        for (hour, quarter, counts) in self.take_page(&HOURS, id)? {
            let quarter = hour.saturating_mul(HOUR).saturating_add(quarter);
            self.sql.write(TAKE_QUARTER, &[quarter, counts.views].map(Value::count))?;
        }
        for (day, _, counts) in self.take_page(&ROLLED, id)? {
            self.sql.write(TAKE_DAY, &[day, counts.views].map(Value::count))?;
        }
        self.take_page(&SUMS, id)?;
        self.sql.write(DROP_LOWERED, &[Value::Text(page.to_owned())])?;
        self.sql.write(DELETE_PAGE, &[Value::Text(page.to_owned())])
    }

    /// Forgets the ids of changes that are too old to be retried.
    pub(crate) fn forget_changes(&self, now: u64) -> Result<(), StorageError> {
        let before = change_key(&format!("{:013}", now.saturating_sub(isolates::KEEP_MS)));
        self.sql.write(schema::FORGET_META, &[Value::Text(change_key("")), Value::Text(before)])
    }

    /// Counts a change of the tables that is no fold. It tells a running export that its lines are of two moments.
    pub(crate) fn set_moved(&self) -> Result<(), StorageError> {
        self.sql.write(schema::SET_META, &[Value::Text("moved".to_owned()), Value::count(self.moved.saturating_add(1))])
    }

    /// Stores the views of the whole shard.
    pub(super) fn set_views(&self, views: u64) -> Result<(), StorageError> {
        self.sql.write(schema::SET_META, &[Value::Text("views".to_owned()), Value::count(views)])
    }
}

/// Deletes a page.
pub(crate) const DELETE_PAGE: &str = "DELETE FROM pages WHERE page = ?";

/// Takes views from a quarter of the site, down to none: of an import that broke off, the site may have fewer views than the page.
pub(crate) const TAKE_QUARTER: &str = "UPDATE site_quarters SET views = max(0, views - ?2) WHERE quarter = ?1";

/// Takes views from a day of the site.
pub(crate) const TAKE_DAY: &str = "UPDATE site_days SET views = max(0, views - ?2) WHERE day = ?1";

/// Deletes everything that was counted. Ids and last batches stay for their time, so that the retry of an earlier visit does not count.
pub(crate) const WIPE: [&str; 13] = [
    "DELETE FROM journal",
    "DELETE FROM pages",
    "DELETE FROM page_hours",
    "DELETE FROM page_sums",
    "DELETE FROM page_rolled",
    "DELETE FROM site_quarters",
    "DELETE FROM site_days",
    "DELETE FROM days",
    "DELETE FROM withheld",
    "DELETE FROM details",
    "DELETE FROM excluded",
    "DELETE FROM refused",
    "DELETE FROM meta WHERE key NOT IN ('shape', 'checkpointed', 'moved', 'day', 'shards', 'sets') AND (key < 'held ' OR key >= 'held!')",
];

/// The key in `meta` of a change. The value is the answer: the views before.
pub(crate) fn change_key(id: &str) -> String {
    format!("change {id}")
}

/// Sets the views of a page that is there.
pub(crate) const SET_PAGE: &str = "UPDATE pages SET views = ?2 WHERE page = ?1";
