//! Writes JSON, and texts in quotes as JSON has them.

use serde::Serialize;

/// A text in quotes, as JSON writes it, always on one line. U+FFFD replaces characters that are invisible or change the direction of the line.
pub(crate) fn quoted(text: &str) -> String {
    let unseen = |c: char| {
        c > '\u{7e}'
            && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    let shown: String = text.chars().map(|c| if unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    to_json(&shown)
}

/// A text in quotes, as JSON writes it, with all its characters.
pub(crate) fn exact(text: &str) -> String {
    to_json(text)
}

/// A value as JSON. Texts, numbers, flags, and lists and structs of them always serialise.
pub(crate) fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_line_that_shows_all() {
        assert_eq!(quoted("a\n\"\u{7f}\u{85}\u{202e}é"), "\"a\\n\\\"\u{fffd}\u{fffd}\u{fffd}é\"");
    }
}
