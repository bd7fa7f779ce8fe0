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
    /// Its id, if its caller chose one. A visit without an id counts each time that it is sent.
    pub id: Option<VisitId>,
    /// How long ago it was made, in milliseconds; 0 unless it is sent late. At most [`crate::counting::http::age::MAX_AGE_MS`].
    pub age: u64,
}
