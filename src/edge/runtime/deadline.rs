//! A deadline for work that leaves the isolate.

use crate::edge::runtime::waits::timer;
use futures_util::future::{Either, select};
use std::pin::pin;

/// Waits for `work` at most `ms` milliseconds; `None` if they pass first. Then `work` is dropped, which does not stop the
/// other side: a caller that can abort it must do so.
pub(crate) async fn within<T>(ms: u64, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(timer(ms))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
