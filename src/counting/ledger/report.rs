//! Answering reports from the tables.

use crate::counting::ledger::by_page::{Cut, HOURS, ROLLED, SUMS};
use crate::counting::ledger::list::also_in;
use crate::counting::ledger::quarters::{Counts, DAY, HOUR};
use crate::counting::ledger::schema;
use crate::counting::ledger::state::{HOUR_MS, Ledger, unreadable};
use crate::counting::protocol::report::{HOUR as HOUR_QUARTERS, Line, MAX_NAMES, Question, Report, Span, Step, Times, WHOLE_DAY};
use crate::counting::storage::{Sql, StorageError, Value, count_at, text_at};

/// How many days hours are kept, unless `HOURS_KEPT_DAYS` is set. Older hours are rolled up by day. Totals and days are kept for ever.
pub const KEEP_HOURS_DAYS: u32 = 90;

impl<S: Sql> Ledger<S> {
    /// The report that a question asks for, at most [`FRESH_MS`](crate::counting::protocol::report::FRESH_MS) old.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn report(&mut self, question: &Question<'_>, now: u64) -> Result<Report, StorageError> {
        self.freshen(now)?;
        match question {
            Question::Times { page, times, step } => self.times(*page, times, *step),
            Question::Dimensions { kind, days } => {
                let [from, until] = span(*days);
                let [kind, other] = [*kind, also_in(*kind)].map(|kind| Value::count(kind.into()));
                self.lines(schema::DETAILS, &[from, until, kind, MOST, other], named_line)
            }
            Question::Excluded(days) => self.lines(schema::EXCLUDED, &span(*days), tally_line),
            Question::List { of, slice } => self.list(*of, slice).map(|(report, _)| report),
            Question::Refused(days) => self.lines(crate::counting::ledger::unlisted::REFUSED, &span(*days), refused_line),
            Question::Withheld(days) => self.lines(schema::WITHHELD_DAYS, &span(*days), tally_line),
            Question::Value { kind, value, days } => {
                let ([from, until], value) = (span(*days), Value::Text((*value).to_owned()));
                let [kind, other] = [*kind, also_in(*kind)].map(|kind| Value::count(kind.into()));
                self.lines(schema::VALUE_DAYS, &[from, until, kind, value, other], quarter_line)
            }
        }
    }

    /// Views and visitors of a page or the site by time: first quarters, then whole days, each in their order.
    fn times(&self, page: Option<&str>, times: &Times, step: Step) -> Result<Report, StorageError> {
        let mut report = match page {
            None => self.site_times(times)?,
            Some(page) => match self.id_of(page)? {
                Some(id) => self.page_times(id, times, step)?,
                None => return Ok(Report::new()),
            },
        };
        if step == Step::Quarter {
            return Ok(report);
        }
        if step == Step::Hour {
            report
                .iter_mut()
                .filter(|line| line.reason == 0)
                .for_each(|line| line.at = line.at.saturating_sub(line.at % HOUR_QUARTERS));
        }
        let whole = |line: &Line| if step == Step::All { 0 } else { line.reason };
        report.dedup_by(|more, sum| {
            let same = whole(more) == whole(sum) && (step == Step::All || sum.reason == 0 && more.at == sum.at);
            if same {
                sum.views = sum.views.saturating_add(more.views);
                sum.visitors = sum.visitors.saturating_add(more.visitors);
                sum.newcomers = sum.newcomers.saturating_add(more.newcomers);
            }
            same
        });
        Ok(report)
    }

    fn site_times(&self, times: &Times) -> Result<Report, StorageError> {
        let mut report = self.lines(schema::SITE_QUARTERS, &span(times.quarters), quarter_line)?;
        report.extend(self.lines(schema::SITE_DAYS, &span(times.days), whole_day_line)?);
        Ok(report)
    }

    fn page_times(&self, page: u64, times: &Times, step: Step) -> Result<Report, StorageError> {
        let [from, until] = ends(times.quarters);
        let mut report = Report::new();
        let mut add = |at: u64, reason: u8, Counts { views, visitors, newcomers }: Counts| {
            report.push(Line {
                at: u32::try_from(at).unwrap_or(u32::MAX),
                reason,
                views,
                visitors,
                newcomers,
                ..Line::default()
            });
        };
        // A sum over everything can read whole days.
        let cut = if step == Step::All {
            Cut::of_quarters(from, until)
        } else {
            Cut { before: [from, until], days: [0, 0], after: [0, 0] }
        };
        for [from, until] in [cut.before, cut.after] {
            for (hour, quarter, counts) in self.history(&HOURS, page, [from / HOUR, until.div_ceil(HOUR)])? {
                let at = hour.saturating_mul(HOUR).saturating_add(quarter);
                if (from..until).contains(&at) {
                    add(at, 0, counts);
                }
            }
        }
        for (day, _, counts) in self.history(&SUMS, page, cut.days)? {
            add(day.saturating_mul(DAY), 0, counts);
        }
        for (day, _, counts) in self.history(&ROLLED, page, ends(times.days))? {
            add(day, WHOLE_DAY, counts);
        }
        Ok(report)
    }

    fn lines(&self, statement: &'static str, values: &[Value], read: RowReader) -> Result<Report, StorageError> {
        let mut lines = Vec::new();
        for row in self.sql.run(statement, values)? {
            lines.push(read(&row)?);
        }
        Ok(lines)
    }

    /// Rolls up the hours of days (UTC) that are more than `keep_days` ago.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn roll(&mut self, now: u64, keep_days: u32) -> Result<(), StorageError> {
        let today = now.checked_div(24 * HOUR_MS).unwrap_or(0);
        let before = today.saturating_sub(keep_days.into());
        let rows = self.sql.run(schema::FIRST_QUARTER, &[])?;
        let first = match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(first)]) => u64::try_from(*first).map_err(|_| unreadable("a quarter of an hour"))?,
            _ => return Ok(()),
        };
        if first / DAY >= before {
            return Ok(());
        }
        let quarter = Value::count(before.saturating_mul(DAY));
        self.sql.transaction(&mut || {
            self.roll_pages(before)?;
            schema::ROLL_SITE.into_iter().try_for_each(|statement| self.sql.write(statement, std::slice::from_ref(&quarter)))?;
            self.set_moved()
        })?;
        self.moved = self.moved.saturating_add(1);
        self.kept_reports.forget();
        Ok(())
    }
}

/// Makes a line from a row.
type RowReader = fn(&[Value]) -> Result<Line, StorageError>;

/// [`MAX_NAMES`], as a value.
const MOST: Value = Value::Integer(MAX_NAMES as i64);

fn ends(Span { from, until }: Span) -> [u64; 2] {
    [from.into(), until.into()]
}

fn span(span: Span) -> [Value; 2] {
    ends(span).map(Value::count)
}

fn small_count_at<T: TryFrom<u64>>(row: &[Value], column: usize) -> Result<T, StorageError> {
    T::try_from(count_at(row, column)?).map_err(|_| unreadable("a number in a report"))
}

fn quarter_line(row: &[Value]) -> Result<Line, StorageError> {
    let [views, visitors, newcomers] = [count_at(row, 1)?, count_at(row, 2)?, count_at(row, 3)?];
    Ok(Line { at: small_count_at(row, 0)?, views, visitors, newcomers, ..Line::default() })
}

fn whole_day_line(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { reason: WHOLE_DAY, ..quarter_line(row)? })
}

fn named_line(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { name: text_at(row, 0)?.to_owned(), views: count_at(row, 1)?, visitors: count_at(row, 2)?, ..Line::default() })
}

fn tally_line(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { at: small_count_at(row, 0)?, reason: small_count_at(row, 1)?, views: count_at(row, 2)?, ..Line::default() })
}

fn refused_line(row: &[Value]) -> Result<Line, StorageError> {
    Ok(Line { name: text_at(row, 3)?.to_owned(), ..tally_line(row)? })
}
