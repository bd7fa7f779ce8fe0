//! Limits how often a change is sent: the first at once, later ones after a pause, and always the last one.

/// The time between two pushes of a shard, in milliseconds.
pub const PUSH_MS: u64 = 750;

/// The time between two messages to a watcher, in milliseconds. A view that just misses a push and then a message waits for both: less than
/// 2 seconds.
pub const TELL_MS: u64 = 1_000;

/// When the last message was sent, and whether the next one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    every_ms: u64,
    /// The last message, in milliseconds since 1970.
    last: u64,
    due: bool,
}

impl Pace {
    /// A pace without a message yet, and with this many milliseconds between two messages.
    pub fn new(every_ms: u64) -> Self {
        Self { every_ms, last: 0, due: false }
    }

    /// Notes a change. Returns the milliseconds until the next message, or `None` if a message is due already.
    pub fn changed(&mut self, now: u64) -> Option<u64> {
        if self.due {
            return None;
        }
        self.due = true;
        // After the clock was set back, the pause is no longer than usual.
        Some(self.last.saturating_add(self.every_ms).saturating_sub(now).min(self.every_ms))
    }

    /// Notes that the message is sent now.
    pub fn told(&mut self, now: u64) {
        self.last = now;
        self.due = false;
    }
}
