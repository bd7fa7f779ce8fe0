//! Sums over all shards, as `ask_all` in `edge::shard_client` makes them. An isolate may know only yesterday's number of shards.

use crate::facts::Broken;
use crate::history::About;
use crate::mutation::Mutation;
use crate::object::Machine;
use crate::object::Waits;
use crate::queue::Event;
use crate::truth::Truth;
use crate::world::World;
use footfall::counting::protocol::answer::{Answer, Fault as Refusal};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};

/// As in `edge::shard_client`.
const MAX_SUMS: u32 = 3;

/// A sum that an isolate was asked for.
#[derive(Debug)]
pub(crate) struct Sum {
    slot: usize,
    incarnation: usize,
    /// The number of durable views when the sum began.
    least: u64,
    rounds: u32,
    shards: u16,
    /// The number of shards that have not answered.
    missing: u16,
    views: u64,
    /// Whether the sum has failed or has an answer.
    over: bool,
}

impl World {
    /// Asks an isolate for the views of the whole site.
    pub(crate) fn begin_sum(&mut self, slot: usize) {
        let least = self.checker.truths.iter().map(Truth::durable).sum();
        let incarnation = self.isolates[slot].incarnation;
        self.sums.push(Sum { slot, incarnation, least, rounds: 0, shards: 0, missing: 0, views: 0, over: false });
        self.ask_sum(self.sums.len() - 1);
    }

    /// Asks all shards that the isolate knows of.
    fn ask_sum(&mut self, number: usize) {
        let slot = self.sums[number].slot;
        let sum = &mut self.sums[number];
        let shards = self.isolates[slot].day.shards();
        sum.rounds += 1;
        let (Some(shards), true) = (shards, sum.rounds <= MAX_SUMS) else {
            sum.over = true;
            return;
        };
        (sum.shards, sum.missing, sum.views) = (shards, shards, 0);
        let round = sum.rounds;
        self.history.note(self.now, &[], || format!("i{slot} asks {shards} shards for all views"));
        for shard in 0..usize::from(shards) {
            let at = self.now + self.rng.between(1, 200);
            self.at(at, Event::Part { sum: number, round, shard });
        }
    }

    /// Asks a shard for its part.
    pub(crate) fn part(&mut self, number: usize, round: u32, shard: usize) {
        let Sum { slot, incarnation, rounds, shards, over, .. } = self.sums[number];
        if over || rounds != round || self.isolates[slot].incarnation != incarnation {
            return;
        }
        // A future shard that got no call yet has no views. A shard that is away fails the sum.
        if self.objects[shard].away_until > self.now {
            self.sums[number].over = true;
            return;
        }
        let now = self.now + self.objects[shard].skew;
        let shards = if self.mutation == Mutation::SumOld { u16::MAX } else { shards };
        let call = encode(&Call::Sum { shards, call: &encode(&Call::Views(None)) });
        self.break_storage(shard);
        let Machine::Shard(machine) = &mut self.objects[shard].machine else { return };
        let answer = machine.serve(&call, now).bytes;
        self.objects[shard].store.heal();
        match decode(&answer) {
            Ok(Answer::Views(views)) => self.turn(shard, 0, vec![Waits::Sum { sum: number, round, views }], None),
            Ok(Answer::Refused(Refusal::Outgrown(more))) => {
                self.checker.sums.outgrown += 1;
                self.history.note(self.now, &[About::Shard(shard)], || format!("s{shard} knows of {more} shards"));
                self.isolates[slot].day.outgrown(more);
                self.ask_sum(number);
            }
            _ => self.sums[number].over = true,
        }
    }

    /// Adds the part of a shard, once the shard's turn is durable.
    pub(crate) fn summed(&mut self, number: usize, round: u32, views: u64) {
        let sum = &mut self.sums[number];
        if sum.over || sum.rounds != round {
            return;
        }
        sum.views += views;
        sum.missing -= 1;
        if sum.missing > 0 {
            return;
        }
        sum.over = true;
        let Sum { slot, shards, views, least, .. } = *sum;
        self.checker.sums.sums += 1;
        let most = self.checker.truths.iter().map(Truth::total).sum();
        if !(least..=most).contains(&views) {
            self.checker.fail(Broken::WrongTotal, &[], None, || {
                format!("i{slot} found {views} views in {shards} shards; the total went from {least} to {most}")
            });
        }
    }
}
