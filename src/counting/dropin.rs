//! The routes of counters that people leave, so that their snippets work with another host: CountAPI and Abacus, GoatCounter.
//! `docs/moving.md` says what is served and what differs.

use super::badge::grouped;
use super::endpoint::Failure;
use super::error::Refusal;
use super::json::exact;
use super::page::Page;
use super::reply::{Reply, read_failed, text};
use super::route::Query;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropIn {
    /// `/hit/NAMESPACE/KEY`: count one, say how many.
    Hit(Key),
    /// `/get/NAMESPACE/KEY`: say how many.
    Get(Key),
    /// GoatCounter's `/count`: count one, answer with a picture.
    Count(Box<Seen>),
    /// GoatCounter's `/counter/PATH.json`: say how many, of the site if there is no page.
    Counter(Option<Page>),
}

/// A counter of CountAPI or Abacus: the namespace is a site, the key a page of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The site's name.
    pub site: String,
    /// The page `/KEY`.
    pub page: Page,
    /// How the number is written.
    pub form: Form,
}

/// How a number is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"value":1}`
    Json,
    /// What shields.io reads of an endpoint.
    Shield,
    /// A call of this function with the JSON.
    Script(String),
}

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

/// The longest name of a function, in bytes.
const MAX_CALLBACK: usize = 64;

/// Reads a path whose first part is `first`, and a query.
///
/// # Errors
/// [`Refusal`] for a path that is none of these, or a wrong query.
pub fn read(first: &str, rest: &str, query: &str) -> Result<DropIn, Refusal> {
    match first {
        "hit" => key(rest, query).map(DropIn::Hit),
        "get" => key(rest, query).map(DropIn::Get),
        "counter" => counter(rest, query).map(DropIn::Counter),
        _ => Err(Refusal::UnknownPath),
    }
}

fn key(rest: &str, query: &str) -> Result<Key, Refusal> {
    let query = Query::read(query, &["callback"])?;
    let (rest, shield) = rest.strip_suffix("/shield").map_or((rest, false), |rest| (rest, true));
    // CountAPI takes a key alone: of the namespace `default`.
    let (site, key) = rest.split_once('/').unwrap_or(("default", rest));
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if key.is_empty() || key.len() > 64 || !key.bytes().all(known) {
        return Err(Refusal::Parameter("key", "1 to 64 characters of A-Z a-z 0-9 _ - ."));
    }
    let form = match query.get("callback") {
        None if shield => Form::Shield,
        None => Form::Json,
        Some(name) if is_function(name) => Form::Script(name.to_owned()),
        Some(_) => return Err(Refusal::Parameter("callback", "the name of a function, such as my.callback_1")),
    };
    let page = Page::parse(&format!("/{key}")).map_err(Refusal::Page)?;
    Ok(Key { site: site.to_ascii_lowercase(), page, form })
}

/// Names with points between them. Nothing else may stand in front of the brackets that follow.
fn is_function(name: &str) -> bool {
    let word = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
    };
    name.len() <= MAX_CALLBACK && name.split('.').all(word)
}

/// Reads the query of `/count`. Titles and sizes of screens are read by nobody.
///
/// # Errors
/// [`Refusal`].
pub fn count(query: &str) -> Result<DropIn, Refusal> {
    let query = Query::read(query, &["p", "r", "t", "e", "q", "s", "b", "rnd"])?;
    let said = |name| query.get(name).unwrap_or("");
    if !matches!(said("e"), "" | "0" | "false" | "off") {
        return Err(Refusal::Parameter("e", "nothing or false: events are not counted"));
    }
    let page = match said("p") {
        "" => Page::root(),
        path if path.starts_with('/') => Page::parse(path).map_err(Refusal::Page)?,
        path => Page::parse(&format!("/{path}")).map_err(Refusal::Page)?,
    };
    let campaign = said("q").trim_start_matches('?').to_owned();
    let bot = said("b").parse().is_ok_and(|reason: u32| reason > 0);
    Ok(DropIn::Count(Box::new(Seen { page, referrer: said("r").to_owned(), query: campaign, bot })))
}

fn counter(rest: &str, query: &str) -> Result<Option<Page>, Refusal> {
    Query::read(query, &["rnd"])?;
    let path = rest.strip_suffix(".json").ok_or(Refusal::UnknownPath)?;
    if path == "TOTAL" {
        return Ok(None);
    }
    // A path in a path is often written with its slashes encoded.
    let path = with_slashes(path);
    Page::parse(&format!("/{}", path.trim_start_matches('/'))).map(Some).map_err(Refusal::Page)
}

/// A path with `%2F` decoded. Not by `str::replace`: the search for a text is 3 KB of WebAssembly, and nothing else needs it.
fn with_slashes(path: &str) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part.strip_prefix("2F").or_else(|| part.strip_prefix("2f")) {
            Some(rest) => {
                decoded.push('/');
                decoded.push_str(rest);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

/// The answer to [`DropIn::Hit`] and [`DropIn::Get`].
pub fn value(form: &Form, views: &Result<u64, Failure>, asks: bool) -> Reply {
    let views = match views {
        Err(failure) => return read_failed(failure),
        // A counter that nobody hit is none there.
        Ok(0) if asks => return text(404, JSON, "{\"error\":\"Key not found\"}".to_owned()),
        Ok(views) => views,
    };
    match form {
        Form::Json => text(200, JSON, format!("{{\"value\":{views}}}")),
        Form::Shield => {
            text(200, JSON, format!("{{\"schemaVersion\":1,\"label\":\"hits\",\"message\":\"{views}\",\"color\":\"blue\"}}"))
        }
        // The comment keeps what comes first from being anything but a script (the attack "Rosetta Flash").
        Form::Script(name) => text(200, SCRIPT, format!("/**/{name}({{\"value\":{views}}});")),
    }
}

/// The answer to [`DropIn::Counter`].
pub fn counted(views: &Result<u64, Failure>) -> Reply {
    match views {
        Err(failure) => read_failed(failure),
        Ok(views) => {
            let count = exact(&grouped(*views));
            text(if *views == 0 { 404 } else { 200 }, JSON, format!("{{\"count\":{count},\"count_unique\":{count}}}"))
        }
    }
}

const JSON: &str = "application/json";
const SCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rest: &str, query: &str) -> Result<Key, Refusal> {
        read("hit", rest, query).map(|read| if let DropIn::Hit(key) = read { key } else { panic!("{read:?}") })
    }

    #[test]
    fn a_counter_is_a_site_and_a_page() {
        let key = |site: &str, page: &str, form| Ok(Key { site: site.into(), page: Page::parse(page).unwrap(), form });
        assert_eq!(hit("mysite.com/visits", ""), key("mysite.com", "/visits", Form::Json));
        assert_eq!(hit("MySite.com/visits", ""), key("mysite.com", "/visits", Form::Json));
        assert_eq!(hit("visits", ""), key("default", "/visits", Form::Json));
        assert_eq!(hit("a/b/shield", ""), key("a", "/b", Form::Shield));
        assert_eq!(hit("a/b", "callback=my.cb_1"), key("a", "/b", Form::Script("my.cb_1".into())));
        for wrong in ["a/", "", "a/b/c", "a/b%20c", "a/é", &format!("a/{}", "x".repeat(65))] {
            assert!(hit(wrong, "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_name_of_a_function_is_called() {
        let long = "x".repeat(65);
        for wrong in ["", "alert(1)//", "a b", "a..b", "1a", "a;b", "a-b", "a\u{2028}", "</script>", ".a", long.as_str()] {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("callback", wrong).finish();
            assert!(matches!(hit("a/b", &query), Err(Refusal::Parameter("callback", _))), "{wrong}");
        }
        let script = value(&Form::Script("a.b".into()), &Ok(7), false);
        assert_eq!((&*script.body, script.content_type), ("/**/a.b({\"value\":7});", SCRIPT));
    }

    #[test]
    fn what_goatcounter_sends_is_read() {
        let seen = |query: &str| count(query).map(|read| if let DropIn::Count(seen) = read { *seen } else { panic!("{read:?}") });
        let told = seen("p=%2Fa%2F%3Fx&r=https%3A%2F%2Fnews.example%2F&t=Title&s=1920%2C1080%2C1&q=%3Futm_source%3Dx&b=0&rnd=9")
            .unwrap();
        assert_eq!(
            (told.page.as_str(), told.referrer.as_str(), told.query.as_str(), told.bot),
            ("/a", "https://news.example/", "utm_source=x", false)
        );
        assert_eq!(seen("p=a").unwrap().page.as_str(), "/a");
        assert!(seen("p=/&b=150").unwrap().bot && seen("").unwrap().page == Page::root());
        assert!(matches!(seen("p=click&e=true"), Err(Refusal::Parameter("e", _))));
        assert!(matches!(seen("p=/%07"), Err(Refusal::Page(_))));
        let counter = |path: &str| read_counter(path);
        assert_eq!(counter("TOTAL.json"), Ok(None));
        for path in ["/a/b.json", "a/b.json", "%2Fa%2Fb.json", "/a/b/.json"] {
            assert_eq!(counter(path), Ok(Some(Page::parse("/a/b").unwrap())), "{path}");
        }
        assert_eq!(counter("a.svg"), Err(Refusal::UnknownPath));
        assert!(
            matches!(read("counter", "a.json", "start=2026-01-01"), Err(Refusal::UnknownParameter { .. })),
            "no number of a period is invented"
        );
    }

    fn read_counter(path: &str) -> Result<Option<Page>, Refusal> {
        read("counter", path, "rnd=1").map(|read| if let DropIn::Counter(page) = read { page } else { panic!("{read:?}") })
    }

    #[test]
    fn numbers_are_written_as_they_were_there() {
        assert_eq!(&*value(&Form::Json, &Ok(7), false).body, "{\"value\":7}");
        assert_eq!((value(&Form::Json, &Ok(0), true).status, value(&Form::Json, &Ok(0), false).status), (404, 200));
        let shield: serde_json::Value = serde_json::from_str(&value(&Form::Shield, &Ok(7), true).body).unwrap();
        assert_eq!((&shield["schemaVersion"], &shield["message"]), (&serde_json::json!(1), &serde_json::json!("7")));
        let counter: serde_json::Value = serde_json::from_str(&counted(&Ok(1234)).body).unwrap();
        assert_eq!(counter["count"], "1\u{202f}234");
        assert_eq!(value(&Form::Json, &Err(Failure::Busy { retry_after: 3 }), true).status, 503);
    }
}
