//! Reading the body of a request, up to a cap.

use crate::edge::runtime::waits::awaited;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen(module = "/src/edge/runtime/body.js")]
extern "C" {
    fn bytes(source: &Request, cap: usize) -> Promise;
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It has more bytes than the cap. The rest was cancelled.
    TooLarge,
    /// It ended early.
    Broken,
}

/// Reads a body of at most `cap` bytes.
pub(crate) async fn read_to_end(request: &Request, cap: usize) -> Result<Vec<u8>, BodyError> {
    let all = awaited(&bytes(request, cap)).await.map_err(|_| BodyError::Broken)?;
    if all.is_undefined() {
        return Err(BodyError::TooLarge);
    }
    Ok(all.unchecked_into::<Uint8Array>().to_vec())
}
