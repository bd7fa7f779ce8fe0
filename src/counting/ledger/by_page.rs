//! Counts of pages by time: three tables of packed rows, and how folds, roll-ups, lists and histories of pages use them.
//!
//! `page_hours` has the last days by quarters. `page_sums` has the sums of these days (UTC), so that a list of many days need not read
//! their hours. `page_rolled` has the days whose hours are not kept. So each view is in the first two tables, or in the third.

use crate::counting::ledger::packed::{PAGES, Packed, Place, entries, part_of};
use crate::counting::ledger::quarters::{Counts, DAY, HOUR};
use crate::counting::ledger::state::{Ledger, unreadable};
use crate::counting::storage::{Sql, StorageError, Value, blob_at, count_at, text_at};

/// The statements on one of the tables.
#[derive(Debug)]
pub struct PageTable {
    /// Reads a row.
    pub get: &'static str,
    /// Writes a row.
    pub set: &'static str,
    /// Reads the rows of a part in a span of time, the earliest first.
    pub span: &'static str,
    /// Drops the rows of a part in a span of time.
    pub drop: &'static str,
    /// Finds the first row of a part from a time on.
    pub next: &'static str,
}

/// Hours, with their quarters.
pub const HOURS: PageTable = PageTable {
    get: "SELECT body FROM page_hours WHERE part = ? AND at = ?",
    set: "INSERT OR REPLACE INTO page_hours (part, at, body) VALUES (?, ?, ?)",
    span: "SELECT at, body FROM page_hours WHERE part = ? AND at >= ? AND at < ? ORDER BY at",
    drop: "DELETE FROM page_hours WHERE part = ? AND at >= ? AND at < ?",
    next: "SELECT at FROM page_hours WHERE part = ? AND at >= ? ORDER BY at LIMIT 1",
};

/// Days whose hours are kept.
pub const SUMS: PageTable = PageTable {
    get: "SELECT body FROM page_sums WHERE part = ? AND at = ?",
    set: "INSERT OR REPLACE INTO page_sums (part, at, body) VALUES (?, ?, ?)",
    span: "SELECT at, body FROM page_sums WHERE part = ? AND at >= ? AND at < ? ORDER BY at",
    drop: "DELETE FROM page_sums WHERE part = ? AND at >= ? AND at < ?",
    next: "SELECT at FROM page_sums WHERE part = ? AND at >= ? ORDER BY at LIMIT 1",
};

/// Days whose hours are not kept.
pub(crate) const ROLLED: PageTable = PageTable {
    get: "SELECT body FROM page_rolled WHERE part = ? AND at = ?",
    set: "INSERT OR REPLACE INTO page_rolled (part, at, body) VALUES (?, ?, ?)",
    span: "SELECT at, body FROM page_rolled WHERE part = ? AND at >= ? AND at < ? ORDER BY at",
    drop: "DELETE FROM page_rolled WHERE part = ? AND at >= ? AND at < ?",
    next: "SELECT at FROM page_rolled WHERE part = ? AND at >= ? ORDER BY at LIMIT 1",
};

/// The highest number of a page.
pub(crate) const LAST_PAGE: &str = "SELECT id FROM pages ORDER BY id DESC LIMIT 1";
/// The number of a page.
pub(crate) const PAGE_ID: &str = "SELECT id FROM pages WHERE page = ?";
/// The pages of a part.
pub(crate) const NAMES: &str = "SELECT id, page FROM pages WHERE id >= ? AND id < ?";

/// What is added to the rows of one table, by part and time.
#[derive(Debug, Default)]
struct AddedRows(Vec<([u64; 2], Packed)>);

impl AddedRows {
    fn add(&mut self, row: [u64; 2], place: Place, counts: Counts) {
        let at = match self.0.binary_search_by_key(&row, |(known, _)| *known) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (row, Packed::default()));
                at
            }
        };
        if let Some((_, packed)) = self.0.get_mut(at) {
            packed.add(place, counts);
        }
    }
}

/// What is added to pages, in all three tables.
#[derive(Debug, Default)]
pub(crate) struct PageAdditions {
    hours: AddedRows,
    sums: AddedRows,
    rolled: AddedRows,
}

impl PageAdditions {
    /// Adds to a quarter of a page, by its number.
    pub(crate) fn count(&mut self, page: u64, quarter: u64, counts: Counts) {
        let part = part_of(page);
        self.hours.add([part, quarter / HOUR], Place::new(page, quarter), counts);
        self.sums.add([part, quarter / DAY], Place::new(page, 0), of_day(counts));
    }

    /// Adds to a day of a page whose hours are not kept.
    pub(crate) fn count_rolled(&mut self, page: u64, day: u64, counts: Counts) {
        self.rolled.add([part_of(page), day], Place::new(page, 0), of_day(counts));
    }
}

/// Counts of an hour, to be added to its day: visitors of hours do not add up to those of the day, newcomers do.
fn of_day(counts: Counts) -> Counts {
    Counts { visitors: 0, ..counts }
}

/// A span of time, cut at its whole days (UTC). Each part is a beginning and an end, which is not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The quarters before the first whole day.
    pub before: [u64; 2],
    /// The whole days.
    pub days: [u64; 2],
    /// The quarters after the last whole day.
    pub after: [u64; 2],
}

impl Cut {
    /// Cuts a span of quarters; `until` is not included.
    pub(crate) fn of_quarters(from: u64, until: u64) -> Self {
        let (first, last) = (from.div_ceil(DAY), until / DAY);
        if first >= last {
            return Self { before: [from, until], days: [first, first], after: [until, until] };
        }
        let [starts, ends] = [first, last].map(|day| day.saturating_mul(DAY));
        Self { before: [from, starts], days: [first, last], after: [ends, until] }
    }
}

impl<S: Sql> Ledger<S> {
    /// Writes what is added to pages. Each row takes two statements: one reads it, one writes it.
    pub(crate) fn add_to_pages(&self, added: &PageAdditions) -> Result<(), StorageError> {
        for (table, rows) in [(&HOURS, &added.hours), (&SUMS, &added.sums), (&ROLLED, &added.rolled)] {
            for (key, added) in &rows.0 {
                let [part, at] = *key;
                let key = key.map(Value::count);
                let mut packed = match self.sql.run(table.get, &key)?.first() {
                    Some(row) => unpack(row, 0)?,
                    None => Packed::default(),
                };
                packed.add_all(added);
                self.put(table, part, at, &packed)?;
            }
        }
        Ok(())
    }

    fn put(&self, table: &PageTable, part: u64, at: u64, packed: &Packed) -> Result<(), StorageError> {
        if packed.is_empty() {
            return self.sql.write(table.drop, &[part, at, at.saturating_add(1)].map(Value::count));
        }
        self.sql.write(table.set, &[Value::count(part), Value::count(at), Value::Blob(packed.to_bytes())])
    }

    /// How many parts the pages are in.
    pub(crate) fn parts(&self) -> Result<u64, StorageError> {
        let rows = self.sql.run(LAST_PAGE, &[])?;
        rows.first().map_or(Ok(0), |row| count_at(row, 0).map(|last| part_of(last).saturating_add(1)))
    }

    /// The number of a page, if it is stored.
    pub(crate) fn id_of(&self, page: &str) -> Result<Option<u64>, StorageError> {
        let rows = self.sql.run(PAGE_ID, &[Value::Text(page.to_owned())])?;
        rows.first().map(|row| count_at(row, 0)).transpose()
    }

    /// The names of the pages of a part, by their numbers in the part.
    pub(crate) fn names_of(&self, part: u64) -> Result<Vec<Option<String>>, StorageError> {
        let first = part.saturating_mul(PAGES);
        let mut names = vec![None; usize::try_from(PAGES).unwrap_or(0)];
        for row in self.sql.run(NAMES, &[first, first.saturating_add(PAGES)].map(Value::count))? {
            let at = usize::try_from(count_at(&row, 0)?.saturating_sub(first)).unwrap_or(usize::MAX);
            if let Some(name) = names.get_mut(at) {
                *name = Some(text_at(&row, 1)?.to_owned());
            }
        }
        Ok(names)
    }

    /// The entries of a page in a table, in a span of time: `at` of the row, the quarter in it, and the counts.
    pub(crate) fn history(
        &self,
        table: &PageTable,
        page: u64,
        [from, until]: [u64; 2],
    ) -> Result<Vec<(u64, u64, Counts)>, StorageError> {
        let mut found = Vec::new();
        for row in self.sql.run(table.span, &[part_of(page), from, until].map(Value::count))? {
            let at = count_at(&row, 0)?;
            for entry in entries(blob_at(&row, 1)?) {
                let (place, counts) = entry.ok_or_else(unreadable_row)?;
                if place.page() == page % PAGES {
                    found.push((at, place.quarter(), counts));
                }
            }
        }
        Ok(found)
    }

    /// The views and the newcomers of each page of a part, by its number in the part, in quarters and on rolled days.
    pub(crate) fn of_part(&self, part: u64, cut: &Cut, rolled: [u64; 2]) -> Result<Vec<(u64, u64)>, StorageError> {
        let mut sums = vec![(0, 0); usize::try_from(PAGES).unwrap_or(0)];
        let mut add = |place: Place, counts: Counts| {
            if let Some((views, newcomers)) = usize::try_from(place.page()).ok().and_then(|page| sums.get_mut(page)) {
                *views = counts.views.saturating_add(*views);
                *newcomers = counts.newcomers.saturating_add(*newcomers);
            }
        };
        for (table, [from, until]) in [(&SUMS, cut.days), (&ROLLED, rolled)] {
            for row in self.rows_of(table, part, from, until)? {
                for entry in entries(blob_at(&row, 1)?) {
                    let (place, counts) = entry.ok_or_else(unreadable_row)?;
                    add(place, counts);
                }
            }
        }
        for [from, until] in [cut.before, cut.after] {
            for row in self.rows_of(&HOURS, part, from / HOUR, until.div_ceil(HOUR))? {
                let first = count_at(&row, 0)?.saturating_mul(HOUR);
                for entry in entries(blob_at(&row, 1)?) {
                    let (place, counts) = entry.ok_or_else(unreadable_row)?;
                    if (from..until).contains(&first.saturating_add(place.quarter())) {
                        add(place, counts);
                    }
                }
            }
        }
        Ok(sums)
    }

    fn rows_of(
        &self,
        table: &PageTable,
        part: u64,
        from: u64,
        until: u64,
    ) -> Result<crate::counting::storage::Rows, StorageError> {
        if from >= until { Ok(Vec::new()) } else { self.sql.run(table.span, &[part, from, until].map(Value::count)) }
    }

    /// Rolls up the days before one: they move from `page_sums` to `page_rolled`, and their hours go.
    pub(crate) fn roll_pages(&self, before: u64) -> Result<(), StorageError> {
        for part in 0..self.parts()? {
            let mut more = PageAdditions::default();
            for row in self.sql.run(SUMS.span, &[part, 0, before].map(Value::count))? {
                more.rolled.0.push(([part, count_at(&row, 0)?], unpack(&row, 1)?));
            }
            self.add_to_pages(&more)?;
            self.sql.write(SUMS.drop, &[part, 0, before].map(Value::count))?;
            self.sql.write(HOURS.drop, &[part, 0, before.saturating_mul(DAY / HOUR)].map(Value::count))?;
        }
        Ok(())
    }

    /// Removes a page from a table, and returns its entries: `at` of the row, the quarter in it, and the counts.
    pub(crate) fn take_page(&self, table: &PageTable, page: u64) -> Result<Vec<(u64, u64, Counts)>, StorageError> {
        let part = part_of(page);
        let mut taken = Vec::new();
        for row in self
            .sql
            .run(table.span, &[Value::count(part), Value::count(0), Value::Integer(crate::counting::storage::MAX_EXACT)])?
        {
            let (at, mut packed) = (count_at(&row, 0)?, unpack(&row, 1)?);
            let entries = packed.take(page);
            if !entries.is_empty() {
                self.put(table, part, at, &packed)?;
                taken.extend(entries.into_iter().map(|(place, counts)| (at, place.quarter(), counts)));
            }
        }
        Ok(taken)
    }
}

/// The packed row in a column.
pub(crate) fn unpack(row: &[Value], column: usize) -> Result<Packed, StorageError> {
    Packed::from_bytes(blob_at(row, column)?).ok_or_else(unreadable_row)
}

fn unreadable_row() -> StorageError {
    unreadable("a row of pages")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_cut_at_its_whole_days() {
        for (from, until, before, days, after) in [
            (960, 1_920, [960, 960], [10, 20], [1_920, 1_920]),
            (961, 1_921, [961, 1_056], [11, 20], [1_920, 1_921]),
            (961, 1_055, [961, 1_055], [11, 11], [1_055, 1_055]),
            (1_050, 1_060, [1_050, 1_060], [11, 11], [1_060, 1_060]),
            (0, 96, [0, 0], [0, 1], [96, 96]),
        ] {
            assert_eq!(Cut::of_quarters(from, until), Cut { before, days, after }, "{from} to {until}");
        }
    }
}
