//! GoatCounter: `/count`, which its script calls, and `/counter/PATH.json`.

use super::JSON;
use crate::counting::badge::grouped;
use crate::counting::endpoint::Failure;
use crate::counting::error::Refusal;
use crate::counting::json::exact;
use crate::counting::page::{KeptQuery, Page};
use crate::counting::reply::{Reply, read_failed, text};
use crate::counting::route::Query;

/// A view as GoatCounter's script tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The page.
    pub page: Page,
    /// The URL of the page before, or nothing.
    pub referrer: String,
    /// The query of the page, for campaigns.
    pub query: String,
    /// Whether the script took the browser for a bot.
    pub bot: bool,
}

/// Reads the query of `/count`. Titles and sizes of screens are read by nobody.
///
/// # Errors
/// [`Refusal`].
pub fn count(query: &str, kept: &KeptQuery) -> Result<Seen, Refusal> {
    let query = Query::read(query, &["p", "r", "t", "e", "q", "s", "b", "rnd"])?;
    let said = |name| query.get(name).unwrap_or("");
    if !matches!(said("e"), "" | "0" | "false" | "off") {
        return Err(Refusal::Parameter("e", "nothing or false: events are not counted"));
    }
    let page = match said("p") {
        "" => Page::root(),
        path if path.starts_with('/') => kept.page(path).map_err(Refusal::Page)?,
        path => kept.page(&format!("/{path}")).map_err(Refusal::Page)?,
    };
    let campaign = said("q").trim_start_matches('?').to_owned();
    let bot = said("b").parse().is_ok_and(|reason: u32| reason > 0);
    Ok(Seen { page, referrer: said("r").to_owned(), query: campaign, bot })
}

/// Reads what follows `/counter/`: a page, or none for the whole site.
///
/// # Errors
/// [`Refusal`].
pub fn counter(rest: &str, query: &str, kept: &KeptQuery) -> Result<Option<Page>, Refusal> {
    Query::read(query, &["rnd"])?;
    let path = rest.strip_suffix(".json").ok_or(Refusal::UnknownPath)?;
    if path == "TOTAL" {
        return Ok(None);
    }
    // A path in a path is often written with its slashes encoded, and its query, too.
    let path = decoded(path);
    kept.page(&format!("/{}", path.trim_start_matches('/'))).map(Some).map_err(Refusal::Page)
}

/// A path with `/`, `?`, `&` and `=` decoded. Not by `str::replace`: the search for a text is 3 KB of WebAssembly, and nothing else needs it.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or(("", part));
        let mark = match digits {
            "2F" | "2f" => '/',
            "3F" | "3f" => '?',
            "26" => '&',
            "3D" | "3d" => '=',
            _ => '%',
        };
        decoded.push(mark);
        decoded.push_str(if mark == '%' { part } else { rest });
    }
    decoded
}

/// The answer to `/counter/PATH.json`.
pub fn counted(views: &Result<u64, Failure>) -> Reply {
    match views {
        Err(failure) => read_failed(failure),
        Ok(views) => {
            let count = exact(&grouped(*views));
            text(if *views == 0 { 404 } else { 200 }, JSON, format!("{{\"count\":{count},\"count_unique\":{count}}}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_its_script_sends_is_read() {
        let count = |query: &str| count(query, &KeptQuery::default());
        let told = count("p=%2Fa%2F%3Fx&r=https%3A%2F%2Fnews.example%2F&t=Title&s=1920%2C1080%2C1&q=%3Futm_source%3Dx&b=0&rnd=9");
        let told = told.unwrap();
        assert_eq!(
            (told.page.as_str(), told.referrer.as_str(), told.query.as_str(), told.bot),
            ("/a", "https://news.example/", "utm_source=x", false)
        );
        assert_eq!(count("p=a").unwrap().page.as_str(), "/a");
        assert!(count("p=/&b=150").unwrap().bot && count("").unwrap().page == Page::root());
        assert!(matches!(count("p=click&e=true"), Err(Refusal::Parameter("e", _))));
        assert!(matches!(count("p=/%07"), Err(Refusal::Page(_))));
    }

    #[test]
    fn a_counter_is_of_a_page_or_of_the_site() {
        let counter = |path: &str| counter(path, "rnd=1", &KeptQuery::default());
        assert_eq!(counter("TOTAL.json"), Ok(None));
        for path in ["/a/b.json", "a/b.json", "%2Fa%2Fb.json", "%2fa%2fb.json", "/a/b/.json"] {
            assert_eq!(counter(path), Ok(Some(Page::parse("/a/b").unwrap())), "{path}");
        }
        let kept = KeptQuery::parse("id,p").unwrap();
        let queried = super::counter("a%3Fid%3D3%26p=x.json", "", &kept);
        assert_eq!(queried, Ok(Some(kept.page("/a?id=3&p=x").unwrap())));
        assert_eq!(counter("caf%C3%A9.json"), Ok(Some(Page::parse("/café").unwrap())));
        assert_eq!(counter("a.svg"), Err(Refusal::UnknownPath));
        let period = super::counter("a.json", "start=2026-01-01", &KeptQuery::default());
        assert!(matches!(period, Err(Refusal::UnknownParameter { .. })), "no number of a period is invented");
    }

    #[test]
    fn numbers_are_written_as_they_were_there() {
        let counter: serde_json::Value = serde_json::from_str(&counted(&Ok(1234)).body).unwrap();
        assert_eq!(counter["count"], "1\u{202f}234");
        assert_eq!((counted(&Ok(0)).status, counted(&Err(Failure::Busy { retry_after: 3 })).status), (404, 503));
    }
}
