//! When a POST to a shard is sent again.
//!
//! | outcome of an attempt | class | rule |
//! | --- | --- | --- |
//! | a receipt | registered | done |
//! | refused, malformed, busy, refused at the door of an overloaded object | not registered | done: sending it again adds load and changes nothing |
//! | any other exception that says `overloaded` | unknown | done: the caller may send the visit again, with its id, after `Retry-After` |
//! | connection lost, object reset, storage error, no answer | unknown | the same batch under the same number to the same shard, through a new stub |
//!
//! A retry is safe because the shard stores a batch's number with its effect and answers a known number with the
//! stored receipt.
//!
//! After `overloaded` a retry would be as safe, and would settle the doubt. There is none all the same: the platform asks not to
//! repeat such a call, because that makes the overload worse, and an overload outlasts a deadline of some seconds.

use crate::counting::dispatch::endpoint::Failure;

/// The most attempts for one call. An object that restarts answers the second. The third is for a restart at a bad moment.
pub(crate) const MAX_ATTEMPTS: u32 = 3;

/// Pauses before the second and the third attempt, in milliseconds, if the one before failed at once: an object needs time
/// to restart.
const PAUSES_MS: [u64; 2] = [20, 200];

/// How long an attempt (from 1) may take, in milliseconds: half of the time that is left, so that a lost answer leaves
/// time to ask again. The last attempt may take all of it.
pub fn attempt_ms(attempt: u32, now: u64, deadline: u64) -> u64 {
    let left = deadline.saturating_sub(now);
    if attempt >= MAX_ATTEMPTS { left } else { left.div_ceil(2) }
}

/// How long to wait after an attempt (from 1) before the next, in milliseconds; `None` to give up.
pub(crate) fn pause_ms(attempt: u32, failure: &Failure, now: u64, deadline: u64) -> Option<u64> {
    if failure.surely_not_stored() || matches!(failure, Failure::Overloaded { .. }) || attempt >= MAX_ATTEMPTS {
        return None;
    }
    let at = usize::try_from(attempt).ok()?.checked_sub(1)?;
    let pause = match failure {
        Failure::Deadline { .. } => 0,
        _ => *PAUSES_MS.get(at)?,
    };
    (now.saturating_add(pause) < deadline).then_some(pause)
}

/// The platform's messages for a call that an overloaded object never saw, because its queue was full. Any other message with `overloaded`
/// may come from an output gate that broke after the object carried out the call: a write that took too long, no memory left, or
/// "Requests queued for too long.", which breaks the gate as well (workerd, `jsg/exception-test.c++`).
pub const UNSEEN: [&str; 3] = [
    "Durable Object is overloaded.",
    "Durable Object is overloaded. Too many requests queued.",
    "Durable Object is overloaded. Too much data queued.",
];

/// Seconds after which a caller should repeat a call that an overloaded object did not take.
pub(crate) const OVERLOADED_RETRY_AFTER_S: u32 = 10;

/// The failure that an exception of the platform stands for, by its flag `overloaded` and its message. Unless the object surely never
/// saw the call, the visit may be stored.
pub fn of_exception(overloaded: bool, message: &str, describe: impl FnOnce() -> String) -> Failure {
    match overloaded {
        true if UNSEEN.contains(&message) => Failure::Busy { retry_after: OVERLOADED_RETRY_AFTER_S },
        true => Failure::Overloaded { retry_after: OVERLOADED_RETRY_AFTER_S },
        false => Failure::Broken(describe()),
    }
}

/// The attempts of one call.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    number: u32,
    deadline: u64,
    /// Whether the object may have carried out an earlier attempt.
    doubt: bool,
}

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Another attempt, after this many milliseconds.
    Again(u64),
    /// None: the call failed for this reason.
    Failed(Failure),
}

impl Attempts {
    /// For a call that must end at `deadline`, in milliseconds since 1970.
    pub fn until(deadline: u64) -> Self {
        Self { number: 0, deadline, doubt: false }
    }

    /// Begins an attempt, and returns how many milliseconds it may take.
    pub fn begin(&mut self, now: u64) -> u64 {
        self.number = self.number.saturating_add(1);
        attempt_ms(self.number, now, self.deadline)
    }

    /// What follows an attempt that failed. If the object may have carried out an earlier one, the refusal of the last does not
    /// mean that nothing is stored.
    pub fn failed(&mut self, failure: Failure, now: u64) -> After {
        if let Some(pause) = pause_ms(self.number, &failure, now, self.deadline) {
            self.doubt = true;
            return After::Again(pause);
        }
        if self.doubt && failure.surely_not_stored() {
            return After::Failed(Failure::Broken(format!(
                "an earlier attempt may have been carried out; the last one: {failure}"
            )));
        }
        After::Failed(failure)
    }
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
        assert_eq!(pause_ms(1, &Failure::Overloaded { retry_after: 1 }, 0, 1000), None, "it would make the overload worse");
    }

    #[test]
    fn overloaded_means_unseen_in_a_few_words_only() {
        let failure = |overloaded, message| of_exception(overloaded, message, || "told".to_owned());
        for message in UNSEEN {
            assert!(failure(true, message).surely_not_stored(), "{message}");
        }
        for message in [
            "",
            "Durable Object is overloaded. Requests queued for too long.",
            "Durable Object storage operation exceeded timeout which caused object to be reset.",
            "Durable Object's isolate exceeded its memory limit and was reset.",
            "Durable Object exceeded its CPU time limit and was reset.",
        ] {
            assert_eq!(failure(true, message), Failure::Overloaded { retry_after: 10 }, "{message}");
        }
        assert_eq!(failure(false, UNSEEN[0]), Failure::Broken("told".to_owned()), "words alone are anybody's");
    }

    #[test]
    fn a_refusal_after_a_doubt_is_a_doubt() {
        let busy = Failure::Busy { retry_after: 1 };
        let mut attempts = Attempts::until(1000);
        assert_eq!(attempts.begin(0), 500);
        assert_eq!(attempts.failed(Failure::Deadline { sent: true }, 500), After::Again(0));
        attempts.begin(500);
        let After::Failed(failure) = attempts.failed(busy.clone(), 600) else { panic!("busy is not sent again") };
        assert!(!failure.surely_not_stored(), "{failure:?}");
        let mut attempts = Attempts::until(1000);
        attempts.begin(0);
        assert_eq!(attempts.failed(busy.clone(), 1), After::Failed(busy), "nothing was in doubt");
    }

    #[test]
    fn attempts_together_end_at_the_deadline() {
        assert_eq!(attempt_ms(1, 0, 1000), 500);
        assert_eq!(attempt_ms(2, 500, 1000), 250);
        assert_eq!(attempt_ms(3, 750, 1000), 250);
        assert_eq!(attempt_ms(1, 2000, 1000), 0);
    }
}
