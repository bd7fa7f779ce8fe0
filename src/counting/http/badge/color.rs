//! The colours of badges, their names, and the text colour for each.

/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

/// The names of colours in badges.
const COLORS: [(&str, Color); 21] = [
    ("brightgreen", Color([0x44, 0xcc, 0x11])),
    ("green", Color([0x97, 0xca, 0x00])),
    ("yellow", Color([0xdf, 0xb3, 0x17])),
    ("orange", Color([0xfe, 0x7d, 0x37])),
    ("red", Color([0xe0, 0x5d, 0x44])),
    ("blue", Color([0x00, 0x72, 0xb4])),
    ("purple", Color([0x81, 0x5a, 0xc0])),
    ("grey", Color([0x55, 0x55, 0x55])),
    ("lightgrey", Color([0x9f, 0x9f, 0x9f])),
    ("black", Color([0x00, 0x00, 0x00])),
    ("white", Color([0xff, 0xff, 0xff])),
    ("pink", Color([0xff, 0xc0, 0xcb])),
    ("yellowgreen", Color([0xa4, 0xa6, 0x1d])),
    ("blueviolet", Color([0x8a, 0x2b, 0xe2])),
    ("gray", Color([0x55, 0x55, 0x55])),
    ("lightgray", Color([0x9f, 0x9f, 0x9f])),
    ("success", Color([0x44, 0xcc, 0x11])),
    ("important", Color([0xfe, 0x7d, 0x37])),
    ("critical", Color([0xe0, 0x5d, 0x44])),
    ("informational", Color([0x00, 0x72, 0xb4])),
    ("inactive", Color([0x9f, 0x9f, 0x9f])),
];

/// The values that a colour parameter may have, for an error.
pub(crate) const ALLOWED_COLORS: &str = "brightgreen, green, yellow, orange, red, blue, purple, grey, lightgrey, black, white and other names of shields.io, or three or six hexadecimal digits";

impl Color {
    /// The colour with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        COLORS.iter().find(|(known, _)| *known == name).map(|(_, color)| *color)
    }

    /// Reads a colour from a name, or from three or six hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(color) = Self::named(text) {
            return Some(color);
        }
        let digits: Vec<u8> =
            text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Self([r, g, b].map(|digit| digit.saturating_mul(17)))),
            [r, s, g, h, b, i] => {
                Some(Self([(r, s), (g, h), (b, i)].map(|(one, two)| one.saturating_mul(16).saturating_add(two))))
            }
            _ => None,
        }
    }

    /// The text colour on this colour: black or white, whichever is easier to read. One of the two always has a contrast of at least 4.5
    /// (WCAG 2.2, 1.4.3).
    pub(crate) fn text(self) -> &'static str {
        // Both contrasts are equal at a relative luminance of sqrt(1.05 * 0.05) - 0.05.
        if self.luminance() > 0.179 { "#000" } else { "#fff" }
    }

    /// The relative luminance (WCAG 2.2), approximately: a cubic replaces the power 2.4, because `powf` takes 3 KB of WebAssembly. A test checks
    /// the chosen text colours with the exact formula.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            part * (part * (part * 0.305_306 + 0.682_171) + 0.012_523)
        };
        let Self([r, g, b]) = self;
        0.212_6 * linear(r) + 0.715_2 * linear(g) + 0.072_2 * linear(b)
    }

    pub(crate) fn hex(self) -> String {
        let Self([r, g, b]) = self;
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_is_readable_on_every_color(rgb in any::<[u8; 3]>()) {
            let color = Color(rgb);
            let [r, g, b] = rgb.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            let luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            let ink = if color.text() == "#fff" { 1.0 } else { 0.0 };
            let (light, dark) = if ink > luminance { (ink, luminance) } else { (luminance, ink) };
            prop_assert!((light + 0.05) / (dark + 0.05) >= 4.5);
        }
    }
}
