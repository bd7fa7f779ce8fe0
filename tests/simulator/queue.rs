//! Virtual time: what happens next.

use crate::rng::Rng;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::protocol::batch::Counted;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// Something that will happen. Whatever is named goes by its number in the world.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client sends a visit, for the first time or again.
    Send(usize),
    /// The parked request with this ticket runs again.
    Wake(usize, Wake),
    /// The timer of the parked request with this ticket fires, of so many that it set.
    ParkTimer(usize, u32),
    /// An attempt of an exchange has taken as long as it may.
    AttemptTimer { exchange: usize, attempt: u32 },
    /// The pause after an attempt is over.
    PauseOver { exchange: usize, attempt: u32 },
    /// A call arrives at its object. Nobody reads the answer to an echo.
    Arrive { exchange: usize, attempt: u32, echo: bool },
    /// What came of an attempt arrives at its isolate.
    Return { exchange: usize, attempt: u32, reply: Reply },
    /// The oldest turn of this life of an object becomes durable, and its answer leaves.
    Commit { object: usize, life: u32 },
    /// An object loses its memory, and is away for so many milliseconds.
    Crash { object: usize, away_ms: u64 },
    /// An object's alarm goes off: the one that is due, or one more.
    Alarm { object: usize, extra: bool },
    /// Somebody reads a shard.
    Read { shard: usize },
    /// Somebody asks this isolate for a sum over all shards.
    Sum(usize),
    /// A shard is asked for its part of a sum.
    Part { sum: usize, round: u32, shard: usize },
    /// The day's object tells the first shard that there will be more.
    Tell(usize),
    /// It learns whether that shard knows.
    Told { telling: usize, grown: bool },
    /// This request, which waits for the day's record, looks again: it was woken, or its timer of so many rang.
    LookAgain(usize, u32),
    /// An isolate is thrown away, and another takes its place.
    IsolateDies(usize),
    /// A request is killed.
    Kill(usize),
    /// Everything must have drained: visits of each isolate to each of its shards must succeed at once.
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

/// What an isolate sees of a call.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The bytes that the shard answered.
    Bytes(Rc<[u8]>),
    /// An exception that says `overloaded`, in these words.
    Overloaded(&'static str),
    /// Any other exception.
    Exception,
}

#[derive(Debug)]
struct Scheduled {
    at: u64,
    /// Orders what happens in one millisecond, by the seed.
    tie: u64,
    event: Event,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives the largest first.
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
