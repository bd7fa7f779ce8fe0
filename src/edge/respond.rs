//! From a [`Reply`] to the platform's response.

use crate::counting::reply::Reply;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

/// Builds the response. `head` leaves out the body.
pub(super) fn response(reply: &Reply, head: bool) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", reply.content_type)?;
    headers.set("cache-control", "no-store")?;
    if let Some(outcome) = reply.visit {
        headers.set("footfall-visit", outcome.as_str())?;
    }
    if let Some(allow) = reply.allow {
        headers.set("allow", allow)?;
    }
    if let Some(seconds) = reply.retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(if head { None } else { Some(reply.body.as_ref()) }, &init)
}
