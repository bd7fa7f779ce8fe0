//! Parking a visit until the visit that posts for it answers it, or until its own timer rings.
//!
//! A request must not run code of another, as a Rust waker, a channel or a shared future would. Only one number crosses, through a
//! promise that its owner made and awaits: see [`crate::edge::runtime::waits`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::ticket::Ticket;
use crate::counting::protocol::batch::{Counted, Verdict};
use crate::edge::runtime::waits::{self, OVER};

/// Why a parked visit runs again.
#[derive(Debug)]
pub(crate) enum Wake {
    /// It was told to lead.
    Lead,
    /// It was answered.
    Answer(Result<Counted, Failure>),
    /// Its timer rang first.
    Rang,
}

/// Parks the running request for at most `ms` milliseconds.
pub(crate) async fn park(ticket: Ticket, ms: u64) -> Wake {
    wake_of(waits::parked(ticket, ms).await)
}

/// Tells a parked visit to lead.
pub(crate) fn lead(ticket: Ticket) {
    waits::end(ticket, LEAD);
}

/// Answers a parked visit.
pub(crate) fn answer(ticket: Ticket, answer: &Result<Counted, Failure>) {
    waits::end(ticket, number_of(answer));
}

const LEAD: f64 = -1.0;
const BROKEN: f64 = -3.0;
const REFUSED: f64 = -4.0;
const LATE: f64 = -5.0;
const NOT_SENT: f64 = -6.0;
const BUSY: f64 = -10.0;

/// An answer as one number, because only a number crosses between requests: views * 8 + flags, exact for the first 2^50
/// views of a page. Failures are below zero; those with seconds to wait are even and odd numbers.
fn number_of(answer: &Result<Counted, Failure>) -> f64 {
    match answer {
        Ok(counted) => {
            let verdict = match counted.verdict {
                Verdict::Counted => 0,
                Verdict::Duplicate => 1,
                Verdict::Stale => 2,
                Verdict::Full => 3,
            };
            let flags = verdict | (u64::from(counted.other) << 2);
            #[allow(clippy::cast_precision_loss, reason = "exact below 2^53, see above")]
            let number = (counted.views.saturating_mul(8) | flags) as f64;
            number
        }
        Err(Failure::Broken(_)) => BROKEN,
        Err(Failure::Refused(_)) => REFUSED,
        Err(Failure::Deadline { sent: true }) => LATE,
        Err(Failure::Deadline { sent: false }) => NOT_SENT,
        Err(Failure::Busy { retry_after }) => BUSY - 2.0 * f64::from(*retry_after),
        Err(Failure::Overloaded { retry_after }) => BUSY - 2.0 * f64::from(*retry_after) - 1.0,
    }
}

/// The number of [`number_of`] or another signal, as the reason why the visit runs again.
fn wake_of(signal: f64) -> Wake {
    if signal >= 0.0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from `number_of`")]
        let number = signal as u64;
        let verdict = match number & 3 {
            0 => Verdict::Counted,
            1 => Verdict::Duplicate,
            2 => Verdict::Stale,
            _ => Verdict::Full,
        };
        return Wake::Answer(Ok(Counted { verdict, other: number & 4 == 4, views: number >> 3 }));
    }
    if signal == LEAD {
        return Wake::Lead;
    }
    if signal == OVER {
        return Wake::Rang;
    }
    let elsewhere = || "in the POST that another visit led".to_owned();
    Wake::Answer(Err(if signal == REFUSED {
        Failure::Refused(elsewhere())
    } else if signal == LATE || signal == NOT_SENT {
        Failure::Deadline { sent: signal == LATE }
    } else if signal <= BUSY {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from `number_of`")]
        let number = (BUSY - signal) as u64;
        let retry_after = u32::try_from(number >> 1).unwrap_or(u32::MAX);
        if number & 1 == 0 { Failure::Busy { retry_after } } else { Failure::Overloaded { retry_after } }
    } else {
        Failure::Broken(elsewhere())
    }))
}
