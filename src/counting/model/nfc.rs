//! Accents, written one way.

use std::fmt;

/// Writes a text in Unicode's Normalization Form C. The platform does it: the tables for it would be a tenth of the Worker's size.
#[derive(Clone, Copy)]
pub struct Nfc(pub fn(&str) -> String);

impl Default for Nfc {
    /// Leaves every text as it is.
    fn default() -> Self {
        Self(str::to_owned)
    }
}

impl fmt::Debug for Nfc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nfc")
    }
}

impl PartialEq for Nfc {
    /// There is only one such form, so any two functions that write it are equal.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Nfc {}

impl Nfc {
    /// The text in that form. ASCII is in it already.
    pub(crate) fn normalize(self, text: String) -> String {
        if text.is_ascii() { text } else { (self.0)(&text) }
    }
}
