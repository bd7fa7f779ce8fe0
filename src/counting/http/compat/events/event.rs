//! An event that a client of Plausible or Umami reports: its site, its page and its kind.

use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::Page;
use crate::counting::model::site::{Site, Sites, host_of};
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::url::path_and_query;

/// The route that received the body. It decides how the body is read and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `POST /api/event`
    Plausible,
    /// `POST /api/send`
    Umami,
    /// `POST /api/batch`
    UmamiBatch,
}

/// An event that a client reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedEvent {
    /// The names of the site: one domain or several, or an id.
    pub(crate) names: Vec<String>,
    /// The URL of the page.
    pub url: String,
    /// The host of the page, if its URL has none.
    pub(crate) host: String,
    /// The page.
    pub page: Page,
    /// The URL of the page that linked here, or empty.
    pub referrer: String,
    /// The kind.
    pub kind: EventKind,
    /// The time of the event in milliseconds since 1970, if the client sent it.
    pub at: Option<u64>,
    /// The visit id, if one of Footfall's own scripts sent the event.
    pub id: Option<VisitId>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A page view.
    View,
    /// An event with a name that the owner chose. It is no view.
    Event,
    /// A measurement or an identity, such as how long a page was read. Nothing is counted.
    Other,
}

impl ReportedEvent {
    /// The query of the page, which may name a campaign.
    pub(crate) fn query(&self) -> &str {
        path_and_query(&self.url).1
    }

    /// The sites of the event: those with one of its names; else the site of the page's host; else the only site.
    ///
    /// # Errors
    /// [`Refusal::UnknownSite`] if there is none.
    pub(crate) fn sites(&self, sites: &Sites) -> Result<Vec<Site>, Refusal> {
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
