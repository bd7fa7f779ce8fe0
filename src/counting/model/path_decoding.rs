//! Percent-encoding in paths, written one way.

use crate::counting::text::percent;

/// A path with each `%XX` decoded that needs no encoding. What is not UTF-8 stays encoded, in capitals, and so do `/`, `?`, `#`, `%` and
/// control characters; a bare control character is encoded. A path with a `%` that begins no `%XX` is not decoded at all: its author did
/// not percent-encode it.
pub(crate) fn decoded(path: &str) -> String {
    if path.contains('%') && percent::is_encoded(path) {
        // Between segments a `/` stays a `/`; within one it is `%2F` and stays so.
        let segments: Vec<String> = path.split('/').map(|segment| percent::decoded(segment, stays_encoded)).collect();
        return segments.join("/");
    }
    let mut text = String::with_capacity(path.len());
    percent::append(path, char::is_control, &mut text);
    text
}

/// Whether a character of a path would mean something else if it were decoded.
fn stays_encoded(c: char) -> bool {
    c.is_control() || matches!(c, '/' | '?' | '#' | '%')
}
