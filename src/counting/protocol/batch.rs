//! A batch of visits on its way to a shard, and its receipt. [`crate::counting::protocol::row`] keeps both.

use crate::counting::model::date::Day;
use crate::counting::model::minute::Minute;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;
use serde::{Deserialize, Serialize};

/// The most visits of one batch. A visit with the longest page and details has 1,400 bytes, so a batch takes less than 0.75 MB of a journal
/// row, far below the 2 MB that a row may have.
pub const MAX_BATCH_VISITS: usize = 512;

/// The most tallies of one batch: two days of each reason there may ever be.
pub const MAX_BATCH_TALLIES: usize = 64;

/// Visits that one isolate sends in one POST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<'a> {
    /// The isolate: 128 random bits drawn once in its life.
    pub isolate: u128,
    /// The number of this batch among those of its isolate to this shard; a retry has the same, a new batch a higher one.
    pub sequence: u64,
    /// The pages of the visits, each once.
    #[serde(borrow)]
    pub pages: Vec<&'a str>,
    /// The details of the visits, each once, as [`crate::counting::model::dimensions::Dimensions`] writes them.
    pub details: Vec<&'a str>,
    /// The visits in the order of their arrival.
    pub visits: Vec<Item>,
    /// The visits that were not counted since the last batch.
    pub tallies: Vec<Tally>,
}

/// How many visits of a day were not counted, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The day.
    pub day: Day,
    /// The number of the reason, see [`crate::counting::model::reason::Reason`].
    pub reason: u8,
    /// How many.
    pub visits: u64,
}

/// One visit of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its page: an index into the pages of its batch.
    pub page: u16,
    /// Its details: one more than the index into the details of its batch, or 0 if it has none.
    pub details: u16,
    /// Its id, if its caller gave one.
    pub id: Option<Fingerprint>,
    /// Its visitor, or why it has none.
    pub visitor: Visitor,
    /// The day that its route and its visitor's hash follow.
    pub day: Day,
    /// The minute in which it was made, if it is sent late.
    pub made: Option<Minute>,
    /// The share of the memory of ids that its id counts to; that of nobody if it has none.
    pub share: Share,
}

impl Item {
    /// Whether the day's record decided its route or its visitor's hash. Then it must not count under another day.
    pub(crate) fn is_of_its_day(&self) -> bool {
        self.id.is_some() || matches!(self.visitor, Visitor::Hash(_) | Visitor::Guest(_))
    }
}

/// The verdicts on the visits of a batch, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One for each visit.
    pub visits: Vec<Counted>,
}

/// The verdict on one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Whether it counted.
    pub verdict: Verdict,
    /// Its page was one too many for the shard, so it counts under [`crate::counting::model::limits::OTHER`].
    pub other: bool,
    /// The views of the page that it counts under, right after it.
    pub views: u64,
}

/// Whether a visit counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It counted.
    Counted,
    /// Its id was known, so it counted nothing.
    Duplicate,
    /// A later day than its own has begun in the shard. It counted nothing, and needs another route.
    Stale,
    /// Its id is not known, and the shard has no room to remember it. It counted nothing.
    Full,
}
