//! Campaigns: how they are read from the query of a URL, and how they are written.

use crate::counting::model::referrers::host::{host_of, one_way};
use crate::counting::model::referrers::source_of;

/// `utm_source`, `utm_medium` and `utm_campaign` of a query, each empty if it is not there. Without `utm_source`, the source is `ref`, `source`
/// or `src`, in this order: Product Hunt, readers of Hacker News and many newsletters send these.
pub(crate) fn campaign_of(query: &str) -> [String; 3] {
    const NAMES: [(&str, usize); 6] =
        [("utm_source", 0), ("ref", 0), ("source", 0), ("src", 0), ("utm_medium", 1), ("utm_campaign", 2)];
    let mut campaign = [const { String::new() }; 3];
    let pairs = || form_urlencoded::parse(query.as_bytes());
    for (name, at) in NAMES {
        let Some(slot) = campaign.get_mut(at).filter(|slot| slot.is_empty()) else { continue };
        if let Some((_, value)) = pairs().find(|(known, value)| known == name && !value.trim().is_empty()) {
            *slot = value.into_owned();
        }
    }
    campaign
}

/// A campaign whose missing parts come from the query of the visited page: `/a?ref=producthunt`.
pub(crate) fn completed(campaign: [String; 3], page_query: &str) -> [String; 3] {
    if page_query.is_empty() {
        return campaign;
    }
    let [source, medium, name] = campaign;
    let [of_source, of_medium, of_name] = campaign_of(page_query);
    let or = |one: String, other| if one.trim().is_empty() { other } else { one };
    [or(source, of_source), or(medium, of_medium), or(name, of_name)]
}

/// A part of a campaign, written one way: in lower case, with single spaces, and none around it. `LinkedIn`, `linkedin` and ` linkedin ` are
/// one source.
pub(crate) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// The source of a campaign, written one way. For a URL or a host it is the name of its source, so that `https://t.co/x`, `twitter.com` and
/// `Twitter` are one; or the host, if its source has no name.
pub(crate) fn folded_source(text: &str) -> String {
    let text = folded(text);
    match host_meant(&text) {
        Some(host) => source_of(&host).map_or(host, folded),
        None => text,
    }
}

/// The host in a text in lower case: that of a URL, or a text that looks like a host, with or without a path.
fn host_meant(text: &str) -> Option<String> {
    let host = host_of(text);
    if !host.is_empty() {
        return Some(host);
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or(text);
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_".contains(c));
    let (_, top) = host.rsplit_once('.')?;
    // The last label of a host has no digits (RFC 3696, 2), unless it is of another script: `newsletter.2026` is no host.
    let is_top = top.len() > 1 && (top.starts_with("xn--") || top.chars().all(|c| !c.is_ascii() || c.is_ascii_alphabetic()));
    (is_top && host.split('.').all(label)).then(|| one_way(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f13_a_source_is_found_under_its_other_names() {
        for (query, found) in [
            ("ref=producthunt", ["producthunt", "", ""]),
            ("src=a&source=b&ref=c&utm_source=d&utm_medium=e&utm_campaign=f", ["d", "e", "f"]),
            ("src=a&source=b", ["b", "", ""]),
            ("utm_source=&ref=%20&src=a", ["a", "", ""]),
            ("reference=x&q=ref", ["", "", ""]),
        ] {
            assert_eq!(campaign_of(query), found, "{query}");
        }
    }

    #[test]
    fn each_part_that_is_left_out_comes_from_the_page() {
        let page = "utm_source=letter&utm_medium=mail&utm_campaign=spring";
        for (said, all) in [
            (["", "", ""], ["letter", "mail", "spring"]),
            (["x", "", ""], ["x", "mail", "spring"]),
            (["", "", "autumn"], ["letter", "mail", "autumn"]),
            ([" ", "m", ""], ["letter", "m", "spring"]),
            (["x", "y", "z"], ["x", "y", "z"]),
        ] {
            assert_eq!(completed(said.map(str::to_owned), page), all, "{said:?}");
        }
        assert_eq!(completed(["x", "", ""].map(str::to_owned), ""), ["x", "", ""]);
    }

    #[test]
    fn a_source_that_is_a_url_or_a_host_is_the_source_of_that_referrer() {
        for (source, texts) in [
            (
                "twitter",
                &["Twitter", "twitter.com", "https://t.co/abc?x", "x.com/someone", "//www.x.com", "com.twitter.android"][..],
            ),
            ("google", &["google", "www.google.de", "http://google.co.uk:80/search?q=a b", "WWW.GOOGLE.COM"]),
            ("hacker news", &["https://news.ycombinator.com/x", "news.ycombinator.com", "Hacker  News"]),
            ("facebook", &["l.facebook.com", "HTTPS://m.facebook.com/", "android-app://com.facebook.katana/"]),
            (
                "news.example",
                &["https://www.news.example/a", "news.example", "News.Example/", "news.example?a#b", "news.example:8080"],
            ),
            ("xn--bcher-kva.example", &["b\u{fc}cher.example", "https://B\u{fc}cher.example/a"]),
            ("producthunt", &["producthunt", " ProductHunt "]),
            ("newsletter.2026", &["newsletter.2026"]),
            ("v1.0/may", &["v1.0/may"]),
            ("a. b", &["a. b"]),
            ("me@mail.example", &["me@mail.example"]),
            ("..", &[".."]),
            ("a..com", &["a..com"]),
            ("https://", &["https://"]),
            ("", &["", " "]),
        ] {
            for text in texts {
                assert_eq!(folded_source(text), source, "{text}");
            }
        }
    }
}
