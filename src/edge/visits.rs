//! Requests that are visits.

use super::http_counter::HttpCounter;
use super::turn::{Turn, Who};
use super::{headers, tallies};
use crate::counting::body::{BodyHeaders, visit};
use crate::counting::details::{Client, Details, campaign_of, referrer_host};
use crate::counting::endpoint::{CounterEndpoint, Registered, home};
use crate::counting::error::Refusal;
use crate::counting::exclusion::Reason;
use crate::counting::origin::Caller;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::site::Site;
use crate::counting::visit::Visit;

impl Turn {
    /// `GET /`: the visit goes to `COUNTER_URL` if it is set, else to the embedded counter. Whoever asks is counted, program or
    /// not: the answer says that the visit is stored.
    pub(super) async fn register_home(&self) -> Reply {
        let (site, page) = (self.config.sites.first().clone(), Page::root());
        if let Some(url) = &self.config.counter_url {
            let visit = Visit { site, page, id: None, details: Details::default() };
            return home(&HttpCounter { url, timeout_ms: self.config.timeout_ms }, visit).await;
        }
        let who = self.who();
        if let Some(reason) = self.excluded(who.address(), &page) {
            self.note(&site, reason);
            return reply::home_excluded();
        }
        let visit = Visit { site, page, id: None, details: self.home_details() };
        home(&self.shards(who.sender()), visit).await
    }

    fn home_details(&self) -> Details {
        let known = self.client();
        let referrer = self.header(&headers::REFERER).map_or_else(String::new, |url| referrer_host(&url, &self.url));
        let campaign = self.url.split_once('?').map_or_else(Default::default, |(_, query)| campaign_of(query));
        Details::new(known.device, &known.country, &referrer, campaign.each_ref().map(String::as_str))
    }

    /// `POST /counter`: always the embedded counter, so that one deployment can be the `COUNTER_URL` of another. Where a
    /// server calls, the view has no visitor, and nothing is known of who made it but what the server says.
    pub(super) async fn register(&self, caller: &Caller) -> Result<Reply, Refusal> {
        let own_url = match caller {
            Caller::Elsewhere => {
                self.note(self.config.sites.first(), Reason::Origin);
                return Err(Refusal::Origin);
            }
            Caller::Server => "",
            Caller::Page(origin) => origin,
        };
        let from_page = *caller != Caller::Server;
        let bytes = self.read_body().await?;
        let content_type = self.header(&headers::CONTENT_TYPE);
        let key = self.header(&headers::IDEMPOTENCY_KEY);
        let known = from_page.then(|| self.client());
        let client = known.as_ref().map_or_else(Client::default, |known| Client {
            device: known.device,
            country: &known.country,
            own_url,
        });
        let headers = BodyHeaders { content_type: content_type.as_deref(), idempotency_key: key.as_deref(), from_page, client };
        let visit = visit(&bytes, headers, &self.config.sites)?;
        let who = if from_page { self.who() } else { Who::default() };
        let bot = known.is_some_and(|known| known.is_bot()).then_some(Reason::Bot);
        if let Some(reason) = bot.or_else(|| self.excluded(who.address(), &visit.page)) {
            self.note(&visit.site, reason);
            return Ok(reply::excluded(visit.site.as_str(), visit.page.as_str(), reason));
        }
        let (site, page) = (visit.site.clone(), visit.page.clone());
        let outcome = self.count(visit, &who).await;
        Ok(reply::registered(site.as_str(), page.as_str(), &outcome))
    }

    /// Counts a visit and tells the views of its page.
    async fn count(&self, visit: Visit, who: &Who) -> Result<Registered, crate::counting::endpoint::Failure> {
        let site = visit.site.clone();
        let shards = self.shards(who.sender());
        let mut outcome = shards.register(visit).await;
        if let Ok(Registered { page: Some(counted), .. }) = &mut outcome
            && counted.views.is_none()
        {
            // The visit is stored whether or not all shards can be asked for the sum; without it the answer has no `views`.
            counted.views = shards.views(&site, Some(&counted.page)).await.ok();
        }
        outcome
    }

    /// Why the owner does not want this visit, if so.
    fn excluded(&self, address: &str, page: &Page) -> Option<Reason> {
        if self.config.excluded_addresses.has(address) {
            return Some(Reason::Address);
        }
        self.config.excluded_pages.has(page.as_str()).then_some(Reason::Page)
    }

    /// Notes a visit that is not counted.
    pub(super) fn note(&self, site: &Site, reason: Reason) {
        tallies::note(self, site, reason);
    }
}
