//! The checker's records: tries, posts, sums and broken promises.

use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::model::date::Day;
use footfall::counting::model::minute::Minute;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, VisitorHash};
use footfall::counting::protocol::batch::Receipt;

/// A promise that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// A visit was acknowledged, but is not durable.
    AckNotStored,
    /// A visit was counted more than once.
    CountedTwice,
    /// A visit was reported as surely not stored, but counted.
    CountedRefused,
    /// A batch's receipt is wrong, or a retry of the batch got a different receipt.
    WrongReceipt,
    /// A visit got the answer of another visit, or an answer that does not follow from its batch.
    WrongAnswer,
    /// A read, a page's views or a total is wrong or made up, or a total fell.
    WrongTotal,
    /// An answer came after its deadline.
    Late,
    /// A visit gave up unsent although nothing had blocked it for long.
    Starved,
    /// A visit was sent after its deadline.
    SentLate,
    /// A visit was never answered.
    NeverAnswered,
    /// After all faults, a visit did not succeed at once, or a batcher still had parked visits.
    NotDrained,
    /// A batch does not describe its visits.
    BadBatch,
    /// An isolate began a second POST to a shard too early: before the POST in the same lane had ended or lapsed, or before
    /// the POST in another lane was slow.
    TwoPosts,
    /// A batcher kept more visits than its limit.
    Unbounded,
    /// An isolate asked for the day record while it was already asking.
    Stampede,
    /// A site got more shards than its load needs, or than its owner allows.
    Overgrown,
    /// A batch waited in its shard for longer than it may.
    HeldUp,
    /// The code under test panicked.
    Panicked,
}

/// A broken promise.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) broken: Broken,
    pub(crate) text: String,
    /// The tries that the violation concerns.
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

/// Stands in for the number of a visit: a probe, and a try that reports a guest.
pub(crate) const PROBE: usize = usize::MAX;
pub(crate) const GUEST: usize = usize::MAX - 1;

/// One request: a visit, sent once. If it is routed again, it begins again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) member: Member,
    pub(crate) visit: usize,
    /// The incarnation of the isolate that it came to.
    pub(crate) isolate: usize,
    pub(crate) shard: usize,
    pub(crate) deadline: u64,
    /// When it began to wait for its shard after it was last routed.
    pub(crate) since: u64,
    /// The post that it went into after it was last routed, and its place in that post.
    pub(crate) posted: Option<(usize, usize)>,
    pub(crate) answered: bool,
    pub(crate) acked: bool,
    pub(crate) refused: bool,
    /// The visitor, hashed with the salt of the record under which the visit was counted.
    pub(crate) person: Option<(Day, VisitorHash)>,
    /// The visitor was not reported to the shard that counts the visitor.
    pub(crate) person_lost: bool,
    /// Its request or its isolate was killed, so it needs no answer.
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
    /// The time after which the next POST may leave in another lane, and then the time for the same lane.
    pub(crate) slow: u64,
    pub(crate) lapses: u64,
    /// The receipt in the shard's journal.
    pub(crate) receipt: Option<Receipt>,
    pub(crate) durable: bool,
    pub(crate) outcome: Option<Result<(), Failure>>,
}

/// The numbers of tries by outcome, and of other events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) acked: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) excused: u64,
    /// Answers that said that the visit's day is over.
    pub(crate) stale: u64,
    /// Answers of isolates that had parked as many visits as allowed.
    pub(crate) full: u64,
    pub(crate) posts: u64,
    /// Posts that left in another lane than the first.
    pub(crate) aside: u64,
    pub(crate) rows: u64,
    /// Batches that shared a row with others, and calls that joined one that waited.
    pub(crate) shared: u64,
    pub(crate) joined: u64,
    /// Calls that an object carried out although the platform called it overloaded.
    pub(crate) overloaded: u64,
    /// Visitors who were reported to a shard other than the one that counted the view.
    pub(crate) guests: u64,
    /// Sums over all shards that got an answer, and parts that a shard refused because there are more shards.
    pub(crate) sums: u64,
    pub(crate) outgrown: u64,
    /// How often the first shard learned of more shards, and how many records were handed out before their day.
    pub(crate) grown: u64,
    pub(crate) early: u64,
    /// How often it did because of the load, and how many shards were asked for theirs, and did not answer.
    pub(crate) grown_by_load: u64,
    pub(crate) loads: u64,
    pub(crate) loads_missing: u64,
    /// The most calls to the days object in one second.
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
        self.aside += other.aside;
        self.rows += other.rows;
        self.shared += other.shared;
        self.joined += other.joined;
        self.overloaded += other.overloaded;
        self.guests += other.guests;
        self.sums += other.sums;
        self.outgrown += other.outgrown;
        self.grown += other.grown;
        self.early += other.early;
        self.grown_by_load += other.grown_by_load;
        self.loads += other.loads;
        self.loads_missing += other.loads_missing;
        self.most_asked = self.most_asked.max(other.most_asked);
    }
}
