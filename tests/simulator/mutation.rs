//! Faults of our own making. Each breaks one promise on purpose, in what carries the decisions out or in a wrapper around
//! a machine, never in the machines themselves; the checker must see it.

use crate::facts::Broken;

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Nothing.
    None,
    /// A shard answers before its write is durable.
    AckBeforeStore,
    /// Each attempt looks like a batch of another isolate, so a retry counts again.
    ForgetBatches,
    /// Ids are taken out of calls on their way, so a repeated visit counts again.
    ForgetIds,
    /// The second attempt goes to the next shard: there it counts again, or meets the receipt of another batch, because a
    /// number means a batch to one shard only.
    RetryElsewhere,
    /// Now and then a parked visit is told nothing, and has no timer.
    LoseParked,
    /// The members of a batch get each other's answers.
    SwapAnswers,
    /// A call that is refused for overload is carried out all the same.
    CountRefused,
    /// Whatever says `overloaded` is taken for a call that was never seen.
    TrustOverloaded,
    /// The last attempt's refusal is reported, although an earlier attempt may have been stored.
    ForgetDoubt,
    /// A leader that is gone keeps the lead.
    NoLapse,
    /// A parked visit waits for others until its deadline, and never takes the lead by itself.
    OneTimer,
    /// All lanes of an isolate have one name, so that a shard takes the batch of one for that of another.
    OneName,
    /// A batch that fails also fails a visit that waits behind it.
    FailBystander,
    /// A checkpoint loses the views that it carries over.
    LoseFolds,
    /// A read that fails gives 0.
    ZeroForError,
    /// A retry gets a receipt of its own making instead of the stored one.
    FreshReceipt,
    /// A POST ignores its deadline for four seconds and more.
    NoDeadline,
    /// A visit whose id may be known from before there were more shards is counted without asking.
    SkipAsk,
    /// A visit of a day that is over is acknowledged although it did not count.
    TrustStale,
    /// Each isolate routes by its own `SHARDS` instead of the day's record.
    OwnShards,
    /// A visit that is routed anew waits for the day's record past its own deadline.
    WaitForRecord,
    /// A visitor who is told to another shard is told as a view there.
    GuestsAreViews,
    /// A visitor whose view another shard counts is told to nobody.
    LoseGuests,
    /// An isolate adds up the shards that it knows of, whatever the first shard knows.
    SumOld,
    /// There are more shards, and the first was not told.
    GrowUntold,
    /// Every visit that finds no record of the day asks for it, even if another already does.
    AskAll,
    /// Nobody asks before midnight.
    AskAtMidnight,
    /// A crash takes durable writes along.
    CrashLosesAll,
}

impl Mutation {
    /// All of them, each with what it may break: the checker sees one of those first.
    pub(crate) const ALL: [(Self, &'static [Broken]); 27] = [
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
        (Self::SumOld, &[Broken::WrongTotal]),
        (Self::GrowUntold, &[Broken::WrongTotal]),
        (Self::AskAll, &[Broken::Stampede]),
        (Self::CrashLosesAll, &[Broken::AckNotStored, Broken::WrongTotal, Broken::WrongReceipt, Broken::CountedTwice]),
    ];
}
