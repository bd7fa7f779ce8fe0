//! What a shard answers.

use crate::counting::live::pulse::Pulse;
use crate::counting::protocol::batch::Receipt;
use crate::counting::protocol::report::Report;
use crate::counting::protocol::shard_metrics::ShardMetrics;
use serde::{Deserialize, Serialize};

/// What a shard answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The batch is stored; what became of its visits.
    Receipt(Receipt),
    /// The views that were asked for.
    Views(u64),
    /// Whether the id is known.
    Seen(bool),
    /// The visitors that were asked for.
    Visitors(Visitors),
    /// The call was not carried out.
    Refused(Fault),
    /// What was counted.
    Report(Report),
    /// Lines of an export.
    Exported(Exported),
    /// What became of the lines of a file.
    Imported(Imported),
    /// The views of the page, if it is there; before what was changed.
    Page(Option<u64>),
    /// The numbers of [`crate::counting::protocol::shard_metrics::SHARD`].
    Metrics(ShardMetrics),
    /// What the shard saw lately. Also how a shard tells it to who watches.
    Live(Pulse),
    /// Whether anybody watches, says the object that was told.
    Watched(bool),
    /// It is noted.
    Noted,
    /// What was counted.
    ReportWithAge {
        /// That.
        report: Report,
        /// How many lines the whole list has that it is a part of.
        names: u64,
        /// Milliseconds ago.
        age: u64,
    },
    /// The shard knows that the site will have more shards.
    Grown,
    /// The batch is stored; what became of its visits, whose views are a part of the site's: it has so many shards.
    Among(u16, Receipt),
}

/// Lines of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The lines, none if there are no more.
    pub lines: String,
    /// What the tables know: two answers with the same number are of one moment.
    pub checkpointed: u64,
}

/// What became of the lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// So many lines of the file are in the tables.
    pub lines: u64,
    /// What is wrong with one of the lines, if anything; then none of them was added.
    pub wrong: Option<String>,
}

/// The visitors of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitors {
    /// How many there were.
    pub visitors: u64,
    /// Views without a visitor, by reason, in the order of [`crate::counting::model::visitor::Withheld::ALL`].
    pub withheld: [u64; 4],
}

impl Visitors {
    /// Those of two shards together.
    pub fn plus(self, other: Self) -> Self {
        let mut withheld = self.withheld;
        for (sum, more) in withheld.iter_mut().zip(other.withheld) {
            *sum = sum.saturating_add(more);
        }
        Self { visitors: self.visitors.saturating_add(other.visitors), withheld }
    }
}

/// Why a shard did not carry out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The call cannot be read. Nothing was stored.
    Malformed,
    /// A later batch of the same isolate came before: whether this one was stored is no longer known.
    Superseded,
    /// The shard remembers as many isolates as it may. Nothing was stored.
    Full,
    /// Storage failed: perhaps stored.
    Storage,
    /// There are as many pages as there may be. Nothing was stored.
    Pages,
    /// More views than are told and exported exactly. Nothing was stored.
    TooMany,
    /// The site has so many shards, more than the asker knows of. Nothing was done.
    Outgrown(u16),
}
