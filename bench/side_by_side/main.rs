//! The program behind the picture of `npm run bench`.
//!
//!     bench DATA SVG   draws the results of a run: for each figure a panel, with a bar for each program

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only developers of Footfall run this program, and it may panic on an error"
)]

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Picture {
    title: String,
    subtitle: String,
    programs: Vec<Program>,
    panels: Vec<Panel>,
}

#[derive(Deserialize)]
struct Program {
    title: String,
    ours: bool,
}

/// One figure, with a value for each program in the order of the programs.
#[derive(Deserialize)]
struct Panel {
    title: String,
    unit: String,
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    median: f64,
    min: f64,
    max: f64,
}

const WIDTH: i32 = 1200;
const HEAD: i32 = 112;
/// The x position at which the programs' names end and the bars begin.
const NAMES: i32 = 290;
const ROW: i32 = 40;
const BAR: i32 = 20;
/// The room to the right of the longest bar, for its number.
const NUMBER: i32 = 64;
const FOOT: i32 = 16;

/// Opaque, so that the text is as readable on a dark page as on a light one.
const PAPER: RGBColor = WHITE;
const INK: RGBColor = RGBColor(40, 40, 40);
const QUIET: RGBColor = RGBColor(110, 110, 110);
/// The colours differ in hue and in lightness, for colour-blind readers (Okabe and Ito, 2008).
const OURS: RGBColor = RGBColor(0, 90, 160);
const THEIRS: RGBColor = RGBColor(190, 190, 190);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, svg] = &arguments[..] else { panic!("wrong arguments: {arguments:?}") };
    draw(&serde_json::from_slice(&std::fs::read(data).unwrap()).unwrap(), Path::new(svg));
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(picture: &Picture, file: &Path) {
    let rows = picture.programs.len() as i32;
    let root = SVGBackend::new(file, (WIDTH as u32, (HEAD + rows * ROW + FOOT) as u32)).into_drawing_area();
    root.fill(&PAPER).unwrap();
    write(&root, &picture.title, (20, 12), (22, INK), HPos::Left);
    write(&root, &picture.subtitle, (20, 40), (13, QUIET), HPos::Left);
    for (row, program) in picture.programs.iter().enumerate() {
        let colour = if program.ours { OURS } else { INK };
        write(&root, &program.title, (NAMES - 12, middle(row) - 8), (14, colour), HPos::Right);
    }
    let width = (WIDTH - NAMES) / picture.panels.len() as i32;
    for (at, panel) in picture.panels.iter().enumerate() {
        draw_panel(&root, panel, &picture.programs, (NAMES + at as i32 * width, width));
    }
    root.present().unwrap();
}

/// The bars begin at zero, so that a bar of twice the length means twice the value.
fn draw_panel(root: &Area<'_>, panel: &Panel, programs: &[Program], (left, width): (i32, i32)) {
    write(root, &panel.title, (left, 66), (16, INK), HPos::Left);
    write(root, &panel.unit, (left, 87), (12, QUIET), HPos::Left);
    let most = panel.values.iter().map(|value| value.max).fold(0.0, f64::max);
    let x = |value: f64| left + (value / most * f64::from(width - NUMBER)).round() as i32;
    for (row, (value, program)) in panel.values.iter().zip(programs).enumerate() {
        let y = middle(row);
        let colour = if program.ours { OURS } else { THEIRS };
        let bar = Rectangle::new([(left, y - BAR / 2), (x(value.median), y + BAR / 2)], colour.filled());
        root.draw(&bar).unwrap();
        // A line with end marks, from the smallest to the largest value of the rounds.
        let [from, to] = [x(value.min), x(value.max)];
        for line in [[(from, y), (to, y)], [(from, y - 4), (from, y + 4)], [(to, y - 4), (to, y + 4)]] {
            root.draw(&PathElement::new(line, INK)).unwrap();
        }
        write(root, &number(value.median), (to + 6, y - 8), (13, INK), HPos::Left);
    }
    let foot = middle(programs.len()) - ROW / 2;
    root.draw(&PathElement::new([(left, HEAD - 4), (left, foot)], QUIET)).unwrap();
}

fn middle(row: usize) -> i32 {
    HEAD + row as i32 * ROW + ROW / 2
}

fn write(root: &Area<'_>, text: &str, at: (i32, i32), (size, colour): (i32, RGBColor), align: HPos) {
    let style = ("sans-serif", size).into_font().color(&colour).pos(Pos::new(align, VPos::Top));
    root.draw(&Text::new(text.to_owned(), at, style)).unwrap();
}

/// A number with three significant digits, as on the page of the results.
fn number(value: f64) -> String {
    let behind = match value {
        ..1.0 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.behind$}")
}
