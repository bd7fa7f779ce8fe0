//! The dimensions that views are counted by. To add one, add it here and in [`crate::counting::model::dimensions`]; CONTRIBUTING.md lists the rest.

use crate::counting::model::client::Device;
use crate::counting::model::limits::OTHER;
use crate::counting::model::referrers::campaign::{folded, folded_source};
use crate::counting::model::referrers::host::{host_of, one_way};
use crate::counting::model::referrers::{source_named, source_of};
use std::borrow::Cow;
use std::sync::OnceLock;

/// The longest referrer that is kept, in bytes. A host has at most 253, and nearly all have under 60.
pub(crate) const MAX_REFERRER_BYTES: usize = 100;

/// The longest part of a campaign (`utm_source` and the like) that is kept, in bytes.
pub(crate) const MAX_CAMPAIGN_BYTES: usize = 64;

/// A property of views that they are counted by, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The class of the device, one of [`Device`]'s names.
    Device,
    /// Two letters (ISO 3166-1), `XX` for an unknown one, `T1` for Tor.
    Country,
    /// What linked here: the name of a source that links under several hosts, such as `Twitter`, else the host itself.
    Referrer,
    /// `utm_source`.
    Source,
    /// `utm_medium`.
    Medium,
    /// `utm_campaign`.
    Campaign,
    /// The host that linked here, where [`Self::Referrer`] is the name of its source. Elsewhere the referrer is the host, and is read as both.
    Host,
}

/// What the rest of the program has to know of a dimension.
struct Facts {
    /// The number in the table `details`. Stored, so it never changes.
    number: u8,
    /// The name in queries, answers and exports.
    name: &'static str,
    /// The list that has it: `/api/sites/SITE/LIST`.
    list: &'static str,
    /// What `by` calls it in that list. Without `by`, the list has its default: [`Dimension::is_default`].
    by: &'static str,
    /// The longest value, in bytes.
    most: usize,
}

impl Dimension {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Device, Self::Country, Self::Referrer, Self::Source, Self::Medium, Self::Campaign, Self::Host];

    /// The longest values of all together, in bytes.
    pub(crate) const ALL_MOST: usize = {
        let (mut rest, mut bytes): (&[Self], usize) = (&Self::ALL, 0);
        while let [first, others @ ..] = rest {
            (rest, bytes) = (others, bytes + first.most());
        }
        bytes
    };

    const fn facts(self) -> Facts {
        let (number, name, list, by, most) = match self {
            Self::Device => (0, "device", "devices", "device", 2),
            Self::Country => (1, "country", "countries", "country", 2),
            Self::Referrer => (2, "referrer", "referrers", "source", MAX_REFERRER_BYTES),
            Self::Source => (3, "source", "campaigns", "source", MAX_CAMPAIGN_BYTES),
            Self::Medium => (4, "medium", "campaigns", "medium", MAX_CAMPAIGN_BYTES),
            Self::Campaign => (5, "campaign", "campaigns", "campaign", MAX_CAMPAIGN_BYTES),
            Self::Host => (6, "host", "referrers", "host", MAX_REFERRER_BYTES),
        };
        Facts { number, name, list, by, most }
    }

    /// The number in the table.
    pub const fn number(self) -> u8 {
        self.facts().number
    }

    /// How an export, a query and an answer write it.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The list that has its values, as the path of the API names it.
    pub const fn list(self) -> &'static str {
        self.facts().list
    }

    /// The longest value, in bytes.
    pub(crate) const fn most(self) -> usize {
        self.facts().most
    }

    /// The dimension of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }

    /// All names, separated by commas, for messages.
    pub(crate) fn names() -> &'static str {
        static NAMES: OnceLock<String> = OnceLock::new();
        NAMES.get_or_init(|| Self::ALL.map(Self::name).join(", "))
    }

    /// Whether a list of the API has values of a dimension.
    pub(crate) fn is_list(list: &str) -> bool {
        Self::ALL.into_iter().any(|dimension| dimension.list() == list)
    }

    /// The dimension of a list, by what `by` says; `None` for what that list is not told by. See [`Self::by_words`].
    pub(crate) fn of_list(list: &str, by: Option<&str>) -> Option<Self> {
        let in_list = || Self::ALL.into_iter().filter(|dimension| dimension.list() == list);
        match by {
            Some(by) => in_list().find(|dimension| dimension.facts().by == by),
            None => in_list().find(|dimension| dimension.is_default()),
        }
    }

    /// Whether its list has it without `by`.
    fn is_default(self) -> bool {
        !matches!(self, Self::Source | Self::Medium | Self::Host)
    }

    /// What `by` may say in a list, for messages; `None` where the list has one dimension only.
    pub(crate) fn by_words(list: &str) -> Option<&'static str> {
        match list {
            "referrers" => Some("source, host"),
            "campaigns" => Some("campaign, source, medium"),
            _ => None,
        }
    }

    /// How a stored value is answered.
    pub(crate) fn shown(self, value: &str) -> &str {
        if self == Self::Device { Device::name_of(value) } else { value }
    }

    /// A value as visits are stored under it, from how an owner or a file writes it: a country or a device in any case, a source by one of
    /// its hosts, a campaign as people write it. Without that the answer would be a 0 that nobody counted.
    ///
    /// # Errors
    /// What the dimension allows, for a value that it never has.
    pub(crate) fn stored(self, value: &str) -> Result<String, &'static str> {
        let value = value.trim();
        if value == OTHER {
            return Ok(value.to_owned());
        }
        match self {
            Self::Device => {
                let device = Device::ALL.into_iter().find(|device| device.name().eq_ignore_ascii_case(value));
                device.map(|device| device.letter().to_owned()).ok_or("desktop, mobile, tablet")
            }
            Self::Country if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Ok(value.to_ascii_uppercase())
            }
            Self::Country => Err("two letters (ISO 3166-1), such as DE"),
            Self::Referrer | Self::Host => {
                let host = if value.contains("://") { host_of(value) } else { one_way(value) };
                let source = if self == Self::Referrer { source_of(&host).or_else(|| source_named(value)) } else { None };
                Ok(source.map_or(host, str::to_owned))
            }
            Self::Source | Self::Medium | Self::Campaign => Ok(self.folded(value).into_owned()),
        }
    }

    /// A value without the differences that say nothing, such as case and spaces in a campaign.
    pub(crate) fn folded(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Source => Cow::Owned(folded_source(value)),
            Self::Medium | Self::Campaign => Cow::Owned(folded(value)),
            Self::Device | Self::Country | Self::Referrer | Self::Host => Cow::Borrowed(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_number_a_name_and_a_place_in_a_list_of_its_own() {
        for (number, dimension) in (0..).zip(Dimension::ALL) {
            assert_eq!((dimension.number(), Dimension::named(dimension.name())), (number, Some(dimension)));
            let (list, by) = (dimension.list(), dimension.facts().by);
            assert_eq!(Dimension::of_list(list, Some(by)), Some(dimension), "{list} by {by}");
            let defaults = Dimension::ALL.into_iter().filter(|other| other.list() == list && other.is_default()).count();
            assert_eq!(defaults, 1, "{list} without by");
        }
    }

    #[test]
    fn a_list_of_several_dimensions_says_by_which() {
        for dimension in Dimension::ALL {
            let list = dimension.list();
            let several = Dimension::ALL.into_iter().filter(|other| other.list() == list).count() > 1;
            assert_eq!(Dimension::by_words(list).is_some(), several, "{list}");
            if let Some(words) = Dimension::by_words(list) {
                assert!(words.split(", ").any(|word| word == dimension.facts().by), "{list} by {}", dimension.facts().by);
                assert!(words.split(", ").all(|word| Dimension::of_list(list, Some(word)).is_some()));
            }
        }
    }

    #[test]
    fn f15_a_value_is_found_in_whatever_words_it_is_asked_for() {
        for (dimension, asked, stored) in [
            (Dimension::Country, "de", "DE"),
            (Dimension::Country, " De ", "DE"),
            (Dimension::Device, "Mobile", "m"),
            (Dimension::Referrer, "https://WWW.News.example/a", "news.example"),
            (Dimension::Referrer, "x.com", "Twitter"),
            (Dimension::Referrer, "twitter", "Twitter"),
            (Dimension::Host, "X.com", "x.com"),
            (Dimension::Source, " LinkedIn ", "linkedin"),
            (Dimension::Campaign, "(other)", "(other)"),
        ] {
            assert_eq!(dimension.stored(asked).as_deref(), Ok(stored), "{asked}");
        }
        for (dimension, asked) in [(Dimension::Country, "Germany"), (Dimension::Country, "d"), (Dimension::Device, "phone")] {
            assert!(dimension.stored(asked).is_err(), "{asked}");
        }
    }
}
