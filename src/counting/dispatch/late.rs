//! Visits that the batcher answered because their deadline had come.
//!
//! The timer of such a visit may have rung in the same turn, before the answer. Then the visit reports that its timer rang, and must get the
//! same answer again. A visit that the batcher does not know any more would be taken for one in a batch, which may be stored.

use crate::counting::dispatch::ticket::{MAX_PARKED, Ticket};
use std::collections::VecDeque;

/// The tickets of these visits, in rising order. Most of them never report anything again, so the lowest are forgotten: as many are kept
/// as may be parked and late at once.
#[derive(Debug, Default)]
pub(crate) struct Late(VecDeque<Ticket>);

impl Late {
    /// Notes a visit that was answered.
    pub(crate) fn note(&mut self, ticket: Ticket) {
        if let Err(at) = self.0.binary_search(&ticket) {
            self.0.insert(at, ticket);
        }
        if self.0.len() > MAX_PARKED {
            self.0.pop_front();
        }
    }

    /// Whether a visit was answered. It is forgotten.
    pub(crate) fn take(&mut self, ticket: Ticket) -> bool {
        self.0.binary_search(&ticket).ok().and_then(|at| self.0.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_visits_are_known_once_each() {
        let mut late = Late::default();
        let most = MAX_PARKED as u64;
        for ticket in (1..=most).rev().chain([7, most + 1]) {
            late.note(ticket);
        }
        assert_eq!((0..=most + 2).filter(|ticket| late.take(*ticket)).collect::<Vec<_>>(), (2..=most + 1).collect::<Vec<_>>());
        assert!(!late.take(7));
    }
}
