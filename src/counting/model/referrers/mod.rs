//! Known referrers: hosts that belong to one source, and hosts of spam.
//!
//! In scope: looking up a host in two tables, and how hosts and campaigns are written. Out of scope: where a referrer comes from, and how it
//! is kept ([`crate::counting::model::dimensions`]). `tools/referrers.mjs` makes the tables, and names their sources.

pub mod campaign;
pub mod host;

/// Lines `host`, tab, `source`, sorted by host.
const SOURCES: &str = include_str!("sources.txt");

/// Fingerprints of hosts of spam. The first 256 bytes say how many begin with each byte; then come the other bytes of each, sorted. Whole names
/// would take four times as much.
const SPAM: &[u8] = include_bytes!("spam.bin");

/// With 2,400 hosts in the table, one of 460 million other hosts is taken for spam.
const FINGERPRINT_BYTES: usize = 5;

/// The bytes of a fingerprint after the first.
const REST: usize = FINGERPRINT_BYTES - 1;

/// First labels of other hosts of the same source: `m.` for phones, `l.` and `lm.` for links that are followed.
const DOORS: [&str; 11] = ["amp", "go", "l", "lm", "m", "mobile", "old", "out", "touch", "web", "www"];

/// First labels of services of Google, which has each of them below each of its 198 hosts.
const SERVICES: [(&str, &str); 2] = [("images", "Google Images"), ("news", "Google News")];

/// The most such labels before a host: a language and one more, as in `de.m.wikipedia.org`.
const MAX_DOORS: usize = 2;

/// The name of the source of a host, such as `Twitter` for `t.co`; `None` if the source has no other name. `host` is in lower case and does
/// not begin with `www.`. A label of two letters before a known host is a language: `de.linkedin.com`.
pub(crate) fn source_of(host: &str) -> Option<&'static str> {
    let mut name = host;
    for _ in 0..MAX_DOORS {
        if let Some(source) = listed_or_service(name) {
            return Some(source);
        }
        let (first, rest) = name.split_once('.')?;
        let is_language = first.len() == 2 && first.bytes().all(|b| b.is_ascii_lowercase());
        if !is_language && !DOORS.contains(&first) {
            return None;
        }
        name = rest;
    }
    listed_or_service(name)
}

fn listed_or_service(host: &str) -> Option<&'static str> {
    find(host).or_else(|| {
        let (first, rest) = host.split_once('.')?;
        let (_, service) = SERVICES.iter().find(|(label, _)| *label == first)?;
        (find(rest)? == "Google").then_some(service)
    })
}

/// The name of a source as the table writes it, given in any case. It reads every line, so it is too slow for a visit.
pub(crate) fn source_named(name: &str) -> Option<&'static str> {
    let listed = SOURCES.lines().filter_map(|line| line.split_once('\t'));
    listed.chain(SERVICES).map(|(_, source)| source).find(|source| source.eq_ignore_ascii_case(name))
}

/// Whether a host, or a domain above it, is known for made-up links that are sent to appear in lists of referrers.
pub(crate) fn is_spam(host: &str) -> bool {
    let mut name = host.trim_end_matches('.');
    // A host has at most 127 labels. No top-level domain is listed.
    while let Some((_, rest)) = name.split_once('.') {
        if is_listed(name) {
            return true;
        }
        name = rest;
    }
    false
}

/// Looks up a host in [`SOURCES`]: a binary search over bytes, which goes to the line around each.
fn find(host: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, SOURCES.len());
    while low < high {
        let middle = low.midpoint(high);
        let start = SOURCES.get(..middle)?.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let (line, _) = SOURCES.get(start..)?.split_once('\n')?;
        let (known, source) = line.split_once('\t')?;
        match known.cmp(host) {
            std::cmp::Ordering::Equal => return Some(source),
            std::cmp::Ordering::Less => low = start.saturating_add(line.len()).saturating_add(1),
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

fn is_listed(name: &str) -> bool {
    let [first, rest @ ..] = fingerprint(name);
    let Some((counts, rests)) = SPAM.split_at_checked(256) else { return false };
    let mut counts = counts.iter().map(|count| usize::from(*count).saturating_mul(REST));
    let start = counts.by_ref().take(first.into()).fold(0, usize::saturating_add);
    let end = start.saturating_add(counts.next().unwrap_or(0));
    rests.get(start..end).is_some_and(|same| same.chunks_exact(REST).any(|known| known == rest))
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo), mixed once more so that its first bytes depend on all of the text.
fn fingerprint(name: &str) -> [u8; FINGERPRINT_BYTES] {
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(PRIME);
    let [one, two, three, four, five, ..] = hash.to_be_bytes();
    [one, two, three, four, five]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_sorted() {
        let mut before = "";
        for line in SOURCES.lines() {
            let (host, source) = line.split_once('\t').unwrap();
            assert!(host > before, "{host} after {before}");
            before = host;
            assert_eq!(source_of(host), Some(source), "{host}");
        }
        for host in ["", "a", "zzz.zz", "google", "oogle.com", "google.com.evil.example"] {
            assert_eq!(source_of(host), None, "{host}");
        }
    }

    #[test]
    fn a_name_is_no_host() {
        // Hosts are told from names by their capitals, in `crate::counting::ledger::list`.
        for (host, source) in SOURCES.lines().filter_map(|line| line.split_once('\t')) {
            assert!(source.bytes().any(|b| b.is_ascii_uppercase()) && host == host.to_ascii_lowercase(), "{host} {source}");
        }
    }

    #[test]
    fn f14_one_source_has_one_name() {
        for (source, hosts) in [
            ("Twitter", &["t.co", "x.com", "twitter.com", "mobile.twitter.com", "m.x.com", "com.twitter.android"][..]),
            ("Facebook", &["facebook.com", "l.facebook.com", "lm.facebook.com", "m.facebook.com", "fb.me", "de.facebook.com"]),
            ("Google", &["google.de", "google.com", "google.co.uk", "google.com.br", "com.google.android.googlequicksearchbox"]),
            ("Reddit", &["reddit.com", "old.reddit.com", "out.reddit.com", "redd.it"]),
            ("LinkedIn", &["linkedin.com", "lnkd.in", "com.linkedin.android", "fr.linkedin.com"]),
            ("YouTube", &["youtube.com", "youtu.be", "m.youtube.com"]),
            ("Telegram", &["t.me", "web.telegram.org", "org.telegram.messenger"]),
            ("Facebook", &["mbasic.facebook.com", "free.facebook.com", "business.facebook.com", "fb.watch", "l.messenger.com"]),
            ("Instagram", &["instagram.com", "l.instagram.com", "com.instagram.android"]),
            ("Reddit", &["i.reddit.com", "np.reddit.com", "new.reddit.com", "com.reddit.frontpage"]),
            ("DuckDuckGo", &["duckduckgo.com", "html.duckduckgo.com", "lite.duckduckgo.com", "com.duckduckgo.mobile.android"]),
            ("Naver", &["naver.com", "m.naver.com", "search.naver.com", "m.search.naver.com"]),
            ("Google Images", &["images.google.com", "images.google.co.uk", "m.de.images.google.de"]),
            ("Google News", &["news.google.com", "news.google.com.br", "m.news.google.de"]),
            ("Gmail", &["mail.google.com", "com.google.android.gm"]),
            ("Outlook.com", &["outlook.live.com", "outlook.office.com", "com.microsoft.office.outlook"]),
            ("Yahoo! Mail", &["mail.yahoo.com"]),
            ("ChatGPT", &["chatgpt.com", "chat.openai.com", "com.openai.chatgpt"]),
            ("Perplexity", &["perplexity.ai", "ai.perplexity.app.android"]),
            ("Claude", &["claude.ai"]),
            ("Gemini", &["gemini.google.com", "bard.google.com"]),
            ("Copilot", &["copilot.microsoft.com", "copilot.com"]),
            ("Bluesky", &["bsky.app", "go.bsky.app"]),
            ("Mastodon", &["mastodon.social", "fosstodon.org", "org.joinmastodon.android"]),
            ("Threads", &["threads.net", "l.threads.net", "threads.com", "l.threads.com"]),
            ("Pinterest", &["pin.it", "pinterest.de", "pinterest.co.uk", "pinterest.com.au", "br.pinterest.com"]),
            ("WhatsApp", &["wa.me", "l.wl.co", "com.whatsapp"]),
            ("Slack", &["app.slack.com", "com.slack", "com.tinyspeck.chatlyio"]),
            ("Discord", &["discord.com", "ptb.discord.com", "com.discord"]),
            ("Yahoo!", &["yahoo.com", "search.yahoo.com", "de.search.yahoo.com", "fr.yahoo.com", "search.yahoo.co.jp"]),
            ("Yandex", &["ya.ru", "yandex.ru", "yandex.com.tr", "ru.yandex.searchplugin"]),
            ("Baidu", &["baidu.com", "m.baidu.com"]),
            ("Bing", &["bing.com", "cn.bing.com"]),
            ("Ecosia", &["ecosia.org", "com.ecosia.android"]),
            ("Brave", &["search.brave.com"]),
            ("Kagi", &["kagi.com"]),
            ("Startpage", &["startpage.com", "eu.startpage.com"]),
            ("Qwant", &["qwant.com", "lite.qwant.com"]),
            ("Hacker News", &["news.ycombinator.com", "hn.algolia.com", "hackerweb.app"]),
            ("Lobsters", &["lobste.rs"]),
            ("Wikipedia", &["wikipedia.org", "en.wikipedia.org", "sv.wikipedia.org", "sv.m.wikipedia.org"]),
        ] {
            for host in hosts {
                assert_eq!(source_of(host), Some(source), "{host}");
            }
        }
        for host in [
            "news.example",
            "notx.com",
            "x.com.example",
            "evil-facebook.com",
            "images.x.com",
            "news.images.google.com",
            "news.mail.google.com",
            "sub.blog.facebook.com",
            "cnn.com",
        ] {
            assert_eq!(source_of(host), None, "{host}");
        }
    }

    #[test]
    fn f12_spam_is_found_by_its_domain_and_never_by_a_part_of_a_name() {
        for host in ["semalt.com", "buttons-for-website.com", "www.semalt.com", "a.b.semalt.com", "semalt.com."] {
            assert!(is_spam(host), "{host}");
        }
        // In another script, as a program may write it and as a browser does.
        for url in [
            "https://xn--d1abj0abs9d.in.ua/a",
            "https://www.\u{43f}\u{435}\u{43f}\u{442}\u{438}\u{434}\u{44b}.in.ua/a",
            "http://\u{433}\u{43b}\u{430}\u{432}\u{43e}\u{43f}\u{442}.\u{440}\u{444}",
            "http://blog.\u{413}\u{43b}\u{430}\u{432}\u{41e}\u{43f}\u{442}.\u{420}\u{424}",
        ] {
            assert!(is_spam(&host::referrer_host(url, "")), "{url}");
        }
        assert!(!is_spam(&host::referrer_host("https://\u{433}\u{43b}\u{430}\u{432}\u{43e}\u{43f}\u{442}.example/", "")));
        // Sites of others are below these, or people read them.
        for host in [
            "ucoz.ru",
            "a.ucoz.ru",
            "blog.nethouse.ru",
            "x.myftpupload.com",
            "kharkov.ua",
            "news.kharkov.ua",
            "adf.ly",
            "squarespace.com",
        ] {
            assert!(!is_spam(host), "{host}");
        }
        for host in ["", "com", "notsemalt.com", "semalt.com.example", "semalt.co", "example.com", "google.com", "news.example"] {
            assert!(!is_spam(host), "{host}");
        }
        let (counts, rests) = SPAM.split_at(256);
        assert_eq!(rests.len(), REST * counts.iter().map(|count| usize::from(*count)).sum::<usize>());
        let mut at = 0;
        for count in counts {
            let same: Vec<_> = rests[at..].chunks(REST).take((*count).into()).collect();
            assert!(same.is_sorted_by(|one, next| one < next));
            at += REST * usize::from(*count);
        }
    }
}
