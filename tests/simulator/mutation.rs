//! Deliberate bugs. Each breaks one promise on purpose, and the checker must detect it. The bug is in the code that carries
//! out the decisions or in a wrapper around a machine, never in a machine itself.

use crate::facts::Broken;

/// The bug of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Nothing.
    None,
    /// A shard answers before its write is durable.
    AckBeforeStore,
    /// Each attempt looks like a batch from another isolate, so a retry counts again.
    ForgetBatches,
    /// Calls lose their ids on the way, so a repeated visit counts again.
    ForgetIds,
    /// The second attempt goes to the next shard. There it counts again, or gets the receipt of another batch, because each
    /// shard has batch numbers of its own.
    RetryElsewhere,
    /// Now and then a parked visit gets no answer and has no timer.
    LoseParked,
    /// The members of a batch get each other's answers.
    SwapAnswers,
    /// A shard carries out a call that the platform refused for overload.
    CountRefused,
    /// The isolate takes every `overloaded` exception to mean that the object never saw the call.
    TrustOverloaded,
    /// The isolate reports the refusal of the last attempt, although an earlier attempt may have been stored.
    ForgetDoubt,
    /// A dead leader keeps the lead.
    NoLapse,
    /// A parked visit waits for other requests until its deadline, and never takes the lead by itself.
    OneTimer,
    /// All lanes of an isolate share one name, so a shard mistakes a batch of one lane for a batch of another.
    OneName,
    /// A visit that arrives opens the next lane before the POST in the lane before is slow.
    EarlyLane,
    /// A visit is still sent up to a tenth of a second after its deadline.
    SendLate,
    /// A batch lacks its last visit.
    ShortBatch,
    /// A failed batch also fails a visit that is parked behind it.
    FailBystander,
    /// A fold loses the views that it writes into the tables.
    LoseFolds,
    /// A failed read gives 0.
    ZeroForError,
    /// A retry gets a new receipt instead of the stored one.
    FreshReceipt,
    /// A POST overruns its deadline by more than four seconds.
    NoDeadline,
    /// A visit counts at once, although another shard may know its id from before there were more shards.
    SkipAsk,
    /// A stale visit is acknowledged although it did not count.
    TrustStale,
    /// Each isolate routes by its own `SHARDS` instead of the day record.
    OwnShards,
    /// A visit that is routed again waits for the day record past its own deadline.
    WaitForRecord,
    /// The report of a guest to another shard counts as a view there.
    GuestsAreViews,
    /// No shard learns of a guest.
    LoseGuests,
    /// A visitor counts in the shard that the id of the visit leads to.
    VisitorsAtIds,
    /// An isolate sums over the shards that it knows of, although the first shard knows of more.
    SumOld,
    /// There are more shards, but the first shard does not know it.
    GrowUntold,
    /// The days object takes a shard that does not answer for one at its limit.
    GuessLoads,
    /// The load adds more shards than the owner allows.
    NoCap,
    /// Every visit without a day record asks for it, even if another visit is already asking.
    AskAll,
    /// No isolate asks before midnight.
    AskAtMidnight,
    /// A crash loses durable writes, too.
    CrashLosesAll,
    /// A shard answers a batch that waits for others before it is written.
    AnswerWaiting,
    /// A batch that comes again while it waits is counted beside the one that waits.
    CountSecond,
    /// A batch that comes again while it waits gets no answer.
    ForgetSecond,
    /// The callers of a group get each other's receipts.
    MixReceipts,
    /// The row of a group lacks its last batch.
    LoseLast,
    /// No timer ends a group.
    NoRing,
}

impl Mutation {
    /// All mutations, each with the promises that it may break. The checker must report one of these first.
    pub(crate) const ALL: [(Self, &'static [Broken]); 39] = [
        (Self::AckBeforeStore, &[Broken::AckNotStored]),
        (Self::ForgetBatches, &[Broken::CountedTwice]),
        (Self::ForgetIds, &[Broken::CountedTwice]),
        (Self::RetryElsewhere, &[Broken::CountedTwice, Broken::AckNotStored]),
        (Self::LoseParked, &[Broken::NeverAnswered]),
        (Self::SwapAnswers, &[Broken::WrongAnswer]),
        (Self::CountRefused, &[Broken::CountedRefused]),
        (Self::TrustOverloaded, &[Broken::CountedRefused]),
        (Self::ForgetDoubt, &[Broken::CountedRefused]),
        (Self::NoLapse, &[Broken::NeverAnswered, Broken::NotDrained]),
        (Self::OneTimer, &[Broken::Starved]),
        (Self::OneName, &[Broken::AckNotStored, Broken::WrongReceipt, Broken::WrongAnswer, Broken::NotDrained]),
        (Self::EarlyLane, &[Broken::TwoPosts]),
        (Self::SendLate, &[Broken::SentLate]),
        (Self::ShortBatch, &[Broken::BadBatch]),
        (Self::FailBystander, &[Broken::WrongAnswer]),
        (Self::LoseFolds, &[Broken::WrongTotal, Broken::WrongReceipt]),
        (Self::ZeroForError, &[Broken::WrongTotal]),
        (Self::FreshReceipt, &[Broken::WrongReceipt]),
        (Self::NoDeadline, &[Broken::Late]),
        (Self::SkipAsk, &[Broken::CountedTwice]),
        (Self::TrustStale, &[Broken::AckNotStored, Broken::WrongTotal]),
        (Self::OwnShards, &[Broken::CountedTwice, Broken::WrongTotal]),
        (Self::WaitForRecord, &[Broken::Late]),
        (Self::GuestsAreViews, &[Broken::WrongTotal]),
        (Self::LoseGuests, &[Broken::WrongTotal]),
        (Self::VisitorsAtIds, &[Broken::WrongTotal]),
        (Self::SumOld, &[Broken::WrongTotal]),
        (Self::GrowUntold, &[Broken::WrongTotal]),
        (Self::GuessLoads, &[Broken::Overgrown]),
        (Self::NoCap, &[Broken::Overgrown]),
        (Self::AskAll, &[Broken::Stampede]),
        (Self::AnswerWaiting, &[Broken::AckNotStored, Broken::WrongAnswer]),
        (Self::CountSecond, &[Broken::CountedTwice]),
        (Self::ForgetSecond, &[Broken::HeldUp]),
        (Self::MixReceipts, &[Broken::WrongReceipt]),
        (Self::LoseLast, &[Broken::AckNotStored]),
        (Self::NoRing, &[Broken::HeldUp, Broken::NotDrained]),
        (Self::CrashLosesAll, &[Broken::AckNotStored, Broken::WrongTotal, Broken::WrongReceipt, Broken::CountedTwice]),
    ];
}
