//! The external counter: one POST to `COUNTER_URL` for each visit. The contract is in [`crate::counting::http::contract`].

use crate::counting::dispatch::endpoint::{CounterEndpoint, Failure, Registered};
use crate::counting::http::contract::{self, MAX_ANSWER_BYTES};
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::VisitId;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::js_error::describe;
use crate::edge::runtime::waits::awaited;
use crate::edge::runtime::{isolate, log};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/edge/clients/http_counter.js")]
extern "C" {
    fn post(url: &str, body: &str, id: &str, cap: usize) -> Promise;
}

/// A counter at a URL.
pub(crate) struct HttpCounter<'a> {
    pub(crate) url: &'a str,
    /// How long a visit waits for its answer, in milliseconds.
    pub(crate) timeout_ms: u32,
    /// `LOG_VISITS`: the log gets one visit in this many.
    pub(crate) log_visits: u32,
}

impl CounterEndpoint for HttpCounter<'_> {
    /// Sends the visit once. The caller may retry, which the id makes safe.
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        let sampled = log::sample(self.log_visits);
        let id = match &visit.id {
            Some(id) => id.clone(),
            None => VisitId::made_by(isolate::name()?, isolate::next_number()),
        };
        let exchange = post(self.url, &contract::body(&visit, &id), id.as_str(), MAX_ANSWER_BYTES);
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::waits("post", 0.0);
        let outcome = match within(self.timeout_ms.into(), awaited(&exchange)).await {
            Some(Ok(status)) => contract::read_status(status_of(&status)),
            Some(Err(error)) => Err(Failure::Broken(describe(&error))),
            None => Err(Failure::Deadline { sent: true }),
        };
        if let Err(failure) = &outcome {
            log::problem("visit_failed", &failure.to_string());
        }
        sampled.visit((&outcome).into(), 0);
        outcome
    }
}

/// A status as a number. `http_counter.js` returns nothing else; anything else would read as a server error.
fn status_of(value: &JsValue) -> u16 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status has three digits")]
    value.as_f64().map_or(599, |status| status as u16)
}
