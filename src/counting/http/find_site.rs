//! The site that a request names.

use crate::counting::http::refusal::Refusal;
use crate::counting::model::site::{Site, Sites};

/// The site with this name; without a name, the first site of `SITES`.
///
/// # Errors
/// [`Refusal::UnknownSite`] if `SITES` does not have the name.
pub(crate) fn find_site(name: Option<&str>, sites: &Sites) -> Result<Site, Refusal> {
    match name {
        None => Ok(sites.first().clone()),
        Some(name) => sites.known(name).cloned().ok_or_else(|| Refusal::unknown_site(name)),
    }
}
