//! The parts of an answer: status, headers and body. The answers themselves are in [`crate::counting::http::answers`], and those to wrong
//! requests in [`crate::counting::http::refused`].

use crate::counting::dispatch::endpoint::{Failure, Outcome, Registered};
use crate::counting::model::reason::Reason;
use crate::counting::protocol::report::FRESH_MS;
use crate::counting::text::json::to_json;
use serde::Serialize;
use std::borrow::Cow;

/// The `Content-Type` of a text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// The `Content-Type` of JSON.
pub(crate) const JSON: &str = "application/json";
/// The `Content-Type` of a table.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// The `Content-Type` of an export: one JSON object per line.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// The `Content-Type` of Prometheus's text format.
pub(crate) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The `Content-Type` of an SVG picture.
pub(crate) const SVG: &str = "image/svg+xml; charset=utf-8";
/// The `Content-Type` of a document.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// The `Content-Type` of a PNG picture. Each character of the body is one byte, and all are below 256.
pub(crate) const PNG: &str = "image/png";
/// The `Content-Type` of a stream of events (HTML, "server-sent events").
pub(crate) const EVENTS: &str = "text/event-stream";
/// The `Content-Type` of a pixel. The response sends [`PIXEL`] as its body, because a text cannot hold these bytes.
pub(crate) const GIF: &str = "image/gif";

/// A transparent picture of one pixel (GIF89a).
pub(crate) const PIXEL: [u8; 43] =
    *b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache: Cache,
    /// `ETag`: a hash of the body.
    pub etag: Option<String>,
    /// `Content-Disposition`: the name under which a browser saves the body.
    pub file: Option<String>,
    /// `Footfall-Visit`: the status of the visit, on every answer to a visit.
    pub visit: Option<VisitStatus>,
    /// `Allow`, with 405.
    pub allow: Option<&'static str>,
    /// `Access-Control-Allow-Origin`: the origin whose pages may read the answer.
    pub origin: Option<String>,
    /// `Access-Control-Allow-Methods`, with the answer to a preflight.
    pub methods: Option<&'static str>,
    /// `Retry-After`, in seconds, with 429 and 503.
    pub retry_after: Option<u32>,
    /// The body. An answer to HEAD leaves it out.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// Whether two replies are equal except for their body.
    pub(crate) fn same_head(&self, other: &Self) -> bool {
        let head = |reply: &Self| (reply.status, reply.content_type, reply.visit, reply.allow, reply.methods, reply.retry_after);
        head(self) == head(other)
            && self.cache == other.cache
            && self.origin == other.origin
            && self.etag == other.etag
            && self.file == other.file
    }
}

/// Who may keep an answer, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Nobody. A stored answer would hide visits.
    #[default]
    Never,
    /// Nobody, in words that image proxies obey too. GitHub's `camo` keeps a picture that only says `no-store`.
    NeverByProxies,
    /// Everybody, for [`FRESH_MS`].
    Fresh,
    /// Only the client that asked, for [`FRESH_MS`]: the request needed a token.
    FreshForOne,
}

impl Cache {
    /// The header's value.
    pub(crate) fn as_str(self) -> &'static str {
        const _: () = assert!(FRESH_MS == 10_000);
        match self {
            Self::Never => "no-store",
            Self::NeverByProxies => "max-age=0, no-cache, no-store, must-revalidate",
            Self::Fresh => "public, max-age=10",
            Self::FreshForOne => "private, max-age=10",
        }
    }
}

/// The outcome of a visit, as `Footfall-Visit` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitStatus {
    /// This request stored and counted the visit.
    Counted,
    /// An earlier request stored a visit with the same id. It is not counted again.
    Duplicate,
    /// Not counted: the request is no visit (HEAD, prefetch), or the owner excludes it.
    Excluded,
    /// Not counted: a bot made it.
    Bot,
    /// Not counted: it is over a rate limit.
    Limited,
    /// Not stored, for certain.
    Failed,
    /// Perhaps stored. The client can send the same request with the same id again.
    Unknown,
}

impl VisitStatus {
    /// All statuses.
    pub(crate) const ALL: [Self; 7] =
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

/// The period of the rate limits in `wrangler.toml`, in seconds.
pub(crate) const LIMIT_PERIOD_S: u32 = 60;

/// A reply with this `Content-Type` and body.
pub(crate) fn text(status: u16, content_type: &'static str, body: String) -> Reply {
    Reply { status, content_type, body: body.into(), ..Reply::default() }
}

/// A reply whose body is a fixed text.
pub(crate) fn text_reply(status: u16, body: &'static str) -> Reply {
    Reply { status, content_type: TEXT, body: body.into(), ..Reply::default() }
}

/// A reply whose body is JSON.
pub(crate) fn json_reply(status: u16, body: &impl Serialize) -> Reply {
    text(status, JSON, to_json(body))
}

#[derive(Serialize)]
pub(crate) struct Problem<'a> {
    pub(crate) error: &'a str,
    pub(crate) hint: &'a str,
}

/// A reply that says what is wrong and what to do.
pub(crate) fn problem(status: u16, error: &str, hint: &str) -> Reply {
    json_reply(status, &Problem { error, hint })
}
