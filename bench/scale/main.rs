//! The program behind `npm run scale`.
//!
//!     scale batches DIRECTORY NOW_MS   writes the calls that the driver posts to a shard on workerd
//!     scale model MEASURED OUT SVG     reads the measured costs, simulates many isolates and shards, writes JSON and a chart
//!
//! | file | contents |
//! | --- | --- |
//! | `load` | the visits, with their pages and visitors; the calls as files |
//! | `simulate` | isolates with the real batcher in front of one shard that serves one batch at a time |
//! | `notes` | the records of a simulation: waits, batches, work |
//! | `rows` | rows written, counted on the real ledger over SQLite |
//! | `grid` | the cases, and the result of each: limits kept or broken, dollars |
//! | `chart` | the picture |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only developers of Footfall run this program, and it may panic on an error"
)]

mod chart;
mod grid;
mod load;
mod notes;
mod rows;
mod simulate;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["batches", directory, now] => load::write(Path::new(directory), now.parse().unwrap()),
        ["model", measured, out, svg] => {
            let measured = serde_json::from_slice(&std::fs::read(measured).unwrap()).unwrap();
            let model = grid::model(&measured);
            std::fs::write(out, serde_json::to_vec_pretty(&model).unwrap()).unwrap();
            chart::draw(&model, Path::new(svg));
        }
        _ => panic!("wrong arguments: {arguments:?}"),
    }
}
