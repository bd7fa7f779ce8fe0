//! What a line of the file may say: its columns, their names, and their values as JSON.

use crate::counting::ledger::quarters::{DAY, HOUR};
use crate::counting::model::date::{date_of, parse_date};
use crate::counting::model::dimension::Dimension;
use crate::counting::model::dimensions::is_value;
use crate::counting::model::limits::OTHER;
use crate::counting::model::page::{MAX_PAGE_BYTES, Page as PagePath};
use crate::counting::model::reason::Reason;
use crate::counting::storage::Value;
use crate::counting::text::json::exact;
use form_urlencoded::{byte_serialize, parse};

/// The highest count in a line, and the highest sum of the counts that a site imports: a million million. Sums stay exact up to 9,000
/// times that.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// The names of the numbers in the table `withheld`: why a view has no visitor.
const WITHHELD: [&str; 5] = ["opted_out", "no_salt", "no_address", "full", "crowded"];

/// One thing that a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A page, or [`OTHER`].
    Page,
    /// A quarter of an hour (UTC), named by its beginning: `2026-11-22T13:15Z`. `2026-11-22T13Z` is the first quarter of its hour.
    Hour,
    /// A day (UTC): `2026-11-22`.
    Day,
    /// Views.
    Views,
    /// Visitors of the hour in a line that has one, else of the day.
    Visitors,
    /// Visitors of the hour who are new on its day.
    Newcomers,
    /// Why views have no visitor.
    Withheld,
    /// The kind of a detail.
    Kind,
    /// The value of a detail.
    Value,
    /// Why visits were not counted.
    Excluded,
    /// How many visits were not counted.
    Visits,
    /// The owner set the views of a page lower than they were, so its hours and days may add up to more.
    Lowered,
}

use Column::{Day, Excluded, Hour, Lowered, Newcomers, Page, Views, Visitors, Visits, Withheld};

/// The names of all columns, in the order of [`Column::at`].
pub(crate) const NAMES: &[&str] =
    &["page", "hour", "day", "views", "visitors", "newcomers", "withheld", "kind", "value", "excluded", "visits", "lowered"];

/// The parts of a file, in their order. All lines of a part have the same columns: first those of the key, then the counts.
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
    /// Whether it belongs to the key of its line.
    pub(crate) fn is_key(self) -> bool {
        !matches!(self, Views | Visitors | Newcomers | Visits | Lowered)
    }

    /// Whether the tables store it as text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Page | Self::Value)
    }

    /// Its place in [`NAMES`].
    pub(crate) fn at(self) -> usize {
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

    /// Its name in a line.
    pub(crate) fn name(self) -> &'static str {
        NAMES.get(self.at()).copied().unwrap_or("")
    }

    /// The name of a stored number, in a column whose numbers have names.
    fn name_of(self, number: u64) -> Option<&'static str> {
        let number = usize::try_from(number).ok()?;
        match self {
            Withheld => WITHHELD.get(number).copied(),
            Self::Kind => Dimension::ALL.get(number).map(|kind| kind.name()),
            Excluded => Reason::ALL.get(number).map(|reason| reason.name()),
            _ => None,
        }
    }

    /// A stored value as JSON; `None` if this column cannot hold it.
    pub(crate) fn json_of(self, value: &Value) -> Option<String> {
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
            // A number that only a later version has a name for is written as it is.
            Withheld | Self::Kind | Excluded => {
                self.name_of(number).map_or_else(|| number.to_string(), |name| format!("\"{name}\""))
            }
            _ => number.to_string(),
        })
    }

    /// The value that a text of the file stands for; `None` if it stands for none. With `trusted`, the text comes from these very tables and
    /// is taken as it is. Without, it must keep to the rules of what is counted.
    pub(crate) fn value_of(self, text: &str, trusted: bool) -> Option<Value> {
        let day = |text: &str| parse_date(text).map(u64::from);
        let plain = || text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
        let number = match self {
            Page | Self::Value if trusted => return Some(Value::Text(text.to_owned())),
            Page => return page_of_file(text).map(Value::Text),
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
            _ => plain().filter(|count| trusted || *count <= MAX_COUNT)?,
        };
        // Reports only have room for the reasons that they know.
        (trusted || self != Withheld || self.name_of(number).is_some()).then_some(Value::count(number))
    }
}

/// The page that visits of this path are counted under today, whatever version or settings wrote the file: the path in its one form, and
/// the query encoded as [`KeptQuery`](crate::counting::model::page::KeptQuery) encodes it.
fn page_of_file(text: &str) -> Option<String> {
    if text == OTHER {
        return Some(text.to_owned());
    }
    // A program wrote the file, so a text without the slash is an error and not a page that lacks one.
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
