//! The style of a badge, and the parameters that set it.

use crate::counting::http::badge::color::{ALLOWED_COLORS, Color};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;

/// The longest label, in characters.
pub(crate) const MAX_LABEL: usize = 64;

/// The style of a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgeStyle {
    /// The text in front of the number.
    pub label: String,
    /// The colour behind the number.
    pub color: Color,
    /// The colour behind the label.
    pub label_color: Color,
    /// Its shape.
    pub shape: Shape,
    /// The colour of the texts. `None` chooses black or white, whichever is easier to read.
    pub ink: Option<String>,
}

/// The shapes of badges, with the names that shields.io gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `flat`: round corners. Unknown names are drawn like this.
    Flat,
    /// `flat-square`
    Square,
    /// `plastic`: lower, with rounder corners and a light upper half.
    Plastic,
    /// `for-the-badge`: higher, in capital letters.
    High,
    /// `social`: the number in a bubble beside the label.
    Social,
}

impl Shape {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "flat-square" => Self::Square,
            "plastic" => Self::Plastic,
            "for-the-badge" => Self::High,
            "social" => Self::Social,
            _ => Self::Flat,
        }
    }
}

/// The default colour behind the number.
pub(crate) const BLUE: Color = Color([0x00, 0x72, 0xb4]);

/// The default colour behind the label.
pub(crate) const LABEL_COLOR: Color = Color([0x55, 0x55, 0x55]);

/// Reads a colour from a parameter; `usual` if the parameter is missing or empty.
///
/// # Errors
/// [`Refusal::Parameter`] if the value is no colour.
pub(crate) fn color(query: &Query, name: &'static str, usual: Color) -> Result<Color, Refusal> {
    match query.get(name) {
        None | Some("") => Ok(usual),
        Some(color) => Color::parse(color.trim_start_matches('#')).ok_or(Refusal::Parameter(name, ALLOWED_COLORS)),
    }
}

/// Reads the style of a badge from Abacus's parameters. The font and its size are ignored.
///
/// # Errors
/// [`Refusal::Parameter`] if a value is wrong.
pub(crate) fn read_shield_style(query: &Query) -> Result<BadgeStyle, Refusal> {
    let style = query.get("style").unwrap_or("flat");
    let (shape, simple) = style.strip_suffix("-simple").map_or((style, false), |shape| (shape, true));
    let label = if simple { String::new() } else { label(query.get("text").unwrap_or("counter"), "text")? };
    let color = color(query, "bgcolor", Color([0x00, 0x7e, 0xc6]))?;
    let ink = match query.get("textcolor").map(|text| text.trim_start_matches('#')) {
        None | Some("") => None,
        Some(text) => {
            let named = Color::named(text).map(Color::hex);
            let digits = || Color::parse(text).map(|_| format!("#{text}"));
            Some(named.or_else(digits).ok_or(Refusal::Parameter("textcolor", ALLOWED_COLORS))?)
        }
    };
    Ok(BadgeStyle { label, color, label_color: LABEL_COLOR, shape: Shape::parse(shape), ink })
}

/// Checks a label. `name` is the parameter that has it.
///
/// # Errors
/// [`Refusal::Parameter`] if it is longer than [`MAX_LABEL`] or has control characters.
pub(crate) fn label(text: &str, name: &'static str) -> Result<String, Refusal> {
    if text.chars().count() > MAX_LABEL || text.chars().any(char::is_control) {
        return Err(Refusal::Parameter(name, "at most 64 characters, without control characters"));
    }
    Ok(text.to_owned())
}
