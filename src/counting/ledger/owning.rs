//! What the owner does with what was counted: export, import, change, delete. The statements are here, next to what they are for;
//! nothing of this is on the way of a visit.

use super::sql::text_at;
use super::{Ledger, LedgerError, Sql, StorageError, Value, count_at, recent, schema};
use crate::counting::record::{self, Column, PARTS};
use crate::counting::wire::{Amend, Exported, Fault, Import, Imported};

/// The most lines of one answer: under 0.2 MB as they usually are, and 2 MB at the most.
const LINES: usize = 1_000;

/// The rows of each of [`PARTS`] after a key, in the order of keys. The last value is the most rows.
pub const ROWS: [&str; 9] = [
    "SELECT page, views FROM pages WHERE page > ?1 ORDER BY page LIMIT ?2",
    "SELECT pages.page, hour, hours.views, visitors, newcomers FROM pages JOIN hours ON hours.page = pages.id \
     WHERE pages.page >= ?1 AND (pages.page > ?1 OR hour > ?2) ORDER BY pages.page, hour LIMIT ?3",
    "SELECT pages.page, day, page_days.views, visitors FROM pages JOIN page_days ON page_days.page = pages.id \
     WHERE pages.page >= ?1 AND (pages.page > ?1 OR day > ?2) ORDER BY pages.page, day LIMIT ?3",
    "SELECT hour, views, visitors, newcomers FROM site_hours WHERE hour > ?1 ORDER BY hour LIMIT ?2",
    "SELECT day, views, visitors FROM site_days WHERE day > ?1 ORDER BY day LIMIT ?2",
    // Of the day that is not over, as many as there are hashes, and none of these.
    "SELECT day, sum(some) FROM (SELECT day, visitors AS some FROM days UNION ALL SELECT day, length(hashes) / 8 FROM visitors) \
     WHERE day > ?1 GROUP BY day ORDER BY day LIMIT ?2",
    "SELECT day, why, views FROM withheld WHERE (day, why) > (?1, ?2) ORDER BY day, why LIMIT ?3",
    "SELECT day, kind, value, views FROM details WHERE (day, kind, value) > (?1, ?2, ?3) ORDER BY day, kind, value LIMIT ?4",
    "SELECT day, reason, visits FROM excluded WHERE (day, reason) > (?1, ?2) ORDER BY day, reason LIMIT ?3",
];

/// Adds a row to each of [`PARTS`].
pub const ADD: [&str; 9] = [
    schema::ADD_PAGE_VIEWS,
    "INSERT INTO hours (page, hour, views, visitors, newcomers) SELECT id, ?2, ?3, ?4, ?5 FROM pages WHERE page = ?1 ON CONFLICT (page, hour) \
     DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors, newcomers = newcomers + excluded.newcomers",
    "INSERT INTO page_days (page, day, views, visitors) SELECT id, ?2, ?3, ?4 FROM pages WHERE page = ?1 ON CONFLICT (page, day) \
     DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors",
    schema::ADD_SITE_HOUR,
    "INSERT INTO site_days (day, views, visitors) VALUES (?, ?, ?) ON CONFLICT (day) \
     DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors",
    schema::ADD_DAY,
    schema::ADD_WITHHELD,
    schema::ADD_DETAIL,
    schema::ADD_EXCLUDED,
];

/// Makes a page that is not there.
pub const ADD_PAGE: &str = "INSERT OR IGNORE INTO pages (page, views) VALUES (?, 0)";
/// Sets the views of a page that is there.
pub const SET_PAGE: &str = "UPDATE pages SET views = ?2 WHERE page = ?1";

/// Counts the pages anew.
pub const COUNT_PAGES: &str = "INSERT OR REPLACE INTO meta (key, value) SELECT 'pages', count(*) FROM pages";

/// Drops changes by their keys.
pub const FORGET_CHANGES: &str = "DELETE FROM meta WHERE key >= ? AND key < ?";

/// Deletes a page, and takes its views from the site's.
pub const DELETE_PAGE: [&str; 5] = [
    "WITH one AS (SELECT hour AS at, views AS fewer FROM hours WHERE page = (SELECT id FROM pages WHERE page = ?)) \
     UPDATE site_hours SET views = views - (SELECT fewer FROM one WHERE at = hour) WHERE hour IN (SELECT at FROM one)",
    "WITH one AS (SELECT day AS at, views AS fewer FROM page_days WHERE page = (SELECT id FROM pages WHERE page = ?)) \
     UPDATE site_days SET views = views - (SELECT fewer FROM one WHERE at = day) WHERE day IN (SELECT at FROM one)",
    "DELETE FROM hours WHERE page = (SELECT id FROM pages WHERE page = ?)",
    "DELETE FROM page_days WHERE page = (SELECT id FROM pages WHERE page = ?)",
    "DELETE FROM pages WHERE page = ?",
];

/// Deletes everything that was counted. Ids and batches stay for their time: a retry of a visit from before must not count.
pub const WIPE: [&str; 13] = [
    "DELETE FROM journal",
    "DELETE FROM pages",
    "DELETE FROM hours",
    "DELETE FROM page_days",
    "DELETE FROM site_hours",
    "DELETE FROM site_days",
    "DELETE FROM days",
    "DELETE FROM withheld",
    "DELETE FROM details",
    "DELETE FROM excluded",
    "DELETE FROM visitors",
    "DELETE FROM marks",
    "DELETE FROM meta WHERE key NOT IN ('shape', 'folded', 'day')",
];

impl<S: Sql> Ledger<S> {
    /// The lines of an export after one of them, or the first ones.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn export(&mut self, after: Option<&str>) -> Result<Exported, LedgerError> {
        let (mut part, mut key) = match after {
            // From here on the tables are of one moment, until the next fold.
            None => {
                self.fold()?;
                (0, None)
            }
            Some(line) => {
                let (part, row) = record::read(line).map_err(|_| LedgerError::Fault(Fault::Malformed))?;
                (part, Some(row))
            }
        };
        let mut lines = String::new();
        let mut left = LINES;
        while let (Some(columns), Some(statement)) = (PARTS.get(part), ROWS.get(part)) {
            let keys = columns.iter().filter(|column| column.is_key()).count();
            let mut values = key.take().unwrap_or_else(|| columns.iter().map(|column| before_all(*column)).collect());
            values.truncate(keys);
            values.push(Value::count(u64::try_from(left).unwrap_or(u64::MAX)));
            let rows = self.sql.run(statement, &values)?;
            for row in &rows {
                lines.push_str(&record::write(columns, row)?);
            }
            left = left.saturating_sub(rows.len());
            if left == 0 {
                break;
            }
            part = part.saturating_add(1);
        }
        Ok(Exported { lines, folded: self.folded })
    }

    /// Adds what lines of a file say, but for those that it added before. Whoever calls this opens the ledger anew: what it has in
    /// memory is of before.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was added.
    pub fn import(&mut self, import: &Import<'_>) -> Result<Imported, LedgerError> {
        let key = Value::Text(format!("import {}", import.id));
        let known = self.sql.run(schema::META, std::slice::from_ref(&key))?;
        let known = known.first().map_or(Ok(0), |row| count_at(row, 0))?;
        if import.before > known {
            // The lines between are missing.
            return Err(LedgerError::Fault(Fault::Malformed));
        }
        let mut rows = Vec::new();
        let mut lines = import.before;
        for line in import.lines.lines() {
            lines = lines.saturating_add(1);
            if lines <= known {
                continue;
            }
            match record::read(line) {
                Ok(row) => rows.push(row),
                Err(wrong) => {
                    // The file has one line more in front of these.
                    let wrong = format!("line {}: {wrong}", lines.saturating_add(1));
                    return Ok(Imported { lines: known, wrong: Some(wrong) });
                }
            }
        }
        if rows.is_empty() {
            return Ok(Imported { lines: known, wrong: None });
        }
        self.fold()?;
        let this = &*self;
        this.sql.transaction(&mut || {
            let mut views = this.views;
            for (part, row) in &rows {
                let columns = PARTS.get(*part).copied().unwrap_or_default();
                match columns {
                    [Column::Page, Column::Views] => views = views.saturating_add(count_at(row, 1)?),
                    [Column::Page, ..] => this.sql.write(ADD_PAGE, &[Value::Text(text_at(row, 0)?.to_owned())])?,
                    _ => {}
                }
                // Run and not written: the first of these gives a row.
                this.sql.run(ADD.get(*part).copied().unwrap_or_default(), row)?;
            }
            this.set_views(views)?;
            this.sql.write(COUNT_PAGES, &[])?;
            this.sql.write(schema::SET_META, &[key.clone(), Value::count(lines)])
        })?;
        Ok(Imported { lines, wrong: None })
    }

    /// Changes what was counted, and returns the views of the page before, if it was there. Whoever calls this opens the ledger anew.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was changed.
    pub fn amend(&mut self, amend: &Amend<'_>) -> Result<Option<u64>, LedgerError> {
        let page = match *amend {
            Amend::Wipe => {
                self.fold()?;
                let sql = &self.sql;
                sql.transaction(&mut || WIPE.into_iter().try_for_each(|statement| sql.write(statement, &[])))?;
                return Ok(None);
            }
            Amend::Set { page, .. } | Amend::Change { page, .. } | Amend::Create { page, .. } | Amend::Delete { page } => page,
        };
        let change = if let Amend::Change { id, .. } = *amend { Some(Value::Text(change_key(id))) } else { None };
        if let Some(key) = &change
            && let Some(row) = self.sql.run(schema::META, std::slice::from_ref(key))?.first()
        {
            return count_at(row, 0).map(Some).map_err(LedgerError::Storage);
        }
        self.fold()?;
        let before = self.stored_views(page)?;
        let after = match (*amend, before) {
            (Amend::Set { views, .. }, None) => (views > 0).then_some(views),
            (Amend::Set { views, .. }, Some(_)) => Some(views),
            (Amend::Change { by, .. }, Some(before)) => Some(before.saturating_add_signed(by)),
            (Amend::Create { most, .. }, None) if self.pages.known >= most => return Err(LedgerError::Fault(Fault::Pages)),
            (Amend::Create { views, .. }, None) => Some(views),
            (Amend::Create { .. }, Some(before)) => Some(before),
            (Amend::Change { .. } | Amend::Delete { .. } | Amend::Wipe, _) => None,
        };
        if after == before {
            return Ok(before);
        }
        let name = [Value::Text(page.to_owned())];
        let this = &*self;
        this.sql.transaction(&mut || {
            match after {
                Some(views) => {
                    this.sql.write(ADD_PAGE, &name)?;
                    let [page] = name.clone();
                    this.sql.write(SET_PAGE, &[page, Value::count(views)])?;
                }
                None => DELETE_PAGE.into_iter().try_for_each(|statement| this.sql.write(statement, &name))?,
            }
            if let Some(key) = &change {
                this.sql.write(schema::SET_META, &[key.clone(), Value::count(before.unwrap_or(0))])?;
            }
            this.sql.write(COUNT_PAGES, &[])?;
            this.set_views(this.views.saturating_sub(before.unwrap_or(0)).saturating_add(after.unwrap_or(0)))
        })?;
        Ok(before)
    }

    /// Forgets changes that nobody retries any more.
    pub(super) fn forget_changes(&self, now: u64) -> Result<(), StorageError> {
        let before = change_key(&format!("{:013}", now.saturating_sub(recent::KEEP_MS)));
        self.sql.write(FORGET_CHANGES, &[Value::Text(change_key("")), Value::Text(before)])
    }

    fn set_views(&self, views: u64) -> Result<(), StorageError> {
        self.sql.write(schema::SET_META, &[Value::Text("views".to_owned()), Value::count(views)])
    }
}

/// The key in `meta` of a change, whose value is what it answered.
fn change_key(id: &str) -> String {
    format!("change {id}")
}

/// Comes before all values of a column.
fn before_all(column: Column) -> Value {
    if column.is_text() { Value::Text(String::new()) } else { Value::Integer(-1) }
}
