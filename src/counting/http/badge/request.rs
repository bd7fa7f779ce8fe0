//! A request for a badge: its site, its page and its style.

use crate::counting::http::badge::style::{BLUE, BadgeStyle, LABEL_COLOR, Shape, color, label};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::{KeptQuery, Page};

/// A request for a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgeRequest {
    /// The site's name.
    pub site: String,
    /// The page; the whole site if there is none.
    pub page: Option<Page>,
    /// Whether showing it counts a visit.
    pub counts: bool,
    /// Whether the answer is JSON that shields.io draws.
    pub json: bool,
    /// How it looks.
    pub style: BadgeStyle,
}

/// Reads the part of a path after `/badge/`, such as `blog/a/page.svg` or `blog.json`, and the query.
///
/// # Errors
/// [`Refusal::UnknownPath`] if the path does not end in `.svg` or `.json`; [`Refusal::Page`]; [`Refusal::Parameter`] and
/// [`Refusal::RepeatedParameter`].
pub(crate) fn read_badge(path: &str, query: &str, kept: &KeptQuery) -> Result<BadgeRequest, Refusal> {
    let (path, form) = path.trim_end_matches('/').rsplit_once('.').ok_or(Refusal::UnknownPath)?;
    let json = match form {
        "svg" => false,
        "json" => true,
        _ => return Err(Refusal::UnknownPath),
    };
    let (site, page) = match path.find('/').and_then(|at| path.split_at_checked(at)) {
        Some((site, page)) => (site, Some(kept.page(page).map_err(Refusal::Page)?)),
        None => (path, None),
    };
    let query = Query::read(query, &["label", "color", "labelColor", "style", "count"])?;
    let label = label(query.get("label").unwrap_or("views"), "label")?;
    let (color, label_color) = (color(&query, "color", BLUE)?, color(&query, "labelColor", LABEL_COLOR)?);
    let counts = match query.get("count") {
        None | Some("0") => false,
        Some("1") if page.is_some() => true,
        Some("1") => return Err(Refusal::Parameter("count", "0 for a whole site; only the badge of a page counts visits")),
        Some(_) => return Err(Refusal::Parameter("count", "0, 1")),
    };
    let shape = Shape::parse(query.get("style").unwrap_or("flat"));
    Ok(BadgeRequest {
        site: site.to_owned(),
        page,
        counts,
        json,
        style: BadgeStyle { label, color, label_color, shape, ink: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(query: &str) -> Result<BadgeRequest, Refusal> {
        read_badge("blog/a/b.svg", query, &KeptQuery::default())
    }

    #[test]
    fn a_badge_is_named_by_its_path() {
        let read = |path| {
            read_badge(path, "", &KeptQuery::default()).map(|badge| (badge.site, badge.page.map(|page| page.as_str().to_owned())))
        };
        let page = |page: &str| Ok(("blog".to_owned(), Some(page.to_owned())));
        assert_eq!(read("blog.svg"), Ok(("blog".to_owned(), None)));
        assert_eq!(read("blog/.svg"), page("/"));
        assert_eq!(read("blog/a/b.svg"), page("/a/b"));
        assert_eq!(read("blog/caf%C3%A9.svg"), page("/café"));
        assert_eq!(read("blog/a.svg.svg"), page("/a.svg"));
        assert_eq!(read("blog/a"), Err(Refusal::UnknownPath));
        assert_eq!(read("blog/%07.svg"), page("/%07"));
    }

    #[test]
    fn wrong_looks_are_refused() {
        assert!(badge("label=&color=f0f&labelColor=%23fff&style=flat-square&count=1").is_ok());
        let long = format!("label={}", "a".repeat(65));
        for (query, name) in [
            (long.as_str(), "label"),
            ("label=%07", "label"),
            ("color=ff", "color"),
            ("labelColor=nope", "labelColor"),
            ("color=\"/><script>", "color"),
            ("count=yes", "count"),
        ] {
            assert!(matches!(badge(query), Err(Refusal::Parameter(found, _)) if found == name), "{query}");
        }
        assert!(matches!(read_badge("blog.svg", "count=1", &KeptQuery::default()), Err(Refusal::Parameter("count", _))));
        assert!(badge("logo=x&t=9&cacheSeconds=1&label=&label=").is_ok());
    }
}
