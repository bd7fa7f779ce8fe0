//! Views as the lines of one file claim them. The lines of a page, of its hours and of the site must agree.

use crate::counting::ledger::export_file::columns::Column::{self, Day, Hour, Lowered, Page, Views};
use crate::counting::storage::Value;
use siphasher::sip::SipHasher24;
use std::collections::HashMap;
use std::hash::Hasher;

/// The most different quarters of an hour and days in one file: ten years of them.
const MAX_TIMES: usize = 360_000;

/// The most pages of a file whose lines are compared. Lines of further pages are not.
const MAX_COMPARED: usize = 200_000;

/// Sums of the views that the lines so far claim. Two rules hold for a whole file:
///
/// - in an hour or a day, the pages together have no more views than the site;
/// - a page has no more views in its hours and days than in all, unless the owner set it lower.
#[derive(Debug, Default)]
pub(crate) struct ClaimedViews {
    /// By time: whether the number is a quarter of an hour, and the number.
    times: HashMap<(bool, u64), ViewsAtTime>,
    /// By the hash of the page.
    pages: HashMap<u64, ViewsOfPage>,
}

/// What lines claim of one page.
#[derive(Clone, Copy, Debug, Default)]
struct ViewsOfPage {
    all: u64,
    /// The sum of its hours and days.
    dated: u64,
    is_lowered: bool,
    /// The number of the line that has `all`, else of the last line of the page.
    line: u64,
}

/// What lines claim of one quarter of an hour or one day.
#[derive(Clone, Copy, Debug, Default)]
struct ViewsAtTime {
    /// The sum of all pages.
    pages: u64,
    site: u64,
    /// The number of the last line of this time.
    line: u64,
}

impl ClaimedViews {
    /// Adds a row of the file, given the columns of its part and its line number.
    ///
    /// # Errors
    /// The file has too many different times.
    pub(crate) fn add(&mut self, part: &[Column], row: &[Value], line: u64) -> Result<(), String> {
        self.add_to_page(part, row, line);
        let (is_page, at) = match part {
            [Page, Hour | Day, Views, ..] => (true, 1),
            [Hour | Day, Views, ..] => (false, 0),
            _ => return Ok(()),
        };
        let (time, views) = (integer_at(row, at), integer_at(row, at.saturating_add(1)));
        let key = (part.get(at) == Some(&Hour), time);
        if self.times.len() >= MAX_TIMES && !self.times.contains_key(&key) {
            return Err(format!("over {MAX_TIMES} different times in a file"));
        }
        let claimed = self.times.entry(key).or_default();
        claimed.line = line;
        let sum = if is_page { &mut claimed.pages } else { &mut claimed.site };
        *sum = sum.saturating_add(views);
        Ok(())
    }

    /// Checks the rules once all lines are added.
    ///
    /// # Errors
    /// The first line that breaks a rule, in words for the owner.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = self.times.iter().filter(|(_, claimed)| claimed.pages > claimed.site).min_by_key(|(_, claimed)| claimed.line);
        let Some((&(is_hour, time), ViewsAtTime { pages, site, line })) = wrong else { return self.check_pages() };
        let column = if is_hour { Hour } else { Day };
        let time = column.json_of(&Value::count(time)).unwrap_or_default();
        Err(format!("line {line}: the pages of {time} have {pages} views, and the site has {site}"))
    }

    fn add_to_page(&mut self, part: &[Column], row: &[Value], line: u64) {
        let (Some(Value::Text(page)), [Page, rest @ ..]) = (row.first(), part) else { return };
        let mut hasher = SipHasher24::new();
        hasher.write(page.as_bytes());
        let page = hasher.finish();
        if self.pages.len() >= MAX_COMPARED && !self.pages.contains_key(&page) {
            return;
        }
        let total = self.pages.entry(page).or_default();
        match rest {
            [Views] => {
                total.all = total.all.saturating_add(integer_at(row, 1));
                total.line = line;
            }
            [Hour | Day, Views, ..] => {
                total.dated = total.dated.saturating_add(integer_at(row, 2));
                total.line = if total.all > 0 { total.line } else { line };
            }
            [Lowered] => total.is_lowered = true,
            _ => {}
        }
    }

    fn check_pages(&self) -> Result<(), String> {
        let wrong =
            self.pages.values().filter(|total| total.dated > total.all && !total.is_lowered).min_by_key(|total| total.line);
        match wrong {
            None => Ok(()),
            Some(ViewsOfPage { all, dated, line, .. }) => Err(format!(
                "line {line}: its page has {all} views in all, and {dated} by hour and day; if they were set lower, a line says \"lowered\":1 of it"
            )),
        }
    }
}

/// The number in a column; 0 where there is none.
fn integer_at(row: &[Value], column: usize) -> u64 {
    match row.get(column) {
        Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}
