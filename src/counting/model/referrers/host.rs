//! The host of a URL, written one way.

use crate::counting::text::url::split_scheme;

/// The longest label of a host that is encoded, in characters. DNS takes 63 bytes; a longer label stays as it is.
const MAX_LABEL: usize = 63;

/// Full stops that browsers read as the dot of a host (UTS 46).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// The host of a referrer's URL, written one way and without its port; empty if there is none, or if it is the host of `own`: a link within
/// a site is no referral.
pub(crate) fn referrer_host(url: &str, own: &str) -> String {
    let host = host_of(url);
    if host == host_of(own) { String::new() } else { host }
}

/// The host of a URL in [one way](one_way), without its port; empty if there is none. An app that opens links may send `android-app://name`;
/// the name counts as a host.
pub(crate) fn host_of(url: &str) -> String {
    let Some((scheme, rest)) = split_scheme(url) else { return String::new() };
    if !["http", "https", "android-app"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return String::new();
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    let host_and_port = authority.rsplit('@').next().unwrap_or(authority);
    one_way(match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => host_and_port,
    })
}

/// A host in lower case, without a leading `www.` and a dot at its end, and with labels in other scripts as browsers send them:
/// `bücher.example` is `xn--bcher-kva.example`.
pub(crate) fn one_way(host: &str) -> String {
    let host = host.trim_end_matches(DOTS);
    let host = if host.is_ascii() {
        host.to_ascii_lowercase()
    } else {
        let lower: String = host.chars().flat_map(char::to_lowercase).collect();
        lower.split(DOTS).map(encoded).collect::<Vec<_>>().join(".")
    };
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

/// A label as DNS has it (RFC 5891: `xn--` and Punycode). A text that is no label stays as it is.
fn encoded(label: &str) -> String {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_".contains(c);
    if label.is_ascii() || label.chars().count() > MAX_LABEL || !label.chars().all(plain) {
        return label.to_owned();
    }
    punycode(label).map_or_else(|| label.to_owned(), |code| format!("xn--{code}"))
}

/// Punycode (RFC 3492, 6.3): the ASCII characters of a text, and then the others with their places. `None` if a number gets too large.
fn punycode(text: &str) -> Option<String> {
    const FIRST: u32 = 0x80;
    let mut code: String = text.chars().filter(char::is_ascii).collect();
    let ascii = u32::try_from(code.len()).ok()?;
    if ascii > 0 {
        code.push('-');
    }
    let all = || text.chars().map(u32::from);
    let (mut from, mut delta, mut bias, mut done) = (FIRST, 0_u32, 72_u32, ascii);
    while let Some(next) = all().filter(|c| *c >= from).min() {
        let skipped = next.checked_sub(from)?.checked_mul(done.checked_add(1)?)?;
        delta = delta.checked_add(skipped)?;
        for c in all() {
            if c < next {
                delta = delta.checked_add(1)?;
            } else if c == next {
                push_number(delta, bias, &mut code)?;
                bias = adapted(delta, done.checked_add(1)?, done == ascii)?;
                (delta, done) = (0, done.checked_add(1)?);
            }
        }
        (from, delta) = (next.checked_add(1)?, delta.checked_add(1)?);
    }
    Some(code)
}

/// The number of different digits.
const BASE: u32 = 36;

/// The largest threshold of a digit; the smallest is 1.
const MOST: u32 = 26;

/// Writes a number in digits of variable length (RFC 3492, 3.3).
fn push_number(mut rest: u32, bias: u32, code: &mut String) -> Option<()> {
    // Digits are a to z, then 0 to 9.
    let mut digit = |digit: u32| {
        let letter = if digit < MOST { digit.checked_add(u32::from(b'a'))? } else { digit.checked_add(22)? };
        code.push(char::from_u32(letter)?);
        Some(())
    };
    let mut at = BASE;
    loop {
        let threshold = at.saturating_sub(bias).clamp(1, MOST);
        let Some(above) = rest.checked_sub(threshold) else { return digit(rest) };
        let span = BASE.checked_sub(threshold)?;
        digit(threshold.checked_add(above.checked_rem(span)?)?)?;
        rest = above.checked_div(span)?;
        at = at.checked_add(BASE)?;
    }
}

/// The bias after a number (RFC 3492, 6.1).
fn adapted(delta: u32, count: u32, first: bool) -> Option<u32> {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta = delta.checked_add(delta.checked_div(count)?)?;
    let mut bias = 0_u32;
    while delta > 455 {
        delta /= 35;
        bias = bias.checked_add(BASE)?;
    }
    bias.checked_add(delta.checked_mul(36)?.checked_div(delta.checked_add(38)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referrer_is_a_host_and_not_ones_own() {
        let of = |url| referrer_host(url, "https://www.blog.example/a");
        for (url, host) in [
            ("https://news.example/path?q#f", "news.example"),
            ("http://WWW.News.example:8080", "news.example"),
            ("HTTPS://News.example./", "news.example"),
            ("https://user:secret@news.example/", "news.example"),
            ("https://[2001:db8::1]:80/", "[2001:db8::1]"),
            ("android-app://com.reader/", "com.reader"),
            ("https://blog.example/b", ""),
            ("javascript:alert(1)", ""),
            ("news.example", ""),
            ("", ""),
        ] {
            assert_eq!(of(url), host, "{url}");
        }
        assert_eq!(referrer_host("https://b\u{fc}cher.example/", "https://xn--bcher-kva.example"), "", "one host in two scripts");
    }

    #[test]
    fn a_host_in_another_script_is_written_as_browsers_send_it() {
        for (host, sent) in [
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("www.B\u{dc}CHER.example", "xn--bcher-kva.example"),
            ("m\u{fc}nchen-ost.de", "xn--mnchen-ost-9db.de"),
            ("\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}", "xn--e1afmkfd.xn--p1ai"),
            ("\u{4f8b}\u{5b50}\u{3002}\u{6d4b}\u{8bd5}", "xn--fsqu00a.xn--0zwm56d"),
            ("\u{645}\u{62b}\u{627}\u{644}.example", "xn--mgbh0fb.example"),
            ("\u{1f4a9}.la", "xn--ls8h.la"),
            ("fa\u{df}.de", "xn--fa-hia.de"),
            // The examples of RFC 3492, 7.1: (B) and (L), in lower case.
            ("\u{4ed6}\u{4eec}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{8bf4}\u{4e2d}\u{6587}", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("3\u{5e74}b\u{7d44}\u{91d1}\u{516b}\u{5148}\u{751f}", "xn--3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(one_way(host), sent, "{host}");
            assert_eq!(one_way(sent), sent);
        }
        for (text, kept) in [("a b\u{fc}", "a b\u{fc}"), ("<\u{fc}>.x", "<\u{fc}>.x"), ("", ""), (".", ""), ("\u{3002}", "")] {
            assert_eq!(one_way(text), kept);
        }
        let long = "\u{fc}".repeat(64);
        assert_eq!(one_way(&long), long);
    }
}
