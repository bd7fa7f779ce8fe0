//! The counts that wait for a fold, as one stored value. So a checkpoint writes few rows, whatever was visited.

use crate::counting::ledger::packed::{read_number, write_number};
use crate::counting::ledger::quarters::Counts;
use crate::counting::ledger::schema;
use crate::counting::ledger::state::{Ledger, unreadable};
use crate::counting::model::date::Day;
use crate::counting::protocol::batch::Tally;
use crate::counting::storage::{Sql, StorageError, Value, blob_at};

/// The key in `meta` of the counts. Where none wait, it has no bytes, or is not there.
pub(crate) const COUNTS: &str = "counts";

/// The most bytes that they may take, half of the 2 MB that a row may have. A page usually takes 40, and 6 more for each further quarter
/// of an hour; a value of a dimension takes 20. So all pages of a shard fit, for some hours.
pub(super) const MAX_COUNTS_BYTES: usize = 1024 * 1024;

/// Stands before each entry of a list, and after the last one.
const MORE: u64 = 1;
const END: u64 = 0;

impl<S: Sql> Ledger<S> {
    /// The counts that wait: pages with their views and quarters, quarters of the site, values of dimensions, and visits that were not
    /// counted.
    pub(super) fn waiting_counts(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (page, state) in self.pages.waiting() {
            write_number(&mut bytes, MORE);
            write_text(&mut bytes, page);
            write_number(&mut bytes, state.views);
            state.waiting.iter().for_each(|quarter| write_quarter(&mut bytes, quarter));
            write_number(&mut bytes, END);
        }
        write_number(&mut bytes, END);
        self.site.iter().for_each(|quarter| write_quarter(&mut bytes, quarter));
        write_number(&mut bytes, END);
        for (day, kind, value, views) in self.dimension_views.waiting() {
            [MORE, day.into(), kind.into()].into_iter().for_each(|number| write_number(&mut bytes, number));
            write_text(&mut bytes, value);
            write_number(&mut bytes, views);
        }
        write_number(&mut bytes, END);
        for Tally { day, reason, visits } in &self.excluded {
            [MORE, (*day).into(), (*reason).into(), *visits].into_iter().for_each(|number| write_number(&mut bytes, number));
        }
        write_number(&mut bytes, END);
        bytes
    }

    /// Takes the stored counts into memory, where the last checkpoint left them.
    pub(super) fn load_waiting_counts(&mut self) -> Result<(), StorageError> {
        let rows = self.sql.run(schema::META, &[Value::Text(COUNTS.to_owned())])?;
        let bytes = rows.first().map_or(Ok(&[][..]), |row| blob_at(row, 0))?;
        self.keeps_counts = !bytes.is_empty();
        if bytes.is_empty() {
            return Ok(());
        }
        let mut left = Reader(bytes);
        while left.has_more()? {
            let (page, views) = (left.text()?, left.number()?);
            self.pages.load(page, views);
            while let Some((quarter, counts)) = left.quarter()? {
                self.pages.wait(page, quarter, counts);
            }
        }
        while let Some((quarter, counts)) = left.quarter()? {
            self.site.add(quarter, counts);
        }
        while left.has_more()? {
            let (day, kind, value, views) = (left.small::<Day>()?, left.small()?, left.text()?, left.number()?);
            self.load_values_of(day)?;
            self.dimension_views.wait(day, kind, value, views);
        }
        while left.has_more()? {
            self.excluded.push(Tally { day: left.small()?, reason: left.small()?, visits: left.number()? });
        }
        if left.0.is_empty() { Ok(()) } else { Err(wrong()) }
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, u64::try_from(text.len()).unwrap_or(u64::MAX));
    bytes.extend_from_slice(text.as_bytes());
}

fn write_quarter(bytes: &mut Vec<u8>, (quarter, Counts { views, visitors, newcomers }): (u64, Counts)) {
    [MORE, quarter, views, visitors, newcomers].into_iter().for_each(|number| write_number(bytes, number));
}

fn wrong() -> StorageError {
    unreadable("the counts that wait")
}

/// The bytes that are not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u64, StorageError> {
        read_number(&mut self.0).ok_or_else(wrong)
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, StorageError> {
        T::try_from(self.number()?).map_err(|_| wrong())
    }

    fn has_more(&mut self) -> Result<bool, StorageError> {
        match self.number()? {
            MORE => Ok(true),
            END => Ok(false),
            _ => Err(wrong()),
        }
    }

    fn text(&mut self) -> Result<&'a str, StorageError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let (text, rest) = self.0.split_at_checked(length).ok_or_else(wrong)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| wrong())
    }

    fn quarter(&mut self) -> Result<Option<(u64, Counts)>, StorageError> {
        if !self.has_more()? {
            return Ok(None);
        }
        let [quarter, views, visitors, newcomers] = [self.number()?, self.number()?, self.number()?, self.number()?];
        Ok(Some((quarter, Counts { views, visitors, newcomers })))
    }
}
