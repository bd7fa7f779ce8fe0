//! Where requests come in: asks `counting` what to do, does it, answers.

use super::body::{self, BodyError};
use super::deadline::within;
use super::http_counter::HttpCounter;
use super::shard_client::ShardClient;
use super::{config, log, respond};
use crate::counting::body::{BodyHeaders, MAX_BODY_BYTES, find_site, visit};
use crate::counting::config::Config;
use crate::counting::endpoint::{CounterEndpoint, home};
use crate::counting::error::Refusal;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::route::{Read, Route, is_prefetch, route};
use crate::counting::visit::Visit;
use web_sys::{Request, Response};
use worker::{Context, Env, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Takes one request. While it awaits the counter, the isolate's one thread serves others.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let reply = answer(&request, &env).await;
    Ok(respond::response(&reply, request.method() == "HEAD")?)
}

async fn answer(request: &Request, env: &Env) -> Reply {
    let config = match config::of(env) {
        Ok(config) => config,
        Err(error) => return reply::misconfigured(&error),
    };
    let done = match route(&request.method(), &request.url()) {
        Ok(Route::Home) if header(request, "sec-purpose").is_some_and(|value| is_prefetch(&value)) => Ok(reply::prefetch()),
        Ok(Route::Home) => Ok(register_home(env, &config).await),
        Ok(Route::HomeHead) => Ok(reply::home_head()),
        Ok(Route::Register) => register(request, env, &config).await,
        Ok(Route::Read(read)) => read_views(env, &config, &read).await,
        Err(refusal) => Err(refusal),
    };
    done.unwrap_or_else(|refusal| reply::refused(&refusal))
}

/// `GET /`: the visit goes to `COUNTER_URL` if it is set, else to the embedded counter.
async fn register_home(env: &Env, config: &Config) -> Reply {
    let visit = Visit { site: config.sites.first().clone(), page: Page::root(), id: None };
    match &config.counter_url {
        Some(url) => home(&HttpCounter { url, timeout_ms: config.timeout_ms }, visit).await,
        None => home(&ShardClient::new(env, config), visit).await,
    }
}

/// `POST /counter`: always the embedded counter, so that one deployment can be the `COUNTER_URL` of another.
async fn register(request: &Request, env: &Env, config: &Config) -> Result<Reply, Refusal> {
    let too_large = || Refusal::BodyTooLarge(MAX_BODY_BYTES);
    if header(request, "content-length")
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| length > MAX_BODY_BYTES)
    {
        return Err(too_large());
    }
    let bytes = within(config.timeout_ms.into(), body::read(request.body(), MAX_BODY_BYTES))
        .await
        .ok_or(Refusal::BodyTooSlow(config.timeout_ms))?
        .map_err(|error| match error {
            BodyError::TooLarge => too_large(),
            BodyError::Broken(_) => Refusal::BodyBroken,
        })?;
    let content_type = header(request, "content-type");
    let key = header(request, "idempotency-key");
    let headers = BodyHeaders { content_type: content_type.as_deref(), idempotency_key: key.as_deref() };
    let visit = visit(&bytes, headers, &config.sites)?;
    let (site, page) = (visit.site.clone(), visit.page.clone());
    let outcome = ShardClient::new(env, config).register(visit).await;
    Ok(reply::registered(site.as_str(), page.as_str(), &outcome))
}

/// `GET /counter`: reads, never counts.
async fn read_views(env: &Env, config: &Config, read: &Read) -> Result<Reply, Refusal> {
    let site = find_site(read.site.as_deref(), &config.sites)?;
    let page = read.page.as_ref().map(Page::as_str);
    let outcome = ShardClient::new(env, config).views(&site, page).await;
    if let Err(failure) = &outcome {
        log::problem("read_failed", &format!("{failure:?}"));
    }
    Ok(reply::views(site.as_str(), page, &outcome))
}

fn header(request: &Request, name: &str) -> Option<String> {
    // Fails only for names that are no header names.
    request.headers().get(name).ok().flatten()
}
