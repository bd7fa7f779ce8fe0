//! What an answer is made of: its status, its headers and its body. The answers themselves are in [`crate::counting::http::answers`],
//! those to wrong requests in [`crate::counting::http::refused`].

use crate::counting::dispatch::endpoint::{Failure, Outcome, Registered};
use crate::counting::model::reason::Reason;
use crate::counting::protocol::report::FRESH_MS;
use serde::Serialize;
use std::borrow::Cow;

/// A text.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// JSON.
pub const JSON: &str = "application/json";
/// Rows of a table.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
/// One JSON object a line.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// Prometheus's text format.
pub(crate) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
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

/// The seconds that a rate limit of `wrangler.toml` counts.
pub(crate) const LIMIT_PERIOD_S: u32 = 60;

/// A text of a type.
pub fn text(status: u16, content_type: &'static str, body: String) -> Reply {
    Reply { status, content_type, body: body.into(), ..Reply::default() }
}

/// A text that never changes.
pub(crate) fn text_reply(status: u16, body: &'static str) -> Reply {
    Reply { status, content_type: TEXT, body: body.into(), ..Reply::default() }
}

/// JSON.
pub(crate) fn json_reply(status: u16, body: &impl Serialize) -> Reply {
    text(status, JSON, to_json(body))
}

/// The JSON of a struct of strings, numbers, flags and lists of such, which always serialises.
pub(crate) fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

#[derive(Serialize)]
pub(crate) struct Problem<'a> {
    pub(crate) error: &'a str,
    pub(crate) hint: &'a str,
}

/// What is wrong, and what helps.
pub(crate) fn problem(status: u16, error: &str, hint: &str) -> Reply {
    json_reply(status, &Problem { error, hint })
}
