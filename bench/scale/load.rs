//! The visits of the measurement and of the model, and the calls in which an isolate would send them.

use crate::support::{Sent, batch, visit};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::encode;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The number of pages of the site. The cost of a batch hardly depends on it. A checkpoint writes two rows for each visited page.
pub(crate) const PAGES: u64 = 100;

/// The number of isolates that post at once. Each posts its next batch when the last one is answered. They are enough to keep the shard busy.
pub(crate) const LANES: u32 = 16;

/// The visits of a batch, and the batches that each lane posts in a round. A round takes about a second of CPU, which the kernel reports in
/// hundredths. More of the largest batches would have more visitors than a shard can tell apart.
const SIZES: [(u32, u32); 4] = [(1, 512), (10, 384), (100, 128), (512, 28)];

/// The measured rounds. The round before them is not measured: V8 compiles the code that runs often, and the first batch opens the database.
const ROUNDS: u32 = 6;

/// SplitMix64 (Steele, Lea and Flood, 2014), the only source of randomness, so that every run is the same.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number above 0 and at most 1, so that its logarithm exists.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// An exponential waiting time with this mean, as between independent arrivals.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }
}

/// A visit of one of [`PAGES`] pages. Page k is visited 1/k as often as the first.
pub(crate) fn some_visit(rng: &mut Rng) -> Sent {
    let rank = (PAGES as f64 + 1.0).powf(rng.unit()) as u64;
    visit(&format!("/articles/{}", rank.clamp(1, PAGES)))
}

/// The data about the calls that the driver's caller needs.
#[derive(Serialize)]
struct Plan {
    rounds: u32,
    lanes: u32,
    sizes: Vec<Size>,
}

#[derive(Serialize)]
struct Size {
    visits: u32,
    /// The number of calls of each lane in a round.
    batches: u32,
}

/// Writes the calls of every size, once with a visitor each and once with an id each, and `plan.json`.
///
/// Every visitor and every id occurs once. New ones cost most, because the shard has to remember them.
pub(crate) fn write(directory: &Path, now: u64) {
    for (visits, batches) in SIZES {
        for kind in ["visitors", "ids"] {
            let mut file = BufWriter::new(File::create(directory.join(format!("{kind}-{visits}"))).unwrap());
            let mut rng = Rng::new(u64::from(visits));
            for sequence in 1..=u64::from(batches * (ROUNDS + 1)) {
                for lane in 0..LANES {
                    let isolate = u128::from(lane) << 64 | u128::from(u64::from(lane).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    let sent: Vec<Sent> = (0..visits).map(|_| of_a_kind(kind, &mut rng)).collect();
                    let call = encode(&Call::Register(batch(isolate, sequence, now, &sent)));
                    file.write_all(&lane.to_le_bytes()).unwrap();
                    file.write_all(&(call.len() as u32).to_le_bytes()).unwrap();
                    file.write_all(&call).unwrap();
                }
            }
        }
    }
    let sizes = SIZES.map(|(visits, batches)| Size { visits, batches }).into();
    let plan = serde_json::to_vec(&Plan { rounds: ROUNDS, lanes: LANES, sizes }).unwrap();
    std::fs::write(directory.join("plan.json"), plan).unwrap();
}

/// `GET /` has a visitor and no id. A server that reports visits sends ids and no visitors.
fn of_a_kind(kind: &str, rng: &mut Rng) -> Sent {
    let visit = some_visit(rng);
    if kind == "ids" { visit.id(rng.next()) } else { visit.by(rng.next()) }
}
