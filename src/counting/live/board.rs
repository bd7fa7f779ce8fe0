//! The latest pulse of each shard of a site. The object that holds the connections of the watchers keeps it.
//!
//! The object stores nothing. When it wakes, it asks all shards once, and from then on they push their changes. Each step returns what to do
//! next ([`Next`]).

use crate::counting::live::pace::{Pace, TELL_MS};
use crate::counting::live::pulse::{Pulse, text};
use crate::counting::model::limits::MAX_SHARDS;
use crate::counting::model::minute::MINUTE_MS;

/// How long shards continue to push after the last watcher has left, in milliseconds. Without it, a watcher that comes and goes would cost a
/// request and two written rows of each shard every time.
pub const ALONE_MS: u64 = 10_000;

/// What the object does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, or it does it already.
    Nothing,
    /// Ask all shards, and then call [`Board::looked`].
    Look,
    /// Send [`Board::tell`] to all watchers, in this many milliseconds.
    Tell(u64),
    /// Close the connections of all watchers, because the numbers are unknown. Clients connect again, or ask without a WebSocket and get the reason.
    LetGo,
}

/// The latest pulses of the shards of a site.
#[derive(Debug)]
pub struct Board {
    /// One for each known shard.
    pulses: Vec<Pulse>,
    /// Whether all shards have answered.
    known: bool,
    looking: bool,
    /// When a shard pushed for the first time after the last watcher had left, in milliseconds since 1970.
    alone: Option<u64>,
    pace: Pace,
}

impl Default for Board {
    /// The board of an object that just woke.
    fn default() -> Self {
        Self { pulses: Vec::new(), known: false, looking: false, alone: None, pace: Pace::new(TELL_MS) }
    }
}

impl Board {
    /// The first message to a new watcher. `None` while the numbers are unknown.
    pub fn greeting(&self, site: &str, now: u64) -> Option<String> {
        self.known.then(|| text(site, &self.pulses, now))
    }

    /// A watcher connected.
    pub fn joined(&mut self) -> Next {
        self.alone = None;
        if self.known { Next::Nothing } else { self.look() }
    }

    /// A shard pushed its pulse, and this many clients watch. Also returns whether the shard should continue to push.
    pub fn pushed(&mut self, pulse: Pulse, watchers: u32, now: u64) -> (bool, Next) {
        if pulse.shard >= MAX_SHARDS.into() {
            return (true, Next::Nothing);
        }
        // While all shards are asked, none is told to stop: it was just asked to push, and a watcher that connects now does not ask again.
        if watchers == 0 && !self.looking {
            let since = *self.alone.get_or_insert(now);
            // After the clock was set back, shards do not push for longer.
            if self.known && (since..since.saturating_add(ALONE_MS)).contains(&now) {
                self.take(pulse);
                return (true, Next::Nothing);
            }
            *self = Self { pace: self.pace, ..Self::default() };
            return (false, Next::Nothing);
        }
        (true, self.heard(pulse, now))
    }

    fn heard(&mut self, pulse: Pulse, now: u64) -> Next {
        let was_there = self.take(pulse);
        if self.known && was_there {
            return self.tell_soon(now);
        }
        // The object just woke, or the site has more shards than yesterday.
        self.look()
    }

    /// All shards answered, in their order. `None` if one did not.
    pub fn looked(&mut self, answers: Option<Vec<Pulse>>, now: u64) -> Next {
        self.looking = false;
        let Some(answers) = answers else {
            *self = Self { pace: self.pace, ..Self::default() };
            return Next::LetGo;
        };
        for (shard, pulse) in (0..).zip(answers) {
            self.take(Pulse { shard, ..pulse });
        }
        self.known = true;
        self.tell_soon(now)
    }

    /// The message to all watchers now.
    pub fn tell(&mut self, site: &str, now: u64) -> Option<String> {
        self.pace.told(now);
        self.greeting(site, now)
    }

    fn look(&mut self) -> Next {
        if self.looking {
            return Next::Nothing;
        }
        self.looking = true;
        Next::Look
    }

    fn tell_soon(&mut self, now: u64) -> Next {
        self.pace.changed(now).map_or(Next::Nothing, Next::Tell)
    }

    /// Takes the pulse of a shard, and returns whether the board had one already. Answers and pushes may overtake each other, so the later one
    /// stays. None overtakes by a minute: then the shard was restored to an earlier state, and its version is lower.
    fn take(&mut self, pulse: Pulse) -> bool {
        match self.pulses.iter_mut().find(|known| known.shard == pulse.shard) {
            Some(known) => {
                if known.version <= pulse.version || known.at.saturating_add(MINUTE_MS) < pulse.at {
                    *known = pulse;
                }
                true
            }
            None => {
                self.pulses.push(pulse);
                false
            }
        }
    }
}
