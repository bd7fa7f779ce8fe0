//! Names that are missing in the configuration, as refused visits show: origins that `ALLOWED_ORIGINS` does not list, and sites that `SITES`
//! does not name.
//!
//! Strangers can make up origins and names. So only a few are kept for a day, those with the most visits, and only texts that are names.

use crate::counting::model::date::Day;
use crate::counting::text::url::split_scheme;

/// The most origins and sites that are kept for a day, in an isolate and in a shard.
pub const MAX_A_DAY: usize = 20;

/// The longest name, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 100;

/// How many days names are kept.
pub const KEEP_DAYS: u32 = 31;

/// A kind of name that is not listed.
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

    /// The kind with a number; `None` for a number of a later version.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Origin, Self::Site].into_iter().find(|one| one.number() == number)
    }

    /// Its name in answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Site => "site",
        }
    }
}

/// The refused visits of one day with one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The day.
    pub day: Day,
    /// The kind of the name.
    pub unlisted: Unlisted,
    /// The name.
    pub name: String,
    /// How many visits.
    pub visits: u64,
}

/// Notes that are not sent yet.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    /// Notes a visit. A name that is one too many is dropped; the number of refused visits is counted elsewhere.
    pub(crate) fn add(&mut self, day: Day, unlisted: Unlisted, name: String) {
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

    /// Removes all notes, and returns them.
    pub(crate) fn take(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.0)
    }
}

/// The origin of a page, from the header `Origin` or else from `Referer`, if either has one.
pub(crate) fn origin_of(origin: Option<&str>, referer: &str) -> Option<String> {
    let text = origin.unwrap_or(referer);
    let name = match split_scheme(text) {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or("")),
        // The origin of pages in a sandbox, and of files.
        None if text == "null" => text.to_owned(),
        None => return None,
    };
    Some(name.to_ascii_lowercase()).filter(|name| is_name(name))
}

/// The name of a site as the visit had it, if it can be shown to the owner.
pub(crate) fn site_of(name: &str) -> Option<String> {
    is_name(name).then(|| name.to_owned())
}

/// Whether a text is no more than a name. A stranger must not be able to show a message to the owner.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b))
}

#[cfg(test)]
mod tests {
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
