//! Reading a body under a cap.

use super::js_error::describe;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It has more bytes than the cap. The rest was cancelled.
    TooLarge,
    /// It broke off.
    Broken(String),
}

/// Reads a body to its end. A body over `cap` bytes is cancelled as soon as that shows, because an unread one would
/// keep its connection busy.
pub(super) async fn read(body: Option<ReadableStream>, cap: usize) -> Result<Vec<u8>, BodyError> {
    let Some(body) = body else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let step = JsFuture::from(reader.read()).await.map_err(broken)?;
        if Reflect::get(&step, &"done".into()).map_err(broken)?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: Uint8Array = Reflect::get(&step, &"value".into()).map_err(broken)?.dyn_into().map_err(broken)?;
        if bytes.len().saturating_add(usize::try_from(chunk.length()).unwrap_or(usize::MAX)) > cap {
            cancel(&reader).await;
            return Err(BodyError::TooLarge);
        }
        bytes.extend(chunk.to_vec());
    }
}

/// Gives up a body that nobody reads.
pub(super) async fn discard(body: Option<ReadableStream>) {
    if let Some(body) = body {
        // As in `cancel`.
        let _ = JsFuture::from(body.cancel()).await;
    }
}

async fn cancel(reader: &ReadableStreamDefaultReader) {
    // The outcome is known already; a body that cannot be cancelled is closed with its request.
    let _ = JsFuture::from(reader.cancel()).await;
}

fn broken(error: JsValue) -> BodyError {
    BodyError::Broken(describe(&error))
}
