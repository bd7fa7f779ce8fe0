//! The picture: how many shards a site needs, how long a visit waits because of batching, and what a million visits cost.

use crate::grid::{Cell, Found, ISOLATES, Model};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// The round trip of the cases in the picture, in milliseconds.
const ROUND_TRIP_MS: f64 = 25.0;

const SIZE: (u32, u32) = (1200, 500);
const HEAD: i32 = 62;
const FOOT: i32 = 74;

/// Opaque, so that the text is as readable on a dark page as on a light one.
const PAPER: RGBColor = WHITE;
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(220, 220, 220);

/// One colour for each number of isolates. They differ in hue and in lightness, for colour-blind readers (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 5] =
    [RGBColor(0, 60, 120), RGBColor(213, 94, 0), RGBColor(0, 140, 100), RGBColor(190, 90, 150), RGBColor(110, 110, 110)];

/// A third of the picture. The axes are logarithmic. `base` to the power of each whole number has a line and a label.
struct Part {
    title: &'static str,
    unit: &'static str,
    base: f64,
    range: (f64, f64),
    label: fn(f64) -> String,
    value: fn(&Cell, &Found) -> f64,
    /// How far apart lines are drawn that would otherwise hide each other.
    apart: f64,
}

/// The wait that the picture shows for a wait of zero, because zero has no logarithm.
const LEAST_WAIT_MS: f64 = 0.1;

/// The highest traffic. It needs a label of its own, because it is not a power of ten.
const MOST: f64 = 500_000.0;

const PARTS: [Part; 3] = [
    Part {
        title: "Shards that are enough",
        unit: "SHARDS, of 1, 4, 16, 64 and 256",
        base: 4.0,
        range: (-0.4, 4.4),
        label: |power| format!("{}", 4_f64.powf(power)),
        value: |cell, _| f64::from(cell.shards),
        apart: 0.07,
    },
    Part {
        title: "Wait that batching adds (p99)",
        unit: "milliseconds",
        base: 10.0,
        range: (-1.15, 2.3),
        label: |power| if power < -0.5 { "none".to_owned() } else { format!("{}", 10_f64.powf(power)) },
        value: |_, found| found.added_wait_ms[1].max(LEAST_WAIT_MS),
        apart: 0.03,
    },
    Part {
        title: "Price of a million visits",
        unit: "dollars, without CPU and duration",
        base: 2.0,
        range: (-2.0, 2.0),
        label: |power| format!("{:.2}", 2_f64.powf(power)),
        value: |_, found| found.dollars_a_million,
        apart: 0.03,
    },
];

/// Draws the picture.
pub(crate) fn draw(model: &Model, file: &Path) {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&PAPER).unwrap();
    write(&root, "What a site needs, by its traffic and by how many isolates take it", (20, 12), 22, HPos::Left);
    let subtitle = format!(
        "fewest shards that are enough, at a round trip of {ROUND_TRIP_MS} ms; simulated with the measured work of one shard"
    );
    write(&root, &subtitle, (20, 40), 14, HPos::Left);
    let parts = root.margin(HEAD, FOOT, 8, 16).split_evenly((1, PARTS.len()));
    for (area, part) in parts.iter().zip(&PARTS) {
        draw_part(area, part, model);
    }
    legend(&root);
    root.present().unwrap();
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_part(area: &Area<'_>, part: &Part, model: &Model) {
    let font = |size: i32| ("sans-serif", size).into_font().color(&INK);
    let (low, high) = part.range;
    let mut chart = ChartBuilder::on(area)
        .caption(part.title, ("sans-serif", 17).into_font().color(&INK))
        .margin_left(8)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d(1.8..5.9, low..high)
        .unwrap();
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .x_labels(5)
        .y_labels(5)
        .x_label_formatter(&|power| thousands(10_f64.powf(*power)))
        .y_label_formatter(&|power| (part.label)(*power))
        .label_style(font(13))
        .axis_desc_style(font(14))
        .x_desc("visits a second")
        .y_desc(part.unit)
        .draw()
        .unwrap();
    let (x, y) = chart.backend_coord(&(MOST.log10(), low));
    let area_left = area.get_base_pixel();
    write(area, &thousands(MOST), (x - area_left.0, y - area_left.1 + 10), 13, HPos::Center);
    for (line, isolates) in ISOLATES.iter().enumerate() {
        let of_line = |cell: &&Cell| cell.isolates == *isolates && (cell.round_trip_ms - ROUND_TRIP_MS).abs() < 0.1;
        let shift = part.apart * (line as f64 - 2.0);
        let points: Vec<((f64, f64), bool)> = model
            .chosen
            .iter()
            .filter(of_line)
            .filter_map(|cell| {
                let value = (part.value)(cell, cell.found.as_ref()?);
                Some(((f64::from(cell.visits_per_s).log10(), value.ln() / part.base.ln() + shift), cell.limits.is_empty()))
            })
            .collect();
        let colour = COLOURS[line];
        chart.draw_series(LineSeries::new(points.iter().map(|(at, _)| *at), colour.stroke_width(2))).unwrap();
        let dots = points.iter().flat_map(|(at, within)| {
            let fill = if *within { colour } else { PAPER };
            [Circle::new(*at, 5, fill.filled()), Circle::new(*at, 5, colour.stroke_width(2))]
        });
        chart.draw_series(dots).unwrap();
    }
}

fn legend(root: &Area<'_>) {
    let y = SIZE.1 as i32 - 50;
    for (line, isolates) in ISOLATES.iter().enumerate() {
        let x = 190 + 175 * line as i32;
        let stroke = COLOURS[line].stroke_width(3);
        root.draw(&PathElement::new(vec![(x, y), (x + 30, y)], stroke)).unwrap();
        write(root, &format!("{} isolates", thousands(*isolates as f64)), (x + 38, y - 8), 14, HPos::Left);
    }
    let note = "hollow: enough by the work measured, but over the documented 1,000 calls a second of an object.  \
                A missing point: 256 shards are not enough, or isolates too few";
    write(root, note, (SIZE.0 as i32 / 2, y + 20), 13, HPos::Center);
}

fn write(root: &Area<'_>, text: &str, at: (i32, i32), size: i32, align: HPos) {
    let style = ("sans-serif", size).into_font().color(&INK).pos(Pos::new(align, VPos::Top));
    root.draw(&Text::new(text.to_owned(), at, style)).unwrap();
}

/// `100,000`, with the comma that a reader of prices expects.
fn thousands(number: f64) -> String {
    let whole = number.round() as u64;
    if whole < 1000 { whole.to_string() } else { format!("{},{:03}", whole / 1000, whole % 1000) }
}
