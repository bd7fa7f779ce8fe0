//! Which route of another counter a request uses: CountAPI and Abacus ([`abacus`]), GoatCounter ([`goatcounter`], [`hits`](super::hits)),
//! busuanzi ([`busuanzi`]), Plausible and Umami ([`events`]).

use crate::counting::http::compat::callback::{SCRIPT, function};
use crate::counting::http::compat::{abacus, busuanzi, events, goatcounter};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{JSON, Reply, text};
use crate::counting::model::page::KeptQuery;
use crate::counting::text::json::to_json;
use serde::Serialize;

/// A request on a route of another counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompatRequest {
    /// CountAPI and Abacus: reads or changes one counter.
    Abacus(Box<abacus::request::AbacusRequest>),
    /// CountAPI and Abacus, `/stats`: what this isolate has done. Has the function that the answer calls, if any.
    Stats(Option<String>),
    /// GoatCounter's `/count`: counts a view and answers with a picture.
    GoatCounterHit(Box<goatcounter::GoatCounterHit>),
    /// GoatCounter's `/counter/PATH.json` and its pictures: reads the views.
    GoatCounterViews(Box<goatcounter::GoatCounterRequest>),
    /// GoatCounter's `POST /api/v0/count`: counts views that a server reports.
    GoatCounterServerHits,
    /// busuanzi's `/busuanzi`: counts a view and calls this function with the numbers.
    Busuanzi(String),
    /// A POST from a client of Plausible or Umami.
    Events(events::event::Protocol),
}

/// Reads a path and a query.
///
/// # Errors
/// [`Refusal::UnknownPath`] if no other counter has the path; other [`Refusal`]s if the query is wrong.
pub(crate) fn read_compat(path: &str, query: &str, kept: &KeptQuery) -> Result<CompatRequest, Refusal> {
    match path.trim_end_matches('/') {
        "/count" => {
            return goatcounter::read_goatcounter_hit(query, kept).map(|hit| CompatRequest::GoatCounterHit(Box::new(hit)));
        }
        "/busuanzi" => return busuanzi::read_busuanzi(query).map(CompatRequest::Busuanzi),
        "/stats" => return function(&Query::read(query, &["callback"])?, "callback").map(CompatRequest::Stats),
        "/create" => {
            return abacus::request::read_countapi_create(path, query).map(|asked| CompatRequest::Abacus(Box::new(asked)));
        }
        "/api/event" => return Ok(CompatRequest::Events(events::event::Protocol::Plausible)),
        "/api/send" => return Ok(CompatRequest::Events(events::event::Protocol::Umami)),
        "/api/batch" => return Ok(CompatRequest::Events(events::event::Protocol::UmamiBatch)),
        "/api/v0/count" => return Ok(CompatRequest::GoatCounterServerHits),
        _ => {}
    }
    let (first, rest) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(Refusal::UnknownPath)?;
    if first == "counter" {
        return goatcounter::read_goatcounter_request(rest.trim_end_matches('/'), query, kept)
            .map(|asked| CompatRequest::GoatCounterViews(Box::new(asked)));
    }
    abacus::request::read_abacus(first, rest, query).map(|asked| CompatRequest::Abacus(Box::new(asked)))
}

/// The answer to `/stats`, with the fields of both counters. `visits` are the visits of this isolate, in the order of
/// [`VisitStatus::ALL`](crate::counting::http::reply::VisitStatus::ALL). The next argument has how often counters were read and created.
pub(crate) fn answer_stats(visits: &[u64; 7], [get, create]: [u64; 2], callback: Option<&str>) -> Reply {
    let [hit, ..] = visits;
    let total = visits.iter().chain(&[get, create]).fold(0_u64, |sum, one| sum.saturating_add(*one));
    let version = env!("CARGO_PKG_VERSION");
    let json = to_json(&StatsBody {
        version,
        requests: total,
        keys_updated: *hit,
        keys_created: create,
        commands: Commands { total, hit: *hit, get, create },
    });
    match callback {
        Some(name) => text(200, SCRIPT, format!("/**/{name}({json});")),
        None => text(200, JSON, json),
    }
}

#[derive(Serialize)]
struct StatsBody {
    version: &'static str,
    requests: u64,
    keys_updated: u64,
    keys_created: u64,
    commands: Commands,
}

#[derive(Serialize)]
struct Commands {
    total: u64,
    hit: u64,
    get: u64,
    create: u64,
}
