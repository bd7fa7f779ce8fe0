//! A request, and everything that its answer is made with.

use crate::counting::config::settings::Config;
use crate::counting::config::variable::Access;
use crate::counting::http::proxy::{self, Forwarded, Said};
use crate::counting::http::refusal::Refusal;
use crate::counting::model::client::Client;
use crate::counting::model::reason::Reason;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::{Sender, network_of};
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::client::{LazyClient, by_agent};
use crate::edge::runtime::body::{self, BodyError};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::headers::{self, RequestHead};
use crate::edge::runtime::{rate_limits, waits};
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::Env;

#[wasm_bindgen]
extern "C" {
    /// The platform's context of a request. It keeps work alive after the answer.
    #[derive(Clone)]
    pub type Context;

}

#[wasm_bindgen(module = "/src/edge/runtime/waits.js")]
extern "C" {
    /// Keeps the request alive until the returned function is called.
    fn hold(context: &Context) -> js_sys::Function;
}

/// A request.
pub(crate) struct RequestContext {
    pub(crate) request: Request,
    pub(crate) request_head: RequestHead,
    pub(crate) env: Env,
    pub(crate) context: Context,
    pub(crate) client: LazyClient,
    pub(crate) config: Rc<Config>,
    /// When the answer is due, in milliseconds since 1970.
    pub(crate) deadline: u64,
    /// Whether the sender's rate limit was already checked for the next visit.
    pub(crate) paid: Cell<bool>,
}

/// How much of a request's URL and headers is held while its body is awaited, in bytes. Those of a browser have half as many.
const MAX_TOLD_BYTES: usize = 2_048;

impl RequestContext {
    pub(crate) fn header(&self, name: headers::HeaderName) -> Option<String> {
        self.request_head.header(&self.request, name)
    }

    /// The request's absolute URL.
    pub(crate) fn url(&self) -> &str {
        self.request_head.url()
    }

    /// The URL without `BASE_PATH`, as routes are written.
    pub(crate) fn own_url(&self) -> Cow<'_, str> {
        self.config.base.without(self.url()).map_or(Cow::Borrowed(self.url()), Cow::Owned)
    }

    /// The part of the URL after `?`, or empty.
    pub(crate) fn query(&self) -> &str {
        self.url().split_once('?').map_or("", |(_, query)| query)
    }

    /// The embedded counter. `sender` is the sender of a visit; a read has the default, which is nobody.
    pub(crate) fn shards<'a>(&'a self, sender: Sender<'a>) -> ShardClient<'a> {
        ShardClient::new(&self.env, &self.config, sender, self.deadline)
    }

    /// The sender of a request that is the visitor itself.
    pub(crate) fn who(&self) -> Who {
        let mut said = [headers::ADDRESS, headers::AGENT, headers::GPC, headers::DNT].map(|name| self.header(name));
        if let (Some(proxy), [address, ..]) = (self.forwarded(), &mut said) {
            *address = proxy.address;
        }
        Who { said, reports: false }
    }

    /// The sender of a request from a server that reports visits of others.
    pub(crate) fn server(&self) -> Who {
        let [address, ..] = self.who().said;
        Who { said: [address, None, None, None], reports: true }
    }

    /// The program that sent it, and whether that is a bot.
    pub(crate) fn client(&self) -> (Client, bool) {
        let Some(proxy) = self.forwarded() else { return self.client.get(&self.request) };
        // The platform's own verdict and country are those of the proxy, which is who connected.
        let (client, is_bot) = by_agent(&self.header(headers::AGENT).unwrap_or_default());
        (Client { country: proxy.country, ..client }, is_bot)
    }

    /// What the owner's proxy says about the visitor, if there is such a proxy.
    pub(crate) fn forwarded(&self) -> Option<Forwarded> {
        if self.config.proxy == Access::Closed {
            return None;
        }
        let [proxy, forwarded_for, connected] =
            [headers::PROXY, headers::FORWARDED_FOR, headers::ADDRESS].map(|name| self.header(name));
        let said = Said { proxy: proxy.as_deref(), forwarded_for: forwarded_for.as_deref(), connected: connected.as_deref() };
        proxy::forwarded(&self.config.proxy, said)
    }

    /// Reads the body of a visit. `cap` is the greatest length, in bytes. It checks the rate limit of the sender first, so that the request does not
    /// wait for a body that is not counted anyway.
    ///
    /// # Errors
    /// [`Refusal::BodyTooLarge`], [`Refusal::VisitLimited`], [`Refusal::BodyTooSlow`] or [`Refusal::BodyBroken`].
    pub(crate) async fn read_body(&mut self, cap: usize) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::BodyTooLarge(cap);
        let stated: Option<usize> = self.header(headers::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if stated.is_some_and(|length| length > cap) {
            return Err(too_large());
        }
        if self.is_limited(self.who().sender(), None).await {
            self.note(self.config.sites.first(), Reason::Limited);
            return Err(Refusal::VisitLimited);
        }
        self.paid.set(true);
        // Thousands of bodies may stall at once. Their requests hold no headers meanwhile, unless these are as short as a browser's.
        let long = self.request_head.bytes() > MAX_TOLD_BYTES;
        if long {
            self.request_head = RequestHead::default();
        }
        let read = within(self.deadline.saturating_sub(now_ms()), body::read_to_end(&self.request, cap)).await;
        if long {
            self.request_head = RequestHead::of_request(&self.request);
        }
        read.ok_or(Refusal::BodyTooSlow(self.config.timeout_ms))?.map_err(|error| match error {
            BodyError::TooLarge => too_large(),
            BodyError::Broken => Refusal::BodyBroken,
        })
    }

    /// Whether a visit is over the rate limit of its sender or of its site. The sender's limit is not checked again for a visit whose body was read.
    pub(crate) async fn is_limited(&self, sender: Sender<'_>, site: Option<&Site>) -> bool {
        if !self.config.limits {
            return false;
        }
        let network = if self.paid.take() { None } else { sender.address.and_then(network_of) };
        rate_limits::exceeded(&self.env, network.as_deref(), site.map_or("", Site::as_str)).await
    }

    /// Whether a read without a token is over the rate limit of its sender. Reads are counted apart from visits, so that a visit is not refused
    /// because its sender has read much.
    pub(crate) async fn reads_too_much(&self) -> bool {
        if !self.config.limits {
            return false;
        }
        let reader = self.who().sender().address.and_then(network_of).map(|network| format!("read {network}"));
        rate_limits::exceeded(&self.env, reader.as_deref(), "").await
    }

    /// Does `work` after the answer. The platform gives it at most 30 s.
    pub(crate) fn after_answer(&self, work: impl Future<Output = ()> + 'static) {
        let done = hold(&self.context);
        waits::spawn(async move {
            work.await;
            // Settling a promise does not throw.
            let _ = done.call0(&JsValue::UNDEFINED);
        });
    }
}

/// What a request says about its sender. It is dropped with the request.
#[derive(Default)]
pub(crate) struct Who {
    said: [Option<String>; 4],
    /// Whether the sender reports visits of others. Then it is no visitor itself.
    reports: bool,
}

impl Who {
    /// A visitor that a server reports.
    pub(crate) fn of(address: String, agent: String) -> Self {
        Self { said: [Some(address), Some(agent), None, None], reports: false }
    }

    pub(crate) fn sender(&self) -> Sender<'_> {
        let [address, agent, gpc, dnt] = self.said.each_ref().map(Option::as_deref);
        Sender { address, agent, gpc, dnt, reports: self.reports }
    }

    /// The visitor's address, or empty if it is not known.
    pub(crate) fn address(&self) -> &str {
        if self.reports { "" } else { self.sender().address.unwrap_or("") }
    }
}
