//! A deadline for whatever crosses a boundary.

use crate::edge::runtime::waits::timer;
use futures_util::future::{Either, select};
use std::pin::pin;

/// Waits for `work` at most `ms` milliseconds; `None` if they pass first. Then `work` is dropped, which ends nothing on
/// the other side: who can abort it must.
pub(crate) async fn within<T>(ms: u64, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(timer(ms))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
