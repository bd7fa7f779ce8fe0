//! Counter endpoints: what takes a visit and returns its outcome.
//!
//! There are two: `src/edge/clients/http_counter.rs` (a POST to `COUNTER_URL`) and `src/edge/clients/shards.rs` (the embedded counter).
//! Tests add fakes that fail before and after they stored a visit.

use crate::counting::model::reason::Reason;
use crate::counting::model::visit::Visit;
use std::fmt;

/// Takes visits.
pub trait CounterEndpoint {
    /// Registers one visit and returns once it is durable.
    ///
    /// May be called again with the same id: a visit whose id is known is a duplicate, and does not count
    /// again. If the returned future is dropped, the visit may or may not have been registered.
    ///
    /// # Errors
    /// [`Failure`], which says whether the visit is surely not stored.
    fn register(&self, visit: Visit) -> impl Future<Output = Result<Registered, Failure>>;
}

/// A visit that is durable in the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id was known: this call counted nothing.
    pub duplicate: bool,
    /// Its id counted for another page, as far as is known.
    pub of_another: bool,
    /// The views of the page, from the embedded counter. `None` from an external counter, whose answer is not read.
    pub page: Option<PageViews>,
}

/// What became of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was sent to its counter, which answered this.
    Sent(Result<Registered, Failure>),
    /// It was not sent, for this reason.
    Excluded(Reason),
}

/// The views of one page right after a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageViews {
    /// The page that the view counts under.
    pub page: String,
    /// Its views, this one included; `None` where they are spread over several shards.
    pub views: Option<u64>,
}

/// Why a counter gave no good answer to a visit or a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The counter refused: the visit is surely not stored.
    Refused(String),
    /// The counter cannot take more for now and stored nothing. A retry may succeed after some seconds.
    Busy {
        /// Seconds that a caller should wait.
        retry_after: u32,
    },
    /// The platform calls the counter overloaded, and does not say whether it carried out the call: the visit may be stored.
    /// A retry with the same id may succeed after some seconds.
    Overloaded {
        /// Seconds that a caller should wait.
        retry_after: u32,
    },
    /// The connection broke off or the answer made no sense: the visit may be stored.
    Broken(String),
    /// No answer before the deadline.
    Deadline {
        /// Whether the visit was sent to the counter. Then it may be stored.
        sent: bool,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(formatter, "refused: {why}"),
            Self::Busy { retry_after } => write!(formatter, "busy, worth a retry after {retry_after} s"),
            Self::Overloaded { retry_after } => write!(formatter, "overloaded, worth a retry after {retry_after} s"),
            Self::Broken(why) => write!(formatter, "broke off: {why}"),
            Self::Deadline { sent: true } => formatter.write_str("no answer before the deadline"),
            Self::Deadline { sent: false } => formatter.write_str("not sent before the deadline"),
        }
    }
}

impl Failure {
    /// Whether the visit is surely not stored.
    pub fn surely_not_stored(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Busy { .. } | Self::Deadline { sent: false })
    }
}
