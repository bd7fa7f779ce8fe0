//! Percent-encoding (RFC 3986, 2.1) that loses nothing: bytes that are not UTF-8 stay encoded.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};
use std::borrow::Cow;

/// A text with each `%XX` decoded. Two things stay encoded, with capital digits: the characters that `encode` names, and bytes that are not
/// UTF-8. A `%` without two hexadecimal digits stays as it is.
pub(crate) fn decoded(text: &str, encode: fn(char) -> bool) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(text).into();
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        append(chunk.valid(), encode, &mut decoded);
        decoded.extend(percent_encode(chunk.invalid(), NON_ALPHANUMERIC));
    }
    decoded
}

/// Appends a text, and encodes the characters that `encode` names.
pub(crate) fn append(text: &str, encode: fn(char) -> bool, to: &mut String) {
    if !text.contains(encode) {
        to.push_str(text);
        return;
    }
    for c in text.chars() {
        if encode(c) {
            to.extend(utf8_percent_encode(c.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC));
        } else {
            to.push(c);
        }
    }
}

/// Whether two hexadecimal digits follow each `%`.
pub(crate) fn is_encoded(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|after| after.as_bytes().first_chunk().is_some_and(|digits: &[u8; 2]| digits.iter().all(u8::is_ascii_hexdigit)))
}
