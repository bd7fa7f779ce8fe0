//! Requests for the counters of CountAPI and Abacus. The rules are in [`crate::counting::http::compat::abacus`].

use crate::counting::config::variable::Access;
use crate::counting::dispatch::endpoint::{Failure, Outcome, PageViews, Registered};
use crate::counting::http::access::check;
use crate::counting::http::answers;
use crate::counting::http::compat::abacus::answer::{answer_abacus, answer_exists, answer_no_key};
use crate::counting::http::compat::abacus::counter::AbacusCounter;
use crate::counting::http::compat::abacus::request::{AbacusAction, AbacusRequest};
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::model::limits::MAX_PAGES;
use crate::counting::model::origin::Caller;
use crate::counting::model::reason::Reason;
use crate::counting::model::visit::Visit;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::{Amend, Call};
use crate::edge::handlers::changes::change_id;
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::{counts, headers, isolate};
use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/edge/handlers/mac.js")]
extern "C" {
    fn mac(secret: &str, text: &str) -> Promise;
}

/// The number of characters at the beginning of a key that are the same for all keys of a deployment.
const MARK: usize = 8;

/// The number of characters after them: 128 bits.
const KEY: usize = 32;

/// Whether the caller may change a counter.
enum May {
    Yes,
    /// There is no such counter, and the caller sent no token.
    Missing,
    /// There is no such counter, and the caller sent the key of another one.
    OtherKey,
}

impl RequestContext {
    /// The counter that a request names. If the request has no key, the counter gets a random one.
    pub(crate) fn counter_of(&self, asked: &AbacusRequest) -> Result<AbacusCounter, Refusal> {
        let random = isolate::random().map(u128::from_le_bytes).unwrap_or_default();
        asked.counter(&self.page_url(), &self.config.sites, &self.config.page_query, &format!("{random:032x}"))
    }

    pub(crate) async fn abacus(&self, asked: &AbacusRequest, caller: &Caller, head: bool) -> Result<Reply, Refusal> {
        let counter = self.counter_of(asked)?;
        let shards = self.shards(Sender::default());
        let page = counter.page.as_str();
        let found = match asked.action {
            AbacusAction::Hit if !head => return self.hit(asked, &counter, caller).await,
            AbacusAction::Create(views) => return self.create(asked, &counter, views, caller).await,
            _ => shards.page(&counter.site, page).await,
        };
        if !asked.action.changes() {
            counts::asked(false);
        }
        let outcome = match found {
            Ok(before) if asked.action.changes() => {
                match (self.may_change(asked, &counter, caller, before.is_some()).await?, before) {
                    (May::OtherKey, _) => return Ok(answer_no_key(asked)),
                    (May::Yes, Some(before)) => self.amend_counter(asked, &counter).await.map(|after| Some((before, after))),
                    (May::Yes | May::Missing, _) => Ok(None),
                }
            }
            found => found.map(|found| found.map(|views| (views, views))),
        };
        Ok(answer_abacus(asked, &counter, &outcome, None, None))
    }

    /// Whether the caller may change a counter: with the owner's token, with the counter's key, or if `OPEN_UPDATES` opens the counter.
    async fn may_change(
        &self,
        asked: &AbacusRequest,
        counter: &AbacusCounter,
        caller: &Caller,
        there: bool,
    ) -> Result<May, Refusal> {
        let Some(authorization) = self.header(headers::AUTHORIZATION) else {
            return if asked.is_open(counter, &self.config.open_updates) {
                if *caller == Caller::Elsewhere {
                    return Err(Refusal::Origin);
                }
                let limited = self.is_limited(self.who().sender(), Some(&counter.site)).await;
                if limited { Err(Refusal::Limited) } else { Ok(May::Yes) }
            } else if self.request_head.method() != "GET" {
                self.check_owner().map(|()| May::Yes)
            } else if there {
                // A GET is a request of CountAPI, which has no tokens. So the caller could not send one.
                Err(Refusal::NotOpen)
            } else {
                Ok(May::Missing)
            };
        };
        let refused = match self.check_owner() {
            Ok(()) => return Ok(May::Yes),
            Err(refused) => refused,
        };
        let Some(key) = self.admin_key(counter).await else { return Err(refused) };
        let mark: String = key.chars().take(MARK).collect();
        if check(&Access::Token(key), Some(&authorization)).is_ok() {
            return Ok(May::Yes);
        }
        let ours = authorization.split_once(' ').is_some_and(|(_, given)| given.trim().starts_with(&mark));
        if ours && !there { Ok(May::OtherKey) } else { Err(refused) }
    }

    /// The key that opens only this counter, or `None` if the owner has no token. It is derived from the token, so it is not stored.
    async fn admin_key(&self, counter: &AbacusCounter) -> Option<String> {
        let Access::Token(secret) = &self.config.admin else { return None };
        let made = async |text: String| JsFuture::from(mac(secret, &text)).await.ok()?.as_string();
        let mark: String = made("footfall counters".to_owned()).await?.chars().take(MARK).collect();
        let key = made(format!("footfall counter {} {}", counter.site.as_str(), counter.page.as_str())).await?;
        Some(mark + key.get(..KEY)?)
    }

    /// Changes an existing counter and returns its views after the change.
    async fn amend_counter(
        &self,
        asked: &AbacusRequest,
        AbacusCounter { site, page, .. }: &AbacusCounter,
    ) -> Result<u64, Failure> {
        match asked.action {
            AbacusAction::Set(views) => drop(self.set(site, page, views).await?),
            AbacusAction::Update(by) => self.change(site, page, by).await?,
            _ => drop(self.amend(site, &Amend::Delete { page: page.as_str() }).await?),
        }
        self.shards(Sender::default()).views(site, Some(page.as_str())).await
    }

    /// `/create`. The owner may create any counter. Strangers may create counters until the site has `CREATE_LIMIT` pages. The answer has the key of
    /// the new counter.
    async fn create(
        &self,
        asked: &AbacusRequest,
        counter: &AbacusCounter,
        views: u64,
        caller: &Caller,
    ) -> Result<Reply, Refusal> {
        let stranger = self.header(headers::AUTHORIZATION).is_none() && self.config.create_limit > 0;
        if !stranger {
            self.check_owner()?;
        } else if *caller == Caller::Elsewhere {
            return Err(Refusal::Origin);
        } else if self.is_limited(self.who().sender(), Some(&counter.site)).await {
            return Err(Refusal::Limited);
        }
        let most = if stranger { self.config.create_limit.into() } else { MAX_PAGES };
        let shards = self.shards(Sender::default());
        let (site, page) = (&counter.site, counter.page.as_str());
        match shards.page(site, page).await {
            Ok(Some(_)) => return Ok(answer_exists(asked)),
            Ok(None) => {}
            Err(failure) => return Ok(answers::failures::read_failed(&failure)),
        }
        let key = self.admin_key(counter).await;
        // Only the first shard creates pages, so its number of pages is the one that the limit is for.
        let made = match change_id() {
            Ok(id) => shards.ask_one(site, 0, &Call::Amend(Amend::Make { page, views, most, id: &id })).await,
            Err(failure) => Err(failure),
        };
        match made {
            Ok(Answer::Page(None)) => {
                counts::asked(true);
                Ok(answer_abacus(asked, counter, &Ok(Some((0, views))), None, key.as_deref()))
            }
            Ok(Answer::Page(Some(_))) => Ok(answer_exists(asked)),
            Ok(_) => Err(Refusal::UnknownPath),
            Err(Failure::Refused(_)) => Err(Refusal::TooManyPages(most)),
            Err(failure) => Ok(answers::failures::read_failed(&failure)),
        }
    }

    /// `/hit`. Programs call it on purpose, so no caller counts as a bot.
    async fn hit(&self, asked: &AbacusRequest, counter: &AbacusCounter, caller: &Caller) -> Result<Reply, Refusal> {
        let AbacusCounter { site, page, .. } = counter;
        if *caller == Caller::Elsewhere {
            self.note(site, Reason::Origin);
            return Err(Refusal::Origin);
        }
        let id = self.idempotency_key()?;
        let visit = Visit { site: site.clone(), page: page.clone(), id, details: self.seen_details(""), age: 0 };
        let became = self.take(visit, &self.who(), false).await;
        let views = match &became {
            Outcome::Sent(Ok(Registered { page: Some(PageViews { views: Some(views), .. }), .. })) => Ok(*views),
            Outcome::Sent(Err(failure)) => Err(failure.clone()),
            // The visit is stored, but its answer has no views; or the visit is not counted.
            _ => self.shards(Sender::default()).views(site, Some(page.as_str())).await,
        };
        if let Ok(views) = views {
            self.tell_streams(counter, views);
        }
        let outcome = views.map(|views| Some((views, views)));
        Ok(Reply { visit: Some((&became).into()), ..answer_abacus(asked, counter, &outcome, Some(&became), None) })
    }
}
