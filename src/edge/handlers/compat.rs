//! Requests on routes of other counters. The rules are in [`crate::counting::http::compat::route`].

use crate::counting::dispatch::endpoint::{Failure, Outcome};
use crate::counting::http::answers;
use crate::counting::http::compat::abacus::request::AbacusAction;
use crate::counting::http::compat::busuanzi::{self, BusuanziNumbers};
use crate::counting::http::compat::goatcounter::{GoatCounterHit, GoatCounterRequest};
use crate::counting::http::compat::route::CompatRequest;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::http::stats::query;
use crate::counting::model::date::day_of;
use crate::counting::model::origin::Caller;
use crate::counting::model::page::Page;
use crate::counting::model::reason::Reason;
use crate::counting::model::referrers::host::referrer_host;
use crate::counting::model::site::{Site, host_of};
use crate::counting::model::visit::Visit;
use crate::counting::model::visitor::Sender;
use crate::counting::text::json_tree::Tree;
use crate::counting::text::url::path_and_query;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::stats;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{counts, headers};
use wasm_bindgen::JsValue;

impl RequestContext {
    /// Answers a request on a route of another counter. The answer to `/stream` has a stream in place of its body.
    pub(crate) async fn answer_compat(
        &mut self,
        asked: &CompatRequest,
        caller: &Caller,
        head: bool,
    ) -> Result<(Reply, Option<JsValue>), Refusal> {
        let reply = match asked {
            CompatRequest::Abacus(asked) if asked.action == AbacusAction::Stream && !head => return self.stream(asked).await,
            CompatRequest::Abacus(asked) => self.abacus(asked, caller, head).await,
            CompatRequest::Stats(function) => Ok(counts::stats(function.as_deref())),
            CompatRequest::GoatCounterHit(_) if head => Ok(answers::visits::home_head()),
            CompatRequest::GoatCounterHit(hit) => Ok(answers::visits::pixel(&self.count_goatcounter_hit(hit, caller).await)),
            CompatRequest::GoatCounterViews(counter) => self.goatcounter_views(counter).await,
            CompatRequest::GoatCounterServerHits => self.count_hits().await,
            CompatRequest::Busuanzi(function) => Ok(self.busuanzi(function).await),
            CompatRequest::Events(protocol) => self.events(*protocol, caller).await,
        };
        reply.map(|reply| (reply, None))
    }

    /// The URL of the page that asks. The browser may send only its origin; then that is the URL. Empty if it sends neither.
    pub(crate) fn page_url(&self) -> String {
        let referrer = self.referrer();
        if referrer.is_empty() { self.header(headers::ORIGIN).unwrap_or_default() } else { referrer }
    }

    /// The site of the page that asks: that of the page's host, else that of the Worker's host, else the first site.
    pub(crate) fn site_of_page(&self) -> Site {
        let sites = &self.config.sites;
        let of = |url: &str| sites.of_host(host_of(url));
        of(&self.page_url()).or_else(|| of(self.url())).unwrap_or_else(|| sites.first()).clone()
    }

    /// Why the visit of a page's script does not count: its origin is not listed, or the browser prefetches the page.
    fn reason_not_to_count(&self, caller: &Caller) -> Option<Reason> {
        if *caller == Caller::Elsewhere || !self.is_listed_page() {
            Some(Reason::Origin)
        } else if self.is_prefetch() {
            Some(Reason::Prefetch)
        } else {
            None
        }
    }

    async fn count_goatcounter_hit(&self, hit: &GoatCounterHit, caller: &Caller) -> Outcome {
        let site = self.site_of_page();
        let event = hit.event.then_some(Reason::Event);
        if let Some(reason) = self.reason_not_to_count(caller).or(event) {
            self.note(&site, reason);
            return Outcome::Excluded(reason);
        }
        let referrer = referrer_host(&hit.referrer, &self.page_url());
        let viewer = self.image_viewer(&referrer, hit.campaign());
        let visit = Visit { site, page: hit.page.clone(), id: hit.id.clone(), details: viewer.details, age: 0 };
        self.take(visit, &viewer.who, hit.bot || viewer.bot).await
    }

    /// `GET /counter/PATH.json` and its pictures. Everybody may read all views; the views of a period need the access that reports need.
    async fn goatcounter_views(&self, counter: &GoatCounterRequest) -> Result<Reply, Refusal> {
        let site = self.site_of_page();
        let shards = self.shards(Sender::default());
        let Some(period) = counter.period(day_of(now_ms()))? else {
            let views = shards.recent_views(&site, counter.page.as_ref().map(Page::as_str), false).await;
            return Ok(counter.answer(&views.map(|views| views.sum)));
        };
        self.check(&self.config.stats)?;
        let summary = query::read(&format!("{}/summary", site.as_str()), &period, &self.config.page_query)?;
        let views = match stats::find_body(&summary, &site, &shards).await? {
            Ok(body) => {
                let views = Tree::parse(&body).ok().and_then(|body| body.get("views").number());
                views.ok_or_else(|| Failure::Broken("the summary has no views".to_owned()))
            }
            Err(failure) => Err(failure),
        };
        Ok(counter.answer(&views))
    }

    /// `GET /busuanzi`: counts a visit, as an image does, and answers with a script.
    async fn busuanzi(&self, function: &str) -> Reply {
        let site = self.site_of_page();
        let page = busuanzi::page(&self.referrer(), &self.config.page_query);
        let became = match self.reason_not_to_count(&Caller::Server) {
            Some(reason) => {
                self.note(&site, reason);
                Outcome::Excluded(reason)
            }
            None => self.take_image(site.clone(), page.clone(), path_and_query(&self.referrer()).1).await,
        };
        let numbers = match &became {
            Outcome::Sent(Err(failure)) => Err(failure.clone()),
            _ => self.busuanzi_numbers(&site, &page).await,
        };
        Reply { visit: Some((&became).into()), ..busuanzi::answer_busuanzi(function, &numbers) }
    }

    /// The three numbers that busuanzi's script shows. Unlike [`RequestContext::find_numbers`], it fails if one of them cannot be read.
    async fn busuanzi_numbers(&self, site: &Site, page: &Page) -> Result<BusuanziNumbers, Failure> {
        let shards = self.shards(Sender::default());
        Ok(BusuanziNumbers {
            site_views: shards.recent_views(site, None, false).await?.sum,
            page_views: shards.recent_views(site, Some(page.as_str()), false).await?.sum,
            visitors: shards.recent_visitors(site, day_of(now_ms()), false).await?.sum.visitors,
        })
    }
}
