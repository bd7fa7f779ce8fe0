//! Checks the URL of a counter. It is strict on purpose: `fetch` takes every URL that passes.

use crate::counting::text::url::split_scheme;

/// A URL without the text before `@` and after `?`. Clients see errors about the URL, and those parts can hold secrets.
pub(crate) fn without_secrets(url: &str) -> String {
    let (kept, hidden) = match url.rsplit_once('@') {
        None => (url, String::new()),
        Some((before, after)) => (after, split_scheme(before).map_or("…@".to_owned(), |(scheme, _)| format!("{scheme}://…@"))),
    };
    match kept.split_once('?') {
        None => format!("{hidden}{kept}"),
        Some((before, _)) => format!("{hidden}{before}?…"),
    }
}

/// Whether a text is an absolute http or https URL in ASCII of at most 2,048 bytes, with a host and without a user name or a fragment.
pub(crate) fn is_http_url(text: &str) -> bool {
    let Some((scheme, rest)) = split_scheme(text) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && text.len() <= 2048
        && rest.bytes().all(|b| b.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&b))
        && is_authority(authority)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, port)) => (v6.parse::<std::net::Ipv6Addr>().is_ok(), port.strip_prefix(':').or(port.is_empty().then_some(""))),
        None => {
            let (host, port) = authority.split_once(':').map_or((authority, ""), |(host, port)| (host, port));
            (is_host(host), Some(port))
        }
    };
    let port = port.is_some_and(|port| port.is_empty() || (is_digits(port) && port.parse::<u16>().is_ok()));
    host && port
}

/// Whether a text is a host name or an IPv4 address. The URL Standard reads a name whose last label begins with a digit as an IPv4 address, so
/// such a name must be one.
fn is_host(host: &str) -> bool {
    let labels = || host.strip_suffix('.').unwrap_or(host).split('.');
    let name = labels()
        .all(|l| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    let numeric = labels().next_back().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    name && !labels().any(|l| l.starts_with("xn--") && l.len() < 5) && (!numeric || host.parse::<std::net::Ipv4Addr>().is_ok())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
