//! Halves of characters in JSON. A text of JavaScript may have one, for example after a title was cut in the middle of an emoji. JSON must not.

use std::borrow::Cow;

/// The bytes of `\uD83D`.
const ESCAPE: usize = 6;

/// Replaces each escape that is half a character by U+FFFD, as browsers do when they encode a text (Infra Standard, "convert a string into a scalar
/// value string").
pub(crate) fn mended(json: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    // `mended` has everything before this position.
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = json.as_bytes().get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at = at.saturating_add(found);
        let next = at.saturating_add(ESCAPE);
        match (half(json, at), half(json, next)) {
            (Some(Half::First), Some(Half::Second)) => at = next.saturating_add(ESCAPE),
            (Some(_), _) => {
                mended.push_str(json.get(done..at).unwrap_or(""));
                mended.push_str("\\ufffd");
                (at, done) = (next, next);
            }
            // Another escape. Skip both bytes: the second may be a backslash.
            (None, _) => at = at.saturating_add(2),
        }
    }
    if done == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(json.get(done..).unwrap_or(""));
    Cow::Owned(mended)
}

enum Half {
    First,
    Second,
}

/// Which half of a character the escape at this position is, if it is one.
fn half(json: &str, at: usize) -> Option<Half> {
    let digits = json.get(at..at.saturating_add(ESCAPE))?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::First),
        0xdc00..=0xdfff => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn halves_become_signs_and_wholes_stay() {
        for (json, mended) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00a""#, r#""\ufffda""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""é\ud83d\n\ud83d""#, r#""é\ufffd\n\ufffd""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\u00e9\ud83d\ude00""#, r#""\u00e9\ud83d\ude00""#),
            (r#""\ud83é""#, r#""\ud83é""#),
            ("\\", "\\"),
            ("\\u", "\\u"),
            ("", ""),
        ] {
            assert_eq!(super::mended(json), mended, "{json}");
        }
    }
}
