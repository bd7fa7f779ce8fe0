//! Where requests come in: asks `counting` what to do, does it, answers.

use super::body::{self, BodyError};
use super::clock::now_ms;
use super::deadline::within;
use super::headers::{self, Headers};
use super::http_counter::HttpCounter;
use super::shard_client::ShardClient;
use super::{config, log, respond};
use crate::counting::body::{BodyHeaders, MAX_BODY_BYTES, find_site, visit};
use crate::counting::config::Config;
use crate::counting::days::day_of;
use crate::counting::details::Details;
use crate::counting::endpoint::{CounterEndpoint, Failure, Registered, home};
use crate::counting::error::Refusal;
use crate::counting::origin::Caller;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::route::{Read, Route, VisitorsOf, is_prefetch, route};
use crate::counting::visit::Visit;
use crate::counting::visitor::Sender;
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::Request;
use worker::{Env, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Takes one request and settles its promise. While it awaits the counter, the isolate's one thread serves others.
#[allow(unreachable_pub, reason = "what JavaScript calls has to be public")]
#[wasm_bindgen]
pub fn serve(request: Request, env: Env, resolve: Function, reject: Function) {
    spawn_local(async move {
        let method = request.method();
        let reply = answer(&request, &method, &env).await;
        let (settle, value) = match respond::response(&reply, method == "HEAD") {
            Ok(response) => (resolve, response.into()),
            Err(error) => (reject, error),
        };
        // What settles a promise does not throw.
        let _ = settle.call1(&JsValue::UNDEFINED, &value);
    });
}

async fn answer(request: &Request, method: &str, env: &Env) -> Reply {
    let config = match config::of(env) {
        Ok(config) => config,
        Err(error) => return reply::misconfigured(&error),
    };
    let deadline = now_ms().saturating_add(config.timeout_ms.into());
    let turn = Turn { request, headers: Headers::of(request), env, config: &config, deadline };
    let url = request.url();
    let routed = route(method, &url);
    // Nobody's script needs `GET /`: no look at its origin.
    let caller = match &routed {
        Ok(Route::Home | Route::HomeHead) | Err(_) => Caller::Server,
        Ok(_) => config.origins.caller(turn.header(&headers::ORIGIN), &url),
    };
    let done = match routed {
        Ok(Route::Home) if turn.header(&headers::SEC_PURPOSE).is_some_and(|value| is_prefetch(&value)) => Ok(reply::prefetch()),
        Ok(Route::Home) => Ok(turn.register_home().await),
        Ok(Route::HomeHead) => Ok(reply::home_head()),
        Ok(Route::Preflight(methods)) if matches!(caller, Caller::Page(_)) => Ok(reply::preflight(methods)),
        Ok(Route::Preflight(methods)) => Err(Refusal::Method(methods)),
        Ok(Route::Register) => turn.register(&caller).await,
        Ok(Route::Read(read)) => turn.read_views(&read).await,
        Ok(Route::Visitors(of)) => turn.read_visitors(&of).await,
        Err(refusal) => Err(refusal),
    };
    let mut reply = done.unwrap_or_else(|refusal| reply::refused(&refusal));
    if let Caller::Page(origin) = caller {
        reply.origin = Some(origin);
    }
    reply
}

/// One request, and what its answer is made with.
struct Turn<'a> {
    request: &'a Request,
    headers: Headers,
    env: &'a Env,
    config: &'a Config,
    /// When it must have its answer, in milliseconds since 1970, whatever it waits for on the way.
    deadline: u64,
}

impl Turn<'_> {
    /// `GET /`: the visit goes to `COUNTER_URL` if it is set, else to the embedded counter.
    async fn register_home(&self) -> Reply {
        let visit = Visit { site: self.config.sites.first().clone(), page: Page::root(), id: None, details: self.details() };
        if let Some(url) = &self.config.counter_url {
            return home(&HttpCounter { url, timeout_ms: self.config.timeout_ms }, visit).await;
        }
        let who = self.who();
        home(&self.shards(sender(&who)), visit).await
    }

    /// `POST /counter`: always the embedded counter, so that one deployment can be the `COUNTER_URL` of another. Where a
    /// server calls, the view has no visitor.
    async fn register(&self, caller: &Caller) -> Result<Reply, Refusal> {
        if *caller == Caller::Elsewhere {
            return Err(Refusal::Origin);
        }
        let from_page = *caller != Caller::Server;
        let bytes = self.read_body().await?;
        let content_type = self.header(&headers::CONTENT_TYPE);
        let key = self.header(&headers::IDEMPOTENCY_KEY);
        let headers = BodyHeaders {
            content_type: content_type.as_deref(),
            idempotency_key: key.as_deref(),
            from_page,
            client: Default::default(),
        };
        let visit = visit(&bytes, headers, &self.config.sites)?;
        let (site, page) = (visit.site.clone(), visit.page.clone());
        let who = if from_page { self.who() } else { Default::default() };
        let shards = self.shards(sender(&who));
        let mut outcome = shards.register(visit).await;
        if let Ok(Registered { page: Some(counted), .. }) = &mut outcome
            && counted.views.is_none()
        {
            // The visit is stored whether or not all shards can be asked for the sum; without it the answer has no `views`.
            counted.views = shards.views(&site, Some(&counted.page)).await.ok();
        }
        Ok(reply::registered(site.as_str(), page.as_str(), &outcome))
    }

    fn details(&self) -> Details {
        Details::default()
    }

    async fn read_body(&self) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::BodyTooLarge(MAX_BODY_BYTES);
        let stated: Option<usize> = self.header(&headers::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if stated.is_some_and(|length| length > MAX_BODY_BYTES) {
            return Err(too_large());
        }
        within(self.deadline.saturating_sub(now_ms()), body::read(self.request, MAX_BODY_BYTES))
            .await
            .ok_or(Refusal::BodyTooSlow(self.config.timeout_ms))?
            .map_err(|error| match error {
                BodyError::TooLarge => too_large(),
                BodyError::Broken => Refusal::BodyBroken,
            })
    }

    /// `GET /counter`: reads, never counts.
    async fn read_views(&self, read: &Read) -> Result<Reply, Refusal> {
        let site = find_site(read.site.as_deref(), &self.config.sites)?;
        let page = read.page.as_ref().map(Page::as_str);
        let outcome = self.shards(Sender::default()).views(&site, page).await;
        log_read(&outcome);
        Ok(reply::views(site.as_str(), page, &outcome))
    }

    /// `GET /visitors`: reads, never counts.
    async fn read_visitors(&self, of: &VisitorsOf) -> Result<Reply, Refusal> {
        let site = find_site(of.site.as_deref(), &self.config.sites)?;
        let day = of.day.unwrap_or_else(|| day_of(now_ms()));
        let outcome = self.shards(Sender::default()).visitors(&site, day).await;
        log_read(&outcome);
        Ok(reply::visitors(site.as_str(), day, &outcome))
    }

    fn shards<'a>(&'a self, sender: Sender<'a>) -> ShardClient<'a> {
        ShardClient { env: self.env, config: self.config, sender, deadline: self.deadline }
    }

    /// What the request says of who sent it.
    fn who(&self) -> Who {
        [&headers::ADDRESS, &headers::AGENT, &headers::GPC, &headers::DNT].map(|name| self.header(name))
    }

    fn header(&self, name: headers::Name) -> Option<String> {
        self.headers.read(name)
    }
}

type Who = [Option<String>; 4];

fn sender([address, agent, gpc, dnt]: &Who) -> Sender<'_> {
    Sender { address: address.as_deref(), agent: agent.as_deref(), gpc: gpc.as_deref(), dnt: dnt.as_deref() }
}

fn log_read<T>(outcome: &Result<T, Failure>) {
    if let Err(failure) = outcome {
        log::problem("read_failed", &failure.to_string());
    }
}
