//! GoatCounter: `/count`, which its script calls, and `/counter/PATH.json` and its pictures.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::badge::glyphs::grouped;
use crate::counting::http::compat::picture::Picture;
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{Reply, json_reply};
use crate::counting::model::date::{Day, date_of, parse_date};
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::referrers::campaign::{campaign_of, completed};
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::url::path_and_query;
use serde::Serialize;

/// A view that GoatCounter's script reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoatCounterHit {
    /// The page.
    pub page: Page,
    /// The URL of the page that linked here, or empty.
    pub referrer: String,
    /// The query of the page, which may name a campaign.
    pub query: String,
    /// The query inside the path that was sent. Some pages have it there.
    pub path_query: String,
    /// Whether the script recognised a bot.
    pub bot: bool,
    /// Whether it is an event, which is no view.
    pub event: bool,
    /// The visit id, if Footfall's own `count.js` sent it.
    pub id: Option<VisitId>,
}

/// Reads the query of `/count`. It ignores titles and sizes of screens.
///
/// # Errors
/// [`Refusal`] if a parameter is wrong.
pub(crate) fn read_goatcounter_hit(query: &str, kept: &KeptQuery) -> Result<GoatCounterHit, Refusal> {
    let query = Query::read(query, &["p", "r", "t", "e", "q", "s", "b", "rnd", "ns", "id"])?;
    let said = |name| query.get(name).unwrap_or("");
    let event = !matches!(said("e"), "" | "0" | "false" | "off");
    let page = if event { Page::root() } else { page(said("p"), kept)? };
    let path_query = query_of(said("p"));
    let campaign = said("q").trim_start_matches('?').to_owned();
    let bot = said("b").parse().is_ok_and(|reason: u32| reason > 0);
    let id = query.get("id").map(|id| VisitId::parse(id).map_err(Refusal::Id)).transpose()?;
    Ok(GoatCounterHit { page, referrer: said("r").to_owned(), query: campaign, path_query, bot, event, id })
}

impl GoatCounterHit {
    /// Source, medium and campaign.
    pub(crate) fn campaign(&self) -> [String; 3] {
        completed(campaign_of(&self.query), &self.path_query)
    }
}

/// The query of a path.
pub(crate) fn query_of(path: &str) -> String {
    path_and_query(path).1.to_owned()
}

pub(crate) fn page(path: &str, kept: &KeptQuery) -> Result<Page, Refusal> {
    let slash = if path.starts_with('/') { "" } else { "/" };
    kept.page(&format!("{slash}{path}")).map_err(Refusal::Page)
}

/// A request for the views of a page or a site: `/counter/PATH.json` and its pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoatCounterRequest {
    /// The page. `None` means the whole site.
    pub page: Option<Page>,
    /// The format of the answer, from the end of the path.
    pub format: GoatCounterFormat,
    /// The first day of the period, as it was sent.
    start: Option<String>,
    /// The last day.
    end: Option<Day>,
    brand: bool,
    style: String,
}

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoatCounterFormat {
    /// `{"count":"1","count_unique":"1"}`
    Json,
    /// A document.
    Html,
    /// An SVG picture.
    Svg,
    /// A PNG picture.
    Png,
}

/// The refusal of a wrong `start`.
const START: Refusal = Refusal::Parameter("start", "a date such as 2026-11-22, or week, month, year");

/// The longest CSS, in bytes. Longer CSS is ignored.
const MAX_STYLE: usize = 4_096;

/// Reads the part of a path after `/counter/`, and the query. `TOTAL` in the place of a page means the whole site.
///
/// # Errors
/// [`Refusal::UnknownPath`] if the path has no known ending; other [`Refusal`]s if the page or a parameter is wrong.
pub(crate) fn read_goatcounter_request(rest: &str, query: &str, kept: &KeptQuery) -> Result<GoatCounterRequest, Refusal> {
    let (path, format) = rest.rsplit_once('.').ok_or(Refusal::UnknownPath)?;
    let format = match format {
        "json" => GoatCounterFormat::Json,
        "html" => GoatCounterFormat::Html,
        "svg" => GoatCounterFormat::Svg,
        "png" => GoatCounterFormat::Png,
        _ => return Err(Refusal::UnknownPath),
    };
    let query = Query::read(query, &["rnd", "start", "end", "no_branding", "style"])?;
    // Clients often encode the slashes and the query of a path inside a path.
    let page = match path {
        "TOTAL" => None,
        path => Some(page(decoded(path).trim_start_matches('/'), kept)?),
    };
    let start = query.get("start").filter(|start| !start.is_empty()).map(str::to_owned);
    let named = start.as_deref().is_none_or(|start| matches!(start, "week" | "month" | "year") || parse_date(start).is_some());
    let end = match query.get("end") {
        None | Some("") => None,
        Some(day) => Some(parse_date(day).ok_or(Refusal::Parameter("end", "a date such as 2026-11-22"))?),
    };
    if !named {
        return Err(START);
    }
    let style = query.get("style").filter(|style| style.len() <= MAX_STYLE).unwrap_or("").to_owned();
    Ok(GoatCounterRequest { page, format, start, end, brand: query.get("no_branding").unwrap_or("").is_empty(), style })
}

impl GoatCounterRequest {
    /// The query of a summary for the period, or `None` if the request names no period.
    ///
    /// # Errors
    /// [`Refusal::Parameter`] if the period ends before it begins.
    pub(crate) fn period(&self, today: Day) -> Result<Option<String>, Refusal> {
        let ago = |days: Day| today.saturating_sub(days);
        let start = match self.start.as_deref() {
            None if self.end.is_none() => return Ok(None),
            // The longest period of a report.
            None => self.end.unwrap_or(today).saturating_sub(3_659),
            Some("week") => ago(7),
            Some("month") => ago(30),
            Some("year") => ago(365),
            Some(day) => parse_date(day).ok_or(START)?,
        };
        let end = self.end.unwrap_or(today);
        if end < start {
            return Err(Refusal::Parameter("end", "the day of `start` or a later one"));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &date_of(start)).append_pair("to", &date_of(end));
        if let Some(page) = &self.page {
            query.append_pair("page", page.as_str());
        }
        Ok(Some(query.finish()))
    }

    /// The answer. As at GoatCounter, a page without views is 404, with the number 0.
    pub(crate) fn answer(&self, views: &Result<u64, Failure>) -> Reply {
        let views = match views {
            Err(failure) => return read_failed(failure),
            Ok(views) => *views,
        };
        let status = if views == 0 { 404 } else { 200 };
        let number = grouped(views);
        let picture = Picture { number: &number, page: self.page.is_some(), brand: self.brand, style: &self.style };
        match self.format {
            GoatCounterFormat::Html => picture.html(status),
            GoatCounterFormat::Svg => picture.svg(status),
            GoatCounterFormat::Png => picture.png(status),
            GoatCounterFormat::Json => json_reply(status, &CountBody { count: &number, count_unique: &number }),
        }
    }
}

#[derive(Serialize)]
struct CountBody<'a> {
    count: &'a str,
    count_unique: &'a str,
}

/// Decodes `/`, `?`, `&` and `=` in a path. It does not use [`percent_encoding`], which decodes everything: [`Page`] decides about the rest.
fn decoded(path: &str) -> String {
    [("%2F", "/"), ("%2f", "/"), ("%3F", "?"), ("%3f", "?"), ("%26", "&"), ("%3D", "="), ("%3d", "=")]
        .iter()
        .fold(path.to_owned(), |path, (encoded, mark)| path.replace(encoded, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_script_sends_is_read() {
        let count = |query: &str| read_goatcounter_hit(query, &KeptQuery::default());
        let told = count("p=%2Fa%2F%3Fx&r=https%3A%2F%2Fnews.example%2F&t=Title&s=1920%2C1080%2C1&q=%3Futm_source%3Dx&b=0&rnd=9");
        let told = told.unwrap();
        assert_eq!(
            (told.page.as_str(), told.referrer.as_str(), told.query.as_str(), told.bot),
            ("/a", "https://news.example/", "utm_source=x", false)
        );
        assert_eq!(count("p=a").unwrap().page.as_str(), "/a");
        assert!(count("p=/&b=150").unwrap().bot && count("").unwrap().page == Page::root());
        assert!(count("p=click-%07&e=true").unwrap().event, "an event has any name");
        assert_eq!(count("p=/&id=a1").unwrap().id, Some(VisitId::parse("a1").unwrap()));
        assert_eq!(count("p=/%07").unwrap().page.as_str(), "/%07");
        assert_eq!(count("p=/a&ns=true&rnd=x&_=1&nope=%ff").unwrap().page.as_str(), "/a");
    }

    #[test]
    fn a_counter_is_of_a_page_or_of_the_site() {
        let counter = |path: &str| read_goatcounter_request(path, "rnd=1", &KeptQuery::default()).map(|counter| counter.page);
        assert_eq!(counter("TOTAL.json"), Ok(None));
        for path in ["/a/b.json", "a/b.json", "%2Fa%2Fb.json", "%2fa%2fb.json", "/a/b/.json"] {
            assert_eq!(counter(path), Ok(Some(Page::parse("/a/b").unwrap())), "{path}");
        }
        let kept = KeptQuery::parse("id,p").unwrap();
        let queried = read_goatcounter_request("a%3Fid%3D3%26p=x.json", "", &kept);
        assert_eq!(queried.unwrap().page, Some(kept.page("/a?id=3&p=x").unwrap()));
        assert_eq!(counter("caf%C3%A9.json"), Ok(Some(Page::parse("/café").unwrap())));
        assert_eq!(counter("a.gif"), Err(Refusal::UnknownPath));
    }

    #[test]
    fn a_period_is_asked_as_a_summary_is() {
        let today = parse_date("2026-11-25").unwrap();
        let period = |query: &str| {
            read_goatcounter_request("a.json", query, &KeptQuery::default()).and_then(|counter| counter.period(today))
        };
        let asked = |from: &str, to: &str| Ok(Some(format!("from={from}&to={to}&page=%2Fa")));
        assert_eq!(period("style=x&no_branding=1"), Ok(None));
        assert_eq!(period("start=week"), asked("2026-11-18", "2026-11-25"));
        assert_eq!(period("start=2026-11-01&end=2026-11-03"), asked("2026-11-01", "2026-11-03"));
        assert_eq!(period("end=2026-11-03"), asked("2016-10-27", "2026-11-03"));
        for wrong in ["start=today", "end=soon", "start=2026-11-03&end=2026-11-02", "start=2026-02-30"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_were_there() {
        let asked = read_goatcounter_request("a.json", "", &KeptQuery::default()).unwrap();
        assert_eq!(asked.answer(&Ok(1234)).body, "{\"count\":\"1\u{202f}234\",\"count_unique\":\"1\u{202f}234\"}");
        assert_eq!((asked.answer(&Ok(0)).status, asked.answer(&Err(Failure::Busy { retry_after: 3 })).status), (404, 503));
    }
}
