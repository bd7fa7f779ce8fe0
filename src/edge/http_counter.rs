//! The external counter: one POST a visit to `COUNTER_URL`. The contract is in [`crate::counting::contract`].

use super::{body, deadline::within, isolate, js_error::describe, log};
use crate::counting::contract::{self, MAX_ANSWER_BYTES};
use crate::counting::endpoint::{CounterEndpoint, Failure, Registered};
use crate::counting::visit::Visit;
use crate::counting::visit_id::VisitId;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, RequestInit, RequestRedirect, Response, WorkerGlobalScope};

/// A counter at a URL.
pub(super) struct HttpCounter<'a> {
    pub(super) url: &'a str,
    /// How long a visit waits for it, in milliseconds.
    pub(super) timeout_ms: u32,
}

impl CounterEndpoint for HttpCounter<'_> {
    /// Sends the visit once. Never retried here: whoever asked may do so, and the id makes that safe.
    async fn register(&self, visit: Visit) -> Result<Registered, Failure> {
        let id = match &visit.id {
            Some(id) => id.clone(),
            None => VisitId::made_by(isolate::name()?, isolate::next_number()),
        };
        let abort = AbortController::new().map_err(broken)?;
        let signal = abort.signal();
        let exchange = self.exchange(&visit, &id, &signal);
        let outcome = match within(self.timeout_ms.into(), exchange).await {
            Some(outcome) => outcome,
            None => {
                // Dropping the exchange does not end it; this closes its connection.
                abort.abort();
                Err(Failure::Deadline { sent: true })
            }
        };
        if let Err(failure) = &outcome {
            log::problem("visit_failed", &format!("{failure:?}"));
        }
        outcome
    }
}

impl HttpCounter<'_> {
    async fn exchange(&self, visit: &Visit, id: &VisitId, signal: &AbortSignal) -> Result<Registered, Failure> {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let request = post(&contract::body(visit, id), id, signal).map_err(broken)?;
        let promise = scope.fetch_with_str_and_init(self.url, &request);
        let response: Response = JsFuture::from(promise).await.map_err(broken)?.unchecked_into();
        let registered = match contract::read_status(response.status()) {
            Ok(registered) => registered,
            // A refusal is one however its body ends; unread, that would keep the connection.
            Err(failure) => {
                body::discard(response.body()).await;
                return Err(failure);
            }
        };
        // A registration needs its whole answer.
        match body::read(response.body(), MAX_ANSWER_BYTES).await {
            Ok(_) => Ok(registered),
            Err(body::BodyError::TooLarge) => Err(Failure::Broken(format!("its answer is over {MAX_ANSWER_BYTES} bytes"))),
            Err(body::BodyError::Broken(why)) => Err(Failure::Broken(why)),
        }
    }
}

fn post(body: &str, id: &VisitId, signal: &AbortSignal) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("accept", "application/json")?;
    headers.set("idempotency-key", id.as_str())?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&body.into());
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    Ok(init)
}

fn broken(error: JsValue) -> Failure {
    Failure::Broken(describe(&error))
}
