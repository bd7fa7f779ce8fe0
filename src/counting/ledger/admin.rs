//! What the owner does with what was counted: export, import, change, delete. The statements are here, next to what they are for;
//! nothing of this is on the way of a visit.

use crate::counting::ledger::by_page::{HOURS, More, ROLLED, SUMS, Table, unpack};
use crate::counting::ledger::quarters::{Counts, HOUR};
use crate::counting::ledger::record::{self, Column, MAX_COUNT, PARTS};
use crate::counting::ledger::state::{Ledger, LedgerError, unreadable};
use crate::counting::ledger::{isolates, schema};
use crate::counting::protocol::answer::{Exported, Fault, Imported};
use crate::counting::protocol::call::{Amend, Import};
use crate::counting::protocol::report::{Line, sort};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at, text_at};

/// The most lines of one answer: under 0.2 MB as they usually are, and 2 MB at the most.
const LINES: usize = 1_000;

/// The rows of each of [`PARTS`] after a key, in the order of keys; but for those of pages by time, which [`by_page`](crate::counting::ledger::by_page) has.
/// The last value is the most rows.
pub const ROWS: [Option<&str>; 10] = [
    Some("SELECT page, views FROM pages WHERE page > ?1 ORDER BY page LIMIT ?2"),
    None,
    None,
    Some("SELECT quarter, views, visitors, newcomers FROM site_quarters WHERE quarter > ?1 ORDER BY quarter LIMIT ?2"),
    Some("SELECT day, views, visitors FROM site_days WHERE day > ?1 ORDER BY day LIMIT ?2"),
    // Of the day that is not over, as many as there are hashes, and none of these.
    Some(
        "SELECT day, sum(some) FROM (SELECT day, visitors AS some FROM days UNION ALL SELECT day, length(hashes) / 8 FROM visitors) \
         WHERE day > ?1 GROUP BY day ORDER BY day LIMIT ?2",
    ),
    Some("SELECT day, why, views FROM withheld WHERE (day, why) > (?1, ?2) ORDER BY day, why LIMIT ?3"),
    Some(
        "SELECT day, kind, value, views FROM details WHERE (day, kind, value) > (?1, ?2, ?3) ORDER BY day, kind, value LIMIT ?4",
    ),
    Some("SELECT day, reason, visits FROM excluded WHERE (day, reason) > (?1, ?2) ORDER BY day, reason LIMIT ?3"),
    Some("SELECT substr(key, 9), value FROM meta WHERE key > 'lowered ' || ?1 AND key < 'lowered!' ORDER BY key LIMIT ?2"),
];

/// Adds a row to each of [`PARTS`], but for those of pages by time.
pub const ADD: [Option<&str>; 10] = [
    Some(schema::ADD_PAGE_VIEWS),
    None,
    None,
    Some(schema::ADD_SITE_QUARTER),
    Some(
        "INSERT INTO site_days (day, views, visitors) VALUES (?, ?, ?) ON CONFLICT (day) \
         DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors",
    ),
    Some(schema::ADD_DAY),
    Some(schema::ADD_WITHHELD),
    Some(schema::ADD_DETAIL),
    Some(schema::ADD_EXCLUDED),
    Some(ADD_LOWERED),
];

/// Notes of a page that its views were set lower than they had been, so that its hours and days may have more.
pub const ADD_LOWERED: &str = "INSERT OR REPLACE INTO meta (key, value) VALUES ('lowered ' || ?1, ?2)";
/// Forgets that.
pub const DROP_LOWERED: &str = "DELETE FROM meta WHERE key = 'lowered ' || ?";

/// Makes a page that is not there.
pub const ADD_PAGE: &str = "INSERT OR IGNORE INTO pages (page, views) VALUES (?, 0)";
/// Sets the views of a page that is there.
pub const SET_PAGE: &str = "UPDATE pages SET views = ?2 WHERE page = ?1";

/// Counts the pages anew.
pub const COUNT_PAGES: &str = "INSERT OR REPLACE INTO meta (key, value) SELECT 'pages', count(*) FROM pages";

/// Drops changes by their keys.
pub const FORGET_CHANGES: &str = "DELETE FROM meta WHERE key >= ? AND key < ?";

/// Deletes a page.
pub const DELETE_PAGE: &str = "DELETE FROM pages WHERE page = ?";
/// Takes views from a quarter of the site, which has no fewer than none: imports of before could bring pages that had more.
pub const TAKE_QUARTER: &str = "UPDATE site_quarters SET views = max(0, views - ?2) WHERE quarter = ?1";
/// Takes views from a day of the site.
pub const TAKE_DAY: &str = "UPDATE site_days SET views = max(0, views - ?2) WHERE day = ?1";

/// Deletes everything that was counted. Ids and batches stay for their time: a retry of a visit from before must not count.
pub const WIPE: [&str; 15] = [
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
    "DELETE FROM visitors",
    "DELETE FROM marks",
    "DELETE FROM meta WHERE key NOT IN ('shape', 'checkpointed', 'moved', 'day', 'shards')",
];

impl<S: Sql> Ledger<S> {
    /// The lines of an export after one of them, or the first ones.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn export(&mut self, after: Option<&str>) -> Result<Exported, LedgerError> {
        let (mut part, mut key) = match after {
            // From here on the tables are of one moment, until the next checkpoint.
            None => {
                self.checkpoint()?;
                (0, None)
            }
            Some(line) => {
                let (part, row) = record::read_own(line).map_err(|_| LedgerError::Fault(Fault::Malformed))?;
                (part, Some(row))
            }
        };
        let mut lines = String::new();
        let mut left = LINES;
        while let (Some(columns), Some(statement)) = (PARTS.get(part), ROWS.get(part)) {
            let keys = columns.iter().filter(|column| column.is_key()).count();
            let mut values = key.take().unwrap_or_else(|| columns.iter().map(|column| before_all(*column)).collect());
            values.truncate(keys);
            let rows = match statement {
                Some(statement) => {
                    values.push(Value::count(u64::try_from(left).unwrap_or(u64::MAX)));
                    self.sql.run(statement, &values)?
                }
                None => self.page_rows(columns, &values, left)?,
            };
            for row in &rows {
                lines.push_str(&record::write(columns, row)?);
            }
            left = left.saturating_sub(rows.len());
            if left == 0 {
                break;
            }
            part = part.saturating_add(1);
        }
        Ok(Exported { lines, checkpointed: self.checkpointed.saturating_add(self.moved) })
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
        let mut sums = self.imported()?;
        let mut rows = Vec::new();
        let mut lines = import.before;
        for line in import.lines.lines() {
            lines = lines.saturating_add(1);
            if lines <= known {
                continue;
            }
            match record::read(line).and_then(|row| plus(&mut sums, &row).map(|()| row)) {
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
        self.checkpoint()?;
        let this = &*self;
        this.sql.transaction(&mut || {
            let mut views = this.views;
            let mut more = More::default();
            for (part, row) in &rows {
                let columns = PARTS.get(*part).copied().unwrap_or_default();
                match columns {
                    [Column::Page, Column::Views] => views = views.saturating_add(count_at(row, 1)?),
                    [Column::Page, ..] => this.sql.write(ADD_PAGE, &[Value::Text(text_at(row, 0)?.to_owned())])?,
                    _ => {}
                }
                match ADD.get(*part).copied().flatten() {
                    // Run and not written: the first of these gives a row.
                    Some(statement) => drop(this.sql.run(statement, row)?),
                    None => this.add_page_row(&mut more, columns, row)?,
                }
            }
            this.add_to_pages(&more)?;
            this.set_views(views)?;
            this.sql.write(COUNT_PAGES, &[])?;
            let packed = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
            this.sql.write(schema::SET_META, &[Value::Text(IMPORTED.to_owned()), Value::Blob(packed)])?;
            this.set_moved()?;
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
                self.checkpoint()?;
                let sql = &self.sql;
                sql.transaction(&mut || {
                    WIPE.into_iter().try_for_each(|statement| sql.write(statement, &[]))?;
                    self.set_moved()
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
            // What was made was not there before.
            let made = matches!(amend, Amend::Make { .. });
            return if made { Ok(None) } else { Ok(Some(count_at(row, 0)?)) };
        }
        self.checkpoint()?;
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
        // What is exported must be importable, and no sum inexact.
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

    /// The rows of pages by time after a key, at most so many: by hour or day, and in each by page and quarter. By the names of pages
    /// and not by their numbers, so that what is imported elsewhere is exported in the same order.
    fn page_rows(
        &self,
        columns: &[Column],
        after: &[Value],
        most: usize,
    ) -> Result<crate::counting::storage::Rows, StorageError> {
        let by_quarter = columns.contains(&Column::Hour);
        let (table, per): (&Table, u64) = if by_quarter { (&HOURS, HOUR) } else { (&ROLLED, 1) };
        // Before the first there is -1.
        let last =
            if matches!(after.get(1), Some(Value::Integer(-1))) { None } else { Some((text_at(after, 0)?, count_at(after, 1)?)) };
        let row_of = |at: u64| at.checked_div(per).unwrap_or(0);
        let mut next = last.map_or(0, |(_, at)| row_of(at));
        let mut found = crate::counting::storage::Rows::new();
        let parts = self.parts()?;
        while found.len() < most {
            let mut first = None;
            for part in 0..parts {
                let rows = self.sql.run(table.next, &[part, next].map(Value::count))?;
                let at = rows.first().map(|row| count_at(row, 0)).transpose()?;
                first = [first, at].into_iter().flatten().min();
            }
            let Some(at) = first else { break };
            let mut lines = Vec::new();
            for part in 0..parts {
                self.page_lines(table, part, at, &mut lines)?;
            }
            sort(&mut lines, |one, other| (&one.name, one.at).cmp(&(&other.name, other.at)));
            for Line { name, at: quarter, views, visitors, newcomers, .. } in lines {
                let time = at.saturating_mul(per).saturating_add(quarter.into());
                let is_known = last.is_some_and(|(page, last)| at == row_of(last) && (name.as_str(), time) <= (page, last));
                if is_known || found.len() >= most {
                    continue;
                }
                let mut row = vec![Value::Text(name), Value::count(time), Value::count(views)];
                if by_quarter {
                    row.push(Value::count(visitors));
                }
                row.push(Value::count(newcomers));
                found.push(row);
            }
            next = at.saturating_add(1);
        }
        Ok(found)
    }

    /// What the pages of a part have at a time: their names, and the quarters in it.
    fn page_lines(&self, table: &Table, part: u64, at: u64, lines: &mut Vec<Line>) -> Result<(), StorageError> {
        let rows = self.sql.run(table.get, &[part, at].map(Value::count))?;
        let Some(row) = rows.first() else { return Ok(()) };
        let names = self.names_of(part)?;
        for (place, Counts { views, visitors, newcomers }) in unpack(row, 0)?.iter() {
            let name = usize::try_from(place.page()).ok().and_then(|page| names.get(page)).cloned().flatten();
            let Some(name) = name else { continue };
            let at = u32::try_from(place.quarter()).unwrap_or(0);
            lines.push(Line { at, name, views, visitors, newcomers, ..Line::default() });
        }
        Ok(())
    }

    /// Notes a row of a page by time.
    fn add_page_row(&self, more: &mut More, columns: &[Column], row: &[Value]) -> Result<(), StorageError> {
        let id = self.id_of(text_at(row, 0)?)?.ok_or_else(|| StorageError("a page was made and is not there".to_owned()))?;
        let (at, views) = (count_at(row, 1)?, count_at(row, 2)?);
        if columns.contains(&Column::Hour) {
            more.count(id, at, Counts { views, visitors: count_at(row, 3)?, newcomers: count_at(row, 4)? });
        } else {
            more.count_rolled(id, at, Counts { views, visitors: 0, newcomers: count_at(row, 3)? });
        }
        Ok(())
    }

    /// Deletes a page, and takes its views from the site's.
    fn delete_page(&self, page: &str) -> Result<(), StorageError> {
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

    /// Forgets changes that nobody retries any more.
    pub(crate) fn forget_changes(&self, now: u64) -> Result<(), StorageError> {
        let before = change_key(&format!("{:013}", now.saturating_sub(isolates::KEEP_MS)));
        self.sql.write(FORGET_CHANGES, &[Value::Text(change_key("")), Value::Text(before)])
    }

    /// Says that the tables changed other than by a checkpoint: an export that goes on is of two moments.
    pub(crate) fn set_moved(&self) -> Result<(), StorageError> {
        self.sql.write(schema::SET_META, &[Value::Text("moved".to_owned()), Value::count(self.moved.saturating_add(1))])
    }

    /// The sums of what was imported, by part.
    fn imported(&self) -> Result<[u64; PARTS.len()], StorageError> {
        let mut sums = [0; PARTS.len()];
        if let [row] = self.sql.run(schema::META, &[Value::Text(IMPORTED.to_owned())])?.as_slice() {
            let (numbers, []) = blob_at(row, 0)?.as_chunks::<8>() else { return Err(unreadable("the sums of imports")) };
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = u64::from_le_bytes(*number);
            }
        }
        Ok(sums)
    }

    fn set_views(&self, views: u64) -> Result<(), StorageError> {
        self.sql.write(schema::SET_META, &[Value::Text("views".to_owned()), Value::count(views)])
    }
}

/// The key in `meta` of the sums of what was imported, by part: 8 bytes each, little endian.
const IMPORTED: &str = "imported";

/// The most views of a site: sums are exact to a little more.
const MAX_VIEWS: u64 = 9_000 * MAX_COUNT;

/// Adds a row to the sums of its part. No sum of any of its rows, by hour or rolled into a day or told of a period, is then too high to be
/// told, or to be imported again.
fn plus(sums: &mut [u64], (part, row): &(usize, Vec<Value>)) -> Result<(), String> {
    let columns = PARTS.get(*part).copied().unwrap_or_default();
    let counts = columns.iter().zip(row).filter(|(column, _)| !column.is_key());
    let most = counts.map(|(_, value)| if let Value::Integer(count) = value { *count } else { 0 }).max().unwrap_or(0);
    // Hours become days, so both are one sum.
    let kind = if columns.contains(&Column::Day) { PARTS.iter().position(|other| rolls_into(other, columns)) } else { None };
    let Some(sum) = sums.get_mut(kind.unwrap_or(*part)) else { return Ok(()) };
    *sum = sum.saturating_add(u64::try_from(most).unwrap_or(0));
    if *sum > MAX_COUNT {
        Err(format!("with it all lines of its kind that were imported sum up to over {MAX_COUNT}"))
    } else {
        Ok(())
    }
}

/// Whether a roll makes rows of `days` of rows of `hours`.
fn rolls_into(hours: &[Column], days: &[Column]) -> bool {
    matches!(
        (hours, days),
        ([Column::Page, Column::Hour, ..], [Column::Page, Column::Day, ..])
            | ([Column::Hour, ..], [Column::Day, Column::Views, Column::Visitors])
    )
}

/// The key in `meta` of a change, whose value is what it answered.
fn change_key(id: &str) -> String {
    format!("change {id}")
}

/// Comes before all values of a column.
fn before_all(column: Column) -> Value {
    if column.is_text() { Value::Text(String::new()) } else { Value::Integer(-1) }
}
