//! What is counted about a visit besides its page and its visitor: device, country, referrer and campaign.

use crate::counting::model::referrers::campaign::{folded, folded_source};
use crate::counting::model::referrers::host::{host_of, one_way};
use crate::counting::model::referrers::{is_spam, source_named, source_of};
use std::rc::Rc;

/// The longest referrer that is kept, in bytes; a host has at most 253, and nearly all have under 60.
pub const MAX_REFERRER_BYTES: usize = 100;

/// The longest part of a campaign (`utm_source` and the like) that is kept, in bytes.
pub const MAX_CAMPAIGN_BYTES: usize = 64;

/// The longest text of [`Dimensions`], in bytes.
pub const MAX_DETAILS_BYTES: usize = 2 + 2 + 2 * MAX_REFERRER_BYTES + 3 * MAX_CAMPAIGN_BYTES + 6 * SEPARATOR.len_utf8();

/// Between the parts: "unit separator", which no part has, because none has control characters.
const SEPARATOR: char = '\u{1f}';

/// The kinds of details, each counted by itself. The order is that of the parts and of the numbers in the table `details`.
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

impl Dimension {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Device, Self::Country, Self::Referrer, Self::Source, Self::Medium, Self::Campaign, Self::Host];

    /// The number in the table.
    pub fn number(self) -> u8 {
        match self {
            Self::Device => 0,
            Self::Country => 1,
            Self::Referrer => 2,
            Self::Source => 3,
            Self::Medium => 4,
            Self::Campaign => 5,
            Self::Host => 6,
        }
    }

    /// How a file of an export, a query and an answer write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Country => "country",
            Self::Referrer => "referrer",
            Self::Source => "source",
            Self::Medium => "medium",
            Self::Campaign => "campaign",
            Self::Host => "host",
        }
    }

    /// The longest value, in bytes.
    fn most(self) -> usize {
        match self {
            Self::Device | Self::Country => 2,
            Self::Referrer | Self::Host => MAX_REFERRER_BYTES,
            Self::Source | Self::Medium | Self::Campaign => MAX_CAMPAIGN_BYTES,
        }
    }
}

/// The class of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A computer, or what says it is one.
    Desktop,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
}

impl Device {
    /// How details and tables write it.
    fn letter(self) -> &'static str {
        match self {
            Self::Desktop => "d",
            Self::Mobile => "m",
            Self::Tablet => "t",
        }
    }

    /// How it is answered; a value of a later version as it is.
    pub fn name_of(letter: &str) -> &str {
        match letter {
            "d" => "desktop",
            "m" => "mobile",
            "t" => "tablet",
            other => other,
        }
    }
}

/// What a request says about who made it, as far as that is counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client<'a> {
    /// The class of the device, if it is known.
    pub device: Option<Device>,
    /// Two letters, or nothing.
    pub country: &'a str,
    /// The URL or the origin of the page that is visited: links from there are no referrals.
    pub own_url: &'a str,
}

/// The value of a kind as visits are kept under it, for who asks for one in other words: a country or a device in any case, a source by one of
/// its hosts, a campaign as people write it. Without that the answer would be a 0 that nobody counted.
///
/// # Errors
/// What the kind may be, for a value that it never is.
pub fn kept_as(kind: Dimension, value: &str) -> Result<String, &'static str> {
    let value = value.trim();
    if value == crate::counting::model::limits::OTHER {
        return Ok(value.to_owned());
    }
    match kind {
        Dimension::Device => {
            let letter = ["d", "m", "t"].into_iter().find(|letter| Device::name_of(letter).eq_ignore_ascii_case(value));
            letter.map(str::to_owned).ok_or("desktop, mobile, tablet")
        }
        Dimension::Country if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(value.to_ascii_uppercase())
        }
        Dimension::Country => Err("two letters (ISO 3166-1), such as DE"),
        Dimension::Referrer | Dimension::Host => {
            let host = if value.contains("://") { host_of(value) } else { one_way(value) };
            let source = if kind == Dimension::Referrer { source_of(&host).or_else(|| source_named(value)) } else { None };
            Ok(source.map_or(host, str::to_owned))
        }
        Dimension::Source => Ok(folded_source(value)),
        Dimension::Medium | Dimension::Campaign => Ok(folded(value)),
    }
}

/// The details of a visit, as one text: a batch then carries and compares one text a visit, most often one for all its visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimensions(Option<Rc<str>>);

impl Dimensions {
    /// The details of a visit. Each text may be anything: control characters are dropped, what is too long is cut, and a text that is
    /// empty then is not counted. `referrer` is a host; `campaign` has source, medium and campaign, in which case and spaces say nothing.
    pub fn new(device: Option<Device>, country: &str, referrer: &str, campaign: [&str; 3]) -> Self {
        let [source, medium, name] = campaign;
        let [source, medium, name] = [folded_source(source), folded(medium), folded(name)];
        let (referrer, host) = source_of(referrer).map_or((referrer, ""), |source| (source, referrer));
        let parts = [device.map_or("", Device::letter), country, referrer, &source, &medium, &name, host];
        let mut text = String::with_capacity(parts.iter().fold(parts.len(), |sum, part| sum.saturating_add(part.len())));
        for (kind, part) in Dimension::ALL.into_iter().zip(parts) {
            if kind != Dimension::Device {
                text.push(SEPARATOR);
            }
            let start = text.len();
            for c in part.trim().chars().filter(|c| !c.is_control()) {
                if text.len().saturating_sub(start).saturating_add(c.len_utf8()) > kind.most() {
                    break;
                }
                text.push(c);
            }
        }
        let end = text.trim_end_matches(SEPARATOR).len();
        text.truncate(end);
        Self((!text.is_empty()).then(|| text.into()))
    }

    /// Whether the host that linked here, or that the link says it is from, is known for links that are made up to be seen.
    pub fn is_spam(&self) -> bool {
        values(self.as_str()).any(|(kind, value)| matches!(kind, Dimension::Referrer | Dimension::Source) && is_spam(value))
    }

    /// The text; empty where nothing is known.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }
}

/// The values in the text of [`Dimensions`], each with its kind.
pub fn values(details: &str) -> impl Iterator<Item = (Dimension, &str)> {
    Dimension::ALL.into_iter().zip(details.split(SEPARATOR)).filter(|(_, value)| !value.is_empty())
}

/// Whether a text could be a value of any kind in the tables. They may have longer ones than visits bring: from imports, and
/// [`crate::counting::model::limits::OTHER`].
pub fn is_value(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_REFERRER_BYTES && !text.contains(char::is_control)
}

/// Whether a text could be that of details: of no more parts than there are kinds, none too long, no control characters.
pub fn is_details(text: &str) -> bool {
    let parts = text.split(SEPARATOR);
    let control = text.chars().any(|c| c.is_control() && c != SEPARATOR);
    !control
        && parts.clone().count() <= Dimension::ALL.len()
        && parts.zip(Dimension::ALL).all(|(part, kind)| part.len() <= kind.most())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_one_text_and_read_back() {
        let all = Dimensions::new(Some(Device::Mobile), "DE", "news.example", ["a", "B ", "\u{a0}c \t d"]);
        assert_eq!(
            values(all.as_str()).map(|(_, value)| value).collect::<Vec<_>>(),
            ["m", "DE", "news.example", "a", "b", "c d"]
        );
        let grouped = Dimensions::new(None, "", "t.co", [""; 3]);
        assert_eq!(values(grouped.as_str()).collect::<Vec<_>>(), [(Dimension::Referrer, "Twitter"), (Dimension::Host, "t.co")]);
        let some = Dimensions::new(None, "", "x", ["", "mail", ""]);
        assert_eq!(values(some.as_str()).collect::<Vec<_>>(), [(Dimension::Referrer, "x"), (Dimension::Medium, "mail")]);
        assert_eq!(Dimensions::new(None, "", " ", ["\u{1f}", "", "\n"]), Dimensions::default());
    }

    #[test]
    fn no_text_breaks_them() {
        let long = "é".repeat(200);
        let cut = Dimensions::new(Some(Device::Tablet), &long, &long, [&long, "a\u{1f}b", &long]);
        assert!(is_details(cut.as_str()) && cut.as_str().len() <= MAX_DETAILS_BYTES);
        assert_eq!(values(cut.as_str()).find(|(kind, _)| *kind == Dimension::Medium), Some((Dimension::Medium, "ab")));
        for bad in ["a\nb", "ddd", "d\u{1f}DEU", "\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}"] {
            assert!(!is_details(bad), "{bad:?}");
        }
    }

    #[test]
    fn f13_a_source_is_written_one_way() {
        let source = |text: &str| Dimensions::new(None, "", "", [text, "", ""]);
        assert!(
            ["LinkedIn", "linkedin", " linkedin ", "\u{2003}LINKEDIN\n"].iter().all(|text| source(text) == source("linkedin"))
        );
        assert_eq!(source("Été  Indien"), source("été indien"));
    }

    #[test]
    fn f15_a_value_is_found_in_whatever_words_it_is_asked_for() {
        for (kind, asked, kept) in [
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
            assert_eq!(kept_as(kind, asked).as_deref(), Ok(kept), "{asked}");
        }
        for (kind, asked) in [(Dimension::Country, "Germany"), (Dimension::Country, "d"), (Dimension::Device, "phone")] {
            assert!(kept_as(kind, asked).is_err(), "{asked}");
        }
    }
}
