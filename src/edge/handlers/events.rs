//! Events from clients of Plausible and Umami, and views that a server reports by GoatCounter's API. The rules are in
//! [`crate::counting::http::compat::events`] and [`crate::counting::http::compat::hits`].

use crate::counting::dispatch::endpoint::Outcome;
use crate::counting::http::age::MAX_AGE_MS;
use crate::counting::http::body::MAX_LIST_BYTES;
use crate::counting::http::compat::events::answer::{Done, answer_events};
use crate::counting::http::compat::events::event::{EventKind, Protocol, ReportedEvent};
use crate::counting::http::compat::events::read::read_events;
use crate::counting::http::compat::hits::{ServerHit, answer_server_hits, read_server_hits};
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::model::client::Client;
use crate::counting::model::dimensions::{Described, Dimensions};
use crate::counting::model::origin::Caller;
use crate::counting::model::reason::Reason;
use crate::counting::model::referrers::campaign::campaign_of;
use crate::counting::model::referrers::host::referrer_host;
use crate::counting::model::site::Site;
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::VisitId;
use crate::edge::clients::shards::all;
use crate::edge::handlers::client::by_agent;
use crate::edge::handlers::context::{RequestContext, Who};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::headers;
use futures_util::FutureExt;
use std::rc::Rc;

impl RequestContext {
    /// Counts the events of a body. As with `POST /visit`, views from a server have no visitor, and nothing is known about their clients.
    pub(crate) async fn events(&mut self, protocol: Protocol, caller: &Caller) -> Result<Reply, Refusal> {
        // Events carry properties that the owner chooses, so they may be long.
        let bytes = self.read_body(MAX_LIST_BYTES).await?;
        let told = read_events(protocol, &bytes, &self.config.page_query)?;
        let id = self.idempotency_key()?;
        let size = told.len();
        let (mut visits, mut wrong) = (Vec::new(), Vec::new());
        for (at, one) in told.into_iter().enumerate() {
            match one.and_then(|one| self.meant(one)) {
                Ok(meant) => visits.extend(meant),
                Err(refusal) if protocol == Protocol::UmamiBatch => wrong.push((at, refusal)),
                Err(refusal) => return Err(refusal),
            }
        }
        // One id names one visit. Several sites of the same event may share it.
        let id = if size == 1 { id } else { None };
        if *caller == Caller::Elsewhere {
            if let Some((site, _)) = visits.first() {
                self.note(site, Reason::Origin);
            }
            return Err(Refusal::Origin);
        }
        // A server that is the owner's proxy says who the visitor is.
        let server = *caller == Caller::Server && self.forwarded().is_none();
        let who = if server { self.server() } else { self.who() };
        let counts = visits
            .iter()
            .map(|(site, one)| self.count_event(site, one, server, one.id.clone().or_else(|| id.clone()), &who).boxed_local());
        let became = all(counts.collect()).await;
        let done: Vec<Done> =
            visits.into_iter().zip(became).map(|((site, one), became)| (site, one.page.clone(), became)).collect();
        Ok(answer_events(protocol, size, &wrong, &done))
    }

    /// The event, once for each of its sites.
    fn meant(&self, told: ReportedEvent) -> Result<Vec<(Site, Rc<ReportedEvent>)>, Refusal> {
        if told.kind == EventKind::View && age_of(&told) > MAX_AGE_MS {
            return Err(Refusal::Age(age_of(&told).to_string()));
        }
        let sites = told.sites(&self.config.sites)?;
        let told = Rc::new(told);
        Ok(sites.into_iter().map(|site| (site, Rc::clone(&told))).collect())
    }

    /// The visit id in `Idempotency-Key`, if the request has one.
    pub(crate) fn idempotency_key(&self) -> Result<Option<VisitId>, Refusal> {
        self.header(headers::IDEMPOTENCY_KEY).map(|id| VisitId::parse(&id).map_err(Refusal::Id)).transpose()
    }

    /// Counts a view, or tallies an event. Returns `None` for a measurement or an identity.
    async fn count_event(
        &self,
        site: &Site,
        told: &ReportedEvent,
        server: bool,
        id: Option<VisitId>,
        who: &Who,
    ) -> Option<Outcome> {
        match told.kind {
            EventKind::Other => return None,
            EventKind::Event => {
                self.note(site, Reason::Event);
                return Some(Outcome::Excluded(Reason::Event));
            }
            EventKind::View => {}
        }
        let campaign = campaign_of(told.query());
        let referrer = referrer_host(&told.referrer, &told.url);
        let (client, is_bot) = self.client();
        // A crawler whose page's server tells of it says that it is one. A program that tells of others is none.
        let bot = is_bot && (!server || self.header(headers::AGENT).is_some_and(|agent| agent.starts_with("Mozilla/")));
        let client = if server { Client::default() } else { client };
        let details = Dimensions::of(&Described { client, referrer: &referrer, campaign: &campaign });
        let visit = Visit { site: site.clone(), page: told.page.clone(), id, details, age: age_of(told) };
        Some(self.take(visit, who, bot).await)
    }

    /// `POST /api/v0/count`, which needs the owner's token.
    pub(crate) async fn count_hits(&mut self) -> Result<Reply, Refusal> {
        self.check_owner()?;
        let bytes = self.read_body(MAX_LIST_BYTES).await?;
        let hits = read_server_hits(&bytes, &self.config.page_query, now_ms())?;
        let site = self.site_of_page();
        let key = self.header(headers::IDEMPOTENCY_KEY);
        let mut counts = Vec::new();
        for (at, hit) in hits.into_iter().enumerate() {
            let id = key.as_ref().map(|key| VisitId::parse(&format!("{key}-{at}")).map_err(Refusal::Id)).transpose()?;
            counts.push(self.count_hit(&site, hit, id).boxed_local());
        }
        Ok(answer_server_hits(&all(counts).await))
    }

    async fn count_hit(&self, site: &Site, hit: Result<ServerHit, String>, id: Option<VisitId>) -> Result<Outcome, String> {
        let ServerHit { hit, address, agent, country, age } = hit?;
        if hit.event {
            self.note(site, Reason::Event);
            return Ok(Outcome::Excluded(Reason::Event));
        }
        let (client, is_bot) = if agent.is_empty() { (Client::default(), false) } else { by_agent(&agent) };
        let bot = hit.bot || is_bot;
        let client = Client { country, ..client };
        let referrer = referrer_host(&hit.referrer, "");
        let details = Dimensions::of(&Described { client, referrer: &referrer, campaign: &hit.campaign() });
        let who = if address.is_empty() { self.server() } else { Who::of(address, agent) };
        Ok(self.take(Visit { site: site.clone(), page: hit.page, id, details, age }, &who, bot).await)
    }
}

/// The age of an event, in milliseconds.
fn age_of(told: &ReportedEvent) -> u64 {
    told.at.map_or(0, |at| now_ms().saturating_sub(at))
}
