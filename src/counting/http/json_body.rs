//! The JSON text of a request body.

use crate::counting::http::mend::mended;
use crate::counting::http::refusal::Refusal;
use std::borrow::Cow;

/// Reads the JSON text of a body. It drops the byte order mark that some programs write first, and mends halves of characters.
///
/// # Errors
/// [`Refusal::BodyNotUtf8`].
pub(crate) fn json_text(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::BodyNotUtf8)?;
    Ok(mended(text.trim_start_matches('\u{feff}')))
}

/// Whether a `Content-Type` has this type, with or without parameters. Upper and lower case are the same (RFC 9110, 8.3.1).
pub(crate) fn is_type(content_type: &str, essence: &str) -> bool {
    let declared = content_type.split(';').next().unwrap_or(content_type);
    declared.trim().eq_ignore_ascii_case(essence)
}
