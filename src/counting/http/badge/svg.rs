//! Draws a badge as SVG, or writes the JSON that shields.io draws.

use crate::counting::http::badge::color::Color;
use crate::counting::http::badge::glyphs::{escaped, width};
use crate::counting::http::badge::style::{BLUE, BadgeStyle, LABEL_COLOR, Shape};
use crate::counting::text::json::to_json;
use serde::Serialize;

/// A badge that shows an error instead of a number.
pub(crate) fn complaint(what: &str) -> String {
    let color = Color([0xe0, 0x5d, 0x44]);
    BadgeStyle { label: "error".to_owned(), color, label_color: LABEL_COLOR, ink: None, shape: Shape::Flat }.svg(what)
}

/// The measures of a shape, in pixels.
struct Measures {
    height: u32,
    /// The space on both sides of a text.
    padding: u32,
    /// The distance of the texts' baseline from the top.
    baseline: u32,
    radius: u32,
    font: &'static str,
}

impl BadgeStyle {
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

    /// The badge as SVG, with `value` in the place of the number.
    pub(crate) fn svg(&self, value: &str) -> String {
        let Measures { height, padding, baseline, radius, font } = self.measures();
        let capitals = self.shape == Shape::High;
        // Only ASCII letters become capitals: the table for other alphabets takes 5 KB of WebAssembly.
        let label = if capitals { self.label.to_ascii_uppercase() } else { self.label.clone() };
        let (label_text, value_text) = (escaped(&label), escaped(value));
        // Capital letters get a pixel more.
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
            // A highlight on the upper half.
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

    /// The colours behind the label and behind the number. The bubble of `social` is white, as on shields.io.
    fn colors(&self) -> (Color, Color) {
        let own = |color, usual, light| if color == usual { light } else { color };
        match self.shape {
            Shape::Social => (own(self.label_color, LABEL_COLOR, Color([0xfa; 3])), own(self.color, BLUE, Color([0xff; 3]))),
            _ => (self.label_color, self.color),
        }
    }

    /// The JSON for `/endpoint?url=` of shields.io (version 1 of its schema).
    pub(crate) fn endpoint(&self, value: &str) -> String {
        to_json(&EndpointBody {
            schema_version: 1,
            label: &self.label,
            message: value,
            color: &self.color.hex(),
            label_color: &self.label_color.hex(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointBody<'a> {
    schema_version: u64,
    label: &'a str,
    message: &'a str,
    color: &'a str,
    label_color: &'a str,
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::counting::http::badge::request::{BadgeRequest, read_badge};
    use crate::counting::http::refusal::Refusal;
    use crate::counting::model::page::{KeptQuery, Page};
    use proptest::prelude::*;

    fn badge(query: &str) -> Result<BadgeRequest, Refusal> {
        read_badge("blog/a/b.svg", query, &KeptQuery::default())
    }

    #[test]
    fn every_style_is_drawn_and_an_unknown_one_is_flat() {
        let drawn = |query: &str| badge(query).unwrap().style.svg("1\u{202f}234");
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
        let badge = read_badge("blog/a.json", "label=a\"b&color=red", &KeptQuery::default()).unwrap();
        assert!(badge.json && badge.page == Some(Page::parse("/a").unwrap()));
        let json: serde_json::Value = serde_json::from_str(&badge.style.endpoint("7")).unwrap();
        let expected =
            serde_json::json!({"schemaVersion":1,"label":"a\"b","message":"7","color":"#e05d44","labelColor":"#555555"});
        assert_eq!(json, expected);
        assert!(badge.style.endpoint("7").starts_with("{\"schemaVersion\":1,\"label\":\"a\\\"b\",\"message\":\"7\",\"color\":"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_breaks_the_svg(label in ".{0,64}", value in "[<>&\"' a-z\u{0}-\u{1f}]{0,20}") {
            let svg = BadgeStyle { label, ..badge("").unwrap().style }.svg(&value);
            let document = roxmltree::Document::parse(&svg);
            prop_assert!(document.is_ok(), "{svg}");
            let names: Vec<_> = document.unwrap().descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name().to_owned()).collect();
            prop_assert_eq!(names, ["svg", "title", "clipPath", "rect", "g", "rect", "rect", "g", "text", "text"]);
        }
    }
}
