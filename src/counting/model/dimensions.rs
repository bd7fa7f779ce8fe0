//! The values that a visit has in each dimension, as one text.

use crate::counting::model::client::{Client, Device};
use crate::counting::model::dimension::{Dimension, MAX_REFERRER_BYTES};
use crate::counting::model::referrers::{is_spam, source_of};
use std::borrow::Cow;
use std::rc::Rc;

/// The longest text of [`Dimensions`], in bytes.
pub const MAX_DETAILS_BYTES: usize = Dimension::ALL_MOST + (Dimension::ALL.len() - 1) * SEPARATOR.len_utf8();

/// Between the values: "unit separator", which no value has, because none has control characters.
const SEPARATOR: char = '\u{1f}';

/// What a visit's values come from.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// The program that made it.
    pub client: Client,
    /// The host of the page that linked here; empty if unknown.
    pub referrer: &'a str,
    /// Source, medium and campaign, as the address of the page names them.
    pub campaign: &'a [String; 3],
}

impl Described<'_> {
    /// The value in a dimension; empty if unknown. `named` is the source that the referrer's host belongs to.
    fn value(&self, dimension: Dimension, named: Option<&'static str>) -> Cow<'_, str> {
        let [source, medium, campaign] = self.campaign;
        match dimension {
            Dimension::Device => self.client.device.map_or("", Device::letter).into(),
            Dimension::Country => self.client.country.as_str().into(),
            Dimension::Referrer => named.unwrap_or(self.referrer).into(),
            Dimension::Host => named.map_or("", |_| self.referrer).into(),
            Dimension::Source => dimension.folded(source),
            Dimension::Medium => dimension.folded(medium),
            Dimension::Campaign => dimension.folded(campaign),
        }
    }
}

/// The details of a visit, as one text: a batch then carries and compares one text a visit, most often one for all its visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimensions(Option<Rc<str>>);

impl Dimensions {
    /// The values of a visit. Each text may be anything: control characters are dropped, what is too long is cut, and a text that is
    /// empty then is not counted.
    pub fn of(described: &Described<'_>) -> Self {
        let named = source_of(described.referrer);
        let texts = described.campaign.iter().fold(described.referrer.len(), |sum, text| sum.saturating_add(text.len()));
        // One allocation: device, country, and a source's name may come on top of the texts.
        let mut text = String::with_capacity(texts.saturating_add(64).min(MAX_DETAILS_BYTES));
        for dimension in Dimension::ALL {
            if dimension.number() > 0 {
                text.push(SEPARATOR);
            }
            let start = text.len();
            for c in described.value(dimension, named).trim().chars().filter(|c| !c.is_control()) {
                if text.len().saturating_sub(start).saturating_add(c.len_utf8()) > dimension.most() {
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
    pub(crate) fn is_spam(&self) -> bool {
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
pub(crate) fn is_value(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_REFERRER_BYTES && !text.contains(char::is_control)
}

/// Whether a text could be that of details: of no more parts than there are kinds, none too long, no control characters.
pub(crate) fn is_details(text: &str) -> bool {
    let parts = text.split(SEPARATOR);
    let control = text.chars().any(|c| c.is_control() && c != SEPARATOR);
    !control
        && parts.clone().count() <= Dimension::ALL.len()
        && parts.zip(Dimension::ALL).all(|(part, kind)| part.len() <= kind.most())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::client::Country;

    fn of(device: Option<Device>, country: &str, referrer: &str, campaign: [&str; 3]) -> Dimensions {
        let client = Client { device, country: Country::read(country) };
        Dimensions::of(&Described { client, referrer, campaign: &campaign.map(str::to_owned) })
    }

    #[test]
    fn details_are_one_text_and_read_back() {
        let all = of(Some(Device::Mobile), "DE", "news.example", ["a", "B ", "\u{a0}c \t d"]);
        assert_eq!(
            values(all.as_str()).map(|(_, value)| value).collect::<Vec<_>>(),
            ["m", "DE", "news.example", "a", "b", "c d"]
        );
        let grouped = of(None, "", "t.co", [""; 3]);
        assert_eq!(values(grouped.as_str()).collect::<Vec<_>>(), [(Dimension::Referrer, "Twitter"), (Dimension::Host, "t.co")]);
        let some = of(None, "", "x", ["", "mail", ""]);
        assert_eq!(values(some.as_str()).collect::<Vec<_>>(), [(Dimension::Referrer, "x"), (Dimension::Medium, "mail")]);
        assert_eq!(of(None, "", " ", ["\u{1f}", "", "\n"]), Dimensions::default());
    }

    #[test]
    fn no_text_breaks_them() {
        let long = "é".repeat(200);
        let cut = of(Some(Device::Tablet), "DE", &long, [&long, "a\u{1f}b", &long]);
        assert!(is_details(cut.as_str()) && cut.as_str().len() <= MAX_DETAILS_BYTES);
        assert_eq!(values(cut.as_str()).find(|(kind, _)| *kind == Dimension::Medium), Some((Dimension::Medium, "ab")));
        for bad in ["a\nb", "ddd", "d\u{1f}DEU", "\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}"] {
            assert!(!is_details(bad), "{bad:?}");
        }
    }

    #[test]
    fn f13_a_source_is_written_one_way() {
        let source = |text: &str| of(None, "", "", [text, "", ""]);
        assert!(
            ["LinkedIn", "linkedin", " linkedin ", "\u{2003}LINKEDIN\n"].iter().all(|text| source(text) == source("linkedin"))
        );
        assert_eq!(source("Été  Indien"), source("été indien"));
    }
}
