//! One request, and what its answer is made with.

use super::body::{self, BodyError};
use super::client::{Client, Known};
use super::clock::now_ms;
use super::deadline::within;
use super::headers::{self, Told};
use super::shard_client::ShardClient;
use crate::counting::config::Config;
use crate::counting::error::Refusal;
use crate::counting::visitor::Sender;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::Request;
use worker::Env;

#[wasm_bindgen]
extern "C" {
    /// What keeps an isolate's work alive that outlives the answer.
    #[derive(Clone)]
    pub type Context;

}

#[wasm_bindgen(module = "/src/edge/waits.js")]
extern "C" {
    /// Keeps the isolate's work alive until what it returns is called.
    fn hold(context: &Context) -> js_sys::Function;
}

/// One request.
pub(super) struct Turn {
    pub(super) request: Request,
    pub(super) told: Told,
    pub(super) env: Env,
    pub(super) context: Context,
    pub(super) client: Client,
    pub(super) config: Rc<Config>,
    /// When it must have its answer, in milliseconds since 1970, whatever it waits for on the way.
    pub(super) deadline: u64,
}

impl Turn {
    pub(super) fn header(&self, name: headers::Name) -> Option<String> {
        self.told.header(&self.request, name)
    }

    /// The request's absolute URL.
    pub(super) fn url(&self) -> &str {
        self.told.url()
    }

    /// The counter, for a visit that this request makes, or for a read, by nobody.
    pub(super) fn shards<'a>(&'a self, sender: Sender<'a>) -> ShardClient<'a> {
        ShardClient::new(&self.env, &self.config, sender, self.deadline)
    }

    /// What the request says of who sent it.
    pub(super) fn who(&self) -> Who {
        Who([headers::ADDRESS, headers::AGENT, headers::GPC, headers::DNT].map(|name| self.header(name)))
    }

    /// What kind of program sent it.
    pub(super) fn client(&self) -> Known {
        self.client.known(&self.request)
    }

    /// Its body, within the deadline and the cap, in bytes.
    pub(super) async fn read_body(&self, cap: usize) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::BodyTooLarge(cap);
        let stated: Option<usize> = self.header(headers::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if stated.is_some_and(|length| length > cap) {
            return Err(too_large());
        }
        within(self.deadline.saturating_sub(now_ms()), body::read(&self.request, cap))
            .await
            .ok_or(Refusal::BodyTooSlow(self.config.timeout_ms))?
            .map_err(|error| match error {
                BodyError::TooLarge => too_large(),
                BodyError::Broken => Refusal::BodyBroken,
            })
    }

    /// Goes on with `work` after the answer, for 30 s at most.
    pub(super) fn after_answer(&self, work: impl Future<Output = ()> + 'static) {
        let done = hold(&self.context);
        spawn_local(async move {
            work.await;
            // What settles a promise does not throw.
            let _ = done.call0(&JsValue::UNDEFINED);
        });
    }
}

/// What a request says of who sent it. It is gone with the request.
#[derive(Default)]
pub(super) struct Who([Option<String>; 4]);

impl Who {
    pub(super) fn sender(&self) -> Sender<'_> {
        let [address, agent, gpc, dnt] = self.0.each_ref().map(Option::as_deref);
        Sender { address, agent, gpc, dnt }
    }

    pub(super) fn address(&self) -> &str {
        let [address, ..] = &self.0;
        address.as_deref().unwrap_or("")
    }
}
