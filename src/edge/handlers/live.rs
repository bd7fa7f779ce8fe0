//! `GET /api/sites/SITE/live`, once or over a WebSocket. The rules are in [`crate::counting::live::pulse`]; the WebSocket's other end is in
//! the object of [`crate::edge::objects::live`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::body::find_site;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::refused;
use crate::counting::http::reply::{self, Reply};
use crate::counting::live::pulse::text;
use crate::counting::model::origin::Caller;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::call::Call;
use crate::edge::clients::object_call::{BUSY_RETRY_AFTER_S, classify};
use crate::edge::clients::pulses::pulses;
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::answered;
use crate::edge::runtime::{headers, log};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Request;
use worker::Env;

#[wasm_bindgen(module = "/src/edge/objects/live.js")]
extern "C" {
    /// Hands an upgrade to the site's object, and to `ended` the response that is a WebSocket, the status of another, or an error; after
    /// so many milliseconds 504.
    fn upgrade(env: &Env, site: &str, request: &Request, ms: f64, number: f64, ended: &Closure<dyn Fn(f64, JsValue)>);
}

type LiveAnswer = Result<(Reply, Option<JsValue>), Failure>;

impl RequestContext {
    /// Who is there now; a response in place of a body where it is told over a WebSocket, which only a GET may ask for.
    pub(crate) async fn live(&self, name: &str, caller: &Caller, get: bool) -> Result<(Reply, Option<JsValue>), Refusal> {
        let upgrades = get && self.header(headers::UPGRADE).is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        // Of an answer the browser asks whose pages may read it; of a WebSocket it asks nobody.
        if upgrades && *caller == Caller::Elsewhere {
            return Ok((Reply { visit: None, ..refused::refused(&Refusal::Origin, "") }, None));
        }
        self.check_socket(&self.config.stats)?;
        let site = find_site(Some(name), &self.config.sites)?;
        // One that is open costs the site's object a place, of which it has a limited number.
        if upgrades && self.is_limited(self.who().sender(), None).await {
            return Err(Refusal::Limited);
        }
        let outcome = if upgrades { self.upgrade(&site).await } else { self.look_once(&site).await };
        if let Err(failure) = &outcome {
            log::problem("live_failed", &failure.to_string());
        }
        Ok(outcome.unwrap_or_else(|failure| (reply::read_failed(&failure), None)))
    }

    async fn look_once(&self, site: &Site) -> LiveAnswer {
        let pulses = pulses(&self.shards(Sender::default()), site, &Call::Live).await?;
        Ok((reply::live(text(site.as_str(), &pulses, now_ms())), None))
    }

    async fn upgrade(&self, site: &Site) -> LiveAnswer {
        let ms = self.deadline.saturating_sub(now_ms());
        #[allow(clippy::cast_precision_loss, reason = "no deadline is that far")]
        let ms = ms as f64;
        let response = answered(|number, ended| upgrade(&self.env, site.as_str(), &self.request, ms, number, ended)).await;
        match response.as_f64() {
            Some(503.0) => Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }),
            Some(504.0) => Err(Failure::Deadline { sent: true }),
            // Not which: to write a fraction takes 40 KB of WebAssembly.
            Some(_) => Err(Failure::Broken("the site's object took no WebSocket".to_owned())),
            None if response.has_type::<js_sys::Error>() => Err(classify(&response)),
            None => Ok((reply::upgraded(), Some(response))),
        }
    }
}
