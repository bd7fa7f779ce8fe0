//! `OPEN_UPDATES`: the counters that anybody may change with `/update` and without a token, as in CountAPI.

use std::ops::RangeInclusive;

/// The most entries. Each update is compared with all of them.
pub(crate) const MAX_OPEN: usize = 64;

/// The change that is allowed for an entry without bounds: that of a hit.
const USUAL: RangeInclusive<i64> = 0..=1;

/// The counters that are open, and the bounds of one change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenUpdates(Vec<Open>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    /// A site, or `*` for all sites.
    site: String,
    /// A key, or `*` for all keys.
    key: String,
    by: RangeInclusive<i64>,
}

impl OpenUpdates {
    /// Reads `blog/likes, blog/score=-5..100, shop/*, *`.
    ///
    /// # Errors
    /// A message for people that says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        if entries.len() > MAX_OPEN {
            return Err(format!("the list has {} entries", entries.len()));
        }
        let open = |entry: &&str| open(entry).ok_or_else(|| format!("{entry} is not SITE/KEY=FROM..TO"));
        entries.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// Whether anybody may change this counter by this amount.
    pub(crate) fn allows(&self, site: &str, key: &str, by: i64) -> bool {
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
            // `-5..100`: the first point ends the lower bound.
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
