//! Answering reports from the tables.

use super::sql::text_at;
use super::{HOUR_MS, Ledger, Rows, Sql, StorageError, Value, count_at, schema, unreadable};
use crate::counting::report::{Hour, MAX_NAMES, Named, Question, Report, Span};
use crate::counting::wire::Tally;

/// How old a report may be, in milliseconds. The tables know what was counted up to the last fold, and a fold for each report would
/// write up to two rows a visit for who looks after each.
pub const FRESH_MS: u64 = 10_000;

/// Hours are kept for so many days; then they are added up by day. Totals and days are kept for ever.
pub const KEEP_HOURS_DAYS: u64 = 90;

impl<S: Sql> Ledger<S> {
    /// What was counted, at most [`FRESH_MS`] ago.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn report(&mut self, question: &Question<'_>, now: u64) -> Result<Report, StorageError> {
        if now < self.folded_at || now.saturating_sub(self.folded_at) >= FRESH_MS {
            self.fold()?;
            self.folded_at = now;
        }
        match question {
            Question::Hours { page, hours } => self.hours(*page, *hours).map(Report::Hours),
            Question::Pages(hours) => {
                let most = [Value::count(MAX_NAMES.into())];
                let rows = self
                    .sql
                    .run(schema::PAGES, &[span(*hours), span(*hours)].concat().into_iter().chain(most).collect::<Vec<_>>())?;
                names(&rows)
            }
            Question::Details { kind, days } => {
                let [from, until] = span(*days);
                names(
                    &self
                        .sql
                        .run(schema::DETAILS, &[from, until, Value::count((*kind).into()), Value::count(MAX_NAMES.into())])?,
                )
            }
            Question::Excluded(days) => tallies(&self.sql.run(schema::EXCLUDED, &span(*days))?),
            Question::Withheld(days) => tallies(&self.sql.run(schema::WITHHELD_DAYS, &span(*days))?),
        }
    }

    fn hours(&self, page: Option<&str>, hours: Span) -> Result<Vec<Hour>, StorageError> {
        let twice = [span(hours), span(hours)].concat();
        let rows = match page {
            None => self.sql.run(schema::SITE_HOURS, &twice)?,
            Some(page) => {
                let page = [Value::Text(page.to_owned())];
                self.sql.run(schema::PAGE_HOURS, &[page.as_slice(), &twice].concat())?
            }
        };
        let hour = |row: &Vec<Value>| {
            let hour = number(row, 0)?;
            Ok(Hour { hour, views: count_at(row, 1)?, visitors: count_at(row, 2)?, newcomers: count_at(row, 3)? })
        };
        rows.iter().map(hour).collect()
    }

    /// Adds hours that are over [`KEEP_HOURS_DAYS`] old up by day, whole days only.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) fn roll(&self, now: u64) -> Result<(), StorageError> {
        let today = now.checked_div(24 * HOUR_MS).unwrap_or(0);
        let before = today.saturating_sub(KEEP_HOURS_DAYS).saturating_mul(24);
        let rows = self.sql.run(schema::FIRST_HOUR, &[])?;
        let first = match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(first)]) => u64::try_from(*first).map_err(|_| unreadable("an hour"))?,
            _ => return Ok(()),
        };
        if first >= before {
            return Ok(());
        }
        self.sql.transaction(&mut || {
            schema::ROLL.into_iter().try_for_each(|statement| self.sql.write(statement, &[Value::count(before)]))
        })
    }
}

fn span(Span { from, until }: Span) -> [Value; 2] {
    [from, until].map(|end| Value::count(end.into()))
}

fn number<T: TryFrom<u64>>(row: &[Value], column: usize) -> Result<T, StorageError> {
    T::try_from(count_at(row, column)?).map_err(|_| unreadable("a number in a report"))
}

fn names(rows: &Rows) -> Result<Report, StorageError> {
    let named =
        |row: &Vec<Value>| Ok(Named { name: text_at(row, 0)?.to_owned(), views: count_at(row, 1)?, visitors: count_at(row, 2)? });
    rows.iter().map(named).collect::<Result<_, _>>().map(Report::Names)
}

fn tallies(rows: &Rows) -> Result<Report, StorageError> {
    let tally = |row: &Vec<Value>| Ok(Tally { day: number(row, 0)?, reason: number(row, 1)?, visits: count_at(row, 2)? });
    rows.iter().map(tally).collect::<Result<_, _>>().map(Report::Tallies)
}
