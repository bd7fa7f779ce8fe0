//! When a POST to a shard is sent again.
//!
//! | what came of an attempt | class | rule |
//! | --- | --- | --- |
//! | a receipt | registered | done |
//! | refused, malformed, busy, overloaded | not registered | done: sending it again adds load and changes nothing |
//! | connection lost, object reset, storage error, no answer | unknown | the same batch under the same number to the same shard, through a new stub |
//!
//! A retry is safe because the shard stores a batch's number with its effect and answers a known number with the
//! stored receipt.

use super::endpoint::Failure;

/// Attempts for one batch. An object that restarts answers the second; the third is for a restart in a bad moment.
pub const MAX_ATTEMPTS: u32 = 3;

/// Waits before the second and the third attempt, in milliseconds, where the attempt failed at once: time for an
/// object to restart.
const PAUSES_MS: [u64; 2] = [20, 200];

/// How long attempt `attempt` (from 1) may take, in milliseconds: half of what is left, so that a lost reply leaves
/// time to ask again; all of it for the last.
pub fn attempt_ms(attempt: u32, now: u64, deadline: u64) -> u64 {
    let left = deadline.saturating_sub(now);
    if attempt >= MAX_ATTEMPTS { left } else { left.div_ceil(2) }
}

/// How long to wait, in milliseconds, before the attempt after `attempt` (from 1), or `None` to give up.
pub fn pause_ms(attempt: u32, failure: &Failure, now: u64, deadline: u64) -> Option<u64> {
    if failure.surely_not_stored() || attempt >= MAX_ATTEMPTS {
        return None;
    }
    let at = usize::try_from(attempt).ok()?.checked_sub(1)?;
    let pause = match failure {
        Failure::Deadline { .. } => 0,
        _ => *PAUSES_MS.get(at)?,
    };
    (now.saturating_add(pause) < deadline).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unknown_is_sent_again() {
        let broken = Failure::Broken(String::new());
        assert_eq!(pause_ms(1, &broken, 0, 1000), Some(20));
        assert_eq!(pause_ms(2, &broken, 0, 1000), Some(200));
        assert_eq!(pause_ms(3, &broken, 0, 1000), None, "attempts are bounded");
        assert_eq!(pause_ms(2, &broken, 900, 1000), None, "the deadline holds");
        assert_eq!(pause_ms(1, &Failure::Deadline { sent: true }, 500, 1000), Some(0));
        assert_eq!(pause_ms(1, &Failure::Refused(String::new()), 0, 1000), None);
        assert_eq!(pause_ms(1, &Failure::Busy { retry_after: 1 }, 0, 1000), None);
    }

    #[test]
    fn attempts_together_end_at_the_deadline() {
        assert_eq!(attempt_ms(1, 0, 1000), 500);
        assert_eq!(attempt_ms(2, 500, 1000), 250);
        assert_eq!(attempt_ms(3, 750, 1000), 250);
        assert_eq!(attempt_ms(1, 2000, 1000), 0);
    }
}
