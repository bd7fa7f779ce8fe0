//! Virtual time, and the events to come.

use crate::growing::Step;
use crate::rng::Rng;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::protocol::batch::Counted;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// An event to come. It names things by their numbers in the world.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client sends a visit, for the first time or again.
    Send(usize),
    /// The parked request with this ticket runs again.
    Wake(usize, Wake),
    /// A timer of the parked request with this ticket fires. A request sets one whenever it parks, and the second number says
    /// which one this is.
    ParkTimer(usize, u32),
    /// An attempt of an exchange times out.
    AttemptTimer { exchange: usize, attempt: u32 },
    /// The pause after an attempt is over.
    PauseOver { exchange: usize, attempt: u32 },
    /// A call arrives at its object. The answer to an echo is dropped.
    Arrive { exchange: usize, attempt: u32, echo: bool },
    /// The outcome of an attempt arrives at its isolate.
    Return { exchange: usize, attempt: u32, reply: Reply },
    /// The timer of batches that wait in this life of a shard rings.
    Ring { object: usize, life: u32 },
    /// The oldest turn of this life of an object becomes durable, and its answer leaves.
    Commit { object: usize, life: u32 },
    /// An object loses its memory, and is away for `away_ms` milliseconds.
    Crash { object: usize, away_ms: u64 },
    /// An object's alarm goes off: the one that is due, or an extra one.
    Alarm { object: usize, extra: bool },
    /// A client reads from a shard.
    Read { shard: usize },
    /// A client asks this isolate for a sum over all shards.
    Sum(usize),
    /// The isolate's call for a part of a sum arrives at a shard.
    Part { sum: usize, round: u32, shard: usize },
    /// The days object goes on to find the number of shards of a new day.
    Growing(Step),
    /// This request, which waits for the day record, looks again because it was woken or its timer fired. The second number
    /// says which of its waits this event ends.
    LookAgain(usize, u32),
    /// The platform discards an isolate, and a new one takes its place.
    IsolateDies(usize),
    /// A request is killed.
    Kill(usize),
    /// The probe begins: everything must have drained, and visits of each isolate to its shards must succeed at once.
    Probe { round: u32 },
    /// The run ends.
    End,
}

/// Why a parked request runs again.
#[derive(Debug)]
pub(crate) enum Wake {
    Lead,
    Answer(Result<Counted, Failure>),
    Rang,
}

/// What an isolate gets back for a call.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The bytes of the object's answer.
    Bytes(Rc<[u8]>),
    /// An exception marked `overloaded`, with this message.
    Overloaded(&'static str),
    /// Any other exception.
    Exception,
}

#[derive(Debug)]
struct Scheduled {
    at: u64,
    /// Orders the events of one millisecond. It comes from the seed.
    tie: u64,
    event: Event,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap returns the largest entry first.
        (other.at, other.tie).cmp(&(self.at, self.tie))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scheduled {}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Scheduled>,
}

impl Queue {
    pub(crate) fn push(&mut self, at: u64, rng: &mut Rng, event: Event) {
        self.heap.push(Scheduled { at, tie: rng.next(), event });
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, Event)> {
        self.heap.pop().map(|next| (next.at, next.event))
    }
}
