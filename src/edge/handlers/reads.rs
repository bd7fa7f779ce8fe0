//! Requests that read what was counted and count nothing.

use crate::counting::config::variable::Access;
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers;
use crate::counting::http::find_site::find_site;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::http::route::{ViewsRequest, VisitorsRequest};
use crate::counting::http::stats::plan::Stats;
use crate::counting::model::date::day_of;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::stats;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{headers, log};

impl RequestContext {
    /// `GET /numbers`.
    pub(crate) async fn read_views(&self, asked: &ViewsRequest) -> Result<Reply, Refusal> {
        let site = self.site_named(asked.site.as_deref())?;
        let page = asked.page.as_ref().map(Page::as_str);
        if !asked.show.is_empty() {
            let numbers = self.find_numbers(&site, asked.page.as_ref(), asked.show, asked.fresh).await;
            return Ok(answers::reads::numbers(&(site.as_str(), page), numbers, None));
        }
        let outcome = logged(self.shards(Sender::default()).recent_views(&site, page, asked.fresh).await);
        let outcome = outcome.map(|views| (views.sum, views.age_ms));
        Ok(answers::reads::views(site.as_str(), page, &outcome))
    }

    /// The site with this name. Without a name, it is the site of the page's host, or else the first site, as for visits.
    fn site_named(&self, name: Option<&str>) -> Result<Site, Refusal> {
        match name {
            Some(name) => find_site(Some(name), &self.config.sites),
            None => Ok(self.config.sites.of_page(&self.header(headers::ORIGIN).unwrap_or_default()).clone()),
        }
    }

    /// `GET /visitors`.
    pub(crate) async fn read_visitors(&self, asked: &VisitorsRequest) -> Result<Reply, Refusal> {
        let site = self.site_named(asked.site.as_deref())?;
        let day = asked.day.unwrap_or_else(|| day_of(now_ms()));
        let outcome = logged(self.shards(Sender::default()).recent_visitors(&site, day, asked.fresh).await);
        let outcome = outcome.map(|visitors| (visitors.sum, visitors.age_ms));
        Ok(answers::reads::visitors(site.as_str(), day, &outcome))
    }

    /// `GET /api/sites/SITE/WHAT`.
    pub(crate) async fn read_stats(&self, stats: &Stats) -> Result<Reply, Refusal> {
        let access = &self.config.stats;
        self.check(access)?;
        let site = find_site(Some(&stats.site), &self.config.sites)?;
        let body = match stats::kept_body(stats) {
            Some(body) => Ok(body),
            // A request with a token has no rate limit.
            None if *access == Access::Public && self.reads_too_much().await => return Err(Refusal::Limited),
            None => stats::find_body(stats, &site, &self.shards(Sender::default())).await?,
        };
        let body = logged(body);
        let known = self.header(headers::IF_NONE_MATCH);
        Ok(answers::reads::stats(body.as_deref(), stats.csv, *access == Access::Public, known.as_deref()))
    }
}

/// Logs a read that failed.
pub(crate) fn logged<T>(outcome: Result<T, Failure>) -> Result<T, Failure> {
    outcome.inspect_err(|failure| log::problem("read_failed", &failure.to_string()))
}
