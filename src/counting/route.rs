//! What a request asks for, read from its method and its URL.

use super::error::Refusal;
use super::page::Page;
use std::borrow::Cow;

/// What to do for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /`: register a visit of the first site's page `/`.
    Home,
    /// `HEAD /`: the headers of a page that was not visited.
    HomeHead,
    /// `POST /counter`: register the visit that the body names.
    Register,
    /// `GET /counter` and `HEAD /counter`: read a count.
    Read(Read),
}

/// Which count to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The site; the first one if left out.
    pub site: Option<String>,
    /// The page; the whole site if left out.
    pub page: Option<Page>,
}

/// Says what a request asks for. `url` is absolute, as the platform gives it, or begins with its path.
///
/// # Errors
/// [`Refusal`] for an unknown path, a wrong method or a wrong query.
pub fn route(method: &str, url: &str) -> Result<Route, Refusal> {
    let (path, query) = path_and_query(url);
    match (path, method) {
        ("/", "GET") => Ok(Route::Home),
        ("/", "HEAD") => Ok(Route::HomeHead),
        ("/", _) => Err(Refusal::Method("GET, HEAD")),
        ("/counter", "POST") => Ok(Route::Register),
        ("/counter", "GET" | "HEAD") => read_query(query).map(Route::Read),
        ("/counter", _) => Err(Refusal::Method("GET, HEAD, POST")),
        _ => Err(Refusal::UnknownPath),
    }
}

/// Whether the value of `Sec-Purpose` marks a prefetch or a prerender (Fetch, "`Sec-Purpose` header": a structured
/// item whose value is `prefetch`, with `prerender` as a parameter).
pub fn is_prefetch(sec_purpose: &str) -> bool {
    sec_purpose.split([';', ',']).any(|part| part.trim().eq_ignore_ascii_case("prefetch"))
}

fn path_and_query(url: &str) -> (&str, &str) {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let no_fragment = after_scheme.split_once('#').map_or(after_scheme, |(before, _)| before);
    let (before_query, query) = no_fragment.split_once('?').unwrap_or((no_fragment, ""));
    let path = before_query.find('/').and_then(|at| before_query.get(at..)).unwrap_or("/");
    (path, query)
}

/// Reads `site` and `page`. Anything else is refused: a mistyped `page` would otherwise read as the whole site's
/// number, and a number is never invented.
fn read_query(query: &str) -> Result<Read, Refusal> {
    let mut site = None;
    let mut page = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // The decoder puts U+FFFD where the bytes were not UTF-8; a real U+FFFD is no name or page anyone means.
        if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
            return Err(Refusal::QueryNotUtf8);
        }
        match name.as_ref() {
            "site" => set(&mut site, "site", value)?,
            "page" => set(&mut page, "page", value)?,
            _ => return Err(Refusal::UnknownParameter(name.chars().take(40).collect())),
        }
    }
    let page = page.map(|page| Page::parse(&page).map_err(Refusal::Page)).transpose()?;
    Ok(Read { site: site.map(Cow::into_owned), page })
}

fn set<'a>(slot: &mut Option<Cow<'a, str>>, name: &'static str, value: Cow<'a, str>) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::RepeatedParameter(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_query_that_could_be_misread_is_refused() {
        assert_eq!(get("http://h/counter?pgae=/a"), Err(Refusal::UnknownParameter("pgae".into())));
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
