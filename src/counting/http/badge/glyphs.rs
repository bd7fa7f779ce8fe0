//! Texts in pictures: grouped digits, the width of a text, and its escapes in SVG.

/// Writes a number with narrow spaces between thousands, as in `12 345 678` (ISO 80000-1, 7.3.1). A comma or a point would mean another number
/// in some countries.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The widths of the characters from space to `~` in DejaVu Sans at 11 pixels, in tenths of a pixel. Those of Verdana are almost the same.
const WIDTHS: [u8; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92, 92, 92,
    58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75, 67, 75, 43, 37, 43,
    92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37,
    70, 92,
];

/// The width of a text at 11 pixels, in pixels, rounded up. Characters outside ASCII get the greatest width that is usual in their alphabet;
/// pictures and East Asian scripts get a square.
pub(crate) fn width(text: &str) -> u32 {
    let tenths = text.chars().fold(0_u32, |sum, c| {
        let ascii = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok()).and_then(|at| WIDTHS.get(at));
        let tenths = match (ascii, c) {
            (Some(tenths), _) => u32::from(*tenths),
            (None, '\u{202f}') => 22,
            (None, '\u{80}'..='\u{2ff}') => 70,
            (None, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}') => 0,
            (None, '\u{370}'..='\u{10ff}') => 80,
            (None, _) => 120,
        };
        sum.saturating_add(tenths)
    });
    tenths.div_ceil(10)
}

/// Escapes a text for an element or an attribute of SVG. It leaves out characters that XML does not allow.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (12_345_678, "12\u{202f}345\u{202f}678")] {
            assert_eq!(grouped(number), text);
        }
        assert!(width(&grouped(u64::MAX)) < 200);
    }
}
