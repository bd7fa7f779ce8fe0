//! The streams of `transfer.js`: an export on its way out, and the lines of an import on their way in.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;

#[wasm_bindgen(module = "/src/edge/handlers/transfer.js")]
extern "C" {
    pub(crate) type Pipe;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Pipe;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn readable(this: &Pipe) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn write(this: &Pipe, text: &str) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &Pipe) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn fail(this: &Pipe) -> Promise;

    pub(crate) type Lines;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new(request: &Request) -> Lines;

    #[wasm_bindgen(method)]
    pub(crate) fn next(this: &Lines) -> Promise;

    #[wasm_bindgen(method)]
    pub(crate) fn drop(this: &Lines, bytes: u32) -> Promise;
}
