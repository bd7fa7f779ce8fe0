//! The compact messages between an isolate and a shard, and the rows of a shard's journal.
//!
//! Encoded with postcard (its wire format is specified and stable since 1.0) behind one byte that names the version
//! of a message's shape. A message of another version, cut short or with bytes left over, is refused, never guessed at.
//! While a deployment rolls out, isolates and shards of two versions talk to each other, and journals of the version
//! before must still be read. So a variant is only ever added at the end of its enum, and a change of a shape raises its version
//! and keeps a reader of the version before, beginning with the first release.

use crate::counting::live::pulse::Pulse;
use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::minute::Minute;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;
use crate::counting::protocol::report::{Question, Report};
use crate::counting::protocol::shard_metrics::ShardMetrics;
use serde::{Deserialize, Serialize};

/// What is encoded by itself.
pub trait Message {
    /// The version of its shape.
    const VERSION: u8 = 1;
}

impl Message for Call<'_> {}
impl Message for Answer {}
impl Message for Receipt {}
impl Message for Question<'_> {}
impl Message for DayCall {}
impl Message for DayAnswer {}

impl Message for Row<'_> {}

/// The most visits of one batch. At 1,400 bytes for a visit with the longest page and details this keeps a journal row under
/// 0.75 MB, well below the 2 MB that a row may have.
pub const MAX_BATCH_VISITS: usize = 512;

/// The most tallies of one batch: two days of each reason there may ever be.
pub const MAX_BATCH_TALLIES: usize = 64;

/// What an isolate asks of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call<'a> {
    /// How many views has this page, or the whole shard?
    Views(Option<&'a str>),
    /// Is this id known? From then on the shard counts nothing under an earlier day.
    Seen {
        /// The asker's day.
        day: Day,
        /// The id.
        id: Fingerprint,
    },
    /// How many visitors did this day have?
    Visitors(Day),
    /// What was counted, by hour or by name?
    Report(Question<'a>),
    /// The lines of an export after this one, or the first ones.
    Export(Option<&'a str>),
    /// Add what these lines say, once.
    Import(Import<'a>),
    /// Change what was counted, as the owner wants it.
    Amend(Amend<'a>),
    /// How many views has this page, if it is there?
    Page(&'a str),
    /// What does the shard count of itself?
    Metrics,
    /// What did it see lately?
    Live,
    /// The same, and from now on it tells whenever that changes.
    Watch,
    /// Count these visits and tallies, once.
    Register(Batch<'a>),
    /// From where were visits refused? That is noted here.
    Unlisted(Vec<UnlistedVisits<'a>>),
    /// What was counted, and how long ago was that so?
    Ask(Question<'a>),
    /// Can it store, and what does it hold? Answered with its metrics.
    Health,
    /// A shard's part of what is asked of all: it is refused where the site has more shards than the asker knows of.
    Sum {
        /// How many shards are asked.
        shards: u16,
        /// What they are asked: the bytes of a call.
        call: &'a [u8],
    },
    /// The site will have so many shards. From then on the shard takes part in no smaller sum.
    Grow(u16),
}

/// Visits of a day that were refused, see [`crate::counting::http::unlisted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlistedVisits<'a> {
    /// The day.
    pub day: Day,
    /// The number of what is not listed.
    pub unlisted: u8,
    /// Its name.
    pub name: &'a str,
    /// How many visits.
    pub visits: u64,
}

/// Lines of a file on their way into a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import<'a> {
    /// The file's id.
    pub id: &'a str,
    /// How many lines of the file came before these.
    pub before: u64,
    /// Lines as [`crate::counting::ledger::record`] writes them. May be none, to ask how many are known.
    pub lines: &'a str,
}

/// What an owner changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amend<'a> {
    /// The views of a page are these; its hours and days stay. A page that is not there is made where there are any.
    Set {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
    },
    /// The views of a page that is there are so many more, or fewer; not fewer than none.
    Change {
        /// The page.
        page: &'a str,
        /// How many.
        by: i64,
        /// Tells a retry from another change: the time in milliseconds since 1970 with 13 digits, then anything.
        id: &'a str,
    },
    /// The page goes with all its views, from the site's as well. The site's visitors stay.
    Delete {
        /// The page.
        page: &'a str,
    },
    /// Everything that was counted goes.
    Wipe,
    /// A page that is not there is made with these views, if there are fewer than `most` pages.
    Make {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
        /// Pages that there may be.
        most: u64,
        /// As that of [`Self::Change`].
        id: &'a str,
    },
}

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
    Told {
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

/// What an isolate asks of a site's days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCall {
    /// The day of the isolate's clock.
    pub day: Day,
    /// The number of shards that is configured.
    pub shards: u16,
}

/// What a site's days answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayAnswer {
    /// What holds for the day that was asked for, or for a later one that has begun.
    Record(DayRecord),
    /// The call cannot be read, or names a day far from the object's own.
    Malformed,
    /// Storage failed.
    Storage,
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
    /// What was not counted since the last batch.
    pub tallies: Vec<Tally>,
}

/// Visits of a day that were not counted, for one reason.
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
    /// Its details: one more than the index into the details of its batch, or 0 where nothing is known.
    pub details: u16,
    /// Its id, if its caller gave one.
    pub id: Option<Fingerprint>,
    /// Who made it.
    pub visitor: Visitor,
    /// The day that its route and its visitor's hash are of.
    pub day: Day,
    /// The minute in which it was made, where it is sent late.
    pub made: Option<Minute>,
    /// Whose part of the memory its id takes up; nobody's where it has none.
    pub share: Share,
}

impl Item {
    /// Whether the visit was routed or hashed by its day's record, so that it must not be counted under another day.
    pub fn is_of_its_day(&self) -> bool {
        self.id.is_some() || matches!(self.visitor, Visitor::Hash(_) | Visitor::Guest(_))
    }
}

/// What became of the visits of a batch, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One for each visit.
    pub visits: Vec<Counted>,
}

/// What became of one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Whether it counted.
    pub verdict: Verdict,
    /// Its page was one too many for the site: it was counted under [`crate::counting::model::limits::OTHER`].
    pub other: bool,
    /// The views of the page it was counted under, right after it.
    pub views: u64,
}

/// Whether a visit counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It did.
    Counted,
    /// Its id was known: it counted nothing.
    Duplicate,
    /// A later day than its own has begun here: it counted nothing and must be routed anew.
    Stale,
    /// Its id is not known, and the shard remembers as many ids as it may: it counted nothing.
    Full,
}

/// A row of a journal: a batch, when it came, and the answer it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row<'a> {
    /// Milliseconds since 1970, by the shard's clock.
    pub at: u64,
    /// The batch.
    #[serde(borrow)]
    pub batch: Batch<'a>,
    /// Its receipt.
    pub receipt: Receipt,
}

/// Bytes that are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Encodes a message.
pub fn encode<M: Message + Serialize>(message: &M) -> Vec<u8> {
    // Messages are structs of numbers, strings and lists of known length: writing them to memory cannot fail. An
    // empty message would be refused by its reader.
    postcard::to_extend(message, vec![M::VERSION]).unwrap_or_default()
}

/// Decodes a message.
///
/// # Errors
/// [`Unreadable`].
pub fn decode<'a, M: Message + Deserialize<'a>>(bytes: &'a [u8]) -> Result<M, Unreadable> {
    let message = bytes.strip_prefix(&[M::VERSION]).ok_or(Unreadable)?;
    match postcard::take_from_bytes(message) {
        Ok((value, [])) => Ok(value),
        _ => Err(Unreadable),
    }
}
