//! What the checker puts down: tries, posts, sums, and what was broken.

use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::model::date::Day;
use footfall::counting::model::minute::Minute;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, VisitorHash};
use footfall::counting::protocol::batch::Receipt;

/// A promise that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// A visit was acknowledged that is not durable.
    AckNotStored,
    /// A visit was counted more than once.
    CountedTwice,
    /// A visit was counted that was reported as surely not stored.
    CountedRefused,
    /// A batch's receipt is not what it ought to be, or a retry of it got another.
    WrongReceipt,
    /// A visit got an answer that is not its own.
    WrongAnswer,
    /// A read, a page or a total is wrong, fell, or was made up.
    WrongTotal,
    /// An answer came after its deadline.
    Late,
    /// A visit gave up unsent although nobody was in its way for long.
    Starved,
    /// A visit was never answered.
    NeverAnswered,
    /// After all faults, a visit did not succeed at once, or something was left over.
    NotDrained,
    /// A batch is not what its visits are.
    BadBatch,
    /// An isolate posted to a shard while it was posting, and that was not slow.
    TwoPosts,
    /// More is kept than may be.
    Unbounded,
    /// An isolate asked for the day's record while it was asking.
    Stampede,
    /// The code under test panicked.
    Panicked,
}

/// A broken promise.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) broken: Broken,
    pub(crate) text: String,
    /// The tries that it concerns.
    pub(crate) tries: Vec<usize>,
    pub(crate) shard: Option<usize>,
}

/// The names of pages.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Names {
    pub(crate) fn of(&self, page: usize) -> &str {
        self.0.get(page).map_or(footfall::counting::model::limits::OTHER, String::as_str)
    }
}

/// A try in a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) a_try: usize,
    pub(crate) page: usize,
    pub(crate) id: Option<Fingerprint>,
    pub(crate) visitor: Visitor,
    pub(crate) day: Day,
    pub(crate) made: Option<Minute>,
}

/// In place of a visit: a probe, and what tells a visitor to another shard.
pub(crate) const PROBE: usize = usize::MAX;
pub(crate) const GUEST: usize = usize::MAX - 1;

/// One request: a visit, sent once. It may be routed anew, and then begins again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) member: Member,
    pub(crate) visit: usize,
    /// The incarnation of its isolate.
    pub(crate) isolate: usize,
    pub(crate) shard: usize,
    pub(crate) deadline: u64,
    /// When it began to wait for its shard, since it was last routed.
    pub(crate) since: u64,
    /// The post that has it since it was last routed, and its place in there.
    pub(crate) posted: Option<(usize, usize)>,
    pub(crate) answered: bool,
    pub(crate) acked: bool,
    pub(crate) refused: bool,
    /// Who made it, by the record under which it was counted.
    pub(crate) person: Option<(Day, VisitorHash)>,
    /// Its visitor could not be told to the shard that counts visitors.
    pub(crate) person_lost: bool,
    /// Its request was killed, or its isolate: nobody waits for an answer.
    pub(crate) excused: bool,
    pub(crate) counted: u32,
}

/// A batch that was sent.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) isolate: usize,
    pub(crate) shard: usize,
    pub(crate) lane: u8,
    pub(crate) members: Vec<Member>,
    /// After which time another may leave in another lane, and in its own.
    pub(crate) slow: u64,
    pub(crate) lapses: u64,
    /// What a shard's journal has as its receipt.
    pub(crate) receipt: Option<Receipt>,
    pub(crate) durable: bool,
    pub(crate) outcome: Option<Result<(), Failure>>,
}

/// How many tries ended how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) acked: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) excused: u64,
    /// Answers that sent a visit on to the next day.
    pub(crate) stale: u64,
    /// Answers of isolates with as many parked visits as may be.
    pub(crate) full: u64,
    pub(crate) posts: u64,
    pub(crate) rows: u64,
    /// Visitors who were told to another shard than the view's.
    pub(crate) guests: u64,
    /// Sums over all shards that had an answer, and parts of sums that a shard refused as there are more shards.
    pub(crate) sums: u64,
    pub(crate) outgrown: u64,
    /// How often the first shard was told of more shards, and records that were had before their day.
    pub(crate) grown: u64,
    pub(crate) early: u64,
    /// The most calls of the day's object in one second.
    pub(crate) most_asked: u64,
}

impl Sums {
    pub(crate) fn add(&mut self, other: &Self) {
        self.acked += other.acked;
        self.duplicates += other.duplicates;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.excused += other.excused;
        self.stale += other.stale;
        self.full += other.full;
        self.posts += other.posts;
        self.rows += other.rows;
        self.guests += other.guests;
        self.sums += other.sums;
        self.outgrown += other.outgrown;
        self.grown += other.grown;
        self.early += other.early;
        self.most_asked = self.most_asked.max(other.most_asked);
    }
}
