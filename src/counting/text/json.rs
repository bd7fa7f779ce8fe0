//! Writes texts in quotes, as JSON has them.

/// A text in quotes, as JSON writes it, always on one line. U+FFFD replaces characters that are invisible or change the direction of the line.
pub(crate) fn quoted(text: &str) -> String {
    let unseen = |c: char| {
        c > '\u{7e}'
            && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    let shown: String = text.chars().map(|c| if unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    // Serialising a text never fails.
    serde_json::to_string(&shown).unwrap_or_default()
}

/// A text in quotes, as JSON writes it, with all its characters.
pub(crate) fn exact(text: &str) -> String {
    // Serialising a text never fails.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_line_that_shows_all() {
        assert_eq!(quoted("a\n\"\u{7f}\u{85}\u{202e}é"), "\"a\\n\\\"\u{fffd}\u{fffd}\u{fffd}é\"");
    }
}
