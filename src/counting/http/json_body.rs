//! The JSON text of a body, whichever counter's client sent it.

use crate::counting::http::mend::mended;
use crate::counting::http::refusal::Refusal;
use std::borrow::Cow;

/// The JSON text of a body, whichever counter's client sent it: without the mark of a byte order, with which some programs begin every
/// text, and without halves of characters.
///
/// # Errors
/// [`Refusal::BodyNotUtf8`].
pub(crate) fn json_text(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::BodyNotUtf8)?;
    Ok(mended(text.trim_start_matches('\u{feff}')))
}

/// That type, with or without parameters (RFC 9110, 8.3.1: type names ignore case).
pub(crate) fn is_type(content_type: &str, essence: &str) -> bool {
    let declared = content_type.split(';').next().unwrap_or(content_type);
    declared.trim().eq_ignore_ascii_case(essence)
}
