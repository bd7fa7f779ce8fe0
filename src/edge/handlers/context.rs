//! One request, and what its answer is made with.

use crate::counting::config::settings::Config;
use crate::counting::config::variable::Access;
use crate::counting::http::proxy::{self, Forwarded, Said};
use crate::counting::http::refusal::Refusal;
use crate::counting::model::reason::Reason;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::{Sender, network_of};
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::client::{Client, Known};
use crate::edge::runtime::body::{self, BodyError};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::headers::{self, RequestHead};
use crate::edge::runtime::{isolate, rate_limits, waits};
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::Env;

#[wasm_bindgen]
extern "C" {
    /// What keeps an isolate's work alive that outlives the answer.
    #[derive(Clone)]
    pub type Context;

}

#[wasm_bindgen(module = "/src/edge/runtime/waits.js")]
extern "C" {
    /// Keeps the isolate's work alive until what it returns is called.
    fn hold(context: &Context) -> js_sys::Function;
}

/// One request.
pub(crate) struct RequestContext {
    pub(crate) request: Request,
    pub(crate) request_head: RequestHead,
    pub(crate) env: Env,
    pub(crate) context: Context,
    pub(crate) client: Client,
    pub(crate) config: Rc<Config>,
    /// When it must have its answer, in milliseconds since 1970, whatever it waits for on the way.
    pub(crate) deadline: u64,
    /// Whether its sender's limit was asked for one visit that is still to come.
    pub(crate) paid: Cell<bool>,
}

/// What a request may say of itself that is held while its body is awaited, in bytes: a browser's requests say half as much.
const MAX_TOLD_BYTES: usize = 2_048;

impl RequestContext {
    pub(crate) fn header(&self, name: headers::HeaderName) -> Option<String> {
        self.request_head.header(&self.request, name)
    }

    /// The request's absolute URL.
    pub(crate) fn url(&self) -> &str {
        self.request_head.url()
    }

    /// The same without `BASE_PATH`, as routes are written.
    pub(crate) fn own_url(&self) -> Cow<'_, str> {
        self.config.base.without(self.url()).map_or(Cow::Borrowed(self.url()), Cow::Owned)
    }

    /// What stands in it behind `?`, or nothing.
    pub(crate) fn query(&self) -> &str {
        self.url().split_once('?').map_or("", |(_, query)| query)
    }

    /// The counter, for a visit that this request makes, or for a read, by nobody.
    pub(crate) fn shards<'a>(&'a self, sender: Sender<'a>) -> ShardClient<'a> {
        ShardClient::new(&self.env, &self.config, sender, self.deadline)
    }

    /// What the request says of who sent it, who is the visitor.
    pub(crate) fn who(&self) -> Who {
        let mut said = [headers::ADDRESS, headers::AGENT, headers::GPC, headers::DNT].map(|name| self.header(name));
        if let (Some(proxy), [address, ..]) = (self.forwarded(), &mut said) {
            *address = proxy.address;
        }
        Who { said, reports: false }
    }

    /// The server that sent it, and tells of visits that others made.
    pub(crate) fn server(&self) -> Who {
        let [address, ..] = self.who().said;
        Who { said: [address, None, None, None], reports: true }
    }

    /// What kind of program sent it.
    pub(crate) fn client(&self) -> Known {
        let Some(proxy) = self.forwarded() else { return self.client.known(&self.request) };
        // What the platform knows of who connected, where they are and whether they are a bot, it knows of the proxy.
        let known = Known::by_agent(&self.header(headers::AGENT).unwrap_or_default());
        Known { country: proxy.country, ..known }
    }

    /// What a proxy of the owner's tells of who sent it.
    pub(crate) fn forwarded(&self) -> Option<Forwarded> {
        if self.config.proxy == Access::Closed {
            return None;
        }
        let [proxy, forwarded_for, connected] =
            [headers::PROXY, headers::FORWARDED_FOR, headers::ADDRESS].map(|name| self.header(name));
        let said = Said { proxy: proxy.as_deref(), forwarded_for: forwarded_for.as_deref(), connected: connected.as_deref() };
        // Without randomness nothing can be compared, so nobody has the token.
        proxy::forwarded(&self.config.proxy, said, u128::from_le_bytes(isolate::random().ok()?))
    }

    /// The body of a visit, within the deadline and the cap, in bytes. The limit of its sender is asked first, for one visit: a
    /// body that is too many is not even waited for.
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
        // While a body stalls, thousands of others may: none of them holds its headers, unless they are as short as a browser's.
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

    /// Whether a visit is one too many, of its sender or of its site. A visit whose body was read has been asked for.
    pub(crate) async fn is_limited(&self, sender: Sender<'_>, site: Option<&Site>) -> bool {
        if !self.config.limits {
            return false;
        }
        let network = if self.paid.take() { None } else { sender.address.and_then(network_of) };
        rate_limits::exceeded(&self.env, network.as_deref(), site.map_or("", Site::as_str)).await
    }

    /// Whether a read by anybody is one too many of its sender. Reads have a limit of their own, as many as that of visits: a visit is not
    /// refused because its sender has read much.
    pub(crate) async fn reads_too_much(&self) -> bool {
        if !self.config.limits {
            return false;
        }
        let reader = self.who().sender().address.and_then(network_of).map(|network| format!("read {network}"));
        rate_limits::exceeded(&self.env, reader.as_deref(), "").await
    }

    /// Goes on with `work` after the answer, for 30 s at most.
    pub(crate) fn after_answer(&self, work: impl Future<Output = ()> + 'static) {
        let done = hold(&self.context);
        waits::spawn(async move {
            work.await;
            // What settles a promise does not throw.
            let _ = done.call0(&JsValue::UNDEFINED);
        });
    }
}

/// What a request says of who sent it. It is gone with the request.
#[derive(Default)]
pub(crate) struct Who {
    said: [Option<String>; 4],
    /// Whether it tells of others' visits: then it is no visitor itself.
    reports: bool,
}

impl Who {
    /// A visitor of whom a server tells.
    pub(crate) fn of(address: String, agent: String) -> Self {
        Self { said: [Some(address), Some(agent), None, None], reports: false }
    }

    pub(crate) fn sender(&self) -> Sender<'_> {
        let [address, agent, gpc, dnt] = self.said.each_ref().map(Option::as_deref);
        Sender { address, agent, gpc, dnt, reports: self.reports }
    }

    /// The visitor's address; empty where it is not known.
    pub(crate) fn address(&self) -> &str {
        if self.reports { "" } else { self.sender().address.unwrap_or("") }
    }
}
