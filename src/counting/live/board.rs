//! What the object knows to whom a site's watchers are connected: the latest pulse of each shard.
//!
//! It stores nothing. Whenever it wakes it knows nothing, and asks all shards once; from then on they push what changes. Each step
//! says what to do next ([`Next`]).

use crate::counting::live::pace::{Pace, TELL_MS};
use crate::counting::live::pulse::{Pulse, text};
use crate::counting::model::limits::MAX_SHARDS;
use crate::counting::model::minute::MINUTE_MS;

/// How long shards go on telling when the last watcher has left, in milliseconds. A watcher who comes and goes would otherwise make
/// each shard be asked and write two rows each time.
pub const ALONE_MS: u64 = 10_000;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, or it is under way.
    Nothing,
    /// Ask all shards, then [`Board::looked`].
    Look,
    /// Tell all watchers [`Board::tell`], in so many milliseconds.
    Tell(u64),
    /// Let all watchers go: what they see cannot be known. They come again, or ask without a WebSocket and are told why.
    LetGo,
}

/// The latest pulses of a site.
#[derive(Debug)]
pub struct Board {
    /// One of each shard that is known of.
    pulses: Vec<Pulse>,
    /// Whether all shards were asked.
    known: bool,
    looking: bool,
    /// When a shard told first what nobody watches any more, in milliseconds since 1970.
    alone: Option<u64>,
    pace: Pace,
}

impl Default for Board {
    /// That of an object that just woke.
    fn default() -> Self {
        Self { pulses: Vec::new(), known: false, looking: false, alone: None, pace: Pace::new(TELL_MS) }
    }
}

impl Board {
    /// What a watcher who comes is told at once; nothing as long as it is not known.
    pub fn greeting(&self, site: &str, now: u64) -> Option<String> {
        self.known.then(|| text(site, &self.pulses, now))
    }

    /// A watcher came.
    pub fn joined(&mut self) -> Next {
        self.alone = None;
        if self.known { Next::Nothing } else { self.look() }
    }

    /// A shard told what it saw; so many watch. Also says whether the shard is to go on telling.
    pub fn pushed(&mut self, pulse: Pulse, watchers: u32, now: u64) -> (bool, Next) {
        if pulse.shard >= MAX_SHARDS.into() {
            return (true, Next::Nothing);
        }
        // Not while all are asked: a shard that was just asked would not know that it was, and a watcher who comes now would not ask again.
        if watchers == 0 && !self.looking {
            let since = *self.alone.get_or_insert(now);
            // A clock that was set back must not keep anybody telling for longer.
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
        // It just woke, or the site has more shards than yesterday.
        self.look()
    }

    /// The shards answered, in their order, or did not all of them.
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

    /// What all watchers are told now.
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

    /// Takes the pulse of a shard; says whether there was one of it. Answers and pushes may overtake each other: the later stays. None
    /// overtakes by a minute: then the shard was brought back to an earlier state, and its numbers begin lower.
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
