//! The routes of counters that people leave. What they read and answer is in [`crate::counting::http::compat::route`].

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
    /// Answers one of them; with a stream in place of a body where the answer goes on.
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
            CompatRequest::GoatCounterViews(counter) => self.counter(counter).await,
            CompatRequest::GoatCounterServerHits => self.count_hits().await,
            CompatRequest::Busuanzi(function) => Ok(self.busuanzi(function).await),
            CompatRequest::Events(protocol) => self.events(*protocol, caller).await,
        };
        reply.map(|reply| (reply, None))
    }

    /// The URL of the page that asks, as far as the browser tells: perhaps no more than its origin, or nothing.
    pub(crate) fn page_url(&self) -> String {
        let referrer = self.referrer();
        if referrer.is_empty() { self.header(headers::ORIGIN).unwrap_or_default() } else { referrer }
    }

    /// The site of the page that asks: by its host, or by the host that is asked, where an owner gave each site one.
    pub(crate) fn site_of_page(&self) -> Site {
        let sites = &self.config.sites;
        let of = |url: &str| sites.of_host(host_of(url));
        of(&self.page_url()).or_else(|| of(self.url())).unwrap_or_else(|| sites.first()).clone()
    }

    /// Where a script of another counter comes from: its page must be listed, and nobody is read ahead.
    fn not_to_be_counted(&self, caller: &Caller) -> Option<Reason> {
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
        if let Some(reason) = self.not_to_be_counted(caller).or(event) {
            self.note(&site, reason);
            return Outcome::Excluded(reason);
        }
        let referrer = referrer_host(&hit.referrer, &self.page_url());
        let viewer = self.image_viewer(&referrer, hit.campaign());
        let visit = Visit { site, page: hit.page.clone(), id: hit.id.clone(), details: viewer.details, age: 0 };
        self.take(visit, &viewer.who, hit.bot || viewer.bot).await
    }

    /// What a page of GoatCounter's asks to show. All views there ever were anybody may read; those of a period are the owner's to open.
    async fn counter(&self, counter: &GoatCounterRequest) -> Result<Reply, Refusal> {
        let site = self.site_of_page();
        let shards = self.shards(Sender::default());
        let Some(period) = counter.period(day_of(now_ms()))? else {
            return Ok(counter.answer(&shards.views(&site, counter.page.as_ref().map(Page::as_str)).await));
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

    /// A visit that a script's address tells, as an image does.
    async fn busuanzi(&self, function: &str) -> Reply {
        let site = self.site_of_page();
        let page = busuanzi::page(&self.referrer(), &self.config.page_query);
        let became = match self.not_to_be_counted(&Caller::Server) {
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

    async fn busuanzi_numbers(&self, site: &Site, page: &Page) -> Result<BusuanziNumbers, Failure> {
        let shards = self.shards(Sender::default());
        Ok(BusuanziNumbers {
            site_views: shards.views(site, None).await?,
            page_views: shards.views(site, Some(page.as_str())).await?,
            visitors: shards.visitors(site, day_of(now_ms())).await?.visitors,
        })
    }
}
