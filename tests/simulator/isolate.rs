//! Isolates: what they hold in memory, and how they end.

use crate::history::About;
use crate::plan::{Fault, MAX_SKEW_MS};
use crate::world::World;
use footfall::counting::dispatch::batcher::Batcher;
use footfall::counting::dispatch::day_cache::DayCache;
use std::collections::BTreeMap;

/// An isolate.
#[derive(Debug)]
pub(crate) struct Isolate {
    /// Its number among all isolates of the run, dead ones included.
    pub(crate) incarnation: usize,
    /// Its 128 random bits.
    pub(crate) name: u128,
    /// How far its clock is ahead.
    pub(crate) skew: u64,
    /// Its `SHARDS`.
    pub(crate) shards: u16,
    pub(crate) batchers: BTreeMap<usize, Batcher>,
    /// What it knows about the day.
    pub(crate) day: DayCache,
    /// Whether it can no longer reach the days object from `cut_at` of the plan on.
    pub(crate) cut: bool,
    /// The exchange that asks for the day record, and the time at which it ends.
    pub(crate) asks: Option<(usize, u64)>,
    /// Tries that came to it.
    pub(crate) open: Vec<usize>,
}

impl World {
    pub(crate) fn new_isolate(&mut self) -> Isolate {
        let incarnation = self.incarnations;
        self.incarnations += 1;
        let shards = if self.now >= self.plan.grows_at { self.plan.shards_then } else { self.plan.shards };
        let name = u128::from_le_bytes(self.rng.bytes());
        let skew = self.rng.below(MAX_SKEW_MS);
        let cut = self.rng.chance(self.plan.cut);
        let (batchers, day, open) = (BTreeMap::new(), DayCache::default(), Vec::new());
        Isolate { incarnation, name, skew, shards, batchers, day, cut, asks: None, open }
    }

    /// Kills a request. It never runs again, and its client gets no answer.
    pub(crate) fn kill(&mut self, a_try: usize) {
        if self.checker.tries[a_try].answered || !self.runs(a_try) {
            return;
        }
        self.struck(if self.requests[a_try].awaits { Fault::LeaderKilled } else { Fault::WaiterKilled });
        self.history.note(self.now, &[About::Try(a_try)], || format!("{} is killed", self.checker.name(a_try)));
        // The try that reports a guest belongs to the same request as the view.
        let view = self.requests[a_try].view.map(|(view, _)| view);
        for a_try in [Some(a_try), view, self.requests[a_try].telling].into_iter().flatten() {
            self.requests[a_try].dead = true;
            self.checker.excuse(a_try);
        }
        self.client_gets(view.unwrap_or(a_try), None);
    }

    /// Discards an isolate with all that it holds, and puts a new one in its place.
    pub(crate) fn isolate_dies(&mut self, slot: usize) {
        self.struck(Fault::IsolateDeath);
        let next = self.new_isolate();
        let dead = std::mem::replace(&mut self.isolates[slot], next);
        let died = self.isolates[slot].incarnation - 1;
        self.history.note(self.now, &[About::Isolate(died)], || format!("i{slot} dies; another takes its place"));
        for a_try in dead.open {
            if !self.checker.tries[a_try].answered && !self.requests[a_try].dead {
                self.history
                    .note(self.now, &[About::Try(a_try)], || format!("{} dies with its isolate", self.checker.name(a_try)));
                self.checker.excuse(a_try);
                if self.requests[a_try].view.is_none() {
                    self.client_gets(a_try, None);
                }
            }
        }
    }
}
