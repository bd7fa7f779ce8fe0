//! What a request says of itself: its method, its URL, its headers. What nearly every request is asked for comes in one text: each of
//! them by itself was a crossing and a text of its own, which were two of five crossings of a visit.

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen(module = "/src/edge/runtime/headers.js")]
extern "C" {
    fn told(request: &Request) -> String;

    fn asked(request: &Request, name: &str) -> Option<String>;
}

/// A header.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    /// The one with this number in `headers.js`.
    Told(usize),
    /// The one with this name, which few requests are asked for.
    Asked(&'static str),
}

pub(crate) const SEC_PURPOSE: Name = Name::Told(0);
pub(crate) const ORIGIN: Name = Name::Told(1);
pub(crate) const ADDRESS: Name = Name::Told(2);
pub(crate) const AGENT: Name = Name::Told(3);
pub(crate) const GPC: Name = Name::Told(4);
pub(crate) const DNT: Name = Name::Told(5);
pub(crate) const REFERER: Name = Name::Told(6);
pub(crate) const CONTENT_TYPE: Name = Name::Told(7);
pub(crate) const CONTENT_LENGTH: Name = Name::Told(8);
pub(crate) const IDEMPOTENCY_KEY: Name = Name::Told(9);
/// `Purpose`, `X-Purpose` and `X-Moz` as one.
pub(crate) const PURPOSE: Name = Name::Told(10);
pub(crate) const AUTHORIZATION: Name = Name::Asked("authorization");
pub(crate) const IF_NONE_MATCH: Name = Name::Asked("if-none-match");
pub(crate) const UPGRADE: Name = Name::Asked("upgrade");
pub(crate) const PROXY: Name = Name::Asked("footfall-proxy");
pub(crate) const FORWARDED_FOR: Name = Name::Asked("x-forwarded-for");
pub(crate) const PROTOCOLS: Name = Name::Asked("sec-websocket-protocol");

/// Lines before the first header: the method and the URL.
const FIRST: usize = 2;

/// All lines: there are eleven headers.
const LINES: usize = FIRST + 11;

/// What stands for a header that is not there.
const ABSENT: &str = "\0";

/// What a request says of itself, each value cut in JavaScript where it is longer than anything that is read of it.
#[derive(Default)]
pub(crate) struct Told {
    text: String,
    /// Where each line ends.
    ends: [usize; LINES],
}

impl Told {
    pub(crate) fn by(request: &Request) -> Self {
        let text = told(request);
        let mut ends = [text.len(); LINES];
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        for (end, (at, _)) in ends.iter_mut().zip(breaks) {
            *end = at;
        }
        Self { text, ends }
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn method(&self) -> &str {
        self.line(0)
    }

    /// Absolute.
    pub(crate) fn url(&self) -> &str {
        self.line(1)
    }

    /// A header of `request`, the one that told this.
    pub(crate) fn header(&self, request: &Request, name: Name) -> Option<String> {
        match name {
            Name::Told(at) => Some(self.line(at.saturating_add(FIRST))).filter(|value| *value != ABSENT).map(str::to_owned),
            Name::Asked(name) => asked(request, name),
        }
    }

    fn line(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end.saturating_add(1));
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or("")
    }
}
