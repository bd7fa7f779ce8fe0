//! Where visits came from that were refused for how the counter is set up: from pages of an origin that `ALLOWED_ORIGINS` does not list, or
//! for a site that `SITES` does not name. An owner who reads of it knows what to set; without it a wrong setting looks like silence.
//!
//! Strangers can make up origins and names, so few of a day are kept, those with the most visits, and none that is more than a name.

use super::days::Day;
use super::origin::Origins;
use super::report::Line;
use super::route::split_scheme;
use super::site::Sites;

/// The most origins and sites that are told apart on a day, in an isolate and in a shard.
pub const MAX_A_DAY: usize = 20;

/// The longest one, in bytes.
pub const MAX_NAME_BYTES: usize = 100;

/// For so many days they are kept.
pub const KEEP_DAYS: u32 = 31;

/// What is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// The origin of the page that sent it.
    Origin,
    /// The site that it named.
    Site,
}

impl Unlisted {
    /// The number in the table `refused`.
    pub fn number(self) -> u8 {
        match self {
            Self::Origin => 0,
            Self::Site => 1,
        }
    }

    /// What a number stands for; `None` for one of a later version.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Origin, Self::Site].into_iter().find(|one| one.number() == number)
    }

    /// How it is answered.
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Site => "site",
        }
    }
}

/// Visits of a day that were refused for one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The day.
    pub day: Day,
    /// What is not listed.
    pub unlisted: Unlisted,
    /// Its name.
    pub name: String,
    /// How many visits.
    pub visits: u64,
}

/// Notes that nobody was told yet.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Notes a visit. Where there are too many names it is dropped: it is told elsewhere that so many visits were refused.
    pub fn add(&mut self, day: Day, unlisted: Unlisted, name: String) {
        for note in &mut self.0 {
            if note.day == day && note.unlisted == unlisted && note.name == name {
                note.visits = note.visits.saturating_add(1);
                return;
            }
        }
        if self.0.len() < MAX_A_DAY {
            self.0.push(Note { day, unlisted, name, visits: 1 });
        }
    }

    /// All of them; they are told now.
    pub fn take(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.0)
    }
}

/// A name over a period, for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is not listed.
    pub unlisted: Unlisted,
    /// Its name.
    pub name: String,
    /// How many visits there were, at least.
    pub visits: u64,
    /// The last day that had one.
    pub last: Day,
    /// What to set, so that it is listed; nothing where it cannot be.
    pub set: Option<String>,
}

/// The longest list that is told with what is to be added to it, in bytes.
const MAX_LIST_BYTES: usize = 1_000;

/// What an owner is told of a period: the names with the most visits.
pub fn told(report: &[Line], origins: &Origins, sites: &Sites) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    for line in report {
        let Some(unlisted) = Unlisted::from_number(line.reason) else { continue };
        let same = |one: &&mut Told| one.unlisted == unlisted && one.name == line.name;
        if let Some(one) = all.iter_mut().find(same) {
            one.visits = one.visits.saturating_add(line.views);
            one.last = one.last.max(line.at);
        } else {
            all.push(Told { unlisted, name: line.name.clone(), visits: line.views, last: line.at, set: None });
        }
    }
    all.sort_by(|a, b| b.visits.cmp(&a.visits).then_with(|| a.name.cmp(&b.name)));
    all.truncate(MAX_A_DAY);
    for one in &mut all {
        let (variable, list) = match one.unlisted {
            Unlisted::Origin => ("ALLOWED_ORIGINS", origins.with(&one.name)),
            Unlisted::Site => ("SITES", sites.with(&one.name)),
        };
        one.set = list.map(|list| {
            if list.len() > MAX_LIST_BYTES { format!("{variable}: add {}", one.name) } else { format!("{variable} = \"{list}\"") }
        });
    }
    all
}

/// The origin of a page, by its header `Origin` or else by `Referer`, if it says one.
pub fn origin_of(origin: Option<&str>, referer: &str) -> Option<String> {
    let text = origin.unwrap_or(referer);
    let name = match split_scheme(text) {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or("")),
        // Of pages in a sandbox, and of files.
        None if text == "null" => text.to_owned(),
        None => return None,
    };
    Some(name.to_ascii_lowercase()).filter(|name| is_name(name))
}

/// The name of a site as it was asked for, if it could be one.
pub fn site_of(name: &str) -> Option<String> {
    is_name(name).then(|| name.to_owned())
}

/// Whether a text is no more than a name: what is shown to an owner must not be a message of a stranger.
pub fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;

    #[test]
    fn the_origin_is_found_and_nothing_else() {
        for (origin, referer, name) in [
            (Some("https://shop.example"), "https://other.example/", Some("https://shop.example")),
            (Some("http://localhost:8080"), "", Some("http://localhost:8080")),
            (Some("https://[::1]:8787"), "", Some("https://[::1]:8787")),
            (Some("null"), "", Some("null")),
            (None, "https://Shop.example/a?secret#x", Some("https://shop.example")),
            (None, "https://shop.example?x", Some("https://shop.example")),
            (None, "", None),
            (Some("buy my things"), "", None),
            (Some("https://buy my things"), "", None),
            (Some("https://<b>"), "", None),
        ] {
            assert_eq!(origin_of(origin, referer).as_deref(), name, "{origin:?} {referer}");
        }
        assert_eq!(origin_of(Some(&format!("https://{}", "a".repeat(MAX_NAME_BYTES))), ""), None);
        assert_eq!((site_of("shop"), site_of("a shop"), site_of("")), (Some("shop".to_owned()), None, None));
    }

    #[test]
    fn an_owner_is_told_what_to_set() {
        let line = |at, unlisted: Unlisted, name: &str, views| Line {
            at,
            reason: unlisted.number(),
            name: name.to_owned(),
            views,
            ..Line::default()
        };
        let report = [
            line(1, Unlisted::Origin, "https://shop.example", 1),
            line(3, Unlisted::Origin, "https://shop.example", 4),
            line(2, Unlisted::Origin, "null", 2),
            line(2, Unlisted::Site, "shop", 1),
            line(2, Unlisted::Site, "Shop", 1),
        ];
        let (origins, sites) = (Origins::parse("https://blog.example").unwrap(), Sites::parse("blog").unwrap());
        let all = told(&report, &origins, &sites);
        let said: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.visits, one.last, one.set.as_deref())).collect();
        assert_eq!(
            said,
            [
                ("https://shop.example", 5, 3, Some("ALLOWED_ORIGINS = \"https://blog.example,https://shop.example\"")),
                ("null", 2, 2, None),
                ("Shop", 1, 2, None),
                ("shop", 1, 2, Some("SITES = \"blog,shop\"")),
            ]
        );
        let first = told(&report, &Origins::default(), &sites);
        assert_eq!(first[0].set.as_deref(), Some("ALLOWED_ORIGINS = \"https://shop.example\""));
        let many = Sites::parse(&(0..200).map(|n| format!("site-{n}")).collect::<Vec<_>>().join(",")).unwrap();
        assert_eq!(told(&report[3..4], &origins, &many)[0].set.as_deref(), Some("SITES: add shop"));
    }

    #[test]
    fn few_are_noted_and_each_once() {
        let mut notes = Notes::default();
        for n in 0..2 * MAX_A_DAY {
            notes.add(1, Unlisted::Site, format!("s{n}"));
            notes.add(1, Unlisted::Origin, "s0".to_owned());
        }
        let all = notes.take();
        assert_eq!(all.len(), MAX_A_DAY);
        let most = all.iter().max_by_key(|note| note.visits).map(|note| (note.unlisted, note.visits));
        assert_eq!(most, Some((Unlisted::Origin, 2 * MAX_A_DAY as u64)));
        assert!(notes.take().is_empty());
        for unlisted in [Unlisted::Origin, Unlisted::Site] {
            assert_eq!(Unlisted::from_number(unlisted.number()), Some(unlisted));
        }
        assert_eq!(Unlisted::from_number(2), None);
    }
}
