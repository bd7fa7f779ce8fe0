//! `GET /api/sites/SITE/live`, once or over a WebSocket. The rules are in [`crate::counting::live::pulse`]; the WebSocket's other end is in
//! the object of [`crate::edge::objects::live`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::find_site::find_site;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::http::{answers, refused};
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
    /// Sends the upgrade to the site's object. Calls `ended` with the response that has the WebSocket, with the status of any other response, or
    /// with an error; after `ms` milliseconds with 504.
    fn upgrade(env: &Env, site: &str, request: &Request, ms: f64, number: f64, ended: &Closure<dyn Fn(f64, JsValue)>);
}

type LiveReply = Result<(Reply, Option<JsValue>), Failure>;

impl RequestContext {
    /// The recent activity of a site. A GET may ask for a WebSocket; then the second part of the answer is the platform's response.
    pub(crate) async fn live(&self, name: &str, caller: &Caller, get: bool) -> Result<(Reply, Option<JsValue>), Refusal> {
        let upgrades = get && self.header(headers::UPGRADE).is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
        // A browser checks which pages may read an answer, but it lets every page open a WebSocket.
        if upgrades && *caller == Caller::Elsewhere {
            return Ok((Reply { visit: None, ..refused::refused(&Refusal::Origin, "") }, None));
        }
        self.check_socket(&self.config.stats)?;
        let site = find_site(Some(name), &self.config.sites)?;
        // The site's object has a limited number of WebSockets.
        if upgrades && self.is_limited(self.who().sender(), None).await {
            return Err(Refusal::Limited);
        }
        let outcome = if upgrades { self.upgrade(&site).await } else { self.look_once(&site).await };
        if let Err(failure) = &outcome {
            log::problem("live_failed", &failure.to_string());
        }
        Ok(outcome.unwrap_or_else(|failure| (answers::failures::read_failed(&failure), None)))
    }

    async fn look_once(&self, site: &Site) -> LiveReply {
        let pulses = pulses(&self.shards(Sender::default()), site, &Call::Live).await?;
        Ok((answers::reads::live(text(site.as_str(), &pulses, now_ms())), None))
    }

    async fn upgrade(&self, site: &Site) -> LiveReply {
        let ms = self.deadline.saturating_sub(now_ms());
        #[allow(clippy::cast_precision_loss, reason = "no deadline is that far")]
        let ms = ms as f64;
        let response = answered(|number, ended| upgrade(&self.env, site.as_str(), &self.request, ms, number, ended)).await;
        match response.as_f64() {
            Some(503.0) => Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S }),
            Some(504.0) => Err(Failure::Deadline { sent: true }),
            // The text leaves out the status: writing a double takes 40 KB of WebAssembly.
            Some(_) => Err(Failure::Broken("the site's object took no WebSocket".to_owned())),
            None if response.has_type::<js_sys::Error>() => Err(classify(&response)),
            None => Ok((answers::reads::upgraded(), Some(response))),
        }
    }
}
