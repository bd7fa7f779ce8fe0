//! The method, the URL and the headers of a request. Those that nearly every request needs come from JavaScript in one text. One by one, they
//! were two of the five crossings of a visit.

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen(module = "/src/edge/runtime/headers.js")]
extern "C" {
    #[wasm_bindgen(js_name = headOf)]
    fn head_of(request: &Request) -> String;

    #[wasm_bindgen(js_name = headerOf)]
    fn header_of(request: &Request, name: &str) -> Option<String>;
}

/// A header.
#[derive(Clone, Copy)]
pub(crate) enum HeaderName {
    /// A header of the head, by its number in `headers.js`.
    InHead(usize),
    /// A header that few requests need, by its name.
    Single(&'static str),
}

pub(crate) const SEC_PURPOSE: HeaderName = HeaderName::InHead(0);
pub(crate) const ORIGIN: HeaderName = HeaderName::InHead(1);
pub(crate) const ADDRESS: HeaderName = HeaderName::InHead(2);
pub(crate) const AGENT: HeaderName = HeaderName::InHead(3);
pub(crate) const GPC: HeaderName = HeaderName::InHead(4);
pub(crate) const DNT: HeaderName = HeaderName::InHead(5);
pub(crate) const REFERER: HeaderName = HeaderName::InHead(6);
pub(crate) const CONTENT_TYPE: HeaderName = HeaderName::InHead(7);
pub(crate) const CONTENT_LENGTH: HeaderName = HeaderName::InHead(8);
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::InHead(9);
/// `Purpose`, `X-Purpose` and `X-Moz` as one.
pub(crate) const PURPOSE: HeaderName = HeaderName::InHead(10);
pub(crate) const AUTHORIZATION: HeaderName = HeaderName::Single("authorization");
pub(crate) const IF_NONE_MATCH: HeaderName = HeaderName::Single("if-none-match");
pub(crate) const UPGRADE: HeaderName = HeaderName::Single("upgrade");
pub(crate) const PROXY: HeaderName = HeaderName::Single("footfall-proxy");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::Single("x-forwarded-for");
pub(crate) const PROTOCOLS: HeaderName = HeaderName::Single("sec-websocket-protocol");

/// The number of lines before the first header: the method and the URL.
const FIRST: usize = 2;

/// The number of all lines: there are eleven headers.
const LINES: usize = FIRST + 11;

/// Stands for a header that is absent.
const ABSENT: &str = "\0";

/// The head of a request: method, URL and headers. JavaScript cuts each value that is longer than what is read of it.
#[derive(Default)]
pub(crate) struct RequestHead {
    text: String,
    /// Where each line ends.
    ends: [usize; LINES],
}

impl RequestHead {
    pub(crate) fn of_request(request: &Request) -> Self {
        let text = head_of(request);
        let mut ends = [text.len(); LINES];
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        for (end, (at, _)) in ends.iter_mut().zip(breaks) {
            *end = at;
        }
        Self { text, ends }
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn method(&self) -> &str {
        self.line(0)
    }

    /// The absolute URL.
    pub(crate) fn url(&self) -> &str {
        self.line(1)
    }

    /// A header of `request`, whose head this is.
    pub(crate) fn header(&self, request: &Request, name: HeaderName) -> Option<String> {
        match name {
            HeaderName::InHead(at) => {
                Some(self.line(at.saturating_add(FIRST))).filter(|value| *value != ABSENT).map(str::to_owned)
            }
            HeaderName::Single(name) => header_of(request, name),
        }
    }

    fn line(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end.saturating_add(1));
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or("")
    }
}
