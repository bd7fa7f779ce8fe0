//! Badges: a label and a number as a small SVG, for a README or a page; or as the JSON that shields.io draws.
//!
//! Written here and not by a library: those in Rust carry a font's tables (over 100 KB) or draw on a canvas; a badge is two
//! rectangles and two texts. `textLength` makes the text fit whatever font the viewer has.

use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::json::exact;

/// The longest label, in characters.
pub const MAX_LABEL: usize = 64;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The site's name.
    pub site: String,
    /// The page; the whole site if there is none.
    pub page: Option<Page>,
    /// Whether who sees it is counted.
    pub counts: bool,
    /// Whether it is told as JSON, for shields.io to draw.
    pub json: bool,
    /// How it looks.
    pub look: Look,
}

/// How a badge looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
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
    fn parse(text: &str) -> Self {
        match text {
            "flat-square" => Self::Square,
            "plastic" => Self::Plastic,
            "for-the-badge" => Self::High,
            "social" => Self::Social,
            _ => Self::Flat,
        }
    }
}

/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

/// Names that badges have for colours.
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

/// What is said of a colour that is none.
const ALLOWED_COLORS: &str = "brightgreen, green, yellow, orange, red, blue, purple, grey, lightgrey, black, white and other names of shields.io, or three or six hexadecimal digits";

/// Behind the number, usually.
const BLUE: Color = Color([0x00, 0x72, 0xb4]);

/// Behind the label, usually.
const LABEL_COLOR: Color = Color([0x55, 0x55, 0x55]);

impl Color {
    fn parse(text: &str) -> Option<Self> {
        if let Some((_, color)) = COLORS.iter().find(|(name, _)| *name == text) {
            return Some(*color);
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

    /// Black or white, whichever is easier to read on it: one of the two always has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
    fn text(self) -> &'static str {
        // Where both contrasts are equal, at a relative luminance of sqrt(1.05 * 0.05) - 0.05.
        if self.luminance() > 0.179 { "#000" } else { "#fff" }
    }

    /// Relative luminance (WCAG 2.2), near enough: a cubic in place of the power 2.4, whose function is 3 KB of WebAssembly. The test
    /// below tries what follows from it against the exact one.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            part * (part * (part * 0.305_306 + 0.682_171) + 0.012_523)
        };
        let Self([r, g, b]) = self;
        0.212_6 * linear(r) + 0.715_2 * linear(g) + 0.072_2 * linear(b)
    }

    fn hex(self) -> String {
        let Self([r, g, b]) = self;
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

/// Reads what follows `/badge/`, such as `blog/a/page.svg` or `blog.json`, and the query.
///
/// # Errors
/// [`Refusal`] for a path that is none or a wrong query.
pub fn read(path: &str, query: &str, kept: &KeptQuery) -> Result<Badge, Refusal> {
    let (path, form) = path.trim_end_matches('/').rsplit_once('.').ok_or(Refusal::UnknownPath)?;
    let json = match form {
        "svg" => false,
        "json" => true,
        _ => return Err(Refusal::UnknownPath),
    };
    let (site, page) = match path.find('/').and_then(|at| path.split_at_checked(at)) {
        Some((site, page)) => (site, Some(kept.page(page).map_err(Refusal::Page)?)),
        None => (path, None),
    };
    let query = Query::read(query, &["label", "color", "labelColor", "style", "count"])?;
    let label = label(query.get("label").unwrap_or("views"), "label")?;
    let color = color(&query, "color", BLUE)?;
    let label_color = self::color(&query, "labelColor", LABEL_COLOR)?;
    let counts = match query.get("count") {
        None | Some("0") => false,
        Some("1") if page.is_some() => true,
        Some("1") => return Err(Refusal::Parameter("count", "0 for a whole site, as a visit is one of a page")),
        Some(_) => return Err(Refusal::Parameter("count", "0, 1")),
    };
    let shape = Shape::parse(query.get("style").unwrap_or("flat"));
    Ok(Badge { site: site.to_owned(), page, counts, json, look: Look { label, color, label_color, shape, ink: None } })
}

fn color(query: &Query, name: &'static str, usual: Color) -> Result<Color, Refusal> {
    match query.get(name) {
        None | Some("") => Ok(usual),
        Some(color) => Color::parse(color.trim_start_matches('#')).ok_or(Refusal::Parameter(name, ALLOWED_COLORS)),
    }
}

/// How a badge of Abacus looks, from its parameters. Its fonts and their size are not read.
///
/// # Errors
/// [`Refusal`] for a wrong parameter.
pub(crate) fn shield(query: &Query) -> Result<Look, Refusal> {
    let style = query.get("style").unwrap_or("flat");
    let (shape, simple) = style.strip_suffix("-simple").map_or((style, false), |shape| (shape, true));
    let label = if simple { String::new() } else { label(query.get("text").unwrap_or("counter"), "text")? };
    let color = color(query, "bgcolor", Color([0x00, 0x7e, 0xc6]))?;
    let ink = match query.get("textcolor").map(|text| text.trim_start_matches('#')) {
        None | Some("") => None,
        Some(text) => {
            let named = COLORS.iter().find(|(name, _)| *name == text).map(|(_, color)| color.hex());
            let digits = || Color::parse(text).map(|_| format!("#{text}"));
            Some(named.or_else(digits).ok_or(Refusal::Parameter("textcolor", ALLOWED_COLORS))?)
        }
    };
    Ok(Look { label, color, label_color: LABEL_COLOR, shape: Shape::parse(shape), ink })
}

fn label(text: &str, name: &'static str) -> Result<String, Refusal> {
    if text.chars().count() > MAX_LABEL || text.chars().any(char::is_control) {
        return Err(Refusal::Parameter(name, "at most 64 characters, without control characters"));
    }
    Ok(text.to_owned())
}

/// A badge that says what is wrong in place of a number.
pub(crate) fn complaint(what: &str) -> String {
    let color = Color([0xe0, 0x5d, 0x44]);
    Look { label: "error".to_owned(), color, label_color: LABEL_COLOR, ink: None, shape: Shape::Flat }.svg(what)
}

/// The measures of a shape, in pixels.
struct Measures {
    height: u32,
    /// Beside a text.
    padding: u32,
    /// Where the texts stand.
    baseline: u32,
    radius: u32,
    font: &'static str,
}

impl Look {
    fn measures(&self) -> Measures {
        let usual = Measures { height: 20, padding: 5, baseline: 14, radius: 3, font: "font-size=\"11\"" };
        match self.shape {
            Shape::Flat | Shape::Social => usual,
            Shape::Square => Measures { radius: 0, ..usual },
            Shape::Plastic => Measures { height: 18, baseline: 13, radius: 4, ..usual },
            Shape::High => {
                Measures { height: 28, padding: 10, baseline: 18, radius: 0, font: "font-size=\"10\" font-weight=\"bold\"" }
            }
        }
    }

    /// The SVG with a text where the number stands.
    pub fn svg(&self, value: &str) -> String {
        let Measures { height, padding, baseline, radius, font } = self.measures();
        let capitals = self.shape == Shape::High;
        // Of other alphabets no capitals are made: their table is 5 KB of WebAssembly.
        let label = if capitals { self.label.to_ascii_uppercase() } else { self.label.clone() };
        let (label_text, value_text) = (escaped(&label), escaped(value));
        // Capitals have air between them.
        let air = |text: &str| if capitals { u32::try_from(text.chars().count()).unwrap_or(0) } else { 0 };
        let (label_length, value_length) = (width(&label).saturating_add(air(&label)), width(value).saturating_add(air(value)));
        let around = |length: u32| length.saturating_add(padding.saturating_mul(2));
        let left = if label.is_empty() { 0 } else { around(label_length) };
        let right = around(value_length);
        let all = left.saturating_add(right);
        let title = if label.is_empty() { value_text.clone() } else { format!("{}: {value_text}", escaped(&self.label)) };
        let (label_color, color) = self.colors();
        let ink = |on: Color| self.ink.as_deref().unwrap_or_else(|| on.text());
        let (label_ink, ink) = (ink(label_color), ink(color));
        let (label_color, color) = (label_color.hex(), color.hex());
        let value_x = left.saturating_add(padding);
        let round = if radius > 0 { format!(" rx=\"{radius}\"") } else { String::new() };
        let (light, edge) = match self.shape {
            // Light falls on the upper half.
            Shape::Plastic => (format!("<rect width=\"{all}\" height=\"9\" fill=\"#fff\" fill-opacity=\".2\"/>"), String::new()),
            Shape::Social => {
                let line = format!("<path d=\"M{left} 0v{height}\" stroke=\"#d5d5d5\"/>");
                let inner = all.saturating_sub(1);
                (
                    line,
                    format!(
                        "<rect x=\".5\" y=\".5\" width=\"{inner}\" height=\"19\" rx=\"{radius}\" fill=\"none\" stroke=\"#d5d5d5\"/>"
                    ),
                )
            }
            Shape::Flat | Shape::Square | Shape::High => Default::default(),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>\
             <clipPath id=\"r\"><rect width=\"{all}\" height=\"{height}\"{round}/></clipPath><g clip-path=\"url(#r)\">\
             <rect width=\"{left}\" height=\"{height}\" fill=\"{label_color}\"/><rect x=\"{left}\" width=\"{right}\" height=\"{height}\" fill=\"{color}\"/>{light}</g>{edge}\
             <g font-family=\"Verdana,DejaVu Sans,sans-serif\" {font}>\
             <text x=\"{padding}\" y=\"{baseline}\" fill=\"{label_ink}\" textLength=\"{label_length}\" lengthAdjust=\"spacingAndGlyphs\">{label_text}</text>\
             <text x=\"{value_x}\" y=\"{baseline}\" fill=\"{ink}\" textLength=\"{value_length}\" lengthAdjust=\"spacingAndGlyphs\">{value_text}</text></g></svg>"
        )
    }

    /// Behind the label and behind the number. A bubble is white, as shields.io has it.
    fn colors(&self) -> (Color, Color) {
        let own = |color, usual, light| if color == usual { light } else { color };
        match self.shape {
            Shape::Social => (own(self.label_color, LABEL_COLOR, Color([0xfa; 3])), own(self.color, BLUE, Color([0xff; 3]))),
            _ => (self.label_color, self.color),
        }
    }

    /// What shields.io draws, where it is asked for `/endpoint?url=` (its schema, version 1).
    pub fn endpoint(&self, value: &str) -> String {
        let (label, message) = (exact(&self.label), exact(value));
        let (color, label_color) = (self.color.hex(), self.label_color.hex());
        format!(
            "{{\"schemaVersion\":1,\"label\":{label},\"message\":{message},\"color\":\"{color}\",\"labelColor\":\"{label_color}\"}}"
        )
    }
}

/// A number with a thin gap between thousands, as in `12 345 678` (ISO 80000-1, 7.3.1): a comma or a point reads as another number
/// somewhere.
pub fn grouped(number: u64) -> String {
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

/// The advance widths of the characters from space to `~` in DejaVu Sans at 11 pixels, in tenths of a pixel; Verdana's are the same
/// within a tenth of a character.
const WIDTHS: [u8; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92, 92, 92,
    58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75, 67, 75, 43, 37, 43,
    92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37,
    70, 92,
];

/// How wide a text is, in pixels. Other alphabets are taken as wide as an `m` of theirs at most, pictures and wide scripts as a square.
fn width(text: &str) -> u32 {
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

/// A text for SVG, in an element or between quotes. Characters that XML does not know are left out.
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

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn badge(query: &str) -> Result<Badge, Refusal> {
        super::read("blog/a/b.svg", query, &KeptQuery::default())
    }

    #[test]
    fn a_badge_is_named_by_its_path() {
        let read = |path| {
            super::read(path, "", &KeptQuery::default())
                .map(|badge| (badge.site, badge.page.map(|page| page.as_str().to_owned())))
        };
        let page = |page: &str| Ok(("blog".to_owned(), Some(page.to_owned())));
        assert_eq!(read("blog.svg"), Ok(("blog".to_owned(), None)));
        assert_eq!(read("blog/.svg"), page("/"));
        assert_eq!(read("blog/a/b.svg"), page("/a/b"));
        assert_eq!(read("blog/caf%C3%A9.svg"), page("/café"));
        assert_eq!(read("blog/a.svg.svg"), page("/a.svg"));
        assert_eq!(read("blog/a"), Err(Refusal::UnknownPath));
        assert_eq!(read("blog/%07.svg"), page("/%07"));
    }

    #[test]
    fn wrong_looks_are_refused() {
        assert!(badge("label=&color=f0f&labelColor=%23fff&style=flat-square&count=1").is_ok());
        let long = format!("label={}", "a".repeat(65));
        for (query, name) in [
            (long.as_str(), "label"),
            ("label=%07", "label"),
            ("color=ff", "color"),
            ("labelColor=nope", "labelColor"),
            ("color=\"/><script>", "color"),
            ("count=yes", "count"),
        ] {
            assert!(matches!(badge(query), Err(Refusal::Parameter(found, _)) if found == name), "{query}");
        }
        assert!(matches!(super::read("blog.svg", "count=1", &KeptQuery::default()), Err(Refusal::Parameter("count", _))));
        assert!(badge("logo=x&t=9&cacheSeconds=1&label=&label=").is_ok());
    }

    #[test]
    fn every_style_is_drawn_and_an_unknown_one_is_flat() {
        let drawn = |query: &str| badge(query).unwrap().look.svg("1\u{202f}234");
        let flat = drawn("");
        for query in ["style=flat", "style=round", "style=", "style=FLAT"] {
            assert_eq!(drawn(query), flat, "{query}");
        }
        let mut all = vec![flat];
        for style in ["flat-square", "plastic", "for-the-badge", "social"] {
            let svg = drawn(&format!("style={style}&label=views"));
            let document = roxmltree::Document::parse(&svg).unwrap();
            let title = document.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text());
            assert_eq!(title, Some("views: 1\u{202f}234"), "{style}");
            assert!(!all.contains(&svg), "{style} looks like another");
            all.push(svg);
        }
        assert!(drawn("labelColor=123456&color=success").contains("#123456") && drawn("color=success").contains("#44cc11"));
        assert!(drawn("style=for-the-badge").contains(">VIEWS</text>"));
    }

    #[test]
    fn an_endpoint_is_what_shields_draws() {
        let badge = read("blog/a.json", "label=a\"b&color=red", &KeptQuery::default()).unwrap();
        assert!(badge.json && badge.page == Some(Page::parse("/a").unwrap()));
        let json: serde_json::Value = serde_json::from_str(&badge.look.endpoint("7")).unwrap();
        let expected =
            serde_json::json!({"schemaVersion":1,"label":"a\"b","message":"7","color":"#e05d44","labelColor":"#555555"});
        assert_eq!(json, expected);
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (12_345_678, "12\u{202f}345\u{202f}678")] {
            assert_eq!(grouped(number), text);
        }
        assert!(width(&grouped(u64::MAX)) < 200);
    }

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

        #[test]
        fn no_text_breaks_the_svg(label in ".{0,64}", value in "[<>&\"' a-z\u{0}-\u{1f}]{0,20}") {
            let svg = Look { label, ..badge("").unwrap().look }.svg(&value);
            let document = roxmltree::Document::parse(&svg);
            prop_assert!(document.is_ok(), "{svg}");
            let names: Vec<_> = document.unwrap().descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name().to_owned()).collect();
            prop_assert_eq!(names, ["svg", "title", "clipPath", "rect", "g", "rect", "rect", "g", "text", "text"]);
        }
    }
}
