//! Reads the path and the query of a request for a report.

use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::stats::compare::Compare;
use crate::counting::http::stats::plan::{By, DEFAULT_LIMIT, Stats, What};
use crate::counting::http::stats::week::Week;
use crate::counting::model::dimension::Dimension;
use crate::counting::model::dimensions::is_value;
use crate::counting::model::page::KeptQuery;
use crate::counting::protocol::report::MAX_NAMES;
use std::sync::OnceLock;

/// The longest name of a time zone, in bytes. Real ones are shorter; this keeps nonsense from the platform.
const MAX_ZONE_BYTES: usize = 64;

/// All parameters except those that are named like a dimension.
const NAMES: [&str; 12] = ["from", "to", "by", "tz", "week", "compare", "limit", "offset", "q", "page", "format", "only"];

/// The largest `offset`, in lines: more than any list has.
const MAX_SKIPPED: u32 = 10_000_000;

/// The longest text to search names for, in bytes.
const MAX_PART_BYTES: usize = 200;

/// What is allowed for a parameter that only lists have.
const LISTED: &str = "only in a list, such as pages or referrers";

/// What is allowed for a filter.
const FILTERED: &str = "only in a summary or a series";

/// Reads what follows `/api/sites/`, such as `blog/pages`, and the query.
///
/// # Errors
/// [`Refusal`] for an unknown path or a wrong query.
pub fn read(path: &str, query: &str, kept: &KeptQuery) -> Result<Stats, Refusal> {
    let (site, what) = path.split_once('/').ok_or(Refusal::UnknownPath)?;
    let names: Vec<&'static str> = NAMES.into_iter().chain(Dimension::ALL.map(Dimension::name)).collect();
    let query = Query::read(query, &names)?;
    // Words may be in any case.
    let word = |name| query.get(name).map(str::to_ascii_lowercase);
    let what = self::what(what, word("by").as_deref())?;
    let page = query.page(kept)?;
    if page.is_some() && !matches!(what, What::Summary | What::Series(_)) {
        return Err(Refusal::Parameter("page", FILTERED));
    }
    let value = value(&query, what)?;
    let limit = match query.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => match text.parse() {
            Ok(limit @ 1..=MAX_NAMES) => limit,
            _ => return Err(Refusal::Parameter("limit", "a whole number from 1 to 10001")),
        },
    };
    let is_list = matches!(what, What::Pages | What::Totals | What::Details(_));
    let skip = match query.get("offset") {
        None => 0,
        Some(_) if !is_list => return Err(Refusal::Parameter("offset", LISTED)),
        Some(text) => match text.parse() {
            Ok(skip @ 0..=MAX_SKIPPED) => skip,
            _ => return Err(Refusal::Parameter("offset", "a whole number from 0 to 10000000")),
        },
    };
    let part = match query.get("q") {
        None => String::new(),
        Some(_) if !is_list => return Err(Refusal::Parameter("q", LISTED)),
        Some(text) if text.len() > MAX_PART_BYTES => return Err(Refusal::Parameter("q", "a text of at most 200 bytes")),
        Some(text) => text.to_ascii_lowercase(),
    };
    let csv = match word("format").as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Refusal::Parameter("format", "json, csv")),
    };
    let (from, to, tz) = (query.day("from")?, query.day("to")?, zone(query.get("tz"))?);
    let week = query.get("week").map_or(Ok(Week::From(1)), week)?;
    let compare = match query.get("compare") {
        Some(_) if what != What::Summary => return Err(Refusal::Parameter("compare", "only in a summary")),
        Some(name) => Some(Compare::named(name).ok_or(Refusal::Parameter("compare", Compare::NAMES))?),
        None => None,
    };
    Ok(Stats { site: site.to_owned(), what, page, value, from, to, tz, week, compare, part, skip, limit, csv })
}

fn what(what: &str, by: Option<&str>) -> Result<What, Refusal> {
    const BY: Refusal = Refusal::Parameter("by", "only in a series, and in the lists of referrers and campaigns");
    let without_by = |what| if by.is_none() { Ok(what) } else { Err(BY) };
    match (what, by) {
        ("summary", _) => without_by(What::Summary),
        ("series", Some("hour")) => Ok(What::Series(By::Hour)),
        ("series", None | Some("day")) => Ok(What::Series(By::Day)),
        ("series", Some("week")) => Ok(What::Series(By::Week)),
        ("series", Some("month")) => Ok(What::Series(By::Month)),
        ("series", Some(_)) => Err(Refusal::Parameter("by", "hour, day, week, month")),
        ("pages", _) => without_by(What::Pages),
        ("totals", _) => without_by(What::Totals),
        ("excluded", _) => without_by(What::Excluded),
        (list, _) if !Dimension::is_list(list) => Err(Refusal::UnknownPath),
        (list, by) => match (Dimension::of_list(list, by), Dimension::by_words(list)) {
            (Some(dimension), _) => Ok(What::Details(dimension)),
            (None, Some(words)) => Err(Refusal::Parameter("by", words)),
            (None, None) => Err(BY),
        },
    }
}

/// The dimension and the value that a summary or a series is limited to, if any.
fn value(query: &Query, what: What) -> Result<Option<(Dimension, String)>, Refusal> {
    let only = query.get("only").map(only).transpose()?;
    let named = Dimension::ALL.into_iter().filter_map(|kind| query.get(kind.name()).map(|value| (kind.name(), kind, value)));
    let mut found = None;
    for (parameter, kind, value) in only.into_iter().chain(named) {
        let wrong = |allowed| Err(Refusal::Parameter(parameter, allowed));
        if found.is_some() || query.get("page").is_some() {
            return wrong("only one filter: page, only, or one that is named like a dimension");
        }
        match what {
            What::Summary | What::Series(By::Day | By::Week | By::Month) => {}
            What::Series(By::Hour) => {
                return Err(Refusal::Parameter(
                    "by",
                    "day, week, month with a filter other than page, as its views are kept by day",
                ));
            }
            _ => return wrong(FILTERED),
        }
        if !is_value(value) {
            return wrong("a text of 1 to 100 bytes without control characters");
        }
        found = Some((kind, kind.stored(value).map_err(|allowed| Refusal::Parameter(parameter, allowed))?));
    }
    Ok(found)
}

/// The dimension and the value of `KIND:VALUE`. Tools that clean addresses of tracking remove parameters such as `referrer` and `source` by
/// their names; the answer would then be the one to another question.
fn only(text: &str) -> Result<(&'static str, Dimension, &str), Refusal> {
    static ALLOWED: OnceLock<String> = OnceLock::new();
    let found = text.split_once(':').and_then(|(name, value)| Some(("only", Dimension::named(name)?, value)));
    found.ok_or_else(|| {
        let allowed =
            ALLOWED.get_or_init(|| format!("KIND:VALUE, such as referrer:news.example; KIND is one of {}", Dimension::names()));
        Refusal::Parameter("only", allowed)
    })
}

/// Checks the name of a time zone. `UTC` becomes none.
fn zone(tz: Option<&str>) -> Result<Option<String>, Refusal> {
    match tz {
        None | Some("UTC") => Ok(None),
        Some(tz) if tz.len() <= MAX_ZONE_BYTES && tz.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b)) => {
            Ok(Some(tz.to_owned()))
        }
        Some(_) => Err(ZONE),
    }
}

/// The days of a week in the order of ISO 8601.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads the day on which weeks begin: its name, its number, `iso`, or a language.
fn week(text: &str) -> Result<Week, Refusal> {
    let name = text.to_ascii_lowercase();
    for (day, number) in WEEKDAYS.into_iter().zip(1_u8..) {
        if name == day || name == number.to_string() {
            return Ok(Week::From(number));
        }
    }
    if name == "iso" {
        return Ok(Week::From(1));
    }
    // A language begins with two or three letters (BCP 47), so a misspelt weekday is none.
    let first = text.split('-').next().unwrap_or("");
    let is_language =
        (2..=3).contains(&first.len()) && text.len() <= 35 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_language { Ok(Week::Of(text.to_owned())) } else { Err(WEEK) }
}

/// The refusal of an unknown beginning of weeks.
pub(crate) const WEEK: Refusal =
    Refusal::Parameter("week", "iso, the day on which weeks begin from monday to sunday, or a language such as en-US");

/// The refusal of an unknown time zone.
pub(crate) const ZONE: Refusal = Refusal::Parameter("tz", "the name of a time zone such as Europe/Berlin, or UTC");
