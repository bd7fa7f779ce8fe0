//! Which batches share a journal row: when a batch is written at once, and when it waits for others.
//!
//! A row costs the same whether it has one batch or a hundred. With many isolates, each visit is alone in its batch, so rows are what
//! visits cost. So a batch waits where others are likely to come: isolates that posted just now post again soon. The batches of a group
//! are written in one row as soon as each of these isolates is in it, and after [`GROUP_MS`] in any case. Where nobody else posts, as
//! with a single busy isolate, no batch waits.
//!
//! In scope: this decision, as a state machine over calls. Out of scope: what a batch changes ([`crate::counting::ledger::register`]),
//! and the timer, which the object has.

/// The longest that a batch waits for others, in milliseconds. At 1,000 batches a second, 25 share a row. It is less than a round trip
/// across a continent, and a tenth of what makes an isolate call a POST slow.
pub const GROUP_MS: u64 = 25;

/// How long after its last batch a lane is expected to post again, in milliseconds: four times as long as a batch waits.
pub const RECENT_MS: u64 = 100;

/// A batch begins a group where at least so many other lanes posted recently. If two posted in [`RECENT_MS`], every second wait of
/// [`GROUP_MS`] meets a batch; if fewer did, most would gain nothing.
pub const WORTH_WAITING: usize = 2;

/// The most lanes that are known to have posted recently. Where more do, a group is written once it has the last 64, and each batch
/// pays a sixty-fourth of a row.
pub const MAX_RECENT: usize = 64;

/// The most calls that wait. Each has a caller whose answer is to be sent in the turn that writes the group.
pub const MAX_CALLERS: usize = 512;

/// The most bytes of calls that wait before the last one, which keeps the turn short. A visit takes at least 8 bytes, and at most 12 more
/// with its receipt. With the longest call behind these, a row stays under 1.2 MB, of the 2 MB that it may have.
pub const MAX_BYTES: usize = 128 * 1024;

/// A batch that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingBatch {
    /// Its isolate, or the isolate's lane.
    pub lane: u128,
    /// Its number.
    pub sequence: u64,
    /// The bytes of its call.
    pub call: Vec<u8>,
    /// Who gets its answer: several where the batch came again while it waited.
    pub callers: Vec<u64>,
}

/// What to do after a batch arrived, or a timer rang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Write all batches that [`Group::take`] gives, now.
    Now,
    /// Wait. Where it says so, set a timer that rings after this many milliseconds.
    Later(Option<u64>),
}

/// A lane that posted.
#[derive(Clone, Copy, Debug)]
struct Posted {
    lane: u128,
    at: u64,
    /// Whether a batch of it waits.
    waits: bool,
}

/// The batches that wait to be written together.
#[derive(Debug, Default)]
pub struct Group {
    /// In the order in which they came.
    waiting: Vec<WaitingBatch>,
    callers: usize,
    bytes: usize,
    /// When the first of them came, in milliseconds since 1970.
    since: u64,
    /// Who posted recently, each lane once, the latest at the end.
    recent: Vec<Posted>,
    /// When the last timer that was set rings.
    rings: u64,
}

impl Group {
    /// Takes a batch that arrived at `now`, in milliseconds since 1970.
    pub fn arrived(&mut self, batch: WaitingBatch, now: u64) -> Written {
        let others = self.note(batch.lane, now);
        let worth = if self.waiting.is_empty() {
            self.since = now;
            WORTH_WAITING
        } else {
            1
        };
        self.add(batch);
        if others < worth || self.callers >= MAX_CALLERS || self.bytes >= MAX_BYTES || self.is_due(now) {
            return Written::Now;
        }
        self.wait(now)
    }

    /// What to do when a timer rang. It may have been set for a group that is already written.
    pub fn rang(&mut self, now: u64) -> Written {
        self.rings = 0;
        if self.waiting.is_empty() {
            Written::Later(None)
        } else if self.is_due(now) {
            Written::Now
        } else {
            self.wait(now)
        }
    }

    /// Takes the batches out, to write them in the order in which they came.
    pub fn take(&mut self) -> Vec<WaitingBatch> {
        self.recent.iter_mut().for_each(|posted| posted.waits = false);
        (self.callers, self.bytes) = (0, 0);
        std::mem::take(&mut self.waiting)
    }

    /// Notes that a lane posts a batch that waits. Returns how many other lanes did recently and have no batch that waits.
    fn note(&mut self, lane: u128, now: u64) -> usize {
        // A time to come is from a clock that was ahead.
        let recent = now.saturating_sub(RECENT_MS)..=now;
        self.recent.retain(|posted| recent.contains(&posted.at) && posted.lane != lane);
        if self.recent.len() >= MAX_RECENT {
            self.recent.remove(0);
        }
        let others = self.recent.iter().filter(|posted| !posted.waits).count();
        self.recent.push(Posted { lane, at: now, waits: true });
        others
    }

    /// Adds a batch, or the callers of a batch that waits already.
    fn add(&mut self, mut batch: WaitingBatch) {
        self.callers = self.callers.saturating_add(batch.callers.len());
        let same = self.waiting.iter_mut().find(|one| (one.lane, one.sequence) == (batch.lane, batch.sequence));
        match same {
            Some(same) => same.callers.append(&mut batch.callers),
            None => {
                self.bytes = self.bytes.saturating_add(batch.call.len());
                self.waiting.push(batch);
            }
        }
    }

    /// Whether the group has waited long enough, or its time cannot be told because the clock went back.
    fn is_due(&self, now: u64) -> bool {
        !(self.since..self.since.saturating_add(GROUP_MS)).contains(&now)
    }

    /// Waits on. A new timer is set only if none is about to ring: that of an earlier group rings before this one is due.
    fn wait(&mut self, now: u64) -> Written {
        let due = self.since.saturating_add(GROUP_MS);
        if self.rings > now && self.rings <= due {
            return Written::Later(None);
        }
        self.rings = due;
        Written::Later(Some(due.saturating_sub(now)))
    }
}
