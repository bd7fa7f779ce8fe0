//! The entry of all requests: reads what a request asks for, lets a handler answer it, and sends the answer.

use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::Reply;
use crate::counting::http::route::{Route, route};
use crate::counting::http::wanted::Wanted;
use crate::counting::http::{answers, methods, refused};
use crate::counting::model::origin::Caller;
use crate::counting::model::reason::Reason;
use crate::counting::model::unlisted::origin_of;
use crate::edge::handlers::client::LazyClient;
use crate::edge::handlers::context::{Context, RequestContext};
use crate::edge::handlers::{respond, unlisted};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::headers::{self, RequestHead};
use crate::edge::runtime::{config, counts, waits};
use futures_util::FutureExt;
use js_sys::Function;
use std::cell::Cell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::{Env, event};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Answers one request and settles its promise. While it waits for the counter, the isolate's only thread serves other requests.
#[allow(unreachable_pub, reason = "what JavaScript calls has to be public")]
#[wasm_bindgen]
pub fn serve(request: Request, env: Env, context: Context, resolve: Function, reject: Function) {
    let work = async move {
        let request_head = RequestHead::of_request(&request);
        let bodiless = request_head.method() == "HEAD";
        let (reply, stream) = answer(request, request_head, env, context).await;
        let (settle, value) = match respond::response(&reply, stream, bodiless) {
            Ok(response) => (resolve, response.into()),
            Err(error) => (reject, error),
        };
        // Settling a promise does not throw.
        let _ = settle.call1(&JsValue::UNDEFINED, &value);
    };
    #[cfg(feature = "trace")]
    let work = crate::edge::runtime::trace::visit(work);
    waits::spawn(work);
}

/// The answer, and the stream that takes the place of its body, if there is one.
async fn answer(request: Request, request_head: RequestHead, env: Env, context: Context) -> (Reply, Option<JsValue>) {
    let mut stream = None;
    let config = match config::parsed(&env) {
        Ok(config) => config,
        Err(wrong) => {
            let caller = wrong.origins.caller(request_head.header(&request, headers::ORIGIN), request_head.url());
            let reply = Wanted::by(request_head.url()).dress(answers::failures::misconfigured(&wrong.error));
            return (readable(reply, caller), stream);
        }
    };
    let now = now_ms();
    waits::sweep(now);
    let deadline = now.saturating_add(config.timeout_ms.into());
    let mut turn = RequestContext {
        request_head,
        request,
        env,
        context,
        client: LazyClient::default(),
        config,
        deadline,
        paid: Cell::default(),
    };
    let method = turn.request_head.method();
    let kept = &turn.config.page_query;
    let routed = match turn.config.base.without(turn.url()).map(|url| route(method, &url, kept)) {
        // At the Worker's own host the path has no `BASE_PATH`.
        None | Some(Err(Refusal::UnknownPath)) => route(method, turn.url(), kept),
        Some(routed) => routed,
    };
    let caller = turn.config.origins.caller(turn.header(headers::ORIGIN), turn.url());
    let registers = matches!(routed, Ok(Route::Register));
    let reads = matches!(
        routed,
        Ok(Route::Views(_) | Route::Visitors(_) | Route::Stats(_) | Route::Live(_) | Route::Metrics(_) | Route::Admin(_))
    );
    // All futures but that of `GET /` are boxed. Otherwise this future would be as large as the largest of them, and one function for V8 to compile.
    let done = match routed {
        Ok(Route::Home) if turn.is_prefetch() => {
            turn.note(turn.config.sites.home(), Reason::Prefetch);
            Ok(answers::visits::prefetch())
        }
        Ok(Route::Home) => Ok(turn.register_home().await),
        Ok(Route::HomeHead) => Ok(answers::visits::home_head()),
        Ok(Route::Preflight(methods)) if matches!(caller, Caller::Page(_)) => Ok(methods::preflight(methods)),
        Ok(Route::Preflight(methods)) => {
            // After this answer the browser sends no visit, so the origin is noted now.
            if caller == Caller::Elsewhere {
                unlisted::origin(&turn, turn.config.sites.first());
            }
            Err(Refusal::Method(methods))
        }
        Ok(Route::Register) => turn.register(&caller).boxed_local().await,
        Ok(Route::Pixel(pixel)) => turn.register_pixel(pixel, method == "HEAD").boxed_local().await,
        Ok(Route::Badge(badge)) => turn.show_badge(&badge, method == "HEAD").boxed_local().await,
        Ok(Route::Compat(asked)) => {
            turn.answer_compat(&asked, &caller, method == "HEAD").boxed_local().await.map(|(reply, events)| {
                stream = events;
                reply
            })
        }
        Ok(Route::Views(read)) => turn.read_views(&read).await,
        Ok(Route::Visitors(of)) => turn.read_visitors(&of).await,
        Ok(Route::Health) => Ok(turn.health().boxed_local().await),
        Ok(Route::Metrics(site)) => turn.metrics(site.as_deref()).boxed_local().await,
        Ok(Route::Stats(stats)) => turn.read_stats(&stats).boxed_local().await,
        Ok(Route::Live(site)) => turn.live(&site, &caller, method == "GET").boxed_local().await.map(|(reply, upgraded)| {
            stream = upgraded;
            reply
        }),
        Ok(Route::Admin(command)) => {
            turn.run_admin_command(&command, method == "HEAD").boxed_local().await.map(|(reply, file)| {
                stream = file;
                reply
            })
        }
        Err(refusal) => {
            turn.drop_file().boxed_local().await;
            Err(refusal)
        }
    };
    let reply = match done {
        Ok(reply) => reply,
        // The page's script reads the answer and writes it to the console.
        Err(Refusal::Origin) if registers => {
            let origin = origin_of(turn.header(headers::ORIGIN).as_deref(), "").filter(|origin| origin != "null");
            origin.map_or_else(|| turn.refuse_request(&Refusal::Origin, reads), |origin| refused::origin_refused(&origin))
        }
        Err(refusal) => turn.refuse_request(&refusal, reads),
    };
    if let Some(outcome) = reply.visit {
        counts::visit(outcome);
    }
    let reply = if reply.status < 400 { reply } else { Wanted::by(&turn.own_url()).dress(reply) };
    (readable(reply, caller), stream)
}

/// Lets the page that asks read the answer, if its origin is listed.
fn readable(reply: Reply, caller: Caller) -> Reply {
    match caller {
        Caller::Page(origin) => Reply { origin: Some(origin), ..reply },
        Caller::Server | Caller::Elsewhere => reply,
    }
}
