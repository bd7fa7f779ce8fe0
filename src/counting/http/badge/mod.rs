//! Badges: a label and a number as a small SVG, for a README or a page; or as the JSON that shields.io draws.
//!
//! Written here and not by a library: those in Rust carry a font's tables (over 100 KB) or draw on a canvas; a badge is two
//! rectangles and two texts. `textLength` makes the text fit whatever font the viewer has.

pub mod color;
pub mod glyphs;
pub mod request;
pub mod style;
pub mod svg;
