//! Splits URLs into their parts. It is not a full parser: URLs from the platform are valid already, and URLs from clients are only read.

/// Splits `scheme://rest`. `None` if `//` does not follow the first colon.
pub(crate) fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    rest.strip_prefix("//").map(|rest| (scheme, rest))
}

/// The path and the query, without the fragment. The path is `/` if the URL has none.
pub(crate) fn path_and_query(url: &str) -> (&str, &str) {
    let no_fragment = url.split_once('#').map_or(url, |(before, _)| before);
    let (before_query, query) = no_fragment.split_once('?').unwrap_or((no_fragment, ""));
    let after_scheme = split_scheme(before_query).map_or(before_query, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    (path, query)
}

/// `scheme://host` or `scheme://host:port` at the beginning of a URL. `None` if it has no host.
pub(crate) fn origin_of(url: &str) -> Option<&str> {
    let (scheme, rest) = split_scheme(url)?;
    let host = rest.split(['/', '?', '#', '\\']).next().filter(|host| !host.is_empty())?;
    url.get(..scheme.len().saturating_add("://".len()).saturating_add(host.len()))
}

/// A whole URL without its scheme and host, or any other text unchanged.
pub(crate) fn without_origin(text: &str) -> &str {
    match split_scheme(text) {
        Some((scheme, rest)) if is_scheme(scheme) => {
            rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).filter(|rest| !rest.is_empty()).unwrap_or("/")
        }
        _ => text,
    }
}

/// Whether a text is the name of a scheme (RFC 3986, 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_parts() {
        for (url, origin, rest) in [
            ("https://blog.example/a?b", Some("https://blog.example"), "/a?b"),
            ("http://h:8", Some("http://h:8"), "/"),
            ("http://h?x", Some("http://h"), "?x"),
            ("capacitor://localhost/a", Some("capacitor://localhost"), "/a"),
            ("http://", None, "/"),
            ("http:///a", None, "/a"),
            ("http:", None, "http:"),
            ("/to/https://blog.example/a", Some("/to/https://blog.example"), "/to/https://blog.example/a"),
            ("a b://c/d", Some("a b://c"), "a b://c/d"),
            ("", None, ""),
        ] {
            assert_eq!((origin_of(url), without_origin(url)), (origin, rest), "{url}");
        }
    }
}
