//! What a request asks for, read from its method and its URL.

use crate::counting::http::admin::{AdminCommand, read_admin_command};
use crate::counting::http::badge::request::{BadgeRequest, read_badge};
use crate::counting::http::compat::route::{CompatRequest, read_compat};
use crate::counting::http::numbers::NumberSelection;
use crate::counting::http::pixel::{PixelRequest, read_pixel};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::stats::plan::Stats;
use crate::counting::http::{methods, stats};
use crate::counting::model::date::Day;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::url::path_and_query;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /`: registers a visit to the page `/` of the first site.
    Home,
    /// `HEAD /`: the headers of `GET /`, without a visit.
    HomeHead,
    /// `POST /visit`: registers the visits that the body names.
    Register,
    /// `OPTIONS`: a browser asks whether the script of a page may call. Has the methods that the path takes.
    Preflight(&'static str),
    /// `GET /numbers` and `HEAD /numbers`: reads views and other numbers.
    Views(ViewsRequest),
    /// `GET /pixel/SITE.gif`: registers a visit and answers with a picture.
    Pixel(PixelRequest),
    /// A route of another counter.
    Compat(CompatRequest),
    /// `GET /badge/SITE/PAGE.svg`: shows views, and registers a visit if the query says so.
    Badge(Box<BadgeRequest>),
    /// `GET /api/sites/SITE/WHAT` and `HEAD`: reads a report.
    Stats(Box<Stats>),
    /// `GET /api/sites/SITE/live` and `HEAD`: reads the recent activity of this site. With `Upgrade: websocket` the client gets every change.
    Live(String),
    /// `GET /healthz`: whether a shard can store.
    Health,
    /// `GET /metrics?site=`: the metrics of the isolate and of a site's shards.
    Metrics(Option<String>),
    /// An admin command below `/api/sites/SITE`.
    Admin(Box<AdminCommand>),
    /// `GET /visitors` and `HEAD /visitors`: reads the visitors of a day.
    Visitors(VisitorsRequest),
}

/// A request for the visitors of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitorsRequest {
    /// The site's name. `None` means the site of the page's host, or else the first site.
    pub site: Option<String>,
    /// The day (UTC). `None` means today.
    pub day: Option<Day>,
    /// Whether all shards have to be asked, and no sum of the last seconds will do.
    pub fresh: bool,
}

/// A request for views and other numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewsRequest {
    /// The site's name. `None` means the site of the page's host, or else the first site.
    pub site: Option<String>,
    /// The page. `None` means the whole site.
    pub page: Option<Page>,
    /// The numbers that the answer has. If it is empty, the answer has the views.
    pub show: NumberSelection,
    /// Whether all shards have to be asked, and no sum of the last seconds will do.
    pub fresh: bool,
}

/// Reads what a request asks for from its method and URL. `url` is absolute or begins with the path; slashes at the end of the path are ignored.
/// `kept` has the query parameters that are a part of a page.
///
/// # Errors
/// [`Refusal`] if the path is unknown, or the method or the query is wrong.
pub fn route(method: &str, url: &str, kept: &KeptQuery) -> Result<Route, Refusal> {
    let (whole, query) = path_and_query(url);
    let path = Some(whole.trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or(whole);
    let methods = methods::of(path).ok_or(Refusal::UnknownPath)?;
    if method == "OPTIONS" {
        return Ok(Route::Preflight(methods));
    }
    if !methods.split(", ").any(|one| one == method) {
        return Err(Refusal::Method(methods));
    }
    match (path, method) {
        ("/", "HEAD") => Ok(Route::HomeHead),
        ("/", _) => Ok(Route::Home),
        ("/visit", _) | ("/counter", "POST") => Ok(Route::Register),
        ("/numbers" | "/counter", _) => {
            let query = Query::read(query, &["site", "page", "show", "fresh"])?;
            let show = query.get("show").map(NumberSelection::parse).unwrap_or_default();
            Ok(Route::Views(ViewsRequest { site: query.site(), page: query.page(kept)?, show, fresh: query.flag("fresh")? }))
        }
        ("/visitors", _) => {
            let query = Query::read(query, &["site", "day", "fresh"])?;
            Ok(Route::Visitors(VisitorsRequest { site: query.site(), day: query.day("day")?, fresh: query.flag("fresh")? }))
        }
        ("/healthz", _) => Ok(Route::Health),
        ("/metrics", _) => Ok(Route::Metrics(Query::read(query, &["site"])?.site())),
        // Here a slash at the end is not ignored: in `/hit/NAMESPACE/` the key is missing.
        (path, method) => below(if path.split('/').count() > 3 { path } else { whole }, query, method, kept),
    }
}

/// Reads paths that contain names, and those of other counters.
fn below(path: &str, query: &str, method: &str, kept: &KeptQuery) -> Result<Route, Refusal> {
    let (first, rest) = path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or_default();
    match (first, rest.strip_prefix("sites/")) {
        ("badge", _) => read_badge(rest, query, kept).map(|badge| Route::Badge(Box::new(badge))),
        ("pixel", _) => read_pixel(rest, query, kept).map(Route::Pixel),
        ("api", Some(rest)) => {
            let rest = rest.trim_end_matches('/');
            if let Some(order) = read_admin_command(method, rest, query, kept)? {
                return Ok(Route::Admin(Box::new(order)));
            }
            if let Some(site) = rest.strip_suffix("/live") {
                return Ok(Route::Live(site.to_owned()));
            }
            stats::query::read(rest, query, kept).map(|stats| Route::Stats(Box::new(stats)))
        }
        _ => read_compat(path, query, kept).map(Route::Compat),
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
        for (url, bare) in [
            ("/counter/?page=/a", "/counter?page=/a"),
            ("/visitors/", "/visitors"),
            ("/healthz/", "/healthz"),
            ("/metrics/?site=a", "/metrics?site=a"),
            ("/pixel/blog.gif/", "/pixel/blog.gif"),
            ("/badge/blog/a.svg/?count=1", "/badge/blog/a.svg?count=1"),
            ("/badge/blog.svg/", "/badge/blog.svg"),
            ("/hit/blog/v/", "/hit/blog/v"),
            ("/count/?p=/a", "/count?p=/a"),
            ("/counter//p.json/", "/counter//p.json"),
            ("/counter/p.json/", "/counter/p.json"),
            ("/busuanzi/?jsonpCallback=a", "/busuanzi?jsonpCallback=a"),
            ("/api/sites/blog/summary//", "/api/sites/blog/summary"),
            ("/api/sites/blog/live/", "/api/sites/blog/live"),
        ] {
            assert_eq!(get(url), get(bare), "{url}");
            assert!(get(url).is_ok(), "{url}");
        }
        assert!(get("/hit/blog/").is_err(), "the key is missing");
        assert_eq!(route("HEAD", "https://h/"), Ok(Route::HomeHead));
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        for url in ["http://h/nope", "http://h//", "http://h/Counter", "http://h/counters"] {
            assert_eq!(get(url), Err(Refusal::UnknownPath), "{url}");
        }
        assert_eq!(route("DELETE", "http://h/"), Err(Refusal::Method("GET, HEAD")));
        assert_eq!(route("PUT", "http://h/counter"), Err(Refusal::Method("GET, HEAD, POST")));
        for (method, path) in [("DELETE", "blog/summary"), ("POST", "blog/export"), ("GET", "blog"), ("POST", "blog/pages")] {
            assert!(matches!(route(method, &format!("/api/sites/{path}")), Err(Refusal::Method(_))), "{method} {path}");
        }
    }

    #[test]
    fn a_read_names_a_page_or_the_whole_site() {
        let page = |text: &str| Some(Page::parse(text).unwrap());
        assert_eq!(get("http://h/counter"), Ok(Route::Views(ViewsRequest::default())));
        assert_eq!(
            get("http://h/counter?page=%2Fa%20b&site=blog"),
            Ok(Route::Views(ViewsRequest { site: Some("blog".into()), page: page("/a b"), ..ViewsRequest::default() }))
        );
        assert_eq!(
            route("HEAD", "http://h/counter?page=/a"),
            Ok(Route::Views(ViewsRequest { page: page("/a"), ..ViewsRequest::default() }))
        );
        assert_eq!(get("http://h/counter?fresh=1"), Ok(Route::Views(ViewsRequest { fresh: true, ..ViewsRequest::default() })));
        assert_eq!(get("http://h/numbers?fresh=yes"), Err(Refusal::Parameter("fresh", "0, 1")));
    }

    #[test]
    fn pictures_are_named_by_site_and_page() {
        let pixel = |page: &str| {
            Ok(Route::Pixel(PixelRequest { site: "blog".into(), page: Page::parse(page).unwrap(), page_query: String::new() }))
        };
        assert_eq!(get("http://h/pixel/blog.gif"), pixel("/"));
        assert_eq!(get("http://h/pixel/blog.gif?page=%2Fa%20b"), pixel("/a b"));
        assert_eq!(get("http://h/pixel/blog.png"), Err(Refusal::UnknownPath));
        for query in ["page=a", "page=%2Fa&utm_source=letter&rnd=1", "x=%ff&page=/a/", "page=https://blog.example/a"] {
            assert_eq!(get(&format!("http://h/pixel/blog.gif?{query}")), pixel("/a"), "{query}");
        }
        let of_letter = get("http://h/pixel/blog.gif?page=/a%3Futm_source=letter%26utm_medium=mail%23top");
        assert!(matches!(of_letter, Ok(Route::Pixel(pixel)) if pixel.page_query == "utm_source=letter&utm_medium=mail"));
        assert_eq!(get("http://h/pixel/blog.gif?page="), pixel("/"));
        assert_eq!(get("http://h/pixel/blog.gif?page=%FF"), pixel("/%FF"));
        assert!(matches!(get("http://h/badge/blog/a.svg?color=red"), Ok(Route::Badge(badge)) if badge.site == "blog"));
        assert_eq!(route("POST", "http://h/badge/blog/a.svg"), Err(Refusal::Method("GET, HEAD")));
    }

    #[test]
    fn visitors_are_read_by_day() {
        assert_eq!(get("http://h/visitors"), Ok(Route::Visitors(VisitorsRequest::default())));
        let named = VisitorsRequest { site: Some("blog".into()), day: Some(20_779), fresh: true };
        assert_eq!(get("http://h/visitors?day=2026-11-22&site=blog&fresh=1"), Ok(Route::Visitors(named)));
        assert_eq!(get("http://h/visitors?day=today"), Err(Refusal::Parameter("day", "a date such as 2026-11-22")));
        assert_eq!(route("POST", "http://h/visitors"), Err(Refusal::Method("GET, HEAD")));
    }

    #[test]
    fn browsers_are_told_what_each_path_takes() {
        for (path, methods) in [
            ("/", "GET, HEAD"),
            ("/counter", "GET, HEAD, POST"),
            ("/visitors", "GET, HEAD"),
            ("/metrics", "GET, HEAD"),
            ("/pixel/blog.gif", "GET, HEAD"),
            ("/hit/a/b", "GET, HEAD"),
            ("/set/a/b", "GET, POST"),
            ("/count", "GET, HEAD, POST"),
            ("/busuanzi", "GET"),
            ("/api/sites/blog/summary", "GET, HEAD"),
            ("/api/sites/blog/pages", "GET, HEAD, PUT, DELETE"),
            ("/api/sites/blog/import", "POST"),
            ("/api/sites/blog", "DELETE"),
        ] {
            assert_eq!(route("OPTIONS", &format!("https://h{path}?x=1")), Ok(Route::Preflight(methods)), "{path}");
        }
        assert_eq!(route("OPTIONS", "https://h/nope"), Err(Refusal::UnknownPath));
    }

    #[test]
    fn a_query_that_could_be_misread_is_refused() {
        assert_eq!(get("http://h/counter?pgae=/a&_=1"), Ok(Route::Views(ViewsRequest::default())));
        assert_eq!(get("http://h/counter?page=/a&page=/b"), Err(Refusal::RepeatedParameter("page")));
        assert!(matches!(get("http://h/counter?page="), Err(Refusal::Page(_))));
    }
}
