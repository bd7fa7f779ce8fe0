//! The numbers that a page shows and so asks for: `show=views,site_views,visitors`.

use serde::Serialize;

/// The numbers that a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberSelection {
    /// `views`: the views of the page.
    pub views: bool,
    /// `site_views`: the views of the whole site.
    pub site_views: bool,
    /// `visitors` or `site_visitors`: the visitors of the site today (UTC).
    pub visitors: bool,
}

impl NumberSelection {
    /// Reads names separated by commas. Names may repeat; unknown ones are ignored.
    pub(crate) fn parse(text: &str) -> Self {
        let mut shown = Self::default();
        for name in text.split(',') {
            match name.trim() {
                "views" => shown.views = true,
                "site_views" => shown.site_views = true,
                "visitors" | "site_visitors" => shown.visitors = true,
                _ => {}
            }
        }
        shown
    }

    /// Whether the request asks for no number.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The numbers that were found. A number is left out if the request did not ask for it or the counter could not read it. None is a guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FoundNumbers {
    /// Views of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<u64>,
    /// Views of the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_views: Option<u64>,
    /// Visitors of the site today (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitors: Option<u64>,
    /// The age of the oldest of these numbers, in milliseconds, if the site has several shards. Without it all are current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_asked_for_by_name() {
        assert_eq!(
            NumberSelection::parse("views, site_views,views"),
            NumberSelection { views: true, site_views: true, visitors: false }
        );
        assert_eq!(NumberSelection::parse("site_visitors"), NumberSelection::parse("visitors"));
        assert!(NumberSelection::parse("").is_empty() && NumberSelection::parse("pages,,").is_empty());
    }
}
