//! Which site a refused request wanted to visit. The refusal is then tallied for that site.

use crate::counting::http::query::Query;
use crate::counting::text::url::path_and_query;

/// The site that a request wants to visit, as its path names it, or an empty text if the path names none. Returns `None` if the request is no
/// visit, or if its body names the site.
pub(crate) fn visit_meant(method: &str, url: &str) -> Option<String> {
    let (path, query) = path_and_query(url);
    let mut parts = path.split('/').skip(1);
    let (first, name) = (parts.next()?, parts.next().unwrap_or(""));
    let counts = || Query::read(query, &["count"]).is_ok_and(|query| query.get("count").is_some_and(|count| count != "0"));
    match (first, method) {
        ("pixel", "GET") => Some(name.strip_suffix(".gif").unwrap_or(name).to_owned()),
        ("badge", "GET") if counts() => Some(name.to_owned()),
        ("hit", "GET") => Some(name.to_owned()),
        ("count", "GET" | "POST") | ("busuanzi", "GET") => Some(String::new()),
        ("api", "POST") if ["event", "send", "batch", "v0"].contains(&name) => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_a_visit_is_known_by_its_path() {
        let meant = |method: &str, url: &str| visit_meant(method, &format!("https://h{url}"));
        for (url, site) in [
            ("/pixel/blog.gif?page=/a", "blog"),
            ("/pixel/none", "none"),
            ("/badge/blog/a.svg?count=1", "blog"),
            ("/badge/blog/a.svg?count=yes", "blog"),
            ("/hit/blog/v?callback=x", "blog"),
            ("/count?e=true", ""),
            ("/busuanzi?jsonpCallback=", ""),
        ] {
            assert_eq!(meant("GET", url).as_deref(), Some(site), "{url}");
            assert_eq!(meant("HEAD", url), None, "{url}");
        }
        for url in ["/count", "/api/event", "/api/send", "/api/batch", "/api/v0/count"] {
            assert_eq!(meant("POST", url).as_deref(), Some(""), "{url}");
        }
        assert_eq!(meant("POST", "/api/sites/blog/import"), None);
        for url in ["/", "/badge/blog/a.svg", "/badge/blog/a.svg?count=0", "/get/blog/v", "/counter?page=", "/nope"] {
            assert_eq!(meant("GET", url), None, "{url}");
        }
    }
}
