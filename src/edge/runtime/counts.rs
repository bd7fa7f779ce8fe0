//! The metrics of the isolate since it began, as `GET /metrics` returns them.

use crate::counting::http::compat;
use crate::counting::http::metrics::IsolateMetrics;
use crate::counting::http::reply::{Reply, VisitStatus};
use std::cell::{Cell, RefCell};

thread_local! {
    static OWN: RefCell<IsolateMetrics> = RefCell::new(IsolateMetrics::default());
    /// How often a counter of CountAPI or Abacus was read, and how often one was created.
    static ASKED: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

/// Counts the outcome of a visit.
pub(crate) fn visit(outcome: VisitStatus) {
    OWN.with_borrow_mut(|own| own.visit(outcome));
}

/// The answer of `/stats` of CountAPI and Abacus: what this isolate has answered since it began. Nothing adds up all isolates.
pub(crate) fn stats(function: Option<&str>) -> Reply {
    OWN.with_borrow(|own| compat::route::answer_stats(&own.visits, ASKED.get(), function))
}

/// Counts that a counter of CountAPI or Abacus was read or created.
pub(crate) fn asked(created: bool) {
    let [read, create] = ASKED.get();
    ASKED.set(if created { [read, create.saturating_add(1)] } else { [read.saturating_add(1), create] });
}

/// Counts a batch that is posted.
pub(crate) fn batch(visits: usize) {
    OWN.with_borrow_mut(|own| own.batch(u64::try_from(visits).unwrap_or(u64::MAX)));
}

/// Counts a problem that was logged.
pub(crate) fn problem(event: &str) {
    OWN.with_borrow_mut(|own| own.problem(event));
}

/// Counts a retry of a call to an object.
pub(crate) fn retry() {
    OWN.with_borrow_mut(|own| own.retries = own.retries.saturating_add(1));
}

/// Gives `work` the metrics.
pub(crate) fn with_counts<T>(work: impl FnOnce(&IsolateMetrics) -> T) -> T {
    OWN.with_borrow(work)
}
