//! The headers of a request, read by names that JavaScript has already: to make a text of each name anew, and to ask the
//! request for its headers each time, were two crossings and a copy more a header.

use js_sys::JsString;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsThreadLocal};
use web_sys::Request;

// rustfmt would take the texts away.
#[rustfmt::skip]
#[wasm_bindgen]
extern "C" {
    /// The headers of one request.
    pub(super) type Headers;

    type WithHeaders;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &WithHeaders) -> Headers;

    // Throws for what is no header's name, and these are.
    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &JsString) -> Option<String>;

    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static ORIGIN: JsString = "origin";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static SEC_PURPOSE: JsString = "sec-purpose";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static CONTENT_TYPE: JsString = "content-type";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static CONTENT_LENGTH: JsString = "content-length";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static IDEMPOTENCY_KEY: JsString = "idempotency-key";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static ADDRESS: JsString = "cf-connecting-ip";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static AGENT: JsString = "user-agent";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static GPC: JsString = "sec-gpc";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static DNT: JsString = "dnt";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static REFERER: JsString = "referer";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static AUTHORIZATION: JsString = "authorization";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static IF_NONE_MATCH: JsString = "if-none-match";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static UPGRADE: JsString = "upgrade";
    #[wasm_bindgen(thread_local_v2, static_string)]
    pub(super) static PROTOCOLS: JsString = "sec-websocket-protocol";
}

/// The name of a header.
pub(super) type Name = &'static JsThreadLocal<JsString>;

impl Headers {
    pub(super) fn of(request: &Request) -> Self {
        let request: &WithHeaders = request.unchecked_ref();
        request.headers()
    }

    pub(super) fn read(&self, name: Name) -> Option<String> {
        name.with(|name| self.get(name))
    }
}
