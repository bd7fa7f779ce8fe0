//! The parts of a URL. Not all of the URL Standard: what comes from the platform keeps to it already, and what strangers write is only read.

/// The parts of `scheme://rest`.
pub(crate) fn split_scheme(url: &str) -> Option<(&str, &str)> {
    // Not by the text `://`: the search for a text is 6 KB of WebAssembly, and nothing else needs it.
    let (scheme, rest) = url.split_once(':')?;
    rest.strip_prefix("//").map(|rest| (scheme, rest))
}

/// The path, `/` if there is none, and the query.
pub(crate) fn path_and_query(url: &str) -> (&str, &str) {
    let no_fragment = url.split_once('#').map_or(url, |(before, _)| before);
    let (before_query, query) = no_fragment.split_once('?').unwrap_or((no_fragment, ""));
    let after_scheme = split_scheme(before_query).map_or(before_query, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    (path, query)
}

/// `scheme://host` or `scheme://host:port` at the beginning of a URL; nothing where there is no host.
pub(crate) fn origin_of(url: &str) -> Option<&str> {
    let (scheme, rest) = split_scheme(url)?;
    let host = rest.split(['/', '?', '#', '\\']).next().filter(|host| !host.is_empty())?;
    url.get(..scheme.len().saturating_add("://".len()).saturating_add(host.len()))
}

/// What follows scheme and host in a text that is a whole URL; any other text as it is.
pub(crate) fn without_origin(text: &str) -> &str {
    match split_scheme(text) {
        Some((scheme, rest)) if is_scheme(scheme) => {
            rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).filter(|rest| !rest.is_empty()).unwrap_or("/")
        }
        _ => text,
    }
}

/// The name of a scheme (RFC 3986, 3.1).
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
