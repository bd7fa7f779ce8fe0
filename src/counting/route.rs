//! What a request asks for, read from its method and its URL.

use super::badge::{self, Badge};
use super::days::{Day, parse_date};
use super::dropin::{self, DropIn};
use super::error::Refusal;
use super::owner::{self, Order};
use super::page::{KeptQuery, Page};
use super::stats::{self, Stats};

/// What to do for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /`: register a visit of the first site's page `/`.
    Home,
    /// `HEAD /`: the headers of a page that was not visited.
    HomeHead,
    /// `POST /counter`: register the visit that the body names.
    Register,
    /// `OPTIONS` of a path that takes these other methods: a browser asks whether a page's script may call.
    Preflight(&'static str),
    /// `GET /counter` and `HEAD /counter`: read a count.
    Read(Read),
    /// `GET /pixel/SITE.gif`: register a visit, answer with a picture.
    Pixel(Pixel),
    /// A route of another counter.
    DropIn(DropIn),
    /// `GET /badge/SITE/PAGE.svg`: show views, and register a visit if asked to.
    Badge(Box<Badge>),
    /// `GET /api/sites/SITE/WHAT` and `HEAD` of it: read what was counted.
    Stats(Box<Stats>),
    /// `GET /api/sites/SITE/live` and `HEAD` of it: who is there now, of this site. With `Upgrade: websocket` it is told as it changes.
    Live(String),
    /// `GET /healthz`: whether a shard answers.
    Health,
    /// `GET /metrics?site=`: what the isolate and the shards of a site count of themselves.
    Metrics(Option<String>),
    /// What only the owner may do at `/api/sites/SITE`.
    Order(Box<Order>),
    /// `GET /visitors` and `HEAD /visitors`: read the visitors of a day.
    Visitors(VisitorsOf),
}

/// Which visitors to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitorsOf {
    /// The site; the first one if left out.
    pub site: Option<String>,
    /// The day (UTC); today if left out.
    pub day: Option<Day>,
}

/// A visit that asks for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixel {
    /// The site's name.
    pub site: String,
    /// The page; `/` if left out.
    pub page: Page,
}

/// Which count to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The site; the first one if left out.
    pub site: Option<String>,
    /// The page; the whole site if left out.
    pub page: Option<Page>,
}

/// Says what a request asks for. `url` is absolute, as the platform gives it, or begins with its path; `kept` is what tells pages
/// apart besides their path.
///
/// # Errors
/// [`Refusal`] for an unknown path, a wrong method or a wrong query.
pub fn route(method: &str, url: &str, kept: &KeptQuery) -> Result<Route, Refusal> {
    let (path, query) = path_and_query(url);
    match (path, method) {
        ("/", "GET") => Ok(Route::Home),
        ("/", "HEAD") => Ok(Route::HomeHead),
        ("/", _) => Err(Refusal::Method("GET, HEAD")),
        ("/counter", "POST") => Ok(Route::Register),
        ("/counter", "GET" | "HEAD") => {
            let query = Query::read(query, &["site", "page"])?;
            Ok(Route::Read(Read { site: query.site(), page: query.page(kept)? }))
        }
        ("/counter", "OPTIONS") => Ok(Route::Preflight("GET, HEAD, POST")),
        ("/counter", _) => Err(Refusal::Method("GET, HEAD, POST")),
        ("/visitors", "GET" | "HEAD") => {
            let query = Query::read(query, &["site", "day"])?;
            Ok(Route::Visitors(VisitorsOf { site: query.site(), day: query.day("day")? }))
        }
        ("/visitors", "OPTIONS") => Ok(Route::Preflight("GET, HEAD")),
        ("/visitors", _) => Err(Refusal::Method("GET, HEAD")),
        ("/healthz", "GET" | "HEAD") => Ok(Route::Health),
        ("/metrics", "GET" | "HEAD") => Ok(Route::Metrics(Query::read(query, &["site"])?.site())),
        ("/healthz" | "/metrics", _) => Err(Refusal::Method("GET, HEAD")),
        (path, method) => below(path, query, method, kept),
    }
}

/// Paths that go on with names.
fn below(path: &str, query: &str, method: &str, kept: &KeptQuery) -> Result<Route, Refusal> {
    if let Some(methods) = dropin::methods(path) {
        return match method {
            "OPTIONS" => Ok(Route::Preflight(methods)),
            _ if methods.split(", ").any(|one| one == method) => dropin::read(path, query, kept).map(Route::DropIn),
            _ => Err(Refusal::Method(methods)),
        };
    }
    let (first, rest) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(Refusal::UnknownPath)?;
    if !["api", "badge", "pixel"].contains(&first) {
        return Err(Refusal::UnknownPath);
    }
    match (first, method) {
        (_, "OPTIONS") => Ok(Route::Preflight("GET, HEAD")),
        ("badge", "GET" | "HEAD") => badge::read(rest, query).map(|badge| Route::Badge(Box::new(badge))),
        ("pixel", "GET" | "HEAD") => pixel(rest, query, kept).map(Route::Pixel),
        ("api", _) => {
            let rest = rest.strip_prefix("sites/").ok_or(Refusal::UnknownPath)?;
            if let Some(order) = owner::read(method, rest, query, kept)? {
                return Ok(Route::Order(Box::new(order)));
            }
            if let Some(site) = rest.strip_suffix("/live") {
                return Query::read(query, &[]).map(|_| Route::Live(site.to_owned()));
            }
            stats::query::read(rest, query, kept).map(|stats| Route::Stats(Box::new(stats)))
        }
        _ => Err(Refusal::Method("GET, HEAD")),
    }
}

fn pixel(path: &str, query: &str, kept: &KeptQuery) -> Result<Pixel, Refusal> {
    let site = path.strip_suffix(".gif").ok_or(Refusal::UnknownPath)?;
    let page = Query::read(query, &["page"])?.page(kept)?.unwrap_or_else(Page::root);
    Ok(Pixel { site: site.to_owned(), page })
}

/// Whether the value of `Sec-Purpose` marks a prefetch or a prerender (Fetch, "`Sec-Purpose` header": a structured
/// item whose value is `prefetch`, with `prerender` as a parameter).
pub fn is_prefetch(sec_purpose: &str) -> bool {
    sec_purpose.split([';', ',']).any(|part| part.trim().eq_ignore_ascii_case("prefetch"))
}

/// The parts of `scheme://rest`.
pub(super) fn split_scheme(url: &str) -> Option<(&str, &str)> {
    // Not by the text `://`: the search for a text is 6 KB of WebAssembly, and nothing else needs it.
    let (scheme, rest) = url.split_once(':')?;
    rest.strip_prefix("//").map(|rest| (scheme, rest))
}

pub(super) fn path_and_query(url: &str) -> (&str, &str) {
    let no_fragment = url.split_once('#').map_or(url, |(before, _)| before);
    let (before_query, query) = no_fragment.split_once('?').unwrap_or((no_fragment, ""));
    let after_scheme = split_scheme(before_query).map_or(before_query, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    (path, query)
}

/// The parameters of a query.
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads parameters by name, each at most once. Any other is refused: a mistyped `page` would otherwise read as the
    /// whole site's number, and a number is never invented.
    pub(super) fn read(query: &str, names: &'static [&'static str]) -> Result<Self, Refusal> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // The decoder puts U+FFFD where the bytes were not UTF-8; a real U+FFFD is no name or page anyone means.
            // Not by `contains`: the search for a text, which it would use for this one, is 6 KB of WebAssembly.
            if name.chars().chain(value.chars()).any(|c| c == char::REPLACEMENT_CHARACTER) {
                return Err(Refusal::QueryNotUtf8);
            }
            let Some(known) = names.iter().find(|known| **known == name) else {
                return Err(Refusal::UnknownParameter { name: name.chars().take(40).collect(), known: names });
            };
            if values.iter().any(|(name, _)| name == known) {
                return Err(Refusal::RepeatedParameter(known));
            }
            values.push((known, value.into_owned()));
        }
        Ok(Self(values))
    }

    /// The value of a parameter, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The page that `page` names, if there is one.
    pub(super) fn page(&self, kept: &KeptQuery) -> Result<Option<Page>, Refusal> {
        self.get("page").map(|page| kept.page(page).map_err(Refusal::Page)).transpose()
    }

    /// The day that a parameter names, if there is one.
    pub(super) fn day(&self, name: &'static str) -> Result<Option<Day>, Refusal> {
        self.get(name).map(|day| parse_date(day).ok_or(Refusal::Parameter(name, "a date such as 2026-11-22"))).transpose()
    }

    /// The site that `site` names, if there is one.
    fn site(&self) -> Option<String> {
        self.get("site").map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, url: &str) -> Result<Route, Refusal> {
        super::route(method, url, &KeptQuery::default())
    }

    fn get(url: &str) -> Result<Route, Refusal> {
        route("GET", url)
    }

    #[test]
    fn the_paths_are_found_whatever_stands_around_them() {
        for url in ["http://h/", "https://h:8/?a=/counter", "http://h", "http://h?x", "/", "http://h/#/counter"] {
            assert_eq!(get(url), Ok(Route::Home), "{url}");
        }
        assert_eq!(route("POST", "https://h/counter?x=1"), Ok(Route::Register));
        assert_eq!(route("HEAD", "https://h/"), Ok(Route::HomeHead));
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        for url in ["http://h/nope", "http://h//", "http://h/counter/", "http://h/Counter"] {
            assert_eq!(get(url), Err(Refusal::UnknownPath), "{url}");
        }
        assert_eq!(route("DELETE", "http://h/"), Err(Refusal::Method("GET, HEAD")));
        assert_eq!(route("PUT", "http://h/counter"), Err(Refusal::Method("GET, HEAD, POST")));
    }

    #[test]
    fn a_read_names_a_page_or_the_whole_site() {
        let page = |text: &str| Some(Page::parse(text).unwrap());
        assert_eq!(get("http://h/counter"), Ok(Route::Read(Read::default())));
        assert_eq!(
            get("http://h/counter?page=%2Fa%20b&site=blog"),
            Ok(Route::Read(Read { site: Some("blog".into()), page: page("/a b") }))
        );
        assert_eq!(route("HEAD", "http://h/counter?page=/a"), Ok(Route::Read(Read { site: None, page: page("/a") })));
    }

    #[test]
    fn pictures_are_named_by_site_and_page() {
        let pixel = |page: &str| Ok(Route::Pixel(Pixel { site: "blog".into(), page: Page::parse(page).unwrap() }));
        assert_eq!(get("http://h/pixel/blog.gif"), pixel("/"));
        assert_eq!(get("http://h/pixel/blog.gif?page=%2Fa%20b"), pixel("/a b"));
        assert_eq!(get("http://h/pixel/blog.png"), Err(Refusal::UnknownPath));
        assert!(matches!(get("http://h/pixel/blog.gif?page=a"), Err(Refusal::Page(_))));
        assert!(matches!(get("http://h/badge/blog/a.svg?color=red"), Ok(Route::Badge(badge)) if badge.site == "blog"));
        assert_eq!(route("POST", "http://h/badge/blog/a.svg"), Err(Refusal::Method("GET, HEAD")));
    }

    #[test]
    fn visitors_are_read_by_day() {
        assert_eq!(get("http://h/visitors"), Ok(Route::Visitors(VisitorsOf::default())));
        let named = VisitorsOf { site: Some("blog".into()), day: Some(20_779) };
        assert_eq!(get("http://h/visitors?day=2026-11-22&site=blog"), Ok(Route::Visitors(named)));
        assert_eq!(get("http://h/visitors?day=today"), Err(Refusal::Parameter("day", "a date such as 2026-11-22")));
        assert_eq!(route("POST", "http://h/visitors"), Err(Refusal::Method("GET, HEAD")));
    }

    #[test]
    fn a_query_that_could_be_misread_is_refused() {
        assert_eq!(
            get("http://h/counter?pgae=/a"),
            Err(Refusal::UnknownParameter { name: "pgae".into(), known: &["site", "page"] })
        );
        assert_eq!(get("http://h/counter?page=/a&page=/b"), Err(Refusal::RepeatedParameter("page")));
        assert_eq!(get("http://h/counter?page=/%ff"), Err(Refusal::QueryNotUtf8));
        assert!(matches!(get("http://h/counter?page="), Err(Refusal::Page(_))));
        assert!(matches!(get("http://h/counter?page=/%00"), Err(Refusal::Page(_))));
    }

    #[test]
    fn prefetch_and_prerender_are_known() {
        for value in ["prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", "Prefetch"] {
            assert!(is_prefetch(value), "{value}");
        }
        for value in ["", "navigate", "prefetching"] {
            assert!(!is_prefetch(value), "{value}");
        }
    }
}
