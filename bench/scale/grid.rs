//! The cases of the model, and the result of each.

use crate::load::{LANES, PAGES};
use crate::notes::Outcome;
use crate::rows::{self, Sample};
use crate::simulate::{Case, simulate};
use footfall::counting::ledger::distinct_visitors::MAX_VISITORS;
use footfall::counting::ledger::isolates::{KEEP_MS, LONE_LANES};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const VISITS_PER_S: [u32; 5] = [100, 1_000, 10_000, 100_000, 500_000];
pub(crate) const ISOLATES: [usize; 5] = [10, 100, 1_000, 4_000, 20_000];
const SHARDS: [u32; 5] = [1, 4, 16, 64, 256];
const ROUND_TRIPS_MS: [f64; 3] = [5.0, 25.0, 100.0];

/// The soft limit of one object (developers.cloudflare.com/durable-objects/platform/limits).
const SOFT_LIMIT_CALLS_PER_S: f64 = 1_000.0;
const OVER_SOFT_LIMIT: &str = "over the soft limit";

/// The visits a second that one isolate has CPU for: 200 us each, the upper end of what a visit with a batched POST took on workerd.
const ISOLATE_VISITS_PER_S: f64 = 5_000.0;

/// The part of the time in which a shard may work. The rest is for bursts, and for a hash that spreads visits unevenly.
const MAX_UTILISATION: f64 = 0.8;

/// The part of the POSTs that may need a second attempt before a case counts as overloaded.
const MAX_LATE: f64 = 0.001;

/// The measurements of `bench/scale/capacity.mjs`, with a shard's work in microseconds, and Cloudflare's prices.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) batch_us: f64,
    pub(crate) visit_us: f64,
    pub(crate) prices: Prices,
}

/// Dollars for a million on the paid plan, beyond the included use, from `tools/costs/prices.mjs`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Prices {
    worker_request: f64,
    object_request: f64,
    row_written: f64,
    awake_second: f64,
}

/// All results of the model.
#[derive(Serialize)]
pub(crate) struct Model {
    measured: Measured,
    prices: Prices,
    lanes: u32,
    pages: u64,
    soft_limit_calls_per_s: f64,
    isolate_visits_per_s: f64,
    isolates_remembered: usize,
    visitors_remembered: usize,
    max_utilisation: f64,
    rows: Vec<Sample>,
    /// The rows of a batch like those whose rows workerd counts, for comparison.
    rows_as_on_workerd: f64,
    pub(crate) cells: Vec<Cell>,
    /// The fewest shards that suffice, for each traffic, number of isolates and round trip.
    pub(crate) chosen: Vec<Cell>,
}

/// One case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) visits_per_s: u32,
    pub(crate) isolates: usize,
    pub(crate) shards: u32,
    pub(crate) round_trip_ms: f64,
    /// Why this case does not work. Empty if it works.
    pub(crate) limits: Vec<&'static str>,
    /// The result of the simulation, unless the shard clearly cannot keep up.
    pub(crate) found: Option<Found>,
}

/// The result of a case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) added_wait_ms: [f64; 2],
    pub(crate) whole_wait_ms: [f64; 2],
    pub(crate) visits_a_batch: f64,
    pub(crate) calls_a_visit: f64,
    pub(crate) rows_a_visit: f64,
    pub(crate) calls_per_s_a_shard: f64,
    pub(crate) utilisation: f64,
    pub(crate) dollars_a_million: f64,
}

/// Simulates all cases, on all cores.
pub(crate) fn model(measured: &Measured) -> Model {
    let rows = rows::count();
    let mut cells = Vec::new();
    for visits_per_s in VISITS_PER_S {
        for isolates in ISOLATES {
            for round_trip_ms in ROUND_TRIPS_MS {
                let cell = |shards| Cell { visits_per_s, isolates, shards, round_trip_ms, limits: Vec::new(), found: None };
                cells.extend(SHARDS.map(cell));
            }
        }
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(cell) = cells.get(at) else { break };
                    let tried = attempt(cell.clone(), at as u64, measured, &rows);
                    done.lock().unwrap().push((at, tried));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    let cells: Vec<Cell> = done.into_iter().map(|(_, cell)| cell).collect();
    Model {
        measured: *measured,
        prices: measured.prices,
        lanes: LANES,
        pages: PAGES,
        soft_limit_calls_per_s: SOFT_LIMIT_CALLS_PER_S,
        isolate_visits_per_s: ISOLATE_VISITS_PER_S,
        isolates_remembered: LONE_LANES,
        visitors_remembered: MAX_VISITORS,
        max_utilisation: MAX_UTILISATION,
        rows_as_on_workerd: rows::a_batch(&rows, 100.0, LANES as usize),
        rows,
        chosen: cells.chunks(SHARDS.len()).map(choose).collect(),
        cells,
    }
}

/// Chooses from the same case with more and more shards. The first choice is the fewest shards within all limits. The second choice is the fewest
/// that keep up with the measured work, but exceed the documented limit. Otherwise it is the last case, with its reasons and without numbers.
fn choose(cells: &[Cell]) -> Cell {
    let within = cells.iter().find(|cell| cell.limits.is_empty());
    let by_work = || cells.iter().find(|cell| cell.limits == [OVER_SOFT_LIMIT]);
    if let Some(cell) = within.or_else(by_work) {
        return cell.clone();
    }
    Cell { found: None, ..cells[cells.len() - 1].clone() }
}

fn attempt(mut cell: Cell, seed: u64, measured: &Measured, rows: &[Sample]) -> Cell {
    let visits_per_s = f64::from(cell.visits_per_s) / f64::from(cell.shards);
    let isolates = cell.isolates as f64;
    if f64::from(cell.visits_per_s) / isolates > ISOLATE_VISITS_PER_S {
        cell.limits.push("too few isolates");
    }
    // The isolates whose last batch a shard must remember. Above its limit, it refuses the batches of other isolates.
    let remembered = isolates * (1.0 - (-visits_per_s * KEEP_MS as f64 / 1000.0 / isolates).exp());
    if remembered > LONE_LANES as f64 {
        cell.limits.push("too many isolates");
    }
    if visits_per_s * measured.visit_us / 1e6 >= 1.0 {
        // Even with the largest batches.
        cell.limits.push("overloaded");
        return cell;
    }
    let case = Case {
        visits_per_s,
        isolates: cell.isolates,
        round_trip_ms: cell.round_trip_ms,
        batch_ms: measured.batch_us / 1000.0,
        visit_ms: measured.visit_us / 1000.0,
    };
    let outcome = simulate(case, seed);
    if !outcome.settled || outcome.refused > 0.0 || outcome.late > MAX_LATE {
        cell.limits.push("overloaded");
    } else if outcome.utilisation > MAX_UTILISATION {
        cell.limits.push("busy");
    }
    let rows_a_batch = rows::a_batch(rows, outcome.mean_batch, cell.isolates);
    let found = found(&outcome, visits_per_s, rows_a_batch, &measured.prices);
    if found.calls_per_s_a_shard > SOFT_LIMIT_CALLS_PER_S {
        cell.limits.push(OVER_SOFT_LIMIT);
    }
    cell.found = Some(found);
    cell
}

fn found(outcome: &Outcome, visits_per_s: f64, rows_a_batch: f64, prices: &Prices) -> Found {
    let calls_a_visit = 1.0 / outcome.mean_batch;
    let rows_a_visit = rows_a_batch * calls_a_visit;
    Found {
        added_wait_ms: [outcome.added.p50, outcome.added.p99],
        whole_wait_ms: [outcome.whole.p50, outcome.whole.p99],
        visits_a_batch: outcome.mean_batch,
        calls_a_visit,
        rows_a_visit,
        calls_per_s_a_shard: visits_per_s * calls_a_visit,
        utilisation: outcome.utilisation,
        dollars_a_million: prices.worker_request + prices.object_request * calls_a_visit + prices.row_written * rows_a_visit,
    }
}
