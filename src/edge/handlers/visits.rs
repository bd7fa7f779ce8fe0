//! Requests that are visits.

use crate::counting::dispatch::endpoint::{CounterEndpoint, Outcome, PageViews, Registered};
use crate::counting::http::badge::glyphs::grouped;
use crate::counting::http::badge::request::BadgeRequest;
use crate::counting::http::body::{BodyHeaders, MAX_BODY_BYTES, MAX_LIST_BYTES, RefusedVisit, Visits, read_visits};
use crate::counting::http::find_site::find_site;
use crate::counting::http::home::home;
use crate::counting::http::pixel::PixelRequest;
use crate::counting::http::prefetch::is_prefetch;
use crate::counting::http::proxy::is_asset_proxy;
use crate::counting::http::refusal::{Refusal, is_of_a_visit};
use crate::counting::http::reply::{JSON, Reply, SVG, VisitStatus};
use crate::counting::http::visit_meant::visit_meant;
use crate::counting::http::{answers, refused};
use crate::counting::model::client::Client;
use crate::counting::model::dimensions::{Described, Dimensions};
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

/// The headers with which a browser marks a prefetch: the standard `Sec-Purpose`, and those of older browsers.
const PURPOSES: [headers::HeaderName; 2] = [headers::SEC_PURPOSE, headers::PURPOSE];

/// The client that looks at a picture.
pub(crate) struct ImageViewer {
    pub(crate) details: Dimensions,
    pub(crate) who: Who,
    /// Whether it is a bot.
    pub(crate) bot: bool,
}

impl RequestContext {
    /// `GET /`: sends the visit to `COUNTER_URL` if that is set, else to the embedded counter. It counts programs too, because the answer says that
    /// the visit is stored.
    pub(crate) async fn register_home(&self) -> Reply {
        let (site, page) = (self.config.sites.home().clone(), Page::root());
        if let Some(url) = &self.config.counter_url {
            let visit = Visit { site, page, id: None, details: Dimensions::default(), age: 0 };
            let (timeout_ms, log_visits) = (self.config.timeout_ms, self.config.log_visits);
            return home(&HttpCounter { url, timeout_ms, log_visits }, visit).await;
        }
        let who = self.who();
        let visit = Visit { site, page, id: None, details: self.seen_details(&self.referrer()), age: 0 };
        answers::visits::home(&self.take(visit, &who, false).await)
    }

    /// `GET /pixel/SITE.gif`. The request for an image has no `Origin`, so the origin of its `Referer` must be listed.
    pub(crate) async fn register_pixel(&self, pixel: PixelRequest, head: bool) -> Result<Reply, Refusal> {
        let site = find_site(Some(&pixel.site), &self.config.sites)?;
        if head {
            return Ok(answers::visits::home_head());
        }
        if !self.is_listed_page() {
            self.note(&site, Reason::Origin);
            return Ok(answers::visits::pixel(&Outcome::Excluded(Reason::Origin)));
        }
        Ok(answers::visits::pixel(&self.take_image(site, pixel.page, &pixel.page_query).await))
    }

    /// Whether the page that shows the picture has a listed origin, as far as the browser tells.
    pub(crate) fn is_listed_page(&self) -> bool {
        self.config.origins.lists_page(Some(&self.referrer()), self.url())
    }

    /// The URL of the page that a request comes from, or empty.
    pub(crate) fn referrer(&self) -> String {
        self.header(headers::REFERER).unwrap_or_default()
    }

    /// `GET /badge/SITE/PAGE.svg`.
    pub(crate) async fn show_badge(&self, badge: &BadgeRequest, head: bool) -> Result<Reply, Refusal> {
        let site = find_site(Some(&badge.site), &self.config.sites)?;
        let mut became = None;
        if let (true, false, Some(page)) = (badge.counts, head, &badge.page) {
            became = Some(self.take_image(site.clone(), page.clone(), "").await);
        }
        let views = match &became {
            Some(Outcome::Sent(Ok(Registered { page: Some(PageViews { views: Some(views), .. }), .. }))) => Ok(*views),
            _ => {
                let page = badge.page.as_ref().map(Page::as_str);
                self.shards(Sender::default()).recent_views(&site, page, false).await.map(|views| views.sum)
            }
        };
        let text = views.as_ref().map_or_else(|_| "unknown".to_owned(), |views| grouped(*views));
        let body = if badge.json { badge.style.endpoint(&text) } else { badge.style.svg(&text) };
        Ok(Reply {
            content_type: if badge.json { JSON } else { SVG },
            ..answers::visits::badge(body, became.as_ref(), views.is_ok())
        })
    }

    /// Counts a visit by an image. GitHub and mail programs load images themselves, so nothing is known about their readers. The `Referer` of an
    /// image is the page that shows it, so the page that linked there is not known. The campaign comes from the image's URL, and what is missing
    /// there from the query of the page.
    pub(crate) async fn take_image(&self, site: Site, page: Page, page_query: &str) -> Outcome {
        if self.is_prefetch() {
            self.note(&site, Reason::Prefetch);
            return Outcome::Excluded(Reason::Prefetch);
        }
        if is_spam(&referrer_host(&self.referrer(), "")) {
            self.note(&site, Reason::Spam);
            return Outcome::Excluded(Reason::Spam);
        }
        let viewer = self.image_viewer("", completed(self.campaign(), page_query));
        self.take(Visit { site, page, id: None, details: viewer.details, age: 0 }, &viewer.who, viewer.bot).await
    }

    /// Counts a visit, or tallies why it is excluded.
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

    /// Whether the request is a prefetch. A page that is prerendered also loads its images.
    pub(crate) fn is_prefetch(&self) -> bool {
        PURPOSES.into_iter().any(|name| self.header(name).is_some_and(|value| is_prefetch(&value)))
    }

    /// What a request for a picture tells of who looks at it. One that fetches pictures for others tells nothing of them, but that somebody
    /// looks: it is no bot, and its address and agent are nobody's. `referrer` is the host that they come from.
    pub(crate) fn image_viewer(&self, referrer: &str, campaign: [String; 3]) -> ImageViewer {
        let viewer = |client, who, bot| {
            let details = Dimensions::of(&Described { client, referrer, campaign: &campaign });
            ImageViewer { details, who, bot }
        };
        if self.header(headers::AGENT).is_some_and(|agent| is_asset_proxy(&agent)) {
            return viewer(Client::default(), self.server(), false);
        }
        let (client, is_bot) = self.client();
        viewer(client, self.who(), is_bot)
    }

    /// What a request tells by itself of who makes it, with the URL where they come from.
    pub(crate) fn seen_details(&self, referrer: &str) -> Dimensions {
        let (client, _) = self.client();
        Dimensions::of(&Described { client, referrer: &referrer_host(referrer, self.url()), campaign: &self.campaign() })
    }

    fn campaign(&self) -> [String; 3] {
        campaign_of(self.query())
    }

    /// `POST /visit`: always uses the embedded counter, so that one deployment can be the `COUNTER_URL` of another. A view from a server has no
    /// visitor, and only what the server says is known about it.
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
        let (client, bot) = if from_page { self.client() } else { (Client::default(), false) };
        let headers =
            BodyHeaders { content_type: content_type.as_deref(), idempotency_key: key.as_deref(), from_page, client, own_url };
        let read = read_visits(&bytes, headers, &self.config.sites, &self.config.page_query);
        if *caller == Caller::Elsewhere {
            // Tally it for its site: the owner may have forgotten a setting, or it is a page of somebody else.
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
            let numbers = self.find_numbers(&visit.site, Some(&visit.page), show, false).await;
            return Ok(answers::reads::numbers(
                &(visit.site.as_str(), Some(visit.page.as_str())),
                numbers,
                Some(VisitStatus::Excluded),
            ));
        }
        let who = if from_page { self.who() } else { self.server() };
        let asked: Vec<(Site, Page)> = visits.iter().map(|visit| (visit.site.clone(), visit.page.clone())).collect();
        // Send all at once, so that they leave in one batch.
        let became = all(visits.into_iter().map(|visit| self.take(visit, &who, bot).boxed_local()).collect()).await;
        if let ([(site, page)], [became], false) = (asked.as_slice(), became.as_slice(), list) {
            let numbers = self.find_numbers_after_visit(site, page, show, became).await;
            return Ok(answers::visits::registered(&(site.as_str(), page.as_str()), became, numbers));
        }
        let asked = asked.iter().map(|(site, page)| (site.as_str(), page.as_str()));
        let all: Vec<_> = asked.zip(became).collect();
        Ok(answers::visits::all_registered(&all))
    }

    /// Answers wrong visits to these sites and tallies them, because their sender may ignore the answer.
    fn refuse(&self, refusal: &Refusal, sites: &[Site]) -> Reply {
        for site in sites {
            self.note(site, Reason::Refused);
        }
        self.tell_of_site(refusal);
        refused::not_taken(refusal, self.query())
    }

    /// Notes the name of an unknown site, for the owner.
    fn tell_of_site(&self, refusal: &Refusal) {
        let one = if let Refusal::Item(_, one) = refusal { one } else { refusal };
        if let Refusal::UnknownSite(name) = one {
            unlisted::site(self, name);
        }
    }

    /// Answers a wrong request. It tallies a visit and notes an unknown site; for a request that only reads it does neither.
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

    /// Tallies an excluded visit that was made just now.
    pub(crate) fn note(&self, site: &Site, reason: Reason) {
        tallies::note(self, site, reason, 0);
    }
}
