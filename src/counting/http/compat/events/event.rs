//! What a client of Plausible or Umami tells: which site and page, and what happened there.

use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::Page;
use crate::counting::model::site::{Site, Sites, host_of};
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::url::path_and_query;

/// Whose body it is, and so whose answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `POST /api/event`
    Plausible,
    /// `POST /api/send`
    Umami,
    /// `POST /api/batch`
    UmamiBatch,
}

/// What one of them tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedEvent {
    /// What the site is called there: a domain, or several; an id.
    pub(crate) names: Vec<String>,
    /// The URL of the page.
    pub url: String,
    /// The host of the page, where its URL has none.
    pub(crate) host: String,
    /// The page.
    pub page: Page,
    /// The URL of the page before, or nothing.
    pub referrer: String,
    /// What happened.
    pub kind: EventKind,
    /// When, in milliseconds since 1970, if it is said.
    pub at: Option<u64>,
    /// Its id, which Footfall's own scripts of these names give it.
    pub id: Option<VisitId>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A page was seen.
    View,
    /// Something that the owner gave a name to. It is no view.
    Event,
    /// Nothing that anybody did: how long a page was read, how fast it was, who somebody is.
    Other,
}

impl ReportedEvent {
    /// The query of the page, for campaigns.
    pub fn query(&self) -> &str {
        path_and_query(&self.url).1
    }

    /// The sites that are meant: those that are called so, or that have the page's host; or the only one.
    ///
    /// # Errors
    /// [`Refusal::UnknownSite`]
    pub fn sites(&self, sites: &Sites) -> Result<Vec<Site>, Refusal> {
        let mut found: Vec<Site> = Vec::new();
        for site in self.names.iter().filter_map(|name| sites.of_host(name)) {
            if !found.contains(site) {
                found.push(site.clone());
            }
        }
        if found.is_empty() {
            let host = if self.host.is_empty() { host_of(&self.url) } else { &self.host };
            let only = || sites.is_one().then(|| sites.first());
            found.extend(sites.of_host(host).or_else(only).cloned());
        }
        match (found.is_empty(), self.names.first()) {
            (false, _) => Ok(found),
            (true, Some(name)) => Err(Refusal::unknown_site(name)),
            (true, None) => Err(Refusal::unknown_site("")),
        }
    }
}
