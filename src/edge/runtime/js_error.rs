//! Errors of JavaScript, in words.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = String)]
    fn text(value: &JsValue) -> Result<String, JsValue>;
}

/// A thrown value as JavaScript writes it: an error with its name and message.
pub(crate) fn describe(error: &JsValue) -> String {
    text(error).unwrap_or_else(|_| "an error that cannot be written".to_owned())
}
