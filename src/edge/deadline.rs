//! A deadline for whatever crosses a boundary.

use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// Waits for `work` at most `ms` milliseconds; `None` if they pass first. Then `work` is dropped, which ends nothing on
/// the other side: who can abort it must.
pub(super) async fn within<T>(ms: u64, work: impl Future<Output = T>) -> Option<T> {
    let timer = pin!(Delay::from(Duration::from_millis(ms)));
    match select(pin!(work), timer).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
