//! The routes of counters that people leave. What they read and answer is in [`crate::counting::dropin`].

use super::turn::Turn;
use crate::counting::body::find_site;
use crate::counting::details::{Details, campaign_of, referrer_host};
use crate::counting::dropin::{DropIn, Key, Seen, counted, value};
use crate::counting::endpoint::{Became, PageViews, Registered};
use crate::counting::error::Refusal;
use crate::counting::exclusion::Reason;
use crate::counting::origin::Caller;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::site::Site;
use crate::counting::visit::Visit;
use crate::counting::visitor::Sender;

impl Turn {
    /// Answers one of them.
    pub(super) async fn drop_in(&self, asked: &DropIn, caller: &Caller, head: bool) -> Result<Reply, Refusal> {
        match asked {
            DropIn::Hit(key) if !head => self.hit(key, caller).await,
            DropIn::Hit(key) | DropIn::Get(key) => {
                let site = find_site(Some(&key.site), &self.config.sites)?;
                Ok(value(&key.form, &self.shards(Sender::default()).views(&site, Some(key.page.as_str())).await, true))
            }
            DropIn::Count(_) if head => Ok(reply::home_head()),
            DropIn::Count(seen) => Ok(reply::pixel(&self.count_seen(seen, caller).await)),
            DropIn::Counter(page) => {
                let page = page.as_ref().map(Page::as_str);
                Ok(counted(&self.shards(Sender::default()).views(self.config.sites.first(), page).await))
            }
        }
    }

    /// `/hit`. Programs call it on purpose, so nobody is taken for a bot.
    async fn hit(&self, key: &Key, caller: &Caller) -> Result<Reply, Refusal> {
        let site = find_site(Some(&key.site), &self.config.sites)?;
        if *caller == Caller::Elsewhere {
            self.note(&site, Reason::Origin);
            return Err(Refusal::Origin);
        }
        let visit = Visit { site: site.clone(), page: key.page.clone(), id: None, details: self.seen_details("") };
        let became = self.take_and_tell(visit, &self.who(), false).await;
        let views = match &became {
            Became::Sent(Ok(Registered { page: Some(PageViews { views: Some(views), .. }), .. })) => Ok(*views),
            Became::Sent(Err(failure)) => Err(failure.clone()),
            // Stored, and the sum could not be had; or not counted.
            _ => self.shards(Sender::default()).views(&site, Some(key.page.as_str())).await,
        };
        Ok(Reply { visit: Some((&became).into()), ..value(&key.form, &views, false) })
    }

    async fn count_seen(&self, seen: &Seen, caller: &Caller) -> Became {
        let site: Site = self.config.sites.first().clone();
        if *caller == Caller::Elsewhere || !self.is_listed_page() {
            self.note(&site, Reason::Origin);
            return Became::Excluded(Reason::Origin);
        }
        if self.is_prefetch() {
            self.note(&site, Reason::Prefetch);
            return Became::Excluded(Reason::Prefetch);
        }
        let known = self.client();
        let campaign = campaign_of(&seen.query);
        let referrer = referrer_host(&seen.referrer, &self.referrer());
        let details = Details::new(known.device, &known.country, &referrer, campaign.each_ref().map(String::as_str));
        let bot = seen.bot || known.is_bot();
        self.take(Visit { site, page: seen.page.clone(), id: None, details }, &self.who(), bot).await
    }
}
