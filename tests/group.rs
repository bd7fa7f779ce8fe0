//! Which batches share a journal row: the rules one by one, and against a naive model over random arrivals.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::group::{
    GROUP_MS, Group, MAX_BYTES, MAX_CALLERS, MAX_RECENT, RECENT_MS, WORTH_WAITING, WaitingBatch, Written,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::T0;

fn batch(lane: u128, sequence: u64, caller: u64) -> WaitingBatch {
    WaitingBatch { lane, sequence, call: vec![7; 100], callers: vec![caller] }
}

/// Lets lanes post their first batch, one after the other at the same time. Their callers have the same numbers.
fn arrive(group: &mut Group, lanes: std::ops::RangeInclusive<u64>, now: u64) -> Vec<Written> {
    lanes.map(|lane| group.arrived(batch(lane.into(), now, lane), now)).collect()
}

fn callers(written: &[WaitingBatch]) -> Vec<u64> {
    written.iter().flat_map(|batch| batch.callers.clone()).collect()
}

/// Lets a lane post, which must wait for nobody.
fn alone(group: &mut Group, lane: u64, now: u64) -> Vec<u64> {
    assert_eq!(arrive(group, lane..=lane, now), [Written::Now]);
    callers(&group.take())
}

/// A group that has begun with a batch of lane 3, while lanes 1 and 2 may post again.
fn begun() -> Group {
    let mut group = Group::default();
    for lane in 1..=2 {
        assert_eq!(alone(&mut group, lane, T0), [lane]);
    }
    assert_eq!(arrive(&mut group, 3..=3, T0), [Written::Later(Some(GROUP_MS))]);
    group
}

#[test]
fn one_busy_isolate_never_waits_and_neither_do_two() {
    for lanes in 1..=WORTH_WAITING as u64 {
        let mut group = Group::default();
        for n in 0..500 {
            assert_eq!(alone(&mut group, n % lanes, T0 + n), [n % lanes]);
        }
    }
}

#[test]
fn a_group_is_written_as_soon_as_everybody_who_posts_is_in_it() {
    let mut group = begun();
    assert_eq!(arrive(&mut group, 1..=1, T0 + 5), [Written::Later(None)], "a timer is set already");
    assert_eq!(arrive(&mut group, 2..=2, T0 + 6), [Written::Now]);
    assert_eq!(callers(&group.take()), [3, 1, 2], "in the order in which they came");
    // From then on, the three post in step, and never wait for a timer.
    for round in 1..100 {
        let now = T0 + 7 * round;
        assert!(matches!(arrive(&mut group, 1..=3, now)[..], [Written::Later(_), Written::Later(_), Written::Now]));
        assert_eq!(callers(&group.take()), [1, 2, 3]);
    }
}

#[test]
fn a_lane_that_stopped_posting_is_not_waited_for() {
    let mut group = begun();
    assert_eq!(group.rang(T0 + GROUP_MS), Written::Now);
    group.take();
    let now = T0 + RECENT_MS;
    assert_eq!(arrive(&mut group, 4..=4, now), [Written::Later(Some(GROUP_MS))], "three posted just now");
    assert_eq!(arrive(&mut group, 5..=5, now + 1), [Written::Now], "they did not post again");
    group.take();
    assert_eq!(alone(&mut group, 5, now + 2), [5], "only one is left");
}

#[test]
fn a_group_is_written_when_its_time_is_over_and_an_old_timer_does_not_end_the_next_one() {
    let mut group = begun();
    assert_eq!(group.rang(T0 + GROUP_MS - 1), Written::Later(Some(1)), "it rang early");
    assert_eq!(group.rang(T0 + GROUP_MS), Written::Now);
    assert_eq!(callers(&group.take()), [3]);
    assert_eq!(group.rang(T0 + GROUP_MS), Written::Later(None), "nothing waits");

    let mut group = begun();
    assert_eq!(arrive(&mut group, 1..=2, T0 + 10), [Written::Later(None), Written::Now]);
    group.take();
    assert_eq!(arrive(&mut group, 1..=1, T0 + 12), [Written::Later(None)], "the first timer still rings");
    assert_eq!(group.rang(T0 + GROUP_MS), Written::Later(Some(12)));
    assert_eq!(group.rang(T0 + 12 + GROUP_MS), Written::Now);
}

#[test]
fn a_timer_that_is_late_or_lost_holds_no_group() {
    let mut group = begun();
    assert_eq!(arrive(&mut group, 4..=4, T0 + GROUP_MS), [Written::Now], "the next batch ends it");
    group.take();
    assert_eq!(arrive(&mut group, 5..=5, T0 + 40), [Written::Later(Some(GROUP_MS))], "and a new timer is set");
}

#[test]
fn a_clock_that_goes_back_holds_no_group() {
    for back in [1, RECENT_MS, 1_000_000_000] {
        let mut group = begun();
        assert_eq!(group.rang(T0 - back), Written::Now);
        group.take();
        // What was posted at a time to come is not recent.
        assert_eq!(alone(&mut group, 4, T0 - back), [4]);
        let mut group = begun();
        assert_eq!(arrive(&mut group, 4..=4, T0 - back), [Written::Now]);
        assert_eq!(callers(&group.take()), [3, 4]);
    }
}

#[test]
fn a_batch_that_comes_again_joins_the_one_that_waits() {
    let mut group = begun();
    assert_eq!(group.arrived(batch(3, T0, 30), T0 + 1), Written::Later(None));
    assert_eq!(group.arrived(batch(3, T0 + 1, 31), T0 + 2), Written::Later(None), "a later one of the same lane goes behind it");
    assert_eq!(group.arrived(batch(3, T0, 32), T0 + 3), Written::Later(None));
    let written = group.take();
    assert_eq!(written.iter().map(|one| (one.lane, one.sequence)).collect::<Vec<_>>(), [(3, T0), (3, T0 + 1)]);
    assert_eq!(written.into_iter().map(|one| one.callers).collect::<Vec<_>>(), [vec![3, 30, 32], vec![31]]);
}

#[test]
fn a_group_has_a_bound_in_bytes_in_callers_and_in_lanes() {
    let mut group = begun();
    let long = WaitingBatch { call: vec![0; MAX_BYTES], ..batch(9, 1, 9) };
    assert_eq!(group.arrived(long, T0), Written::Now);
    assert_eq!(callers(&group.take()), [3, 9]);

    let mut group = begun();
    let again = (2..MAX_CALLERS as u64).map(|n| group.arrived(batch(3, T0, n), T0)).collect::<Vec<_>>();
    assert!(again.iter().all(|one| *one == Written::Later(None)));
    assert_eq!(group.arrived(batch(3, T0, 1), T0), Written::Now);
    assert_eq!(callers(&group.take()).len(), MAX_CALLERS);

    // Of the first 64 lanes two did not wait. They are forgotten when the next ones post.
    let mut group = Group::default();
    let mut sizes = Vec::new();
    for lane in 1..=1_000 {
        if group.arrived(batch(lane.into(), 1, lane), T0) == Written::Now {
            sizes.push(group.take().len());
        }
    }
    assert!(sizes.len() > 10 && sizes[..2] == [1, 1] && sizes[2..].iter().all(|size| *size == MAX_RECENT), "{sizes:?}");
}

/// What happens: a batch of a lane comes, perhaps one that came before, or time passes.
#[derive(Clone, Debug)]
enum Op {
    Arrive { lane: u64, again: bool },
    Wait(u64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let wait = prop_oneof![4 => 0..8_u64, 2 => 0..60_u64, 1 => 60..300_u64];
    prop_oneof![
        3 => (0..9_u64, prop::bool::weighted(0.15)).prop_map(|(lane, again)| Op::Arrive { lane, again }),
        2 => wait.prop_map(Op::Wait),
    ]
}

/// Everything around a group, and what it must do by the rules alone.
#[derive(Default)]
struct World {
    group: Group,
    now: u64,
    timers: Vec<u64>,
    callers: u64,
    /// The last batch of each lane, and when it came.
    last: BTreeMap<u64, (u64, u64)>,
    /// The batches that wait: lane, number, when it came first, callers.
    waiting: Vec<(u64, u64, u64, Vec<u64>)>,
    /// The last number of each lane that was written.
    written: BTreeMap<u64, u64>,
}

impl World {
    fn arrive(&mut self, lane: u64, again: bool) {
        self.callers += 1;
        let caller = self.callers;
        let known = self.last.get(&lane).map_or(0, |(sequence, _)| *sequence);
        let sequence = if again && known > 0 { known } else { known + 1 };
        let waits = |lane: u64| self.waiting.iter().any(|(one, ..)| *one == lane);
        let others =
            self.last.iter().filter(|(one, (_, at))| **one != lane && self.now - at <= RECENT_MS && !waits(**one)).count();
        self.last.insert(lane, (sequence, self.now));
        let decision = self.group.arrived(batch(lane.into(), sequence, caller), self.now);
        // It would wait for nothing, or for nobody any more.
        let complete = others < if self.waiting.is_empty() { WORTH_WAITING } else { 1 };
        match self.waiting.iter_mut().find(|(one, number, ..)| (*one, *number) == (lane, sequence)) {
            Some((.., callers)) => callers.push(caller),
            None => self.waiting.push((lane, sequence, self.now, vec![caller])),
        }
        assert_eq!(decision == Written::Now, complete, "{} others, {decision:?}", others);
        self.carry_out(decision);
    }

    fn is_written(&mut self, lane: u64, sequence: u64) {
        let before = self.written.insert(lane, sequence);
        assert!(before.is_none_or(|before| before <= sequence), "the batches of a lane are written in their order");
    }

    fn carry_out(&mut self, decision: Written) {
        match decision {
            Written::Now => {
                let expected = std::mem::take(&mut self.waiting);
                let written = self.group.take();
                assert_eq!(
                    written.iter().map(|one| (one.lane, one.sequence, one.callers.clone())).collect::<Vec<_>>(),
                    expected
                        .iter()
                        .map(|(lane, sequence, _, callers)| (u128::from(*lane), *sequence, callers.clone()))
                        .collect::<Vec<_>>(),
                );
                for (lane, sequence, ..) in expected {
                    self.is_written(lane, sequence);
                }
            }
            Written::Later(ring) => self.timers.extend(ring.map(|ms| self.now + ms)),
        }
        assert!(self.timers.len() <= 2, "{:?}", self.timers);
        let longest = self.waiting.iter().map(|(_, _, since, _)| self.now - since).max();
        assert!(longest.is_none_or(|waited| waited < GROUP_MS), "a batch waits for longer: {longest:?} ms");
        let due = self.waiting.iter().map(|(_, _, since, _)| since + GROUP_MS).min();
        assert!(due.is_none_or(|due| self.timers.iter().any(|rings| *rings <= due)), "no timer ends the group");
    }

    /// Lets time pass, and timers ring when they are due.
    fn wait(&mut self, ms: u64) {
        let until = self.now + ms;
        while let Some(at) = self.timers.iter().position(|rings| *rings <= until) {
            let next = (0..self.timers.len()).min_by_key(|at| self.timers.get(*at)).unwrap_or(at);
            self.now = self.timers.remove(next);
            let decision = self.group.rang(self.now);
            self.carry_out(decision);
        }
        self.now = until;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_does_what_the_rules_say(ops in prop::collection::vec(any_op(), 1..120)) {
        let mut world = World { now: T0, ..World::default() };
        for op in ops {
            match op {
                Op::Arrive { lane, again } => world.arrive(lane, again),
                Op::Wait(ms) => world.wait(ms),
            }
        }
        world.wait(GROUP_MS);
        prop_assert!(world.waiting.is_empty() && world.group.take().is_empty(), "all are written");
    }
}
