//! Calling a Durable Object: sends bytes, returns bytes, and retries as [`crate::counting::dispatch::retry`] decides.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::retry::{After, Attempts, OVERLOADED_RETRY_AFTER_S, of_exception};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::counts;
use crate::edge::runtime::deadline::within;
use crate::edge::runtime::js_error::describe;
use crate::edge::runtime::waits::{answered, timer};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// Seconds after which a caller should repeat a call that a full or overloaded object refused.
pub(crate) const BUSY_RETRY_AFTER_S: u32 = OVERLOADED_RETRY_AFTER_S;

#[wasm_bindgen(module = "/src/edge/clients/object_call.js")]
extern "C" {
    fn post(env: &Env, binding: &str, name: &str, call: &Uint8Array, number: f64, ended: &Closure<dyn Fn(f64, JsValue)>);
}

/// An object, by its namespace's binding and its name.
pub(crate) struct Object<'a> {
    pub(crate) env: &'a Env,
    /// The binding in `wrangler.toml`.
    pub(crate) binding: &'static str,
    /// The name. It is that of a listed site, with a number, so strangers cannot make objects.
    pub(crate) name: &'a str,
}

impl Object<'_> {
    /// Calls until `read` accepts the answer, there are no retries left, or the deadline (milliseconds since 1970) passes.
    /// A call may arrive twice, and must then have the effect of one.
    ///
    /// Boxed, and so compiled once for each kind of answer. As part of each caller's future it would double the size of
    /// the Worker.
    pub(crate) fn call<'a, T: 'a>(
        &'a self,
        call: &'a [u8],
        deadline: u64,
        read: fn(&[u8]) -> Result<T, Failure>,
    ) -> LocalBoxFuture<'a, Result<T, Failure>> {
        async move {
            let mut attempts = Attempts::until(deadline);
            loop {
                let ms = attempts.begin(now_ms());
                let outcome = within(ms, self.exchange(call)).await.unwrap_or(Err(Failure::Deadline { sent: true }));
                let failure = match outcome.and_then(|answer| read(&answer)) {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure,
                };
                match attempts.failed(failure, now_ms()) {
                    After::Failed(failure) => return Err(failure),
                    After::Again(0) => counts::retry(),
                    After::Again(ms) => {
                        counts::retry();
                        timer(ms).await;
                    }
                }
            }
        }
        .boxed_local()
    }

    /// Sends the call once, and returns the answer.
    async fn exchange(&self, call: &[u8]) -> Result<Vec<u8>, Failure> {
        let call = Uint8Array::from(call);
        let answer = answered(|number, ended| post(self.env, self.binding, self.name, &call, number, ended)).await;
        answer.dyn_into().map(|bytes: Uint8Array| bytes.to_vec()).map_err(|error| classify(&error))
    }
}

/// The failure that an exception of a stub stands for.
pub(crate) fn classify(error: &JsValue) -> Failure {
    let property = |name: &str| Reflect::get(error, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let message = property("message").as_string().unwrap_or_default();
    of_exception(property("overloaded").is_truthy(), &message, || describe(error))
}
