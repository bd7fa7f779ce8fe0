//! A seeded simulator. It runs the real batcher, retry rules, routing, ledger, days and messages for hundreds of isolates
//! and shards, on a virtual clock, under faults that a seed chooses. A checker compares the outcome with the promises in
//! docs/architecture.md.
//!
//! `FOOTFALL_SEEDS=100000` runs more seeds, and `FOOTFALL_FIRST_SEED=100000` the ones from there on. `FOOTFALL_SEED=7` runs one seed and
//! prints everything that happened.
//!
//! | file | contents |
//! | --- | --- |
//! | `plan`, `rng` | the world and the faults that a seed chooses |
//! | `world`, `queue`, `client` | the events, and when they happen |
//! | `request`, `leading`, `parking`, `isolate` | the edge, modelled by hand: a request in its isolate |
//! | `exchange`, `object`, `upkeep` | calls, the network, and the Durable Objects behind it |
//! | `grouping` | batches that wait in a shard, and share a journal row |
//! | `growing`, `sums` | more shards, and sums over all of them |
//! | `store`, `statements`, `store_check` | a database in memory, and the test that compares it with SQLite |
//! | `checker`, `posting`, `facts`, `answers`, `truth`, `probe`, `verify` | the expected outcome, and the checks against it |
//! | `midnight` | hundreds of isolates, and a days object that takes few calls |
//! | `one_fault` | a healthy site with one fault |
//! | `history` | what a failure prints |
//! | `mutation` | deliberate bugs, which prove that the checker works |
//!
//! The load that makes a site grow comes from the plan: seven hundred calls a second for ten minutes are too many. Not modelled: a call that takes longer than a shard remembers its batch (60 s), more isolates than a shard remembers
//! (150,000), more ids or visitors than a shard remembers (tens of millions), sums of anything but views, and `COUNTER_URL`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod answers;
mod checker;
mod client;
mod exchange;
mod facts;
mod grouping;
mod growing;
mod history;
mod isolate;
mod leading;
mod midnight;
mod mutation;
mod object;
mod one_fault;
mod parking;
mod plan;
mod posting;
mod probe;
mod queue;
mod request;
mod rng;
mod runner;
mod statements;
mod store;
mod store_check;
mod sums;
mod truth;
mod upkeep;
mod verify;
mod world;

use history::History;
use mutation::Mutation;
use plan::FAULTS;
use runner::{describe, run_all};

/// The number of seeds in a build without optimisation, where each seed takes ten times as long.
const SEEDS_UNOPTIMISED: u64 = 150;
const SEEDS: u64 = 10_000;

/// The number of seeds within which the checker must detect each mutation.
const SEEDS_OF_A_MUTATION: u64 = 5_000;

#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number("FOOTFALL_SEED") {
        let outcome = world::run(seed, Mutation::None, History::kept());
        println!("{}", outcome.history.all(outcome.start));
        assert!(outcome.violation.is_none(), "{}", describe(seed, Mutation::None));
        return;
    }
    let seeds = number("FOOTFALL_SEEDS").unwrap_or(if cfg!(debug_assertions) { SEEDS_UNOPTIMISED } else { SEEDS });
    let first = number("FOOTFALL_FIRST_SEED").unwrap_or(0);
    let report = run_all(first..first + seeds, Mutation::None);
    report.print();
    if let Some((seed, _)) = report.failed {
        panic!("{}", describe(seed, Mutation::None));
    }
    if first == 0 && seeds >= SEEDS_UNOPTIMISED {
        assert!(
            report.tries > report.visits && report.sums.duplicates > 0 && report.sums.stale > 0,
            "no visit was repeated, or none was stale"
        );
        for (fault, struck) in FAULTS.iter().zip(report.struck) {
            assert!(struck > 0, "{fault:?} never struck");
        }
        assert!(report.sums.shared > 0 && report.sums.joined > 0, "no batches shared a row, or none came again while it waited");
        assert!(report.sums.full > 0, "no isolate was ever full");
        assert!(
            report.sums.grown_by_load > 0 && report.sums.loads_missing > 0,
            "no site ever grew by its load, or every load came"
        );
        assert!(report.sums.aside > 0, "no POST left beside a slow one");
        assert!(report.sums.overloaded > 0, "no object carried out a call though it was overloaded");
        assert!(report.sums.guests > 0, "no visitor belonged to another shard than the visit's id");
        assert!(report.sums.grown > 0 && report.sums.outgrown > 0, "no isolate ever learned of more shards while it summed");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 2, 21, 107] {
        let digests = [0, 1].map(|_| world::run(seed, Mutation::None, History::kept()).history.digest());
        assert_eq!(digests[0], digests[1], "seed {seed}");
    }
}

#[test]
fn the_checker_detects_each_mutation() {
    for (mutation, expected) in Mutation::ALL {
        let report = run_all(0..SEEDS_OF_A_MUTATION, mutation);
        let Some((seed, violation)) = report.failed else { panic!("{mutation:?} breaks nothing in {SEEDS_OF_A_MUTATION} seeds") };
        assert!(
            expected.contains(&violation.broken),
            "{mutation:?} breaks {:?}:\n{}",
            violation.broken,
            describe(seed, mutation)
        );
        println!("{mutation:?}: seed {seed}, {:?}, {}", violation.broken, violation.text);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}; allowed: a whole number")))
}
