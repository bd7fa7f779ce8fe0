//! `OPEN_UPDATES`: the counters that strangers may change by `/update` without a token, as CountAPI lets them.

use std::ops::RangeInclusive;

/// The most entries: each is looked at for every update.
pub const MAX_OPEN: usize = 64;

/// What a stranger may add where no bounds are named: what a hit does.
const USUAL: RangeInclusive<i64> = 0..=1;

/// Counters that are open, and by how much each call may change them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenUpdates(Vec<Open>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    /// A site, or `*` for all.
    site: String,
    /// A key, or `*` for all.
    key: String,
    by: RangeInclusive<i64>,
}

impl OpenUpdates {
    /// Reads `blog/likes, blog/score=-5..100, shop/*, *`.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        if entries.len() > MAX_OPEN {
            return Err(format!("{} entries", entries.len()));
        }
        let open = |entry: &&str| open(entry).ok_or_else(|| format!("{entry} is not SITE/KEY=FROM..TO"));
        entries.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// Whether anybody may change this counter by so much.
    pub fn allows(&self, site: &str, key: &str, by: i64) -> bool {
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        self.0.iter().any(|open| fits(&open.site, site) && fits(&open.key, key) && open.by.contains(&by))
    }
}

fn open(entry: &str) -> Option<Open> {
    let (name, by) = entry.split_once('=').map_or((entry, None), |(name, by)| (name.trim(), Some(by.trim())));
    let (site, key) = if name == "*" { ("*", "*") } else { name.split_once('/')? };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let is_name = |name: &str| name == "*" || !name.is_empty() && name.bytes().all(plain);
    let by = match by {
        None => USUAL,
        Some(by) => {
            // The points are told from a minus by the text itself: `-5..100`.
            let (from, to) = by.split_once('.').and_then(|(from, to)| Some((from, to.strip_prefix('.')?)))?;
            from.trim().parse().ok()?..=to.trim().parse().ok()?
        }
    };
    (is_name(site) && is_name(key) && by.start() <= by.end()).then(|| Open { site: site.to_owned(), key: key.to_owned(), by })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_change_what_is_open_by_as_much_as_is_said() {
        let open = OpenUpdates::parse("blog/likes, blog/score=-5..100, shop/*=0..3").unwrap();
        for (site, key, by, allowed) in [
            ("blog", "likes", 1, true),
            ("blog", "likes", 2, false),
            ("blog", "likes", -1, false),
            ("blog", "score", -5, true),
            ("blog", "score", 100, true),
            ("blog", "score", 101, false),
            ("shop", "anything", 3, true),
            ("docs", "likes", 1, false),
        ] {
            assert_eq!(open.allows(site, key, by), allowed, "{site}/{key} {by}");
        }
        assert!(OpenUpdates::parse("*").unwrap().allows("a", "b", 1) && !OpenUpdates::default().allows("a", "b", 1));
    }

    #[test]
    fn what_is_no_entry_is_named() {
        for wrong in
            ["likes", "/likes", "blog/", "blog/a b", "blog/a=1", "blog/a=5..1", "blog/a=x..y", "**", &vec!["a/b"; 65].join(",")]
        {
            assert!(OpenUpdates::parse(wrong).is_err(), "{wrong}");
        }
    }
}
