//! GoatCounter's pictures of a counter, `/counter/PATH.html`, `.svg` and `.png`: 200 by 80 pixels, or 200 by 60 without the last line. Their
//! parts have GoatCounter's ids, so that the CSS of owners still works.

use crate::counting::http::badge::glyphs::escaped;
use crate::counting::http::reply::{HTML, PNG, Reply, SVG, text};

/// The contents of a picture.
pub(crate) struct Picture<'a> {
    /// The number, with its digits grouped.
    pub(crate) number: &'a str,
    /// Whether the number is that of a page; if not, it is that of the site.
    pub(crate) page: bool,
    /// Whether the last line names Footfall.
    pub(crate) brand: bool,
    /// CSS from the query.
    pub(crate) style: &'a str,
}

/// The last line.
const BRAND: &str = "counted by Footfall";

impl Picture<'_> {
    fn title(&self) -> &'static str {
        if self.page { "Views for this page" } else { "Views for this site" }
    }

    fn height(&self) -> u16 {
        if self.brand { 80 } else { 60 }
    }

    /// The CSS without characters that could end its element. The answer's `Content-Security-Policy` keeps it from loading anything.
    fn css(&self) -> String {
        self.style.chars().filter(|c| *c != '<' && !c.is_control()).collect()
    }

    /// The picture as a document for an `iframe`.
    pub(crate) fn html(&self, status: u16) -> Reply {
        let by = if self.brand { format!("<br><span id=\"gcvc-by\">{BRAND}</span>") } else { String::new() };
        let (height, title, number, css) = (self.height().saturating_sub(4), self.title(), escaped(self.number), self.css());
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>\
             html,body{{margin:0}}div{{box-sizing:border-box;width:196px;height:{height}px;margin:2px auto;padding-top:7px;border:1px solid #999;\
             border-radius:4px;background:#fff;color:#222;font:13px/1.3 sans-serif;text-align:center}}#gcvc-views{{font-size:21px;font-weight:bold}}\
             #gcvc-by{{font-size:11px}}{css}</style><div><span id=\"gcvc-for\">{title}</span><br><span id=\"gcvc-views\">{number}</span>{by}</div></html>"
        );
        text(status, HTML, body)
    }

    /// The picture as SVG.
    pub(crate) fn svg(&self, status: u16) -> Reply {
        let by = if self.brand { format!("<text id=\"gcvc-by\" x=\"50%\" y=\"70\">{BRAND}</text>") } else { String::new() };
        let (height, title, number) = (self.height(), self.title(), escaped(self.number));
        let (inner, css) = (height.saturating_sub(2), escaped(&self.css()));
        let body = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"{height}\" viewBox=\"0 0 200 {height}\" role=\"img\" aria-label=\"{title}: {number}\">\
             <style>text{{font:13px sans-serif;fill:#222;text-anchor:middle}}#gcvc-border{{fill:#fff;stroke:#999}}#gcvc-views{{font-size:21px;font-weight:bold}}\
             #gcvc-by{{font-size:11px}}{css}</style><rect id=\"gcvc-border\" x=\"1\" y=\"1\" width=\"198\" height=\"{inner}\" rx=\"4\"/>\
             <text id=\"gcvc-for\" x=\"50%\" y=\"22\">{title}</text><text id=\"gcvc-views\" x=\"50%\" y=\"48\">{number}</text>{by}</svg>"
        );
        text(status, SVG, body)
    }

    /// The picture as a PNG with two colours (PNG, third edition). Each character of the body is one byte: see [`PNG`].
    pub(crate) fn png(&self, status: u16) -> Reply {
        let mut canvas = Canvas { height: self.height(), dark: Vec::new() };
        canvas.frame();
        canvas.write(self.title(), 1, 14);
        canvas.write(self.number, 3, 30);
        if self.brand {
            canvas.write(BRAND, 1, 66);
        }
        text(status, PNG, canvas.png().into_iter().map(char::from).collect())
    }
}

const WIDTH: u16 = 200;

/// A white area with dark points.
struct Canvas {
    height: u16,
    dark: Vec<(u16, u16)>,
}

impl Canvas {
    fn frame(&mut self) {
        let (right, bottom) = (WIDTH.saturating_sub(1), self.height.saturating_sub(1));
        self.dark.extend((0..WIDTH).flat_map(|x| [(x, 0), (x, bottom)]));
        self.dark.extend((0..self.height).flat_map(|y| [(0, y), (right, y)]));
    }

    /// Writes a centred line of text. `top` is the upper edge, in pixels; `size` is the width and height of each point of a letter, in pixels.
    fn write(&mut self, text: &str, size: u16, top: u16) {
        let letters = u16::try_from(text.chars().count()).unwrap_or(WIDTH);
        let width = letters.saturating_mul(6).saturating_mul(size);
        let mut left = (WIDTH / 2).saturating_sub(width / 2);
        for letter in text.chars() {
            for (y, bits) in (0_u16..).zip(glyph(letter)) {
                for x in (0_u16..5).filter(|x| bits & (16_u8 >> x) != 0) {
                    let (x, y) = (left.saturating_add(x.saturating_mul(size)), top.saturating_add(y.saturating_mul(size)));
                    self.dark
                        .extend((0..size).flat_map(|dx| (0..size).map(move |dy| (x.saturating_add(dx), y.saturating_add(dy)))));
                }
            }
            left = left.saturating_add(size.saturating_mul(6));
        }
    }

    fn png(&self) -> Vec<u8> {
        // A row is one byte for its filter (none), then one bit for each pixel.
        let row_bytes = usize::from(WIDTH.div_ceil(8)).saturating_add(1);
        let mut rows = vec![0_u8; row_bytes.saturating_mul(self.height.into())];
        for &(x, y) in &self.dark {
            let at = usize::from(y).saturating_mul(row_bytes).saturating_add(1).saturating_add(usize::from(x / 8));
            if let Some(byte) = rows.get_mut(at).filter(|_| x < WIDTH) {
                *byte |= 128 >> (x % 8);
            }
        }
        let mut header = Vec::new();
        header.extend(u32::from(WIDTH).to_be_bytes());
        header.extend(u32::from(self.height).to_be_bytes());
        // One bit per pixel; a palette; the standard compression and filters; not interlaced.
        header.extend([1, 3, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(b"IHDR", &header, &mut png);
        chunk(b"PLTE", &[0xff, 0xff, 0xff, 0x22, 0x22, 0x22], &mut png);
        chunk(b"IDAT", &stored(&rows), &mut png);
        chunk(b"IEND", &[], &mut png);
        png
    }
}

/// Appends a chunk: its length, its name, its data and a checksum.
fn chunk(name: &[u8; 4], data: &[u8], png: &mut Vec<u8>) {
    png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    png.extend(name);
    png.extend(data);
    png.extend(crc32(name.iter().chain(data)).to_be_bytes());
}

/// Wraps data as a zlib stream (RFC 1950) of one uncompressed block (RFC 1951, 3.2.4). A block holds 65,535 bytes; a picture has 2,080.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(0);
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(data);
    zlib.extend(adler32(data).to_be_bytes());
    zlib
}

/// The checksum Adler-32 (RFC 1950, 8.2).
fn adler32(data: &[u8]) -> u32 {
    let (one, two) = data.iter().fold((1_u32, 0_u32), |(one, two), byte| {
        let one = one.saturating_add(u32::from(*byte)) % 65_521;
        (one, two.saturating_add(one) % 65_521)
    });
    two << 16 | one
}

/// The checksum CRC-32 (PNG specification, annex D), computed bit by bit, because a table takes 1 KB.
fn crc32<'a>(data: impl Iterator<Item = &'a u8>) -> u32 {
    let crc = data.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    });
    !crc
}

/// The seven rows of a letter, with five points each. Only digits and the letters of the lines above are drawn; other letters are blank.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        '0' => [14, 17, 19, 21, 25, 17, 14],
        '1' => [4, 12, 4, 4, 4, 4, 14],
        '2' => [14, 17, 1, 2, 4, 8, 31],
        '3' => [31, 2, 4, 2, 1, 17, 14],
        '4' => [2, 6, 10, 18, 31, 2, 2],
        '5' => [31, 16, 30, 1, 1, 17, 14],
        '6' => [6, 8, 16, 30, 17, 17, 14],
        '7' => [31, 1, 2, 4, 8, 8, 8],
        '8' => [14, 17, 17, 14, 17, 17, 14],
        '9' => [14, 17, 17, 15, 1, 2, 12],
        'V' => [17, 17, 17, 17, 17, 10, 4],
        'F' => [31, 16, 16, 30, 16, 16, 16],
        'a' => [0, 0, 14, 1, 15, 17, 15],
        'b' => [16, 16, 22, 25, 17, 17, 30],
        'c' => [0, 0, 14, 16, 16, 17, 14],
        'd' => [1, 1, 13, 19, 17, 17, 15],
        'e' => [0, 0, 14, 17, 31, 16, 14],
        'f' => [6, 9, 8, 28, 8, 8, 8],
        'g' => [0, 0, 15, 17, 15, 1, 14],
        'h' => [16, 16, 22, 25, 17, 17, 17],
        'i' => [4, 0, 12, 4, 4, 4, 14],
        'l' => [12, 4, 4, 4, 4, 4, 14],
        'n' => [0, 0, 22, 25, 17, 17, 17],
        'o' => [0, 0, 14, 17, 17, 17, 14],
        'p' => [0, 0, 30, 17, 30, 16, 16],
        'r' => [0, 0, 22, 25, 16, 16, 16],
        's' => [0, 0, 15, 16, 14, 1, 30],
        't' => [8, 8, 28, 8, 8, 9, 6],
        'u' => [0, 0, 17, 17, 17, 19, 13],
        'w' => [0, 0, 17, 17, 21, 21, 10],
        'y' => [0, 0, 17, 17, 15, 1, 14],
        _ => [0; 7],
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn picture(number: &str, style: &'static str) -> Picture<'static> {
        Picture { number: number.to_owned().leak(), page: true, brand: true, style }
    }

    #[test]
    fn what_is_drawn_says_the_number_and_nothing_that_was_slipped_in() {
        let html = picture("1\u{202f}234", "div{color:red}</style><script>alert(1)</script>").html(200).body.into_owned();
        assert!(html.contains("<span id=\"gcvc-views\">1\u{202f}234</span>") && html.contains("div{color:red}"), "{html}");
        assert_eq!(html.matches("<script").count() + html.matches("</style").count(), 1, "{html}");
        let svg = picture("7", "#gcvc-by{fill:red}</style><x/>&").svg(200).body.into_owned();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts: Vec<_> =
            document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
        assert_eq!(texts, ["Views for this page", "7", BRAND]);
        let site = Picture { page: false, brand: false, ..picture("7", "") };
        let bare = site.svg(200).body.into_owned();
        assert!(bare.contains("this site") && !bare.contains(BRAND) && bare.contains("height=\"60\""));
    }

    #[test]
    fn every_letter_that_is_written_is_drawn() {
        for letter in "0123456789Views for this page site counted by Footfall".chars().filter(|letter| *letter != ' ') {
            assert_ne!(glyph(letter), [0; 7], "{letter}");
        }
    }

    #[test]
    fn checksums_are_those_of_their_standards() {
        assert_eq!(crc32(b"123456789".iter()), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
