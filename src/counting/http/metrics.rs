//! The metrics of an isolate and of a site's shards, written in Prometheus's text format, version 0.0.4.
//!
//! Each counter begins at 0 when its isolate or object starts, as Prometheus expects. The isolate that answers writes its own counters, with its
//! name as a label.

use crate::counting::http::reply::VisitStatus;
use crate::counting::protocol::shard_metrics::{SHARD, ShardMetrics};
use std::fmt::Write as _;

/// The upper bounds of the histogram's buckets, in visits of a batch.
pub(crate) const SIZES: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// The counters of an isolate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IsolateMetrics {
    /// Visits by their status, in the order of [`VisitStatus::ALL`].
    pub visits: [u64; 7],
    /// Batches that were posted, by their size, in the order of [`SIZES`].
    pub batches: [u64; SIZES.len()],
    /// Visits in these batches.
    pub batched: u64,
    /// Calls to objects that were repeated.
    pub retries: u64,
    /// Problems that were logged, in the order of [`PROBLEMS`].
    pub problems: [u64; PROBLEMS.len()],
}

/// The problems that an isolate logs. docs/runbook.md says what each means and what to do.
pub(crate) const PROBLEMS: [&str; 11] = [
    "visit_failed",
    "visitor_lost",
    "refused_lost",
    "no_day_record",
    "not_grown",
    "read_failed",
    "storage_failed",
    "misconfigured",
    "export_failed",
    "live_failed",
    "unhealthy",
];

impl IsolateMetrics {
    /// Counts a visit that was answered.
    pub(crate) fn visit(&mut self, outcome: VisitStatus) {
        let at = VisitStatus::ALL.iter().position(|one| *one == outcome);
        if let Some(visits) = at.and_then(|at| self.visits.get_mut(at)) {
            *visits = visits.saturating_add(1);
        }
    }

    /// Counts a problem that was logged.
    pub(crate) fn problem(&mut self, event: &str) {
        let at = PROBLEMS.iter().position(|one| *one == event);
        if let Some(problems) = at.and_then(|at| self.problems.get_mut(at)) {
            *problems = problems.saturating_add(1);
        }
    }

    /// Counts a posted batch, by its number of visits.
    pub(crate) fn batch(&mut self, visits: u64) {
        self.batched = self.batched.saturating_add(visits);
        let at = SIZES.iter().position(|most| visits <= *most);
        if let Some(batches) = at.and_then(|at| self.batches.get_mut(at)) {
            *batches = batches.saturating_add(1);
        }
    }
}

/// The state of the isolate that answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Isolate<'a> {
    /// The isolate's name.
    pub name: &'a str,
    /// Visits that are parked at present.
    pub parked: u64,
    /// Leads that lapsed: their visits did not end in time.
    pub lapsed: u64,
    /// Pages of WebAssembly memory, 64 KiB each.
    pub memory_pages: u64,
}

/// Writes all metrics. `most` is the number of shards up to which the site grows.
pub(crate) fn text(isolate: Isolate<'_>, own: &IsolateMetrics, site: &str, shards: &[ShardMetrics], most: u16) -> String {
    let mut text = String::new();
    let label = format!("isolate=\"{}\"", isolate.name);
    head(&mut text, "footfall_visits_total", "counter", "Requests that were visits, by what became of them.");
    for (outcome, visits) in VisitStatus::ALL.iter().zip(own.visits) {
        line(&mut text, "footfall_visits_total", &format!("{label},outcome=\"{}\"", outcome.as_str()), visits);
    }
    head(&mut text, "footfall_problems_total", "counter", "What was logged.");
    for (event, problems) in PROBLEMS.iter().zip(own.problems) {
        line(&mut text, "footfall_problems_total", &format!("{label},event=\"{event}\""), problems);
    }
    head(&mut text, "footfall_batch_visits", "histogram", "Visits a batch.");
    let mut sum: u64 = 0;
    for (most, batches) in SIZES.iter().zip(own.batches) {
        sum = sum.saturating_add(batches);
        line(&mut text, "footfall_batch_visits_bucket", &format!("{label},le=\"{most}\""), sum);
    }
    line(&mut text, "footfall_batch_visits_bucket", &format!("{label},le=\"+Inf\""), sum);
    line(&mut text, "footfall_batch_visits_sum", &label, own.batched);
    line(&mut text, "footfall_batch_visits_count", &label, sum);
    for (name, kind, help, value) in [
        ("footfall_retries_total", "counter", "Calls of objects that were made again.", own.retries),
        (
            "footfall_lapsed_total",
            "counter",
            "Leads of batches that were not ended in time; visits behind them waited.",
            isolate.lapsed,
        ),
        ("footfall_parked", "gauge", "Visits that wait for a batch; 8192 a shard at most.", isolate.parked),
        ("footfall_memory_pages", "gauge", "Pages of WebAssembly memory, 64 KiB each.", isolate.memory_pages),
    ] {
        head(&mut text, name, kind, help);
        line(&mut text, name, &label, value);
    }
    let present = u64::try_from(shards.len()).unwrap_or(u64::MAX);
    for (name, help, value) in [
        ("footfall_shards", "Shards of the site.", present),
        (
            "footfall_shards_most",
            "Shards that the site may grow to by itself: MAX_SHARDS, or SHARDS if that is a number.",
            u64::from(most),
        ),
    ] {
        head(&mut text, name, "gauge", help);
        line(&mut text, name, &format!("site=\"{site}\""), value);
    }
    for (at, (name, kind, help)) in SHARD.iter().enumerate() {
        head(&mut text, name, kind, help);
        for (shard, metrics) in shards.iter().enumerate() {
            let value = metrics.get(at).copied().unwrap_or(0);
            // The name of a site has no character that needs an escape.
            line(&mut text, name, &format!("site=\"{site}\",shard=\"{shard}\""), value);
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_one_that_prometheus_reads() {
        let mut own = IsolateMetrics::default();
        own.visit(VisitStatus::Counted);
        own.visit(VisitStatus::Unknown);
        for visits in [1, 1, 3, 512] {
            own.batch(visits);
        }
        own.problem("read_failed");
        own.problem("of a version to come");
        let isolate = Isolate { name: "0a", parked: 5, lapsed: 2, memory_pages: 17 };
        let text = text(isolate, &own, "blog", &[(1..=14).collect(), vec![7]], 64);
        for line in text.lines() {
            let (name, rest) = line.split_once(['{', ' ']).unwrap();
            assert!(name == "#" || name.starts_with("footfall_"), "{line}");
            assert!(name == "#" || rest.split(' ').next_back().unwrap().parse::<u64>().is_ok(), "{line}");
        }
        for wanted in [
            "footfall_visits_total{isolate=\"0a\",outcome=\"counted\"} 1",
            "footfall_visits_total{isolate=\"0a\",outcome=\"unknown\"} 1",
            "footfall_batch_visits_bucket{isolate=\"0a\",le=\"1\"} 2",
            "footfall_batch_visits_bucket{isolate=\"0a\",le=\"4\"} 3",
            "footfall_batch_visits_bucket{isolate=\"0a\",le=\"+Inf\"} 4",
            "footfall_batch_visits_sum{isolate=\"0a\"} 517",
            "footfall_parked{isolate=\"0a\"} 5",
            "footfall_lapsed_total{isolate=\"0a\"} 2",
            "footfall_problems_total{isolate=\"0a\",event=\"read_failed\"} 1",
            "footfall_problems_total{isolate=\"0a\",event=\"visit_failed\"} 0",
            "footfall_shards{site=\"blog\"} 2",
            "footfall_shards_most{site=\"blog\"} 64",
            "footfall_shard_batches_total{site=\"blog\",shard=\"0\"} 1",
            "footfall_shard_batches_total{site=\"blog\",shard=\"1\"} 7",
            "footfall_shard_journal_rows{site=\"blog\",shard=\"0\"} 14",
            "footfall_shard_journal_rows{site=\"blog\",shard=\"1\"} 0",
        ] {
            assert!(text.lines().any(|line| line == wanted), "{wanted} is not in\n{text}");
        }
        let helps = text.lines().filter(|line| line.starts_with("# HELP")).count();
        assert_eq!(helps, 9 + SHARD.len());
    }
}
