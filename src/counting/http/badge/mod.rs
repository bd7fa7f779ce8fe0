//! Badges: a label and a number as a small SVG for a README or a page, or as JSON that shields.io draws.
//!
//! No library draws them: those in Rust contain the tables of a font (over 100 KB) or draw on a canvas, and a badge is only two rectangles and
//! two texts. `textLength` makes the text fit in every font that a viewer may have.

pub mod color;
pub mod glyphs;
pub mod request;
pub mod style;
pub mod svg;
