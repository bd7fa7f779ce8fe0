//! Requests that are visits.

use crate::counting::dispatch::endpoint::{CounterEndpoint, Outcome, PageViews, Registered};
use crate::counting::http::badge::{Badge, grouped};
use crate::counting::http::body::{BodyHeaders, MAX_BODY_BYTES, MAX_LIST_BYTES, RefusedVisit, Visits, find_site, visits};
use crate::counting::http::home::home;
use crate::counting::http::proxy::is_asset_proxy;
use crate::counting::http::refusal::{Refusal, is_of_a_visit};
use crate::counting::http::refused;
use crate::counting::http::reply::{self, JSON, Reply, SVG, VisitStatus};
use crate::counting::http::route::{Pixel, is_prefetch, visit_meant};
use crate::counting::model::dimensions::{Client, Dimensions};
use crate::counting::model::origin::Caller;
use crate::counting::model::page::Page;
use crate::counting::model::reason::Reason;
use crate::counting::model::referrers::campaign::{campaign_of, completed};
use crate::counting::model::referrers::host::referrer_host;
use crate::counting::model::referrers::is_spam;
use crate::counting::model::site::Site;
use crate::counting::model::visit::Visit;
use crate::counting::model::visitor::Sender;
use crate::edge::clients::http_counter::HttpCounter;
use crate::edge::clients::shards::all;
use crate::edge::handlers::context::{RequestContext, Who};
use crate::edge::handlers::{tallies, unlisted};
use crate::edge::runtime::headers;
use futures_util::FutureExt;

/// The names under which a browser says that it asks ahead of its reader. `Sec-Purpose` is the standard's; Chromium of before, Safari and
/// Firefox of before say the others.
const PURPOSES: [headers::HeaderName; 2] = [headers::SEC_PURPOSE, headers::PURPOSE];

/// Who looks at a picture.
pub(crate) struct PictureViewer {
    pub(crate) details: Dimensions,
    pub(crate) who: Who,
    /// Whether it is a program that reads for nobody.
    pub(crate) bot: bool,
}

impl RequestContext {
    /// `GET /`: the visit goes to `COUNTER_URL` if it is set, else to the embedded counter. Every caller is counted, program or
    /// not: the answer says that the visit is stored.
    pub(crate) async fn register_home(&self) -> Reply {
        let (site, page) = (self.config.sites.home().clone(), Page::root());
        if let Some(url) = &self.config.counter_url {
            let visit = Visit { site, page, id: None, details: Dimensions::default(), age: 0 };
            let (timeout_ms, log_visits) = (self.config.timeout_ms, self.config.log_visits);
            return home(&HttpCounter { url, timeout_ms, log_visits }, visit).await;
        }
        let who = self.who();
        let visit = Visit { site, page, id: None, details: self.seen_details(&self.referrer()), age: 0 };
        reply::home(&self.take(visit, &who, false).await)
    }

    /// `GET /pixel/SITE.gif`. An image tells no origin; what it tells of the page that it is in, its `Referer`, must be listed.
    pub(crate) async fn register_pixel(&self, pixel: Pixel, head: bool) -> Result<Reply, Refusal> {
        let site = find_site(Some(&pixel.site), &self.config.sites)?;
        if head {
            return Ok(reply::home_head());
        }
        if !self.is_listed_page() {
            self.note(&site, Reason::Origin);
            return Ok(reply::pixel(&Outcome::Excluded(Reason::Origin)));
        }
        Ok(reply::pixel(&self.take_image(site, pixel.page, &pixel.page_query).await))
    }

    /// Whether the page that shows a picture of ours may, as far as the browser tells.
    pub(crate) fn is_listed_page(&self) -> bool {
        self.config.origins.lists_page(Some(&self.referrer()), self.url())
    }

    /// The URL of the page that a request comes from, or nothing.
    pub(crate) fn referrer(&self) -> String {
        self.header(headers::REFERER).unwrap_or_default()
    }

    /// `GET /badge/SITE/PAGE.svg`.
    pub(crate) async fn show_badge(&self, badge: &Badge, head: bool) -> Result<Reply, Refusal> {
        let site = find_site(Some(&badge.site), &self.config.sites)?;
        let mut became = None;
        if let (true, false, Some(page)) = (badge.counts, head, &badge.page) {
            became = Some(self.take_image(site.clone(), page.clone(), "").await);
        }
        let views = match &became {
            Some(Outcome::Sent(Ok(Registered { page: Some(PageViews { views: Some(views), .. }), .. }))) => Ok(*views),
            _ => self.shards(Sender::default()).views(&site, badge.page.as_ref().map(Page::as_str)).await,
        };
        let text = views.as_ref().map_or_else(|_| "unknown".to_owned(), |views| grouped(*views));
        let body = if badge.json { badge.look.endpoint(&text) } else { badge.look.svg(&text) };
        Ok(Reply { content_type: if badge.json { JSON } else { SVG }, ..reply::badge(body, became.as_ref(), views.is_ok()) })
    }

    /// A visit that an image tells. GitHub and mail programs ask for the images of their pages by themselves, so nothing is known of who looks. And where an
    /// image comes from is the page that it is in: where its reader comes from is not known. What the image's address does not say of a
    /// campaign, the query of the page says.
    pub(crate) async fn take_image(&self, site: Site, page: Page, page_query: &str) -> Outcome {
        if self.is_prefetch() {
            self.note(&site, Reason::Prefetch);
            return Outcome::Excluded(Reason::Prefetch);
        }
        if is_spam(&referrer_host(&self.referrer(), "")) {
            self.note(&site, Reason::Spam);
            return Outcome::Excluded(Reason::Spam);
        }
        let seen = self.seen_in_a_picture("", completed(self.campaign(), page_query));
        self.take(Visit { site, page, id: None, details: seen.details, age: 0 }, &seen.who, seen.bot).await
    }

    /// Counts a visit, unless it is one that is not counted; that is noted.
    pub(crate) async fn take(&self, visit: Visit, who: &Who, bot: bool) -> Outcome {
        let (address, page) = (who.address(), visit.page.as_str());
        let reason = if bot {
            Some(Reason::Bot)
        } else if self.config.excluded_addresses.has(address) {
            Some(Reason::Address)
        } else if self.config.excluded_pages.has(page) {
            Some(Reason::Page)
        } else if visit.details.is_spam() {
            Some(Reason::Spam)
        } else if self.is_limited(who.sender(), Some(&visit.site)).await {
            Some(Reason::Limited)
        } else {
            None
        };
        match reason {
            None => Outcome::Sent(self.shards(who.sender()).register(visit).await),
            Some(reason) => {
                tallies::note(self, &visit.site, reason, visit.age);
                Outcome::Excluded(reason)
            }
        }
    }

    /// Whether a browser asks ahead of its reader. A page that is prerendered asks for its images, too.
    pub(crate) fn is_prefetch(&self) -> bool {
        PURPOSES.into_iter().any(|name| self.header(name).is_some_and(|value| is_prefetch(&value)))
    }

    /// What a request for a picture tells of who looks at it. One that fetches pictures for others tells nothing of them, but that somebody
    /// looks: it is no bot, and its address and agent are nobody's. `referrer` is the host that they come from.
    pub(crate) fn seen_in_a_picture(&self, referrer: &str, campaign: [String; 3]) -> PictureViewer {
        let campaign = campaign.each_ref().map(String::as_str);
        if self.header(headers::AGENT).is_some_and(|agent| is_asset_proxy(&agent)) {
            return PictureViewer { details: Dimensions::new(None, "", referrer, campaign), who: self.server(), bot: false };
        }
        let known = self.client();
        PictureViewer {
            details: Dimensions::new(known.device, &known.country, referrer, campaign),
            who: self.who(),
            bot: known.is_bot(),
        }
    }

    /// What a request tells by itself of who makes it, with the URL where they come from.
    pub(crate) fn seen_details(&self, referrer: &str) -> Dimensions {
        let known = self.client();
        let referrer = referrer_host(referrer, self.url());
        Dimensions::new(known.device, &known.country, &referrer, self.campaign().each_ref().map(String::as_str))
    }

    fn campaign(&self) -> [String; 3] {
        campaign_of(self.query())
    }

    /// `POST /counter`: always the embedded counter, so that one deployment can be the `COUNTER_URL` of another. Where a
    /// server calls, the view has no visitor, and nothing is known of who made it but what the server says.
    pub(crate) async fn register(&mut self, caller: &Caller) -> Result<Reply, Refusal> {
        let own_url = match caller {
            Caller::Server | Caller::Elsewhere => "",
            Caller::Page(origin) => origin,
        };
        let from_page = *caller != Caller::Server;
        let bytes = match self.read_body(if from_page { MAX_BODY_BYTES } else { MAX_LIST_BYTES }).await {
            Err(Refusal::VisitLimited) => return Err(Refusal::VisitLimited),
            Err(refusal) => return Ok(self.refuse(&refusal, &[self.config.sites.first().clone()])),
            Ok(bytes) => bytes,
        };
        let content_type = self.header(headers::CONTENT_TYPE);
        let key = self.header(headers::IDEMPOTENCY_KEY);
        let known = from_page.then(|| self.client());
        let client = known.as_ref().map_or_else(Client::default, |known| Client {
            device: known.device,
            country: &known.country,
            own_url,
        });
        let headers = BodyHeaders { content_type: content_type.as_deref(), idempotency_key: key.as_deref(), from_page, client };
        let read = visits(&bytes, headers, &self.config.sites, &self.config.page_query);
        if *caller == Caller::Elsewhere {
            // Told to the owner of the site that it meant: a setting of theirs is missing, or it is somebody else's page.
            let sites =
                read.map_or_else(|refused| refused.sites, |read| read.visits.into_iter().map(|visit| visit.site).collect());
            for site in &sites {
                self.note(site, Reason::Origin);
            }
            return Err(Refusal::Origin);
        }
        let Visits { visits, list, show, off } = match read {
            Err(RefusedVisit { refusal, sites }) => return Ok(self.refuse(&refusal, &sites)),
            Ok(visits) => visits,
        };
        if let ([visit], true) = (visits.as_slice(), off) {
            let numbers = self.shown(&visit.site, Some(&visit.page), show).await;
            return Ok(reply::numbers(&(visit.site.as_str(), Some(visit.page.as_str())), numbers, Some(VisitStatus::Excluded)));
        }
        let who = if from_page { self.who() } else { self.server() };
        let bot = known.is_some_and(|known| known.is_bot());
        let asked: Vec<(Site, Page)> = visits.iter().map(|visit| (visit.site.clone(), visit.page.clone())).collect();
        // All at once, so that they leave in one batch.
        let became = all(visits.into_iter().map(|visit| self.take_and_tell(visit, &who, bot).boxed_local()).collect()).await;
        if let ([(site, page)], [became], false) = (asked.as_slice(), became.as_slice(), list) {
            let numbers = self.shown_besides(site, page, show, became).await;
            return Ok(reply::registered(&(site.as_str(), page.as_str()), became, numbers));
        }
        let asked = asked.iter().map(|(site, page)| (site.as_str(), page.as_str()));
        let all: Vec<_> = asked.zip(became).collect();
        Ok(reply::all_registered(&all))
    }

    /// Counts a visit, and finds the views of its page where they are spread over several shards.
    pub(crate) async fn take_and_tell(&self, visit: Visit, who: &Who, bot: bool) -> Outcome {
        let site = visit.site.clone();
        let mut became = self.take(visit, who, bot).await;
        if let Outcome::Sent(Ok(Registered { page: Some(counted), .. })) = &mut became
            && counted.views.is_none()
        {
            // The visit is stored whether or not all shards can be asked for the sum; without it the answer has no `views`.
            counted.views = self.shards(Sender::default()).views(&site, Some(&counted.page)).await.ok();
        }
        became
    }

    /// Answers visits of these sites that ask wrongly. They are noted, because their sender may not look at the answer.
    fn refuse(&self, refusal: &Refusal, sites: &[Site]) -> Reply {
        for site in sites {
            self.note(site, Reason::Refused);
        }
        self.tell_of_site(refusal);
        refused::not_taken(refusal, self.query())
    }

    /// Where no such site is why, its owner is told of it.
    fn tell_of_site(&self, refusal: &Refusal) {
        let one = if let Refusal::Item(_, one) = refusal { one } else { refusal };
        if let Refusal::UnknownSite(name) = one {
            unlisted::site(self, name);
        }
    }

    /// Answers a request that asks wrongly; one that means a visit by its path is noted, and nothing is of one that only reads.
    pub(crate) fn refuse_request(&self, refusal: &Refusal, reads: bool) -> Reply {
        match visit_meant(self.request_head.method(), &self.own_url()) {
            Some(name) if is_of_a_visit(refusal) => {
                let site = self.config.sites.find(&name).unwrap_or(self.config.sites.first());
                self.refuse(refusal, std::slice::from_ref(site))
            }
            _ => {
                if !reads {
                    self.tell_of_site(refusal);
                }
                refused::refused(refusal, self.query())
            }
        }
    }

    /// Notes a visit that is not counted and was made just now.
    pub(crate) fn note(&self, site: &Site, reason: Reason) {
        tallies::note(self, site, reason, 0);
    }
}
