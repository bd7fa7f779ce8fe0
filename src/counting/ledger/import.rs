//! Importing: adding each line of a file once. The statements are here, next to the code that runs them.

use crate::counting::ledger::by_page::PageAdditions;
use crate::counting::ledger::export_file::columns::{Column, MAX_COUNT, PARTS};
use crate::counting::ledger::export_file::lines::{LineRow, row_of};
use crate::counting::ledger::quarters::Counts;
use crate::counting::ledger::schema;
use crate::counting::ledger::state::{Ledger, LedgerError, unreadable};
use crate::counting::protocol::answer::{Fault, Imported};
use crate::counting::protocol::call::Import;
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at, text_at};

impl<S: Sql> Ledger<S> {
    /// Adds lines of a file, except those that it added before. The caller must open the ledger anew, because its memory does not
    /// have these lines.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was added.
    pub(crate) fn import(&mut self, import: &Import<'_>) -> Result<Imported, LedgerError> {
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
            match row_of(line).and_then(|row| add_to_imported(&mut sums, &row).map(|()| row)) {
                Ok(row) => rows.push(row),
                Err(wrong) => {
                    // The first line of the file is not one of these.
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
            let mut more = PageAdditions::default();
            for (part, row) in &rows {
                let columns = PARTS.get(*part).copied().unwrap_or_default();
                match columns {
                    [Column::Page, Column::Views] => views = views.saturating_add(count_at(row, 1)?),
                    [Column::Page, ..] => this.sql.write(ADD_PAGE, &[Value::Text(text_at(row, 0)?.to_owned())])?,
                    _ => {}
                }
                match ADD.get(*part).copied().flatten() {
                    // `run` and not `write`, because the first of these statements gives a row.
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

    /// Takes a row of a page by time into what is added to pages.
    pub(super) fn add_page_row(&self, more: &mut PageAdditions, columns: &[Column], row: &[Value]) -> Result<(), StorageError> {
        let id =
            self.id_of(text_at(row, 0)?)?.ok_or_else(|| StorageError("a page that was just added is not there".to_owned()))?;
        let (at, views) = (count_at(row, 1)?, count_at(row, 2)?);
        if columns.contains(&Column::Hour) {
            more.count(id, at, Counts { views, visitors: count_at(row, 3)?, newcomers: count_at(row, 4)? });
        } else {
            more.count_rolled(id, at, Counts { views, visitors: 0, newcomers: count_at(row, 3)? });
        }
        Ok(())
    }

    /// The sums of all lines that were imported, by part.
    pub(super) fn imported(&self) -> Result<[u64; PARTS.len()], StorageError> {
        let mut sums = [0; PARTS.len()];
        if let [row] = self.sql.run(schema::META, &[Value::Text(IMPORTED.to_owned())])?.as_slice() {
            let (numbers, []) = blob_at(row, 0)?.as_chunks::<8>() else { return Err(unreadable("the sums of imports")) };
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = u64::from_le_bytes(*number);
            }
        }
        Ok(sums)
    }
}

/// The statement that adds a row to each of [`PARTS`]. Pages by time have none: their rows are packed.
pub(crate) const ADD: [Option<&str>; 10] = [
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

/// Notes that the owner set the views of a page lower than they were, so its hours and days may add up to more.
pub(crate) const ADD_LOWERED: &str = "INSERT OR REPLACE INTO meta (key, value) VALUES ('lowered ' || ?1, ?2)";

/// Drops that note.
pub(crate) const DROP_LOWERED: &str = "DELETE FROM meta WHERE key = 'lowered ' || ?";

/// Adds a page without views, if it is not there.
pub(crate) const ADD_PAGE: &str = "INSERT OR IGNORE INTO pages (page, views) VALUES (?, 0)";

/// Counts the pages anew.
pub(crate) const COUNT_PAGES: &str = "INSERT OR REPLACE INTO meta (key, value) SELECT 'pages', count(*) FROM pages";

/// The key in `meta` of the sums of all imported lines, by part: 8 bytes each, little endian.
pub(crate) const IMPORTED: &str = "imported";

/// The most views of a site. Sums are exact up to a little more.
pub(crate) const MAX_VIEWS: u64 = 9_000 * MAX_COUNT;

/// Adds a row to the sum of its part. The sum is limited, so that no day and no period adds up to more than can be reported exactly and
/// imported again.
///
/// # Errors
/// The sum is over [`MAX_COUNT`], in words for the owner.
pub(crate) fn add_to_imported(sums: &mut [u64], (part, row): &LineRow) -> Result<(), String> {
    let columns = PARTS.get(*part).copied().unwrap_or_default();
    let counts = columns.iter().zip(row).filter(|(column, _)| !column.is_key());
    let most = counts.map(|(_, value)| if let Value::Integer(count) = value { *count } else { 0 }).max().unwrap_or(0);
    // Hours are rolled up into days, so both have one sum.
    let kind = if columns.contains(&Column::Day) { PARTS.iter().position(|other| rolls_into(other, columns)) } else { None };
    let Some(sum) = sums.get_mut(kind.unwrap_or(*part)) else { return Ok(()) };
    *sum = sum.saturating_add(u64::try_from(most).unwrap_or(0));
    if *sum > MAX_COUNT {
        Err(format!("with this line, the imported lines of its kind add up to more than {MAX_COUNT}"))
    } else {
        Ok(())
    }
}

/// Whether rolling up makes rows of `days` from rows of `hours`.
pub(crate) fn rolls_into(hours: &[Column], days: &[Column]) -> bool {
    matches!(
        (hours, days),
        ([Column::Page, Column::Hour, ..], [Column::Page, Column::Day, ..])
            | ([Column::Hour, ..], [Column::Day, Column::Views, Column::Visitors])
    )
}
