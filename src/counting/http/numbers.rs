//! Which numbers a page shows, and so asks for: `show=views,site_views,visitors`.

use serde::Serialize;

/// The numbers that are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberSelection {
    /// `views`: those of the page.
    pub views: bool,
    /// `site_views`: those of the whole site.
    pub site_views: bool,
    /// `visitors`, or `site_visitors`: those of the site today (UTC).
    pub visitors: bool,
}

impl NumberSelection {
    /// Reads names with commas between them, as often as they come. A name that is not known asks for nothing.
    pub fn parse(text: &str) -> Self {
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

    /// Whether nothing is asked for.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The numbers that were found. One that is left out was not asked for, or could not be read: it is never a guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FoundNumbers {
    /// Views of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<u64>,
    /// Views of the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_views: Option<u64>,
    /// Visitors of the site today (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitors: Option<u64>,
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
