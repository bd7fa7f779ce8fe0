//! What is answered: the only table of statuses, headers and texts; [`super::refused`] has those of wrong requests, [`super::wanted`] their form.

use crate::counting::config::variable::ConfigError;
use crate::counting::dispatch::endpoint::{Failure, Outcome, Registered};
use crate::counting::http::shown::Numbers;
use crate::counting::model::date::{Day, date_of};
use crate::counting::model::reason::Reason;
use crate::counting::protocol::answer::Visitors;
use crate::counting::protocol::report::FRESH_MS;
use crate::counting::text::json::exact;
use serde::Serialize;
use siphasher::sip::SipHasher24;
use std::borrow::Cow;
use std::hash::Hasher;

/// The answer of `GET /` for a visit that is registered.
pub const WELCOME: &str = "Welcome to my site!";
/// The answer of `GET /` for a visit that is not.
pub const ERROR: &str = "Error registering your visit";

/// A text.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// JSON.
pub const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";
const NDJSON: &str = "application/x-ndjson";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// A picture that scales.
pub const SVG: &str = "image/svg+xml; charset=utf-8";
/// A document.
pub const HTML: &str = "text/html; charset=utf-8";
/// A picture of pixels. The bytes of its body are the characters of the text, which are all below 256.
pub const PNG: &str = "image/png";
/// Events, one after another (HTML, "server-sent events").
pub const EVENTS: &str = "text/event-stream";
/// The type of a [`pixel`]; its body is [`PIXEL`], as a text cannot hold it.
pub const GIF: &str = "image/gif";

/// A transparent picture of one pixel (GIF89a).
pub const PIXEL: [u8; 43] =
    *b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// An answer, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache: Cache,
    /// `ETag`: the same as long as the body is.
    pub etag: Option<String>,
    /// `Content-Disposition`: the name of the file that it is to be kept as.
    pub file: Option<String>,
    /// `Footfall-Visit`: what became of the visit, on every answer to one.
    pub visit: Option<VisitStatus>,
    /// `Allow`, with 405.
    pub allow: Option<&'static str>,
    /// `Access-Control-Allow-Origin`: whose page may read it.
    pub origin: Option<String>,
    /// `Access-Control-Allow-Methods`, with the answer to a preflight.
    pub methods: Option<&'static str>,
    /// `Retry-After`, in seconds, with 503.
    pub retry_after: Option<u32>,
    /// The body; not sent to HEAD.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// Whether two replies differ in nothing but their body.
    pub fn same_head(&self, other: &Self) -> bool {
        let head = |reply: &Self| (reply.status, reply.content_type, reply.visit, reply.allow, reply.methods, reply.retry_after);
        head(self) == head(other)
            && self.cache == other.cache
            && self.origin == other.origin
            && self.etag == other.etag
            && self.file == other.file
    }
}

/// Who may keep an answer for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Nobody: a stored one would hide visits.
    #[default]
    Never,
    /// Nobody, in the words that proxies of pictures go by: GitHub's `camo` keeps what says `no-store` alone.
    NeverByProxies,
    /// Everybody, for so long as numbers are called fresh.
    Fresh,
    /// Who asked, for so long; nobody else, as it took a token.
    FreshForOne,
}

impl Cache {
    /// The header's value.
    pub fn as_str(self) -> &'static str {
        const _: () = assert!(FRESH_MS == 10_000);
        match self {
            Self::Never => "no-store",
            Self::NeverByProxies => "max-age=0, no-cache, no-store, must-revalidate",
            Self::Fresh => "public, max-age=10",
            Self::FreshForOne => "private, max-age=10",
        }
    }
}

/// What became of a visit: the values of `Footfall-Visit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitStatus {
    /// Stored, and counted by this request.
    Counted,
    /// Stored before under the same id; not counted again.
    Duplicate,
    /// Not a visit (HEAD, prefetch), or one that the owner does not want: not counted.
    Excluded,
    /// A bot's: not counted.
    Bot,
    /// One too many: not counted.
    Limited,
    /// Surely not stored.
    Failed,
    /// Perhaps stored. The same request with the same id settles it.
    Unknown,
}

impl VisitStatus {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Counted, Self::Duplicate, Self::Excluded, Self::Bot, Self::Limited, Self::Failed, Self::Unknown];

    /// The header's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Excluded => "excluded",
            Self::Bot => "bot",
            Self::Limited => "limited",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl From<&Result<Registered, Failure>> for VisitStatus {
    fn from(sent: &Result<Registered, Failure>) -> Self {
        match sent {
            Ok(registered) if registered.duplicate => Self::Duplicate,
            Ok(_) => Self::Counted,
            Err(failure) if failure.surely_not_stored() => Self::Failed,
            Err(_) => Self::Unknown,
        }
    }
}

impl From<&Outcome> for VisitStatus {
    fn from(became: &Outcome) -> Self {
        match became {
            Outcome::Sent(sent) => sent.into(),
            Outcome::Excluded(Reason::Bot) => Self::Bot,
            Outcome::Excluded(Reason::Limited) => Self::Limited,
            Outcome::Excluded(_) => Self::Excluded,
        }
    }
}

/// The status of an answer to a visit, and `Retry-After`. What is not counted is a success, as to send it again would change
/// nothing; unless there were too many.
fn status(became: &Outcome) -> (u16, Option<u32>) {
    match became {
        Outcome::Sent(Ok(_)) => (200, None),
        Outcome::Sent(Err(failure)) => failure_status(failure),
        Outcome::Excluded(Reason::Limited) => (429, Some(LIMIT_PERIOD_S)),
        Outcome::Excluded(_) => (200, None),
    }
}

/// The seconds that a rate limit of `wrangler.toml` counts.
pub(crate) const LIMIT_PERIOD_S: u32 = 60;

/// `GET /`, once it is known what became of the visit. The welcome says that it is stored.
pub fn home(became: &Outcome) -> Reply {
    let text = match became {
        Outcome::Sent(Ok(_)) => WELCOME,
        Outcome::Sent(Err(_)) => ERROR,
        Outcome::Excluded(_) => "This visit is not counted",
    };
    let (status, retry_after) = status(became);
    Reply { visit: Some(became.into()), retry_after, ..text_reply(status, text) }
}

/// A picture of one pixel. It is one whatever became of the visit, so that no page shows a broken one.
pub fn pixel(became: &Outcome) -> Reply {
    let (status, retry_after) = status(became);
    Reply { status, content_type: GIF, cache: Cache::NeverByProxies, visit: Some(became.into()), retry_after, ..Reply::default() }
}

/// A badge. One that counts is asked for each time: GitHub's image proxy keeps pictures as `Cache-Control` says.
pub fn badge(svg: String, became: Option<&Outcome>, known: bool) -> Reply {
    let cache = match became {
        Some(_) => Cache::NeverByProxies,
        None if known => Cache::Fresh,
        None => Cache::Never,
    };
    let status = if known { 200 } else { 503 };
    Reply { status, content_type: SVG, visit: became.map(Into::into), cache, body: svg.into(), ..Reply::default() }
}

/// `HEAD /`: nobody saw a page, so nothing was counted.
pub fn home_head() -> Reply {
    Reply { visit: Some(VisitStatus::Excluded), ..text_reply(200, "") }
}

/// A prefetch of `GET /`. Browsers use a prefetched 2xx for the visit itself, which would then never be seen; they
/// drop anything else and ask again (Web Platform Tests, `speculation-rules/prefetch/prefetch-status`).
pub fn prefetch() -> Reply {
    Reply {
        visit: Some(VisitStatus::Excluded),
        ..text_reply(503, "A prefetch is not a visit; ask again when the page is opened")
    }
}

/// What a browser is told that asks whether a page's script may call with these methods.
pub fn preflight(methods: &'static str) -> Reply {
    Reply { methods: Some(methods), ..text_reply(204, "") }
}

/// `POST /visit` of one visit, once it is known what became of it, with the numbers that its page shows.
pub fn registered(visit: &Asked<'_>, became: &Outcome, numbers: Numbers) -> Reply {
    let outcome = Some(became.into());
    let (status, retry_after) = status(became);
    match became {
        Outcome::Sent(Err(failure)) => {
            let hint = if failure.surely_not_stored() { NOT_STORED } else { PERHAPS_STORED };
            Reply { visit: outcome, ..failed(failure, hint) }
        }
        _ => {
            let line = registration(visit, became);
            let views = line.views.or(numbers.views);
            let line = Registration { views, site_views: numbers.site_views, visitors: numbers.visitors, ..line };
            Reply { visit: outcome, retry_after, ..json_reply(status, &line) }
        }
    }
}

const NOT_STORED: &str = "nothing was stored; send it again";
const PERHAPS_STORED: &str = "it may have been stored; send it again with the same id";

/// `POST /counter` of a list: a line for each visit, in their order. The status and `Footfall-Visit` are those of the worst, so a 200
/// says that nothing needs to be sent again.
pub fn all_registered(visits: &[(Asked<'_>, Outcome)]) -> Reply {
    let worst = visits.iter().map(|(_, became)| became).max_by_key(|became| match became {
        Outcome::Excluded(Reason::Limited) => 1,
        Outcome::Excluded(_) | Outcome::Sent(Ok(_)) => 0,
        Outcome::Sent(Err(failure)) if failure.surely_not_stored() => 2,
        Outcome::Sent(Err(_)) => 3,
    });
    let Some(worst) = worst else { return text_reply(500, ERROR) };
    let mut lines = Vec::with_capacity(visits.len());
    for (visit, became) in visits {
        lines.push(Registration { visit: Some(VisitStatus::from(became).as_str()), ..registration(visit, became) });
    }
    let (status, retry_after) = status(worst);
    Reply { visit: Some(worst.into()), retry_after, ..json_reply(status, &List { visits: lines }) }
}

/// The note for an id that was used before for another page: its sender meant two visits, and one counts.
const OTHER_PAGE: &str = "this id was counted for another page";
/// What is said where it is not known for which, only that this page has no views.
const NOT_THIS_PAGE: &str = "this id was counted, and this page has no views: it was for another page, or the page was deleted";

/// The visit that was asked for: its site and its page.
pub type Asked<'a> = (&'a str, &'a str);

fn registration<'a>(&(site, asked): &Asked<'a>, became: &'a Outcome) -> Registration<'a> {
    let nothing = Registration {
        visit: None,
        site,
        page: asked,
        views: None,
        site_views: None,
        visitors: None,
        duplicate: None,
        note: None,
        excluded: None,
    };
    match became {
        Outcome::Sent(Ok(Registered { duplicate, of_another, page })) => {
            let views = page.as_ref().and_then(|page| page.views);
            let note = match (duplicate, of_another, views) {
                (true, true, _) => Some(OTHER_PAGE),
                (true, false, Some(0)) => Some(NOT_THIS_PAGE),
                _ => None,
            };
            let page = page.as_ref().map_or(asked, |page| page.page.as_str());
            Registration { page, views, duplicate: Some(*duplicate), note, ..nothing }
        }
        Outcome::Sent(Err(_)) => nothing,
        Outcome::Excluded(reason) => Registration { excluded: Some(reason.name()), ..nothing },
    }
}

/// `GET /counter`, once the embedded counter has answered or failed to. A number is never invented: a failure is
/// an error, not a 0.
pub fn views(site: &str, page: Option<&str>, outcome: &Result<u64, Failure>) -> Reply {
    match outcome {
        Ok(views) => json_reply(200, &Count { site, page, views: *views }),
        Err(failure) => failed(failure, READ_AGAIN),
    }
}

/// The numbers that are asked for together, where no visit is counted: `GET /numbers?show=`, or a reader who opted out.
pub fn numbers(&(site, page): &(&str, Option<&str>), numbers: Numbers, visit: Option<VisitStatus>) -> Reply {
    Reply { visit, ..json_reply(200, &Shown { site, page, numbers }) }
}

/// `GET /visitors`, once the embedded counter has answered or failed to.
pub fn visitors(site: &str, day: Day, outcome: &Result<Visitors, Failure>) -> Reply {
    match outcome {
        Ok(Visitors { visitors, withheld: [opted_out, no_salt, no_address, full] }) => {
            let without = Without { opted_out: *opted_out, no_salt: *no_salt, no_address: *no_address, full: *full };
            json_reply(200, &DayCount { site, day: date_of(day), visitors: *visitors, views_without_visitor: without })
        }
        Err(failure) => failed(failure, READ_AGAIN),
    }
}

/// `GET /api/sites/SITE/WHAT`, once it is known. `known` is what the asker has already (`If-None-Match`).
pub fn stats(body: Result<&str, &Failure>, csv: bool, public: bool, known: Option<&str>) -> Reply {
    let body = match body {
        Ok(body) => body,
        Err(failure) => return failed(failure, READ_AGAIN),
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
pub fn live(body: String) -> Reply {
    text(200, JSON, body)
}

/// A WebSocket that was taken: the response is the platform's.
pub fn upgraded() -> Reply {
    Reply { status: 101, ..Reply::default() }
}

/// `GET /healthz`: how long a shard took to answer that it can store, and how full its memory of ids is; or what is wrong.
pub fn health(outcome: &Result<Healthy, Failure>) -> Reply {
    let hint = "the runbook, docs/runbook.md, says what to look at";
    match outcome {
        Ok(Healthy { is_full: true, .. }) => {
            problem(503, "the memory of ids is full: visits of pages count, but a retry may count again", hint)
        }
        Ok(Healthy { shard_ms, ids_percent, server_ids_percent, .. }) => text(
            200,
            JSON,
            format!(
                "{{\"status\":\"ok\",\"shard_ms\":{shard_ms},\"ids_percent\":{ids_percent},\"server_ids_percent\":{server_ids_percent}}}"
            ),
        ),
        Err(failure) => problem(503, why_unhealthy(failure), hint),
    }
}

/// What is wrong, in a fixed text: the caller may be a stranger, and the log has the rest. The platform names an error of SQLite, of which
/// two say what to do.
fn why_unhealthy(failure: &Failure) -> &'static str {
    match failure {
        Failure::Broken(why) if why.contains("SQLITE_FULL") => "nothing can be stored: the disk is full",
        Failure::Broken(why) if why.contains("SQLITE_") || why.contains("storage") => "nothing can be stored: storage fails",
        Failure::Broken(_) => "the shard broke off, as it does where its storage fails",
        Failure::Refused(_) => "the day's record, or the shard, refused",
        Failure::Busy { .. } | Failure::Overloaded { .. } => "the shard is overloaded",
        Failure::Deadline { .. } => "the shard did not answer in time",
    }
}

/// What `GET /healthz` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healthy {
    /// How long the shard took, in milliseconds.
    pub shard_ms: u64,
    /// How much of the memory of ids is taken up.
    pub ids_percent: u64,
    /// How much of the part that servers may take up is.
    pub server_ids_percent: u64,
    /// Whether hardly anybody's ids find room any more: less than a thousandth is left.
    pub is_full: bool,
}

/// `GET /metrics`.
pub fn metrics(body: Result<String, Failure>) -> Reply {
    match body {
        Ok(body) => text(200, PROMETHEUS, body),
        Err(failure) => failed(&failure, READ_AGAIN),
    }
}

/// The head of an export.
pub fn export(site: &str) -> Reply {
    Reply { content_type: NDJSON, file: Some(format!("{site}.ndjson")), status: 200, ..Reply::default() }
}

/// A file that is in the tables.
pub fn imported(site: &str, lines: u64) -> Reply {
    text(200, JSON, format!("{{\"site\":{},\"lines\":{lines}}}", exact(site)))
}

/// A file that is in part in the tables, or not at all.
pub fn import_failed(failure: &Failure) -> Reply {
    failed(failure, "send the file again from its beginning; nothing is added twice")
}

/// A body's name: SipHash-2-4 of it. The key need not be secret, as nobody gains by a body of the same name.
fn etag(body: &str) -> String {
    let mut hasher = SipHasher24::new();
    hasher.write(body.as_bytes());
    format!("\"{:016x}\"", hasher.finish())
}

/// A wrong value in the configuration. It is the owner's fault, so it is a 500, and it says what to mend. Anybody may ask, so the value
/// itself is in the log only: it may be a token, in the wrong variable.
pub fn misconfigured(error: &ConfigError) -> Reply {
    let hint = format!("allowed: {}; the log of the Worker says what it is", error.allowed);
    problem(500, &format!("the variable {} has a value that is not allowed", error.variable), &hint)
}

/// 502 for a counter that refused or broke off, 503 for one that is full or overloaded, 504 for one that took too long.
fn failure_status(failure: &Failure) -> (u16, Option<u32>) {
    match failure {
        Failure::Refused(_) | Failure::Broken(_) => (502, None),
        Failure::Busy { retry_after } | Failure::Overloaded { retry_after } => (503, Some(*retry_after)),
        Failure::Deadline { .. } => (504, None),
    }
}

/// A read that failed.
pub fn read_failed(failure: &Failure) -> Reply {
    failed(failure, READ_AGAIN)
}

/// A text of a type.
pub fn text(status: u16, content_type: &'static str, body: String) -> Reply {
    Reply { status, content_type, body: body.into(), ..Reply::default() }
}

/// The hint of a read that failed.
const READ_AGAIN: &str = "ask again";

fn failed(failure: &Failure, hint: &str) -> Reply {
    let (status, retry_after) = failure_status(failure);
    let error = match failure {
        Failure::Refused(_) => "the counter refused",
        Failure::Busy { .. } => "the counter is busy",
        Failure::Overloaded { .. } => "the counter is overloaded",
        Failure::Broken(_) => "the counter broke off",
        Failure::Deadline { .. } => "the counter did not answer in time",
    };
    Reply { retry_after, ..problem(status, error, hint) }
}

#[derive(Serialize)]
struct Registration<'a> {
    /// In a list: what the header says of one visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    visit: Option<&'static str>,
    site: &'a str,
    page: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    views: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_views: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visitors: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<&'static str>,
}

#[derive(Serialize)]
struct List<'a> {
    visits: Vec<Registration<'a>>,
}

#[derive(Serialize)]
struct Count<'a> {
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    views: u64,
}

#[derive(Serialize)]
struct Shown<'a> {
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Serialize)]
struct DayCount<'a> {
    site: &'a str,
    day: String,
    visitors: u64,
    views_without_visitor: Without,
}

#[derive(Serialize)]
struct Without {
    opted_out: u64,
    no_salt: u64,
    no_address: u64,
    full: u64,
}

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
    hint: &'a str,
}

pub(crate) fn problem(status: u16, error: &str, hint: &str) -> Reply {
    json_reply(status, &Problem { error, hint })
}

fn text_reply(status: u16, body: &'static str) -> Reply {
    Reply { status, content_type: TEXT, body: body.into(), ..Reply::default() }
}

fn json_reply(status: u16, body: &impl Serialize) -> Reply {
    // Structs of strings, numbers and flags always serialise.
    let body = serde_json::to_string(body).unwrap_or_default();
    Reply { status, content_type: JSON, body: body.into(), ..Reply::default() }
}
