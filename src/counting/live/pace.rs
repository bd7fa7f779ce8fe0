//! How often something that changes is told: at once, then not again for a while, and the last change for sure.

/// Milliseconds from one push of a shard to the next.
pub const PUSH_MS: u64 = 750;

/// Milliseconds from one message to a watcher to the next. A view that just missed a push and then a message is seen after both: within
/// 2 seconds.
pub const TELL_MS: u64 = 1_000;

/// When something was told last, and whether it will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    every_ms: u64,
    /// In milliseconds since 1970.
    last: u64,
    due: bool,
}

impl Pace {
    /// Nothing was told yet.
    pub fn new(every_ms: u64) -> Self {
        Self { every_ms, last: 0, due: false }
    }

    /// It changed. In how many milliseconds it is to be told, unless that is under way already.
    pub fn changed(&mut self, now: u64) -> Option<u64> {
        if self.due {
            return None;
        }
        self.due = true;
        // A clock that was set back must not keep anybody waiting for longer.
        Some(self.last.saturating_add(self.every_ms).saturating_sub(now).min(self.every_ms))
    }

    /// It is told now.
    pub fn told(&mut self, now: u64) {
        self.last = now;
        self.due = false;
    }
}
