//! Percent-encoding in paths, written one way.

/// A path with each `%XX` decoded that needs no encoding. What is not UTF-8 stays encoded, in capitals, and so do `/`, `?`, `#`, `%` and
/// control characters; a bare control character is encoded. A path with a `%` that begins no `%XX` is not decoded at all: its author did
/// not percent-encode it.
pub fn decoded(path: &str) -> String {
    let mut text = if path.bytes().any(|b| b == b'%') { runs_decoded(path) } else { None }.unwrap_or_else(|| path.to_owned());
    if text.chars().any(char::is_control) {
        let controls = std::mem::take(&mut text);
        controls.chars().for_each(|c| push_char(c, char::is_control(c), &mut text));
    }
    text
}

fn runs_decoded(path: &str) -> Option<String> {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (byte, after) = hex_pair(after)?;
        let mut bytes = vec![byte];
        rest = after;
        while let Some(after) = rest.strip_prefix('%') {
            let (byte, after) = hex_pair(after)?;
            bytes.push(byte);
            rest = after;
        }
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                push_char(c, c.is_control() || matches!(c, '/' | '?' | '#' | '%'), &mut text);
            }
            percent_encode(chunk.invalid(), &mut text);
        }
    }
    text.push_str(rest);
    Some(text)
}

fn push_char(c: char, encoded: bool, text: &mut String) {
    if encoded { percent_encode(c.encode_utf8(&mut [0; 4]).as_bytes(), text) } else { text.push(c) }
}

fn percent_encode(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str(&format!("%{byte:02X}"));
    }
}

/// The byte of two hexadecimal digits at the beginning, and the text after them.
fn hex_pair(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| all)?;
    Some((byte, rest))
}
