//! The file that a site is exported to and imported from: lines of JSON, one a row of the tables. `docs/owning.md` has the format.
//!
//! What a line is about is told by the names it has, so the file reads without this program. Every line adds to what is there.

use crate::counting::ledger::quarters::{DAY, HOUR};
use crate::counting::model::date::{date_of, parse_date};
use crate::counting::model::dimension::Dimension;
use crate::counting::model::dimensions::is_value;
use crate::counting::model::limits::OTHER;
use crate::counting::model::page::{MAX_PAGE_BYTES, Page as PagePath};
use crate::counting::model::reason::Reason;
use crate::counting::storage::{StorageError, Value};
use crate::counting::text::json::{exact, quoted};
use crate::counting::text::json_read::object;
use form_urlencoded::{byte_serialize, parse};
use siphasher::sip::SipHasher24;
use std::collections::HashMap;
use std::hash::Hasher;

/// The version of the format, in its first line.
pub const VERSION: &str = "1";

/// The longest line, in bytes: a page of 1,024 bytes that are all quoted, and numbers.
pub const MAX_LINE_BYTES: usize = 3_072;

/// The highest count in a line, and the highest sum of those that are imported; a million million. Sums stay exact up to 9,000 times that.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// Why a view has no visitor, in the order of the numbers in the table `withheld`.
const WITHHELD: [&str; 5] = ["opted_out", "no_salt", "no_address", "full", "crowded"];

/// What a line may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A page, or [`OTHER`].
    Page,
    /// A quarter of an hour (UTC), by its beginning: `2026-11-22T13:15Z`; `2026-11-22T13Z` is the first of its hour.
    Hour,
    /// A day (UTC): `2026-11-22`.
    Day,
    /// Views.
    Views,
    /// Visitors: of the hour where there is one, else of the day.
    Visitors,
    /// Visitors of the hour who had not come earlier on its day.
    Newcomers,
    /// Why views have no visitor.
    Withheld,
    /// The kind of a detail.
    Kind,
    /// The value of a detail.
    Value,
    /// Why visits were not counted.
    Excluded,
    /// How many were not.
    Visits,
    /// That the views of a page were set lower than they had been: its hours and days may have more.
    Lowered,
}

use Column::{Day, Excluded, Hour, Lowered, Newcomers, Page, Views, Visitors, Visits, Withheld};

/// The names of all columns, in their order.
const NAMES: &[&str] =
    &["page", "hour", "day", "views", "visitors", "newcomers", "withheld", "kind", "value", "excluded", "visits", "lowered"];

/// The lines that there are, by their columns: first those of the key, then the counts. The order is that of the file.
pub const PARTS: [&[Column]; 10] = [
    &[Page, Views],
    &[Page, Hour, Views, Visitors, Newcomers],
    &[Page, Day, Views, Visitors],
    &[Hour, Views, Visitors, Newcomers],
    &[Day, Views, Visitors],
    &[Day, Visitors],
    &[Day, Withheld, Views],
    &[Day, Column::Kind, Column::Value, Views],
    &[Day, Excluded, Visits],
    &[Page, Lowered],
];

impl Column {
    /// Whether it is one of a key.
    pub fn is_key(self) -> bool {
        !matches!(self, Views | Visitors | Newcomers | Visits | Lowered)
    }

    /// Whether it is a text in the tables.
    pub fn is_text(self) -> bool {
        matches!(self, Page | Self::Value)
    }

    fn at(self) -> usize {
        match self {
            Page => 0,
            Hour => 1,
            Day => 2,
            Views => 3,
            Visitors => 4,
            Newcomers => 5,
            Withheld => 6,
            Self::Kind => 7,
            Self::Value => 8,
            Excluded => 9,
            Visits => 10,
            Lowered => 11,
        }
    }

    fn name(self) -> &'static str {
        NAMES.get(self.at()).copied().unwrap_or("")
    }

    /// The name of a number, in a column that has names.
    fn name_of(self, number: u64) -> Option<&'static str> {
        let number = usize::try_from(number).ok()?;
        match self {
            Withheld => WITHHELD.get(number).copied(),
            Self::Kind => Dimension::ALL.get(number).map(|kind| kind.name()),
            Excluded => Reason::ALL.get(number).map(|reason| reason.name()),
            _ => None,
        }
    }

    /// A value as JSON.
    fn written(self, value: &Value) -> Option<String> {
        let number = match value {
            Value::Text(text) => return self.is_text().then(|| exact(text)),
            Value::Integer(number) => u64::try_from(*number).ok()?,
            _ => return None,
        };
        Some(match self {
            Hour => {
                let (day, of_day) = (u32::try_from(number / DAY).ok()?, number % DAY);
                let (hour, minute) = (of_day / HOUR, (of_day % HOUR).saturating_mul(15));
                let minute = if minute == 0 { String::new() } else { format!(":{minute}") };
                format!("\"{}T{hour:02}{minute}Z\"", date_of(day))
            }
            Day => format!("\"{}\"", date_of(u32::try_from(number).ok()?)),
            // What a later version counts is written by its number.
            Withheld | Self::Kind | Excluded => {
                self.name_of(number).map_or_else(|| number.to_string(), |name| format!("\"{name}\""))
            }
            _ => number.to_string(),
        })
    }

    /// What a text in the file stands for. What is `own` was written by [`write()`] from the tables, maybe by an older version: it is taken
    /// as it is. All else keeps to the rules of what is counted.
    fn read(self, text: &str, own: bool) -> Option<Value> {
        let day = |text: &str| parse_date(text).map(u64::from);
        let plain = || text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        let number = match self {
            Page | Self::Value if own => return Some(Value::Text(text.to_owned())),
            Page => return written_one_way(text).map(Value::Text),
            Self::Value => return is_value(text).then(|| Value::Text(text.to_owned())),
            Hour => {
                let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
                let (hour, minute) = time.split_once(':').unwrap_or((time, "00"));
                let quarter =
                    ["00", "15", "30", "45"].into_iter().zip(0..).find(|(known, _)| *known == minute).map(|(_, at)| at)?;
                let hour = (0_u64..24).find(|known| format!("{known:02}") == hour)?;
                day(date)?.saturating_mul(DAY).saturating_add(hour.saturating_mul(HOUR)).saturating_add(quarter)
            }
            Day => day(text)?,
            Withheld | Self::Kind | Excluded => {
                let named = (0..=u64::from(u8::MAX)).find(|number| self.name_of(*number) == Some(text));
                named.or_else(|| plain().filter(|number| *number <= u8::MAX.into()))?
            }
            _ => plain().filter(|count| own || *count <= MAX_COUNT)?,
        };
        // Reports have no room for a view without a visitor whose reason they do not know.
        (own || self != Withheld || self.name_of(number).is_some()).then_some(Value::count(number))
    }
}

/// A page of a file, which another version or other settings may have written, as visits would be counted under it today: the path in its
/// one form, and what was kept of a query as it is kept.
fn written_one_way(text: &str) -> Option<String> {
    if text == OTHER {
        return Some(text.to_owned());
    }
    // What comes from a program is a page, and no text that a person wrote.
    if !text.starts_with('/') {
        return None;
    }
    let bare = text.split_once('#').map_or(text, |(bare, _)| bare);
    let (path, query) = bare.split_once('?').unwrap_or((bare, ""));
    let mut page = PagePath::parse(path).ok()?.as_str().to_owned();
    let mut mark = '?';
    for (name, value) in parse(query.as_bytes()) {
        page.push(mark);
        page.extend(byte_serialize(name.as_bytes()));
        page.push('=');
        page.extend(byte_serialize(value.as_bytes()));
        mark = '&';
    }
    (page.len() <= MAX_PAGE_BYTES).then_some(page)
}

/// A row of a part as a line.
///
/// # Errors
/// The row is not of that part.
pub fn write(part: &[Column], row: &[Value]) -> Result<String, StorageError> {
    let mut line = String::from("{");
    for (column, value) in part.iter().zip(row) {
        if line.len() > 1 {
            line.push(',');
        }
        let value = column.written(value).ok_or_else(|| StorageError(format!("a stored {} is none", column.name())))?;
        line.push_str(&format!("\"{}\":{value}", column.name()));
    }
    line.push_str("}\n");
    Ok(line)
}

/// A line as the number of its part and a row of it.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn read(line: &str) -> Result<(usize, Vec<Value>), String> {
    read_as(line, false)
}

/// The same of a line that [`write()`] wrote.
///
/// # Errors
/// It did not.
pub fn read_own(line: &str) -> Result<(usize, Vec<Value>), String> {
    read_as(line, true)
}

fn read_as(line: &str, own: bool) -> Result<(usize, Vec<Value>), String> {
    let found = object(line, NAMES)?;
    let has = |column: &Column| found.get(column.at()).is_some_and(Option::is_some);
    let many = found.iter().flatten().count();
    let part =
        PARTS.iter().position(|part| part.len() == many && part.iter().all(has)).ok_or("no line has these names together")?;
    let mut row = Vec::new();
    for column in PARTS.get(part).copied().unwrap_or_default() {
        let text = found.get(column.at()).and_then(Option::as_deref).unwrap_or("");
        row.push(column.read(text, own).ok_or_else(|| format!("{} cannot be {}", column.name(), quoted(text)))?);
    }
    if let (false, [_, Value::Integer(kind), Value::Text(value), _]) = (own, row.as_mut_slice())
        && let Some(kind) = usize::try_from(*kind).ok().and_then(|number| Dimension::ALL.get(number))
    {
        // As visits are stored, so that what is counted from now on stands in the same line.
        *value = kind.folded(value).into_owned();
    }
    Ok((part, row))
}

/// The first line of a file. `id` names this export, so that importing it twice adds it once.
pub fn first_line(site: &str, id: &str, now: &str) -> String {
    format!("{{\"footfall\":{VERSION},\"site\":{},\"id\":{},\"at\":{}}}\n", exact(site), exact(id), exact(now))
}

/// The last line: how many lines there are between it and the first, and how often the tables moved on meanwhile. With 0, all lines
/// are of one moment.
pub fn last_line(lines: u64, changes: u64) -> String {
    format!("{{\"end\":{lines},\"changes\":{changes}}}\n")
}

/// A file on its way in, line by line.
#[derive(Debug, Default)]
pub struct Incoming {
    id: Option<String>,
    /// Lines after the first.
    lines: u64,
    ended: bool,
    sums: Sums,
}

/// The longest id of an import, in bytes.
const MAX_ID_BYTES: usize = 64;

impl Incoming {
    /// Takes whole lines, and leaves those that are rows, each with its end.
    ///
    /// # Errors
    /// What is wrong with the first or the last line, for a person.
    pub fn take(&mut self, text: &str) -> Result<String, String> {
        let mut rows = String::with_capacity(text.len());
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.len() > MAX_LINE_BYTES {
                return Err(format!("over {MAX_LINE_BYTES} bytes in a line"));
            }
            if self.ended {
                return Err("there are lines after the last".to_owned());
            }
            if self.id.is_none() {
                self.id = Some(Self::id_of(line)?);
            } else if line.starts_with("{\"end\"") {
                if object(line, &["end", "changes"])?.first() != Some(&Some(self.lines.to_string())) {
                    return Err(format!("the last line counts other lines than the {} before it", self.lines));
                }
                self.sums.check()?;
                self.ended = true;
            } else {
                self.lines = self.lines.saturating_add(1);
                // The file has one line more in front of these.
                let number = self.lines.saturating_add(1);
                let in_line = |wrong| format!("line {number}: {wrong}");
                let (part, row) = read(line).map_err(in_line)?;
                self.sums.add(PARTS.get(part).copied().unwrap_or_default(), &row, number).map_err(in_line)?;
                rows.push_str(line);
                rows.push('\n');
            }
        }
        Ok(rows)
    }

    /// The export's name, once the first line was taken.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Lines that were taken after the first.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the file was whole.
    ///
    /// # Errors
    /// What is missing, for a person.
    pub fn finish(&self) -> Result<(), String> {
        match (&self.id, self.ended) {
            (None, _) => Err("the file is empty".to_owned()),
            (_, false) => Err("the file breaks off: its last line is missing".to_owned()),
            _ => Ok(()),
        }
    }

    fn id_of(line: &str) -> Result<String, String> {
        let mut said = object(line, &["footfall", "id", "site", "at"])?.into_iter();
        let (version, id) = (said.next().flatten(), said.next().flatten());
        if version.as_deref() != Some(VERSION) {
            return Err(format!("the first line does not say \"footfall\":{VERSION}"));
        }
        let fits = |id: &String| (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        id.filter(fits).ok_or_else(|| "the first line has no id of 1 to 64 visible ASCII characters".to_owned())
    }
}

/// The most different quarters of an hour and days of a file: ten years of them.
const MAX_TIMES: usize = 360_000;

/// The most pages of a file whose lines are compared.
const MAX_COMPARED: usize = 200_000;

/// Views as different lines say them, which must agree. By hour and by day: all views of a page are views of its site. By page: all views
/// of an hour or a day are part of all that it had, unless these were set lower.
#[derive(Debug, Default)]
struct Sums {
    times: HashMap<(bool, u64), Told>,
    /// By the hash of the page.
    pages: HashMap<u64, Total>,
}

/// Views of one page.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    all: u64,
    dated: u64,
    is_lowered: bool,
    /// The line that says `all`, or else the last that says something of it.
    line: u64,
}

/// Views at one time.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    pages: u64,
    site: u64,
    /// The last line that says something of it.
    line: u64,
}

impl Sums {
    fn add(&mut self, part: &[Column], row: &[Value], line: u64) -> Result<(), String> {
        let number =
            |at: usize| row.get(at).and_then(|value| if let Value::Integer(number) = value { Some(*number) } else { None });
        self.add_page(part, row, line);
        let (is_page, at) = match part {
            [Page, Hour | Day, Views, ..] => (true, 1),
            [Hour | Day, Views, ..] => (false, 0),
            _ => return Ok(()),
        };
        let count = |at| number(at).and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        let (time, views) = (count(at), count(at.saturating_add(1)));
        let key = (part.get(at) == Some(&Hour), time);
        if self.times.len() >= MAX_TIMES && !self.times.contains_key(&key) {
            return Err(format!("over {MAX_TIMES} different times in a file"));
        }
        let sums = self.times.entry(key).or_default();
        sums.line = line;
        let sum = if is_page { &mut sums.pages } else { &mut sums.site };
        *sum = sum.saturating_add(views);
        Ok(())
    }

    /// What cannot be together, by the line that comes first.
    fn check(&self) -> Result<(), String> {
        let wrong = self.times.iter().filter(|(_, told)| told.pages > told.site).min_by_key(|(_, told)| told.line);
        let Some((&(is_hour, time), Told { pages, site, line })) = wrong else { return self.check_pages() };
        let column = if is_hour { Hour } else { Day };
        let time = column.written(&Value::count(time)).unwrap_or_default();
        Err(format!("line {line}: the pages of {time} have {pages} views, and the site has {site}"))
    }

    fn add_page(&mut self, part: &[Column], row: &[Value], line: u64) {
        let (Some(Value::Text(page)), [Page, rest @ ..]) = (row.first(), part) else { return };
        let mut hasher = SipHasher24::new();
        hasher.write(page.as_bytes());
        let page = hasher.finish();
        if self.pages.len() >= MAX_COMPARED && !self.pages.contains_key(&page) {
            return;
        }
        let total = self.pages.entry(page).or_default();
        let number = |at: usize| match row.get(at) {
            Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        match rest {
            [Views] => {
                total.all = total.all.saturating_add(number(1));
                total.line = line;
            }
            [Hour | Day, Views, ..] => {
                total.dated = total.dated.saturating_add(number(2));
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
            Some(Total { all, dated, line, .. }) => Err(format!(
                "line {line}: its page has {all} views in all, and {dated} by hour and day; if they were set lower, a line says \"lowered\":1 of it"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let (part, row) = read(line).unwrap();
        write(PARTS[part], &row).unwrap().trim_end().to_owned()
    }

    #[test]
    fn every_kind_of_line_is_read_as_it_is_written() {
        for (part, line) in [
            r#"{"page":"/a \"é\\","views":12}"#,
            r#"{"page":"/a","hour":"2026-11-22T07Z","views":3,"visitors":2,"newcomers":1}"#,
            r#"{"page":"(other)","day":"2026-08-01","views":3,"visitors":0}"#,
            r#"{"hour":"2026-11-22T23Z","views":3,"visitors":2,"newcomers":1}"#,
            r#"{"day":"2026-08-01","views":3,"visitors":2}"#,
            r#"{"day":"2026-11-22","visitors":17}"#,
            r#"{"day":"2026-11-22","withheld":"crowded","views":3}"#,
            r#"{"day":"2026-11-22","kind":"country","value":"DE","views":3}"#,
            r#"{"day":"2026-11-22","excluded":"bot","visits":1000000000000}"#,
            r#"{"page":"/a","lowered":1}"#,
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!((read(line).unwrap().0, rewritten(line).as_str()), (part, line));
        }
        assert_eq!(
            rewritten(r#"{"visits":1,"excluded":77,"day":"2026-11-22"}"#),
            r#"{"day":"2026-11-22","excluded":77,"visits":1}"#
        );
    }

    #[test]
    fn what_no_table_could_hold_is_refused() {
        for (line, complaint) in [
            ("{}", "no line has these names together"),
            (r#"{"page":"/a"}"#, "no line has these names together"),
            (r#"{"page":"/a","views":1,"kind":null}"#, ""),
            (r#"{"page":"a","views":1}"#, "page cannot be \"a\""),
            (r#"{"page":"/\u0000","views":1}"#, ""),
            (r#"{"page":"/a","views":-1}"#, "`views` is the number -1, and has to be a text or a whole number"),
            (r#"{"page":"/a","views":1.5}"#, "`views` is the number 1.5, and has to be a text or a whole number"),
            (r#"{"page":"/a","views":1000000000001}"#, "views cannot be \"1000000000001\""),
            (r#"{"day":"2026-02-30","visitors":1}"#, "day cannot be \"2026-02-30\""),
            (r#"{"hour":"2026-11-22T24Z","views":3,"visitors":2,"newcomers":1}"#, "hour cannot be \"2026-11-22T24Z\""),
            (r#"{"hour":"2026-11-22T7Z","views":3,"visitors":2,"newcomers":1}"#, "hour cannot be \"2026-11-22T7Z\""),
            (r#"{"day":"2026-11-22","excluded":"whim","visits":1}"#, "excluded cannot be \"whim\""),
            (r#"{"day":"2026-11-22","kind":"country","value":"","views":3}"#, "value cannot be \"\""),
            (r#"{"page":"/a","views":1,"colour":"red"}"#, "there is no field \"colour\""),
            ("[]", "this is a list, and has to be an object in braces"),
        ] {
            let read = read(line);
            if complaint.is_empty() {
                assert!(read.is_ok(), "{line}")
            } else {
                assert_eq!(read, Err(complaint.to_owned()), "{line}")
            }
        }
    }

    #[test]
    fn a_file_is_whole_or_not_at_all() {
        let whole = format!("{}{{\"page\":\"/a\",\"views\":1}}\n\n{}", first_line("a\"b", "x1", "now"), last_line(1, 0));
        for cut in 0..=whole.len() {
            let mut file = Incoming::default();
            let first = whole.get(..cut).unwrap();
            let taken = file.take(first);
            let done = taken.is_ok() && file.finish().is_ok();
            assert_eq!(done, cut >= whole.trim_end().len(), "{first}");
        }
        let mut file = Incoming::default();
        assert_eq!(file.take(&whole).unwrap(), "{\"page\":\"/a\",\"views\":1}\n");
        assert_eq!((file.id(), file.lines()), (Some("x1"), 1));
        assert!(file.take("{}").is_err(), "nothing comes after the last line");
        let wrong = |text: &str| Incoming::default().take(text).unwrap_err();
        assert!(wrong("{\"footfall\":2,\"id\":\"x\"}").contains("\"footfall\":1"));
        assert!(wrong("{\"footfall\":1}").contains("id"));
        assert!(wrong(&format!("{}{}", first_line("a", "x", ""), last_line(1, 0))).contains("counts other lines"));
        assert!(wrong(&"x".repeat(MAX_LINE_BYTES + 1)).contains("bytes in a line"));
    }
}
