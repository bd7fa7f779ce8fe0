#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

use super::*;
use crate::counting::protocol::batch::{Counted, Receipt, Verdict};
use crate::counting::protocol::wire::encode;
use proptest::prelude::*;
use std::collections::BTreeMap;

const T0: u64 = 1_800_000_000_000;

/// The receipt of a visit that was the `views`th of its page.
fn lone(views: u64) -> Vec<u8> {
    encode(&Receipt { visits: vec![Counted { verdict: Verdict::Counted, other: false, views }] })
}

fn send(isolates: &mut Isolates, isolate: u128, sequence: u64, at: u64, receipt: &[u8]) {
    isolates.insert(LastBatch { isolate, sequence, at, receipt });
}

/// The name of a lane, as random as those of real ones.
fn name(n: u64) -> u128 {
    u128::from(n.wrapping_mul(GOLDEN)) << 64 | u128::from(n.wrapping_mul(0xd6e8_feb8_6659_fd93))
}

#[test]
fn a_hundred_thousand_lanes_of_lone_visits_fit_in_a_minute_at_65_bytes_each() {
    let mut isolates = Isolates::default();
    for lanes in [1_000, 20_000, 100_000, LONE_LANES as u64] {
        for n in isolates.lanes() as u64..lanes {
            let at = T0 + n * KEEP_MS / lanes;
            assert!(isolates.has_room(false, at), "lane {n}");
            send(&mut isolates, name(n), n, at, &lone(10_000 + n));
        }
        let each = isolates.bytes() as u64 / lanes;
        assert!((isolates.lanes() as u64, each) <= (lanes, 65), "{lanes} lanes take {each} bytes each");
        for n in 0..lanes {
            let (sequence, receipt) = (n, lone(10_000 + n));
            let last = isolates.last_batch_of(name(n)).unwrap();
            assert_eq!((last.sequence, last.receipt), (sequence, &receipt[..]));
            assert_eq!(isolates.last_batch_of(name(n) ^ 1), None, "another lane of the isolate");
        }
    }
}

#[test]
fn beyond_the_limit_new_lanes_are_refused_first_and_all_have_room_when_a_minute_is_over() {
    let mut isolates = Isolates::default();
    let receipt = [7; 2_000];
    let mut lanes = 0;
    while isolates.has_room(false, T0) {
        send(&mut isolates, name(lanes), 1, T0, &receipt);
        lanes += 1;
    }
    assert!((MAX_NEW_BYTES..MAX_NEW_BYTES + 2_100).contains(&isolates.bytes()), "{} bytes", isolates.bytes());
    // Lanes that are known go on, and the bytes of their last batches are used again.
    for sequence in 2..20 {
        for lane in 0..lanes {
            assert!(isolates.has_room(true, T0 + KEEP_MS), "batch {sequence} of lane {lane}");
            send(&mut isolates, name(lane), sequence, T0 + KEEP_MS, &receipt);
            assert!(isolates.bytes() < MAX_BYTES + 2_100, "{} bytes", isolates.bytes());
            assert_eq!(isolates.last_batch_of(name(lane)).unwrap().sequence, sequence);
        }
    }
    assert_eq!(isolates.lanes() as u64, lanes);
    assert!(!isolates.has_room(false, T0 + 2 * KEEP_MS), "their last batches can still be retried");
    // Larger batches of known lanes find an end, too.
    let larger = [8; 6_000];
    let taken = (0..lanes).take_while(|lane| {
        let room = isolates.has_room(true, T0 + KEEP_MS);
        if room {
            send(&mut isolates, name(*lane), 20, T0 + KEEP_MS, &larger);
        }
        room
    });
    let taken = taken.count() as u64;
    assert!((100..lanes / 2).contains(&taken), "{taken} larger batches of {lanes} lanes");
    assert!(isolates.bytes() < MAX_BYTES + 6_100);
    assert!(isolates.has_room(false, T0 + 2 * KEEP_MS + 1));
    assert!(isolates.bytes() < MAX_BYTES / 20, "{} bytes", isolates.bytes());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a search through all batches would take a hundred times as long")]
fn a_refused_batch_costs_no_search() {
    let mut isolates = Isolates::default();
    let mut lanes = 0;
    while isolates.has_room(false, T0) {
        send(&mut isolates, name(lanes), 1, T0 + lanes % 1_000, &lone(lanes));
        lanes += 1;
    }
    let start = std::time::Instant::now();
    for _ in 0..1_000_000 {
        assert!(!isolates.has_room(false, T0));
    }
    assert!(start.elapsed().as_secs() < 2, "a million took {:?}", start.elapsed());
}

#[test]
fn the_bytes_follow_the_traffic_of_the_last_minute() {
    let mut isolates = Isolates::default();
    let receipt = [7; 500];
    let (mut n, mut now) = (0, T0);
    let mut most = [0; 3];
    for (per_minute, most) in [60, 6_000, 60].into_iter().zip(&mut most) {
        for _ in 0..per_minute * 200 {
            now += KEEP_MS / per_minute;
            // Half of the batches come from 20 busy lanes, the others from lanes that never post again.
            send(&mut isolates, name(if n % 2 == 0 { n % 40 } else { n }), n, now, &receipt);
            n += 1;
        }
        *most = isolates.bytes();
    }
    let [quiet, busy, quiet_again] = most;
    assert!(quiet < 2 * PIECE_BYTES && quiet_again < 4 * PIECE_BYTES, "{quiet}, {quiet_again} bytes for 60 a minute");
    assert!((3_000 * 534..6_000 * 700).contains(&busy), "{busy} bytes for 6,000 a minute");
}

#[derive(Clone, Debug)]
enum Op {
    Send(u64, usize),
    Wait(u64),
    Forget,
    /// The clock was ahead by this much.
    GoBack(u64),
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => (0..60_u64, 0..9_000_usize).prop_map(|(lane, length)| Op::Send(lane, length)),
        6 => (0..20_000_u64).prop_map(Op::Wait),
        1 => Just(Op::Forget),
        1 => (0..100_000_u64).prop_map(Op::GoBack),
    ]
}

proptest! {
    #[test]
    fn every_batch_of_the_last_minute_is_there_and_no_other_batch_of_its_lane(ops in prop::collection::vec(any_op(), 1..400)) {
        let mut isolates = Isolates::default();
        let mut model: BTreeMap<u128, (u64, u64, Vec<u8>)> = BTreeMap::new();
        let mut now = T0;
        for (sequence, op) in (0..).zip(ops) {
            match op {
                Op::Send(lane, length) => {
                    let receipt = vec![lane as u8; length];
                    send(&mut isolates, name(lane), sequence, now, &receipt);
                    model.insert(name(lane), (sequence, now, receipt));
                }
                Op::Wait(ms) => now += ms,
                Op::Forget => isolates.forget(now),
                Op::GoBack(ms) => {
                    now = now.saturating_sub(ms);
                    isolates.move_together(now);
                    model.values_mut().for_each(|(_, at, _)| *at = now.min(*at));
                }
            }
            for (lane, (sequence, at, receipt)) in &model {
                match isolates.last_batch_of(*lane) {
                    Some(found) => prop_assert_eq!(found, LastBatch { isolate: *lane, sequence: *sequence, at: *at, receipt }),
                    None => prop_assert!(at + KEEP_MS < now, "a batch of {} ms ago is forgotten", now - at),
                }
            }
            model.retain(|lane, _| isolates.last_batch_of(*lane).is_some());
            let all: BTreeMap<u128, u64> = isolates.iter().map(|batch| (batch.isolate, batch.sequence)).collect();
            prop_assert_eq!((all.len(), all.len()), (isolates.lanes(), model.len()));
            prop_assert!(all.iter().all(|(lane, sequence)| model[lane].0 == *sequence));
            let newest = model.values().map(|(_, at, _)| *at).max().unwrap_or(0);
            prop_assert!(isolates.newest() >= newest);
            let bytes: usize = isolates.pieces.iter().map(|piece| piece.bytes.len()).sum();
            let useful: usize = isolates.iter().map(|batch| batch.len()).sum();
            prop_assert_eq!((isolates.bytes, isolates.useful), (bytes, useful));
        }
    }

    #[test]
    fn a_batch_reads_back_and_one_that_is_cut_is_none(
        (isolate, sequence, at) in any::<(u128, u64, u64)>(),
        receipt in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let batch = LastBatch { isolate, sequence, at, receipt: &receipt };
        let mut bytes = Vec::new();
        batch.write(&mut bytes);
        prop_assert_eq!(bytes.len(), batch.len());
        for end in 0..bytes.len() {
            prop_assert_eq!(LastBatch::read(&mut &bytes[..end]), None);
        }
        bytes.push(1);
        let mut left = &bytes[..];
        prop_assert_eq!(LastBatch::read(&mut left), Some(batch));
        prop_assert_eq!(left, [1]);
    }
}
