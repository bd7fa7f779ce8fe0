//! Builds the platform's response from a [`Reply`].
//!
//! All visits with the same outcome have the same status and headers, so an isolate builds these only once: building them for each visit took 12
//! of its 215 us. It also builds a fixed text only once.

use crate::counting::http::reply::{Cache, GIF, HTML, PIXEL, PNG, Reply};
use js_sys::Uint8Array;
use std::borrow::Cow;
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, ResponseInit};

#[wasm_bindgen]
extern "C" {
    pub(crate) type Response;

    /// The body is a text or `undefined`. The binding of web-sys would copy the text each time.
    #[wasm_bindgen(constructor, catch)]
    fn new(body: &JsValue, init: &ResponseInit) -> Result<Response, JsValue>;
}

/// The status and headers that several replies share. There are few of them.
struct Head {
    /// A reply with this head and an empty body.
    reply: Reply,
    init: ResponseInit,
}

thread_local! {
    static HEADS: RefCell<Vec<Head>> = const { RefCell::new(Vec::new()) };
    static TEXTS: RefCell<Vec<(&'static str, JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// The most heads that are kept. Only `Retry-After` could make many different ones.
const MAX_HEADS: usize = 32;

/// Builds the response. With `head` it has no body; a `stream` takes the place of the body. With status 101, `stream` is the platform's response,
/// which has the WebSocket.
pub(crate) fn response(reply: &Reply, stream: Option<JsValue>, head: bool) -> Result<Response, JsValue> {
    let body = match stream {
        Some(upgraded) if reply.status == 101 => return Ok(upgraded.unchecked_into()),
        Some(stream) => stream,
        None if head => JsValue::UNDEFINED,
        None => body(reply),
    };
    HEADS.with_borrow_mut(|heads| match heads.iter().find(|known| known.reply.same_head(reply)) {
        Some(known) => Response::new(&body, &known.init),
        None => {
            let init = init(reply)?;
            let response = Response::new(&body, &init);
            if heads.len() < MAX_HEADS && reply.etag.is_none() && reply.file.is_none() {
                heads.push(Head { reply: Reply { body: Cow::Borrowed(""), ..reply.clone() }, init });
            }
            response
        }
    })
}

fn init(reply: &Reply) -> Result<ResponseInit, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", reply.content_type)?;
    // A browser must not guess another type.
    headers.set("x-content-type-options", "nosniff")?;
    if reply.content_type.starts_with("image/") || reply.content_type == HTML {
        // All pages may show a picture. If a browser opens it by itself or in a frame, it may not run or load anything.
        headers.set("cross-origin-resource-policy", "cross-origin")?;
        headers.set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")?;
    }
    headers.set("cache-control", reply.cache.as_str())?;
    // The answer depends on `Origin`, so a cache must not hand it to a page of another origin.
    headers.set("vary", "Origin")?;
    if reply.cache == Cache::NeverByProxies {
        headers.set("pragma", "no-cache")?;
        headers.set("expires", "0")?;
    }
    if reply.cache == Cache::FreshForOne {
        // A cache must not hand the answer to a request without the token, for example in a shared browser.
        headers.append("vary", "Authorization")?;
    }
    if reply.status == 401 {
        headers.set("www-authenticate", "Bearer")?;
    }
    if let Some(etag) = &reply.etag {
        headers.set("etag", etag)?;
    }
    if let Some(file) = &reply.file {
        headers.set("content-disposition", &format!("attachment; filename=\"{file}\""))?;
    }
    if let Some(outcome) = reply.visit {
        headers.set("footfall-visit", outcome.as_str())?;
    }
    if let Some(allow) = reply.allow {
        headers.set("allow", allow)?;
    }
    if let Some(origin) = &reply.origin {
        headers.set("access-control-allow-origin", origin)?;
        headers.set("access-control-expose-headers", "Footfall-Visit, Retry-After, ETag")?;
    }
    if let Some(methods) = reply.methods {
        headers.set("access-control-allow-methods", methods)?;
        // A page may send other headers too. `*` does not include `Authorization` (Fetch, "CORS protocol and HTTP caches").
        headers.set("access-control-allow-headers", "Content-Type, Idempotency-Key, Authorization, *")?;
        headers.set("access-control-max-age", "86400")?;
    }
    if let Some(seconds) = reply.retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    Ok(init)
}

fn body(reply: &Reply) -> JsValue {
    if reply.content_type == GIF {
        return Uint8Array::from(PIXEL.as_slice()).into();
    }
    if reply.content_type == PNG {
        let bytes: Vec<u8> = reply.body.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        return Uint8Array::from(bytes.as_slice()).into();
    }
    let Cow::Borrowed(fixed) = &reply.body else { return JsValue::from_str(&reply.body) };
    TEXTS.with_borrow_mut(|texts| match texts.iter().find(|(known, _)| std::ptr::eq(*known, *fixed)) {
        Some((_, text)) => text.clone(),
        None => {
            let text = JsValue::from_str(fixed);
            texts.push((fixed, text.clone()));
            text
        }
    })
}
