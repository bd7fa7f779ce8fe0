//! `GET /pixel/SITE.gif`: a picture that counts a visit.

use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::url::path_and_query;

/// A request for the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelRequest {
    /// The site's name.
    pub site: String,
    /// The page; `/` if left out.
    pub page: Page,
    /// The query of the page, which may name a campaign.
    pub page_query: String,
}

/// Reads what follows `/pixel/`, such as `blog.gif`, and the query.
///
/// # Errors
/// [`Refusal::UnknownPath`] if the path does not end in `.gif`; [`Refusal::RepeatedParameter`].
pub(crate) fn read_pixel(path: &str, query: &str, kept: &KeptQuery) -> Result<PixelRequest, Refusal> {
    let site = path.trim_end_matches('/').strip_suffix(".gif").ok_or(Refusal::UnknownPath)?;
    // An empty page is the same as none.
    let query = Query::read(query, &["page"])?;
    let told = query.get("page").unwrap_or("");
    let page = kept.page(told).unwrap_or_else(|_| Page::root());
    Ok(PixelRequest { site: site.to_owned(), page, page_query: path_and_query(told).1.to_owned() })
}
