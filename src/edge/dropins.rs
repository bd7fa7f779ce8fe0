//! The routes of counters that people leave. What they read and answer is in [`crate::counting::dropin`].

use super::clock::now_ms;
use super::headers;
use super::turn::Turn;
use crate::counting::body::find_site;
use crate::counting::days::day_of;
use crate::counting::details::{Details, campaign_of, referrer_host};
use crate::counting::dropin::DropIn;
use crate::counting::dropin::abacus::{Act, Asked, answer, exists};
use crate::counting::dropin::busuanzi::{self, Numbers};
use crate::counting::dropin::goatcounter::{Seen, counted};
use crate::counting::endpoint::{Became, Failure, PageViews, Registered};
use crate::counting::error::Refusal;
use crate::counting::exclusion::Reason;
use crate::counting::ledger::MAX_PAGES;
use crate::counting::origin::Caller;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::site::Site;
use crate::counting::visit::Visit;
use crate::counting::visitor::Sender;
use crate::counting::wire::{Amend, Answer, Call};

impl Turn {
    /// Answers one of them.
    pub(super) async fn drop_in(&self, asked: &DropIn, caller: &Caller, head: bool) -> Result<Reply, Refusal> {
        match asked {
            DropIn::Abacus(asked) => self.abacus(asked, caller, head).await,
            DropIn::Count(_) if head => Ok(reply::home_head()),
            DropIn::Count(seen) => Ok(reply::pixel(&self.count_seen(seen, caller).await)),
            DropIn::Counter(page) => {
                let page = page.as_ref().map(Page::as_str);
                Ok(counted(&self.shards(Sender::default()).views(self.config.sites.first(), page).await))
            }
            DropIn::Busuanzi(function) => Ok(self.busuanzi(function).await),
        }
    }

    async fn abacus(&self, asked: &Asked, caller: &Caller, head: bool) -> Result<Reply, Refusal> {
        if !matches!(asked.act, Act::Hit | Act::Get | Act::Info | Act::Create(_)) {
            self.check_owner()?;
        }
        let site = find_site(Some(&asked.site), &self.config.sites)?;
        let shards = self.shards(Sender::default());
        let page = asked.page.as_str();
        let outcome = match asked.act {
            Act::Hit if !head => return self.hit(asked, &site, caller).await,
            Act::Create(views) => return self.create(asked, &site, views, caller).await,
            Act::Hit | Act::Get | Act::Info => shards.page(&site, page).await.map(|found| found.map(|views| (views, views))),
            Act::Set(_) | Act::Update(_) | Act::Delete => match shards.page(&site, page).await {
                Ok(Some(before)) => self.amend_page(asked, &site).await.map(|after| Some((before, after))),
                other => other.map(|_| None),
            },
        };
        Ok(answer(asked, &outcome, None))
    }

    /// Changes a counter that is there; returns what it says then.
    async fn amend_page(&self, asked: &Asked, site: &Site) -> Result<u64, Failure> {
        match asked.act {
            Act::Set(views) => drop(self.set(site, &asked.page, views).await?),
            Act::Update(by) => self.change(site, &asked.page, by).await?,
            _ => drop(self.amend(site, &Amend::Delete { page: asked.page.as_str() }).await?),
        }
        self.shards(Sender::default()).views(site, Some(asked.page.as_str())).await
    }

    /// `/create`. The owner may create any; strangers, if a setting says so, as many as it says, and none that begins with a number.
    async fn create(&self, asked: &Asked, site: &Site, views: u64, caller: &Caller) -> Result<Reply, Refusal> {
        let stranger = self.header(headers::AUTHORIZATION).is_none() && self.config.create_limit > 0;
        if !stranger {
            self.check_owner()?;
        } else if *caller == Caller::Elsewhere {
            return Err(Refusal::Origin);
        } else if views > 0 {
            return Err(Refusal::Parameter("initializer", "0, unless you have the owner's token"));
        } else if self.is_limited(self.who().sender(), Some(site)).await {
            return Err(Refusal::Limited);
        }
        let most = if stranger { self.config.create_limit.into() } else { MAX_PAGES };
        let shards = self.shards(Sender::default());
        let page = asked.page.as_str();
        match shards.page(site, page).await {
            Ok(Some(_)) => return Ok(exists(asked)),
            Ok(None) => {}
            Err(failure) => return Ok(reply::read_failed(&failure)),
        }
        // In the first shard, so that its number of pages is the one that counts.
        match shards.ask_one(site, 0, &Call::Amend(Amend::Create { page, views, most })).await {
            Ok(Answer::Page(None)) => Ok(answer(asked, &Ok(Some((0, views))), None)),
            Ok(Answer::Page(Some(_))) => Ok(exists(asked)),
            Ok(_) => Err(Refusal::UnknownPath),
            Err(Failure::Refused(_)) => Err(Refusal::TooManyPages(most)),
            Err(failure) => Ok(reply::read_failed(&failure)),
        }
    }

    /// `/hit`. Programs call it on purpose, so nobody is taken for a bot.
    async fn hit(&self, asked: &Asked, site: &Site, caller: &Caller) -> Result<Reply, Refusal> {
        if *caller == Caller::Elsewhere {
            self.note(site, Reason::Origin);
            return Err(Refusal::Origin);
        }
        let visit = Visit { site: site.clone(), page: asked.page.clone(), id: None, details: self.seen_details(""), age: 0 };
        let became = self.take_and_tell(visit, &self.who(), false).await;
        let views = match &became {
            Became::Sent(Ok(Registered { page: Some(PageViews { views: Some(views), .. }), .. })) => Ok(*views),
            Became::Sent(Err(failure)) => Err(failure.clone()),
            // Stored, and the sum could not be had; or not counted.
            _ => self.shards(Sender::default()).views(site, Some(asked.page.as_str())).await,
        };
        let outcome = views.map(|views| Some((views, views)));
        Ok(Reply { visit: Some((&became).into()), ..answer(asked, &outcome, Some(&became)) })
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

    async fn count_seen(&self, seen: &Seen, caller: &Caller) -> Became {
        let site: Site = self.config.sites.first().clone();
        if let Some(reason) = self.not_to_be_counted(caller) {
            self.note(&site, reason);
            return Became::Excluded(reason);
        }
        let known = self.client();
        let campaign = campaign_of(&seen.query);
        let referrer = referrer_host(&seen.referrer, &self.referrer());
        let details = Details::new(known.device, &known.country, &referrer, campaign.each_ref().map(String::as_str));
        let bot = seen.bot || known.is_bot();
        self.take(Visit { site, page: seen.page.clone(), id: None, details, age: 0 }, &self.who(), bot).await
    }

    /// A visit that a script's address tells, as an image does.
    async fn busuanzi(&self, function: &str) -> Reply {
        let site: Site = self.config.sites.first().clone();
        let page = busuanzi::page(&self.referrer(), &self.config.page_query);
        let became = match self.not_to_be_counted(&Caller::Server) {
            Some(reason) => {
                self.note(&site, reason);
                Became::Excluded(reason)
            }
            None => self.take_image(site.clone(), page.clone()).await,
        };
        let numbers = match &became {
            Became::Sent(Err(failure)) => Err(failure.clone()),
            _ => self.numbers(&site, &page).await,
        };
        Reply { visit: Some((&became).into()), ..busuanzi::called(function, &numbers) }
    }

    async fn numbers(&self, site: &Site, page: &Page) -> Result<Numbers, Failure> {
        let shards = self.shards(Sender::default());
        let of_site = shards.views(site, None).await?;
        let of_page = shards.views(site, Some(page.as_str())).await?;
        Ok((of_site, of_page, shards.visitors(site, day_of(now_ms())).await?.visitors))
    }
}
