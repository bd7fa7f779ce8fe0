//! One request of an isolate asks for all: the others wait for its answer, and ask themselves when it is gone.

/// How long after its time the request that asks counts as gone, in milliseconds: its timer may be late.
pub(crate) const GRACE_MS: u64 = 100;

/// Whether the answer of a request that asks until `until` may still come. No request asks for longer than `most_ms`; one that seems to was set by a
/// clock that was ahead. Times are in milliseconds since 1970.
pub(crate) fn may_come(until: u64, now: u64, most_ms: u64) -> bool {
    until.saturating_add(GRACE_MS) >= now && until <= now.saturating_add(most_ms)
}

/// The first time at which a request that asks until `until` counts as gone.
pub(crate) fn gone_at(until: u64) -> u64 {
    until.saturating_add(GRACE_MS).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waits_until_it_is_gone_can_ask() {
        let until = 5_000;
        assert!(may_come(until, gone_at(until) - 1, 25_000) && !may_come(until, gone_at(until), 25_000));
        assert!(!may_come(until + 25_001, until, 25_000), "a clock was ahead");
    }
}
