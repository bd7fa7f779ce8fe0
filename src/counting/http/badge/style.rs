//! How a badge looks, as its parameters say it.

use crate::counting::http::badge::color::{ALLOWED_COLORS, Color};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;

/// The longest label, in characters.
pub const MAX_LABEL: usize = 64;

/// How a badge looks.
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
    /// The colour of the texts, as it is asked for; without, what is easy to read on each colour.
    pub ink: Option<String>,
}

/// The shapes of badges, by the names that shields.io has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `flat`: round corners. Whatever else is asked for is drawn so, too.
    Flat,
    /// `flat-square`
    Square,
    /// `plastic`: lower, rounder, and shining.
    Plastic,
    /// `for-the-badge`: high, in capitals.
    High,
    /// `social`: a label, and the number in a bubble.
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

/// Behind the number, usually.
pub(crate) const BLUE: Color = Color([0x00, 0x72, 0xb4]);

/// Behind the label, usually.
pub(crate) const LABEL_COLOR: Color = Color([0x55, 0x55, 0x55]);

/// The colour that a parameter names.
///
/// # Errors
/// [`Refusal::Parameter`] for a colour that is none.
pub(crate) fn color(query: &Query, name: &'static str, usual: Color) -> Result<Color, Refusal> {
    match query.get(name) {
        None | Some("") => Ok(usual),
        Some(color) => Color::parse(color.trim_start_matches('#')).ok_or(Refusal::Parameter(name, ALLOWED_COLORS)),
    }
}

/// How a badge of Abacus looks, from its parameters. Its fonts and their size are not read.
///
/// # Errors
/// [`Refusal`] for a wrong parameter.
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

/// The label that a parameter gives.
///
/// # Errors
/// [`Refusal::Parameter`] for one that is too long, or has control characters.
pub(crate) fn label(text: &str, name: &'static str) -> Result<String, Refusal> {
    if text.chars().count() > MAX_LABEL || text.chars().any(char::is_control) {
        return Err(Refusal::Parameter(name, "at most 64 characters, without control characters"));
    }
    Ok(text.to_owned())
}
