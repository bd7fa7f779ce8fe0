//! The answers to requests that read what was counted.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::numbers::FoundNumbers;
use crate::counting::http::reply::{CSV, Cache, JSON, Reply, VisitStatus, json_reply, text};
use crate::counting::model::date::{Day, date_of};
use crate::counting::protocol::answer::Visitors;
use serde::Serialize;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// `GET /counter`: the views. A failure is an error, never a 0.
///
/// An age is in milliseconds, of a sum over several shards.
pub(crate) fn views(site: &str, page: Option<&str>, outcome: &Result<(u64, Option<u64>), Failure>) -> Reply {
    match outcome {
        Ok((views, age_ms)) => json_reply(200, &ViewsBody { site, page, views: *views, age_ms: *age_ms }),
        Err(failure) => read_failed(failure),
    }
}

/// Several numbers in one answer, without a counted visit: for `GET /numbers?show=`, and for a reader who opted out.
pub(crate) fn numbers(&(site, page): &(&str, Option<&str>), numbers: FoundNumbers, visit: Option<VisitStatus>) -> Reply {
    Reply { visit, ..json_reply(200, &NumbersBody { site, page, numbers }) }
}

/// `GET /visitors`: the visitors of a day, and its views that have no visitor.
pub(crate) fn visitors(site: &str, day: Day, outcome: &Result<(Visitors, Option<u64>), Failure>) -> Reply {
    match outcome {
        Ok((Visitors { visitors, withheld: [opted_out, no_salt, no_address, full] }, age_ms)) => {
            let without = ViewsWithoutVisitor { opted_out: *opted_out, no_salt: *no_salt, no_address: *no_address, full: *full };
            let (day, age_ms) = (date_of(day), *age_ms);
            json_reply(200, &VisitorsBody { site, day, visitors: *visitors, views_without_visitor: without, age_ms })
        }
        Err(failure) => read_failed(failure),
    }
}

/// `GET /api/sites/SITE/WHAT`: a report. `known` is the value of `If-None-Match`; if it has the tag of this body, the status is 304. `public`
/// says whether the owner opened the reports to everybody.
pub(crate) fn stats(body: Result<&str, &Failure>, csv: bool, public: bool, known: Option<&str>) -> Reply {
    let body = match body {
        Ok(body) => body,
        Err(failure) => return read_failed(failure),
    };
    let cache = if public { Cache::Fresh } else { Cache::FreshForOne };
    let etag = etag(body);
    let same = known.is_some_and(|known| {
        known.split(',').any(|tag| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag) == etag
        })
    });
    let (status, body) = if same { (304, String::new()) } else { (200, body.to_owned()) };
    Reply { status, content_type: if csv { CSV } else { JSON }, cache, etag: Some(etag), body: body.into(), ..Reply::default() }
}

/// `GET /api/sites/SITE/live`.
pub(crate) fn live(body: String) -> Reply {
    text(200, JSON, body)
}

/// The answer to an accepted WebSocket. The platform's own response takes its place.
pub(crate) fn upgraded() -> Reply {
    Reply { status: 101, ..Reply::default() }
}

/// The `ETag` of a body: its SipHash-2-4. The key is not secret, because nobody gains from two bodies with the same tag.
fn etag(body: &str) -> String {
    let mut hasher = SipHasher24::new();
    hasher.write(body.as_bytes());
    format!("\"{:016x}\"", hasher.finish())
}

#[derive(Serialize)]
struct ViewsBody<'a> {
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    views: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
}

#[derive(Serialize)]
struct NumbersBody<'a> {
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(flatten)]
    numbers: FoundNumbers,
}

#[derive(Serialize)]
struct VisitorsBody<'a> {
    site: &'a str,
    day: String,
    visitors: u64,
    views_without_visitor: ViewsWithoutVisitor,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
}

#[derive(Serialize)]
struct ViewsWithoutVisitor {
    opted_out: u64,
    no_salt: u64,
    no_address: u64,
    full: u64,
}
