//! The answers of a shard.

use crate::counting::live::pulse::Pulse;
use crate::counting::protocol::batch::Receipt;
use crate::counting::protocol::load::ShardLoad;
use crate::counting::protocol::report::Report;
use crate::counting::protocol::shard_metrics::ShardMetrics;
use serde::{Deserialize, Serialize};

/// An answer of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The batch is stored; the verdicts on its visits.
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
    /// The views of the page, if it is there; after an amendment, the views before it.
    Page(Option<u64>),
    /// The numbers of [`crate::counting::protocol::shard_metrics::SHARD`].
    Metrics(ShardMetrics),
    /// The recent activity of the shard. A shard also sends it to the object of the watchers.
    Live(Pulse),
    /// Whether anybody watches; the answer of the object of the watchers.
    Watched(bool),
    /// The note is stored.
    Noted,
    /// What was counted a little while ago.
    ReportWithAge {
        /// What was counted.
        report: Report,
        /// How many lines the whole list has; 0 where the question asks for no list.
        names: u64,
        /// The age of the report, in milliseconds.
        age: u64,
    },
    /// The shard knows that the site will have more shards.
    Grown,
    /// The batch is stored; the number of the site's shards, and the verdicts. The views are only those of this shard.
    Among(u16, Receipt),
    /// What the shard had to carry.
    Load(ShardLoad),
}

/// Lines of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The lines, none if there are no more.
    pub lines: String,
    /// The state of the tables: answers with the same number are of one moment.
    pub checkpointed: u64,
}

/// The outcome of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// How many lines of the file are in the tables.
    pub lines: u64,
    /// What is wrong with one of the lines, in words for the owner. Then none of them was added.
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

/// Why a shard did not carry out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The call cannot be read. Nothing was stored.
    Malformed,
    /// A later batch of the same isolate came first. It is not known any more whether this one was stored.
    Superseded,
    /// The last batches of other lanes fill the memory that the shard has for them. Nothing was stored.
    Full,
    /// The storage failed. The call may be stored.
    Storage,
    /// The site has the most pages that it may. Nothing was stored.
    Pages,
    /// There would be more views than can be reported and exported exactly. Nothing was stored.
    TooMany,
    /// The site has more shards than the caller knows of: this many. Nothing was done.
    Outgrown(u16),
}
