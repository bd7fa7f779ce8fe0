//! Exporting the tables as lines, part after part. The statements are here, next to the code that runs them.

use crate::counting::ledger::by_page::{HOURS, PageTable, ROLLED, unpack};
use crate::counting::ledger::export_file::columns::{Column, PARTS};
use crate::counting::ledger::export_file::lines::{line_of, row_of_own};
use crate::counting::ledger::quarters::{Counts, HOUR};
use crate::counting::ledger::state::{Ledger, LedgerError};
use crate::counting::protocol::answer::{Exported, Fault};
use crate::counting::protocol::report::{Line, sort};
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};

impl<S: Sql> Ledger<S> {
    /// The lines of an export after one of them, or the first ones.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn export(&mut self, after: Option<&str>) -> Result<Exported, LedgerError> {
        let (mut part, mut key) = match after {
            // Until the next fold, the tables are of one moment.
            None => {
                self.fold()?;
                (0, None)
            }
            Some(line) => {
                let (part, row) = row_of_own(line).map_err(|_| LedgerError::Fault(Fault::Malformed))?;
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
                    if *statement == DAYS {
                        let day = self.distinct_visitors.day();
                        values.extend([day.into(), self.distinct_visitors.visitors(&self.sets, day)].map(Value::count));
                    }
                    self.sql.run(statement, &values)?
                }
                None => self.page_rows(columns, &values, left)?,
            };
            for row in &rows {
                lines.push_str(&line_of(columns, row)?);
            }
            left = left.saturating_sub(rows.len());
            if left == 0 {
                break;
            }
            part = part.saturating_add(1);
        }
        Ok(Exported { lines, checkpointed: self.checkpointed.saturating_add(self.moved) })
    }

    /// The rows of pages by time after a key, at most `most`, in the order of hour or day, page, and quarter. Pages are in the order of
    /// their names and not of their numbers, so that a site that is imported elsewhere is exported in the same order.
    pub(super) fn page_rows(
        &self,
        columns: &[Column],
        after: &[Value],
        most: usize,
    ) -> Result<crate::counting::storage::Rows, StorageError> {
        let by_quarter = columns.contains(&Column::Hour);
        let (table, per): (&PageTable, u64) = if by_quarter { (&HOURS, HOUR) } else { (&ROLLED, 1) };
        // -1 stands before the first row.
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

    /// Adds the lines of the pages of a part at one time: their names, with the counts of each quarter.
    pub(super) fn page_lines(&self, table: &PageTable, part: u64, at: u64, lines: &mut Vec<Line>) -> Result<(), StorageError> {
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
}

/// The most lines of one answer: usually under 0.2 MB, and 2 MB at most.
pub(crate) const LINES: usize = 1_000;

/// The statement of each of [`PARTS`]: the rows after a key, in the order of keys. Its last value is the most rows. Pages by time have
/// none: [`by_page`](crate::counting::ledger::by_page) reads them.
pub(crate) const ROWS: [Option<&str>; 10] = [
    Some("SELECT page, views FROM pages WHERE page > ?1 ORDER BY page LIMIT ?2"),
    None,
    None,
    Some("SELECT quarter, views, visitors, newcomers FROM site_quarters WHERE quarter > ?1 ORDER BY quarter LIMIT ?2"),
    Some("SELECT day, views, visitors FROM site_days WHERE day > ?1 ORDER BY day LIMIT ?2"),
    Some(DAYS),
    Some("SELECT day, why, views FROM withheld WHERE (day, why) > (?1, ?2) ORDER BY day, why LIMIT ?3"),
    Some(
        "SELECT day, kind, value, views FROM details WHERE (day, kind, value) > (?1, ?2, ?3) ORDER BY day, kind, value LIMIT ?4",
    ),
    Some("SELECT day, reason, visits FROM excluded WHERE (day, reason) > (?1, ?2) ORDER BY day, reason LIMIT ?3"),
    Some("SELECT substr(key, 9), value FROM meta WHERE key > 'lowered ' || ?1 AND key < 'lowered!' ORDER BY key LIMIT ?2"),
];

/// The visitors of days. Of the day that is not over, which is the third value, their number is the fourth. Their hashes are not exported.
const DAYS: &str = "SELECT day, sum(some) FROM (SELECT day, visitors AS some FROM days UNION ALL SELECT ?3, ?4 WHERE ?4 > 0) \
    WHERE day > ?1 GROUP BY 1 ORDER BY 1 LIMIT ?2";

/// A value that stands before all others of a column.
pub(crate) fn before_all(column: Column) -> Value {
    if column.is_text() { Value::Text(String::new()) } else { Value::Integer(-1) }
}
