//! Checks that everything has drained after the faults, and that the next visit succeeds at once.

use crate::facts::{Broken, PROBE};
use crate::history::About;
use crate::request::Request;
use crate::world::World;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::model::date::day_of;
use footfall::counting::model::visitor::{Visitor, Withheld};
use footfall::counting::protocol::batch::Counted;

/// Without faults, a visit that meets no other visit gets its answer within this many milliseconds: a few trips and a commit.
const PROMPT_MS: u64 = 200;

/// How many shards of an isolate are probed at the end.
const PROBES: usize = 6;

impl World {
    /// Sends visits through every isolate to shards that it has used. These visits must succeed at once.
    pub(crate) fn probe(&mut self, round: u32) {
        for slot in 0..self.isolates.len() {
            let shards: Vec<usize> = self.isolates[slot].batchers.keys().copied().take(PROBES).collect();
            for shard in shards {
                self.history.note(self.now, &[About::Shard(shard)], || format!("probe {round}: i{slot} to s{shard}"));
                self.begin_probe(slot, shard);
                let isolate = self.isolates[slot].incarnation;
                if round > 1 && !self.checker.posting(isolate, shard) {
                    let a_try = self.requests.len() - 1;
                    self.checker.fail(Broken::NotDrained, &[a_try], Some(shard), || format!("i{slot} cannot post to s{shard}"));
                }
            }
        }
    }

    /// Judges the answer to a probe.
    pub(crate) fn probed(&mut self, a_try: usize, answer: &Result<Counted, Failure>, began: u64) {
        if answer.is_err() || self.now > began + PROMPT_MS {
            let took = self.now - began;
            self.checker.fail(Broken::NotDrained, &[a_try], None, || format!("after all faults, in {took} ms: {answer:?}"));
        }
    }

    /// Ends the run, and checks that nothing is left.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        for slot in 0..self.isolates.len() {
            // A visit that was killed while parked stays until the next batch. So only the probed batchers are surely empty.
            let probed = self.isolates[slot].batchers.iter().take(PROBES);
            let left = probed.map(|(shard, batcher)| (*shard, batcher.parked())).find(|(_, parked)| *parked > 0);
            if let Some((shard, parked)) = left {
                let text = || format!("{parked} visits are parked in i{slot} for s{shard}");
                self.checker.fail(Broken::NotDrained, &[], Some(shard), text);
            }
        }
        for object in 0..self.days_object() {
            self.held(object);
        }
        self.checker.end();
        self.check_tables();
    }

    /// Sends a visit without a client straight to a shard.
    fn begin_probe(&mut self, slot: usize, shard: usize) {
        let isolate = self.isolates[slot].incarnation;
        let a_try = self.checker.came(PROBE, 0, None, isolate, self.now + self.plan.timeout_ms);
        self.requests.push(Request { probe: Some(self.now), ..Request::new(slot, false) });
        self.isolates[slot].open.push(a_try);
        let day = day_of(self.local(a_try));
        self.checker.routed(a_try, shard, day, Visitor::Withheld(Withheld::NoAddress), None);
        self.requests[a_try].entry = Some(self.entry(a_try));
        self.count_at(a_try);
    }
}
