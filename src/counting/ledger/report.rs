//! Answering reports from the tables.

use super::sql::text_at;
use super::{HOUR_MS, Ledger, Sql, StorageError, Value, count_at, schema, unreadable};
use crate::counting::report::{Line, MAX_NAMES, Question, Report, Span};

/// How old a report may be, in milliseconds. The tables know what was counted up to the last fold, and a fold for each report would
/// write up to two rows a visit for who looks after each.
pub const FRESH_MS: u64 = 10_000;

/// Hours are kept for so many days, unless `HOURS_KEPT_DAYS` says otherwise; then they are added up by day. Totals and days are kept
/// for ever.
pub const KEEP_HOURS_DAYS: u32 = 90;

impl<S: Sql> Ledger<S> {
    /// What was counted, at most [`FRESH_MS`] ago.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn report(&mut self, question: &Question<'_>, now: u64) -> Result<Report, StorageError> {
        self.freshen(now)?;
        match question {
            Question::Hours { page: None, hours } => self.lines(schema::SITE_HOURS, &twice(*hours), hour),
            Question::Hours { page: Some(page), hours } => {
                let page = Value::Text((*page).to_owned());
                self.lines(schema::PAGE_HOURS, &[&[page], twice(*hours).as_slice()].concat(), hour)
            }
            Question::Pages(hours) => self.lines(schema::PAGES, &[twice(*hours).as_slice(), &[MOST]].concat(), named),
            Question::Details { kind, days } => {
                let [from, until] = span(*days);
                self.lines(schema::DETAILS, &[from, until, Value::count((*kind).into()), MOST], named)
            }
            Question::Excluded(days) => self.lines(schema::EXCLUDED, &span(*days), tally),
            Question::List { of, slice } => self.list(*of, slice).map(|(report, _)| report),
            Question::Refused(days) => self.lines(super::refused::REFUSED, &span(*days), refused),
            Question::Withheld(days) => self.lines(schema::WITHHELD_DAYS, &span(*days), tally),
            Question::Value { kind, value, days } => {
                let ([from, until], value) = (span(*days), Value::Text((*value).to_owned()));
                self.lines(schema::VALUE_DAYS, &[from, until, Value::count((*kind).into()), value], hour)
            }
        }
    }

    fn lines(&self, statement: &'static str, values: &[Value], read: Read) -> Result<Report, StorageError> {
        let mut lines = Vec::new();
        for row in self.sql.run(statement, values)? {
            lines.push(read(&row)?);
        }
        Ok(lines)
    }

    /// Adds hours that are over `keep_days` old up by day, whole days only.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) fn roll(&mut self, now: u64, keep_days: u32) -> Result<(), StorageError> {
        let today = now.checked_div(24 * HOUR_MS).unwrap_or(0);
        let before = today.saturating_sub(keep_days.into()).saturating_mul(24);
        let rows = self.sql.run(schema::FIRST_HOUR, &[])?;
        let first = match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(first)]) => u64::try_from(*first).map_err(|_| unreadable("an hour"))?,
            _ => return Ok(()),
        };
        if first >= before {
            return Ok(());
        }
        self.sql.transaction(&mut || {
            schema::ROLL.into_iter().try_for_each(|statement| self.sql.write(statement, &[Value::count(before)]))?;
            self.set_moved()
        })?;
        self.moved = self.moved.saturating_add(1);
        self.told.forget();
        Ok(())
    }
}

/// Makes a line of a row.
type Read = fn(&[Value]) -> Result<Line, StorageError>;

/// The most names.
const MOST: Value = Value::Integer(MAX_NAMES as i64);

fn span(Span { from, until }: Span) -> [Value; 2] {
    [from, until].map(|end| Value::count(end.into()))
}

/// Of hours, and of days by their first hours.
fn twice(hours: Span) -> [Value; 4] {
    let ([from, until], [first, last]) = (span(hours), span(hours));
    [from, until, first, last]
}

fn number<T: TryFrom<u64>>(row: &[Value], column: usize) -> Result<T, StorageError> {
    T::try_from(count_at(row, column)?).map_err(|_| unreadable("a number in a report"))
}

fn hour(row: &[Value]) -> Result<Line, StorageError> {
    let [views, visitors, newcomers] = [count_at(row, 1)?, count_at(row, 2)?, count_at(row, 3)?];
    Ok(Line { at: number(row, 0)?, views, visitors, newcomers, ..Line::default() })
}

fn named(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { name: text_at(row, 0)?.to_owned(), views: count_at(row, 1)?, visitors: count_at(row, 2)?, ..Line::default() })
}

fn tally(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { at: number(row, 0)?, reason: number(row, 1)?, views: count_at(row, 2)?, ..Line::default() })
}

fn refused(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { name: text_at(row, 3)?.to_owned(), ..tally(row)? })
}
