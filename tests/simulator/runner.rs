//! Runs many seeds on all cores, and describes a failure for a reader.

use crate::facts::{Broken, Sums, Violation};
use crate::history::{About, History};
use crate::mutation::Mutation;
use crate::plan::FAULTS;
use crate::world;
use crate::world::World;
use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The summary of many seeds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    seeds: u64,
    pub(crate) visits: u64,
    pub(crate) tries: u64,
    pub(crate) sums: Sums,
    pub(crate) struck: [u64; FAULTS.len()],
    /// The smallest of the seeds that failed.
    pub(crate) failed: Option<(u64, Violation)>,
    seconds: f64,
}

/// Runs seeds in their order until one fails.
#[allow(clippy::disallowed_methods, reason = "the printed summary says how long the tests took")]
pub(crate) fn run_all(seeds: Range<u64>, mutation: Mutation) -> Report {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = guarded(seed, mutation, History::default());
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    if report.add(seed, outcome) {
                        next.store(seeds.end, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.seconds = began.elapsed().as_secs_f64();
    report
}

/// Runs a seed. A panic is a broken promise, too.
fn guarded(seed: u64, mutation: Mutation, history: History) -> Result<world::Outcome, Violation> {
    catch_unwind(AssertUnwindSafe(|| world::run(seed, mutation, history))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
        Violation { broken: Broken::Panicked, text, tries: Vec::new(), shard: None }
    })
}

/// Runs a failed seed again, and returns a description with its history.
pub(crate) fn describe(seed: u64, mutation: Mutation) -> String {
    let again = format!("FOOTFALL_SEED={seed} runs it alone and prints all of it");
    match guarded(seed, mutation, History::kept()) {
        Err(violation) => format!("seed {seed}: {:?}: {}\n{again}", violation.broken, violation.text),
        Ok(world::Outcome { violation: None, .. }) => {
            format!("seed {seed} did not fail again, so the run depends on more than its seed")
        }
        Ok(world::Outcome { violation: Some(violation), history, start, concerned, .. }) => {
            let excerpt = history.excerpt(start, &concerned);
            format!("seed {seed}: {:?}: {}\n{excerpt}{again}", violation.broken, violation.text)
        }
    }
}

impl World {
    /// The tries of the violation's visits, and their posts. If it names no try: its shard.
    pub(crate) fn concerned(&self) -> Vec<About> {
        let Some(violation) = &self.checker.broken else { return Vec::new() };
        let visits: Vec<usize> = violation.tries.iter().map(|a_try| self.checker.tries[*a_try].visit).collect();
        let tries: Vec<usize> =
            (0..self.requests.len()).filter(|a_try| visits.contains(&self.checker.tries[*a_try].visit)).collect();
        if tries.is_empty() {
            return violation.shard.map(About::Shard).into_iter().collect();
        }
        let posts = tries.iter().filter_map(|a_try| self.checker.tries[*a_try].posted).map(|(post, _)| About::Post(post));
        posts.chain(tries.iter().map(|a_try| About::Try(*a_try))).collect()
    }
}

impl Report {
    /// Adds a run. Returns whether it failed.
    fn add(&mut self, seed: u64, outcome: Result<world::Outcome, Violation>) -> bool {
        self.seeds += 1;
        let violation = match outcome {
            Err(violation) => Some(violation),
            Ok(outcome) => {
                self.visits += outcome.visits;
                self.tries += outcome.tries;
                self.sums.add(&outcome.sums);
                for (sum, struck) in self.struck.iter_mut().zip(outcome.struck) {
                    *sum += struck;
                }
                outcome.violation
            }
        };
        let Some(violation) = violation else { return false };
        if self.failed.as_ref().is_none_or(|(first, _)| seed < *first) {
            self.failed = Some((seed, violation));
        }
        true
    }

    /// Prints a summary straight to stderr, because the test harness hides the output of passing tests.
    pub(crate) fn print(&self) {
        let Self { seeds, visits, tries, sums, seconds, .. } = self;
        let faults: Vec<String> = FAULTS.iter().zip(self.struck).map(|(fault, struck)| format!("{fault:?} {struck}")).collect();
        let Sums { acked, duplicates, refused, unknown, excused, stale, full, guests, .. } = *sums;
        let Sums { grown_by_load: by_load, loads_missing: missing, loads, .. } = *sums;
        let Sums { posts, aside, rows, shared, joined, overloaded, outgrown, grown, .. } = *sums;
        let (counted, parts, faults) = (acked - duplicates, sums.sums, faults.join(", "));
        let text = format!(
            "simulator: {seeds} seeds, {visits} visits in {tries} requests in {seconds:.1} s\n  answers: {counted} counted, {duplicates} duplicate, \
             {refused} surely not stored, {unknown} unknown, {excused} to nobody; {stale} sent on to the next day, {full} found their isolate full\n  \
             {posts} posts, {aside} of them beside a slow one, {overloaded} calls carried out though overloaded, {guests} visitors told to another \
             shard\n  {rows} journal rows, which {shared} batches shared, {joined} calls joined a batch that waited\n  {parts} sums over all shards, \
             {outgrown} begun anew as there were more, {grown} times more shards, {by_load} by their load; {missing} of {loads} \
             loads did not come\n  faults: {faults}\n",
        );
        // The test result does not depend on this output.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
