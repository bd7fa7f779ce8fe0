//! Tickets: the numbers of the visits in an isolate, and how many of them may wait.

use crate::counting::protocol::batch::MAX_BATCH_VISITS;

/// The most visits that wait for one shard in one isolate: 16 full batches. A visit behind them would wait for 16
/// round trips, so it is refused instead (503).
pub const MAX_PARKED: usize = 16 * MAX_BATCH_VISITS;

/// The most of them that servers sent. A server that posts as fast as it can fills only these places, and the others stay free for pages.
pub const MAX_PARKED_BY_SERVERS: usize = MAX_PARKED / 2;

/// A visit in this isolate. Tickets are handed out in the order of arrival and never again.
pub type Ticket = u64;

/// The longest time that a visit or another request may have until its answer is due, in milliseconds.
pub(crate) const MAX_DEADLINE_MS: u64 = 25_000;
