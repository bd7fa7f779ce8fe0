//! Where requests come in: asks `counting` what to do, does it, answers.

use super::body::{self, BodyError};
use super::clock::now_ms;
use super::deadline::within;
use super::http_counter::HttpCounter;
use super::shard_client::ShardClient;
use super::{config, log, respond};
use crate::counting::body::{BodyHeaders, MAX_BODY_BYTES, find_site, visit};
use crate::counting::config::Config;
use crate::counting::days::day_of;
use crate::counting::endpoint::{CounterEndpoint, Failure, Registered, home};
use crate::counting::error::Refusal;
use crate::counting::page::Page;
use crate::counting::reply::{self, Reply};
use crate::counting::route::{Read, Route, VisitorsOf, is_prefetch, route};
use crate::counting::visit::Visit;
use crate::counting::visitor::Sender;
use futures_util::FutureExt;
use web_sys::{Request, Response};
use worker::{Context, Env, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Takes one request. While it awaits the counter, the isolate's one thread serves others.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    // Boxed, and so compiled once: as part of the exported future it would be compiled twice.
    let reply = answer(&request, &env).boxed_local().await;
    Ok(respond::response(&reply, request.method() == "HEAD")?)
}

async fn answer(request: &Request, env: &Env) -> Reply {
    let config = match config::of(env) {
        Ok(config) => config,
        Err(error) => return reply::misconfigured(&error),
    };
    let done = match route(&request.method(), &request.url()) {
        Ok(Route::Home) if header(request, "sec-purpose").is_some_and(|value| is_prefetch(&value)) => Ok(reply::prefetch()),
        Ok(Route::Home) => Ok(register_home(request, env, &config).await),
        Ok(Route::HomeHead) => Ok(reply::home_head()),
        Ok(Route::Register) => register(request, env, &config).await,
        Ok(Route::Read(read)) => read_views(env, &config, &read).await,
        Ok(Route::Visitors(of)) => read_visitors(env, &config, &of).await,
        Err(refusal) => Err(refusal),
    };
    done.unwrap_or_else(|refusal| reply::refused(&refusal))
}

/// `GET /`: the visit goes to `COUNTER_URL` if it is set, else to the embedded counter.
async fn register_home(request: &Request, env: &Env, config: &Config) -> Reply {
    let visit = Visit { site: config.sites.first().clone(), page: Page::root(), id: None };
    if let Some(url) = &config.counter_url {
        return home(&HttpCounter { url, timeout_ms: config.timeout_ms }, visit).await;
    }
    let [address, agent, gpc, dnt] = ["cf-connecting-ip", "user-agent", "sec-gpc", "dnt"].map(|name| header(request, name));
    let sender = Sender { address: address.as_deref(), agent: agent.as_deref(), gpc: gpc.as_deref(), dnt: dnt.as_deref() };
    home(&ShardClient::new(env, config, sender), visit).await
}

/// `POST /counter`: always the embedded counter, so that one deployment can be the `COUNTER_URL` of another. It is a
/// server that calls, so the view has no visitor.
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
    let client = ShardClient::new(env, config, Sender::default());
    let mut outcome = client.register(visit).await;
    if let Ok(Registered { page: Some(counted), .. }) = &mut outcome
        && counted.views.is_none()
    {
        // The visit is stored whether or not all shards can be asked for the sum; without it the answer has no `views`.
        counted.views = client.views(&site, Some(&counted.page)).await.ok();
    }
    Ok(reply::registered(site.as_str(), page.as_str(), &outcome))
}

/// `GET /counter`: reads, never counts.
async fn read_views(env: &Env, config: &Config, read: &Read) -> Result<Reply, Refusal> {
    let site = find_site(read.site.as_deref(), &config.sites)?;
    let page = read.page.as_ref().map(Page::as_str);
    let outcome = ShardClient::new(env, config, Sender::default()).views(&site, page).await;
    log_read(&outcome);
    Ok(reply::views(site.as_str(), page, &outcome))
}

/// `GET /visitors`: reads, never counts.
async fn read_visitors(env: &Env, config: &Config, of: &VisitorsOf) -> Result<Reply, Refusal> {
    let site = find_site(of.site.as_deref(), &config.sites)?;
    let day = of.day.unwrap_or_else(|| day_of(now_ms()));
    let outcome = ShardClient::new(env, config, Sender::default()).visitors(&site, day).await;
    log_read(&outcome);
    Ok(reply::visitors(site.as_str(), day, &outcome))
}

fn log_read<T>(outcome: &Result<T, Failure>) {
    if let Err(failure) = outcome {
        log::problem("read_failed", &format!("{failure:?}"));
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    // Fails only for names that are no header names.
    request.headers().get(name).ok().flatten()
}
