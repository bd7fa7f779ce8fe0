//! A visit: the event that a handler registers.

use crate::counting::model::dimensions::Dimensions;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visit_id::VisitId;

/// One visit of a page of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The site, from the allow-list.
    pub site: Site,
    /// The page of that site.
    pub page: Page,
    /// What else is counted about it.
    pub details: Dimensions,
    /// What its caller named it, if anything. A visit without an id is counted each time that it is sent.
    pub id: Option<VisitId>,
    /// How long ago it was made, in milliseconds: over 0 where it is sent late. At most [`crate::counting::http::age::MAX_AGE_MS`].
    pub age: u64,
}
