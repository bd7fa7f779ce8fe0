//! The records of a simulation run, and their summary.

/// Nanoseconds since the run began.
pub(crate) type Time = u64;

/// Nanoseconds in a millisecond.
pub(crate) const MS: f64 = 1e6;

/// The summary of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Milliseconds from a visit's arrival until it leaves in a POST.
    pub(crate) added: Waits,
    /// Milliseconds from a visit's arrival until its answer.
    pub(crate) whole: Waits,
    pub(crate) mean_batch: f64,
    /// The part of the time during which the shard works.
    pub(crate) utilisation: f64,
    /// Whether waits stopped growing.
    pub(crate) settled: bool,
    /// The part of the POSTs whose first attempt would time out.
    pub(crate) late: f64,
    /// The part of the visits that were refused because too many were parked.
    pub(crate) refused: f64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The events since the chunk or the measurement began.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) since: Time,
    /// The work that was left at the beginning.
    pub(crate) backlog: Time,
    pub(crate) added: Vec<f32>,
    pub(crate) whole: Vec<f32>,
    pub(crate) batches: u64,
    pub(crate) posted: u64,
    pub(crate) busy: Time,
    pub(crate) late: u64,
    pub(crate) refused: u64,
}

impl Notes {
    /// Makes the summary at a time when `left` work is left.
    pub(crate) fn outcome(self, now: Time, left: Time, settled: bool) -> Outcome {
        let Self { since, backlog, added, whole, batches, posted, busy, late, refused } = self;
        let part = |of: u64, all: usize| of as f64 / all.max(1) as f64;
        Outcome {
            late: part(late, batches as usize),
            refused: part(refused, whole.len()),
            added: waits(added),
            whole: waits(whole),
            mean_batch: part(posted, batches as usize),
            utilisation: (busy + backlog).saturating_sub(left) as f64 / (now - since).max(1) as f64,
            settled,
        }
    }
}

/// The mean, or 0 for an empty list.
pub(crate) fn mean(of: &[f32]) -> f64 {
    of.iter().map(|one| f64::from(*one)).sum::<f64>() / of.len().max(1) as f64
}

fn waits(mut of: Vec<f32>) -> Waits {
    of.sort_by(f32::total_cmp);
    let at = |percent: usize| of.get(of.len() * percent / 100).map_or(0.0, |wait| f64::from(*wait));
    Waits { p50: at(50), p99: at(99) }
}
