//! `ALLOWED_ORIGINS`: the origins whose pages may call from a script (Fetch, "CORS protocol").
//!
//! A call without the header `Origin` comes from a server or a tool. A call with it comes from a page: the Worker's own, a listed one, or
//! another. Credentials are never allowed, so a listed origin may do no more than a server may.

use crate::counting::text::json::quoted;
use crate::counting::text::url::origin_of;

/// The most origins that may be listed. Each call searches the list.
pub(crate) const MAX_ORIGINS: usize = 100;

/// The listed origins; none if the variable is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    listed: Vec<String>,
}

/// The caller of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A server or a tool.
    Server,
    /// A page of this origin, which is the Worker's own or listed.
    Page(String),
    /// A page of another origin.
    Elsewhere,
}

impl Origins {
    /// Reads a comma-separated list of origins, or `*` for all. Each is kept as a browser writes it: in lower case, without the default port
    /// of its scheme, and without a slash at the end.
    ///
    /// # Errors
    /// The first entry that is not an origin, or a list of more than [`MAX_ORIGINS`].
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let listed: Vec<String> = list.split(',').map(|origin| as_browsers_write(origin.trim())).collect();
        match listed.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(format!("{} is not an origin", quoted(&wrong.chars().take(100).collect::<String>()))),
            None if listed.len() > MAX_ORIGINS => Err(format!("{} origins are listed", listed.len())),
            None => Ok(Self { listed }),
        }
    }

    /// The caller, from the header `Origin` and the absolute URL of the request.
    pub(crate) fn caller(&self, origin: Option<String>, url: &str) -> Caller {
        match origin {
            None => Caller::Server,
            Some(origin) if self.lists(&origin, url) => Caller::Page(origin),
            Some(_) => Caller::Elsewhere,
        }
    }

    /// The value of `ALLOWED_ORIGINS` with one more origin; `None` for an origin that cannot be listed.
    pub(crate) fn with(&self, origin: &str) -> Option<String> {
        let mut all: Vec<&str> = self.listed.iter().map(String::as_str).collect();
        all.push(origin);
        let list = all.join(",");
        Self::parse(&list).is_ok().then_some(list)
    }

    /// Whether a page may show a picture that counts, by the header `Referer`. Every page may if no origins are listed, or if the browser
    /// does not send the header.
    pub(crate) fn lists_page(&self, referer: Option<&str>, url: &str) -> bool {
        let Some(referer) = referer.filter(|referer| !referer.is_empty()) else { return true };
        self.listed.is_empty() || self.lists(origin_of(referer).unwrap_or(""), url)
    }

    fn lists(&self, origin: &str, url: &str) -> bool {
        let has = |origin: &str| origin_of(url) == Some(origin) || self.listed.iter().any(|one| *one == origin || one == "*");
        // Browsers write origins in this form already, so the second search is rare.
        has(origin) || has(&as_browsers_write(origin))
    }
}

/// An origin as browsers write it (HTML, "serialization of an origin").
fn as_browsers_write(origin: &str) -> String {
    let mut origin = origin.to_ascii_lowercase();
    let port = if origin.starts_with("https://") { ":443" } else { ":80" };
    let bare = origin.trim_end_matches('/');
    let end = bare.strip_suffix(port).unwrap_or(bare).len();
    origin.truncate(end);
    origin
}

/// Whether a text is `scheme://host` or `scheme://host:port`, in lower case, or `*`. It is not checked further: a wrong one allows nobody.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_:[]".contains(&b))
    };
    text == "*" || rest.is_some_and(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://counter.example/counter?x";

    fn caller(listed: &str, origin: &str) -> Caller {
        Origins::parse(listed).unwrap().caller(Some(origin.to_owned()), URL)
    }

    fn page(origin: &str) -> Caller {
        Caller::Page(origin.to_owned())
    }

    #[test]
    fn a_picture_is_of_a_page_that_is_listed() {
        let listed = Origins::parse("https://blog.example").unwrap();
        for (referer, may) in [
            (Some("https://blog.example/a"), true),
            (Some("https://blog.example"), true),
            (Some("https://counter.example/x"), true),
            (None, true),
            (Some(""), true),
            (Some("https://blog.example.evil/"), false),
            (Some("https://evil.example/https://blog.example/"), false),
        ] {
            assert_eq!(listed.lists_page(referer, URL), may, "{referer:?}");
        }
        assert!(Origins::default().lists_page(Some("https://evil.example/"), URL));
        assert!(Origins::parse("*").unwrap().lists_page(Some("https://evil.example/"), URL));
    }

    #[test]
    fn pages_of_listed_origins_and_the_own_one_may_call() {
        let listed = "https://blog.example, http://localhost:8080";
        for origin in [
            "https://blog.example",
            "http://localhost:8080",
            "https://counter.example",
            "HTTPS://Blog.Example",
            "https://blog.example:443",
            "https://counter.example:443",
        ] {
            assert_eq!(caller(listed, origin), page(origin), "answered as it was sent");
        }
        for origin in [
            "http://blog.example",
            "https://blog.example:8080",
            "https://blog.example:80",
            "https://blog.example.evil",
            "null",
            "",
            "https://counter.exam",
            "https:",
            "https:/",
            "https://",
            "https://counter.example/counter",
            "//counter.example",
            "https://blog.example/a",
            "https://user@counter.example",
        ] {
            assert_eq!(caller(listed, origin), Caller::Elsewhere, "{origin}");
        }
        assert_eq!(caller("*", "null"), page("null"));
        assert_eq!(Origins::default().caller(Some("https://blog.example".to_owned()), URL), Caller::Elsewhere);
        assert_eq!(Origins::default().caller(None, URL), Caller::Server);
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for wrong in [
            "",
            "blog.example",
            "https://",
            "https:///",
            "https:",
            "https://blog.example/a",
            "https://bücher.example",
            "null",
            "ftp://a",
            "https://a,",
            "https://a b",
        ] {
            assert!(Origins::parse(wrong).unwrap_err().ends_with("is not an origin"), "{wrong}");
        }
        assert!(Origins::parse(&["https://a"; MAX_ORIGINS + 1].join(",")).is_err());
        for (listed, origin) in [
            ("https://[::1]:8787", "https://[::1]:8787"),
            ("https://blog.example/", "https://blog.example"),
            ("HTTPS://Blog.Example:443/", "https://blog.example"),
            ("http://a_b.local:80", "http://a_b.local"),
            ("http://a:443", "http://a:443"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(caller(listed, origin), page(origin), "{listed}");
        }
    }
}
