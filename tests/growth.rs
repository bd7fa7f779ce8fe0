//! How many shards a site has on its next day, by the loads of its shards; and what a shard measures of its load.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::dispatch::growth::{GROWS_CALLS, GROWS_FULL, MOST_TIMES, needed};
use footfall::counting::ledger::load::{BUSY_MINUTES, LoadMeter, STORED_CALLS};
use footfall::counting::ledger::shard::Shard;
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::{Batch, Tally};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::load::ShardLoad;
use footfall::counting::protocol::wire::{decode, encode};
use proptest::prelude::*;
use support::sqlite::Sqlite;
use support::{DAY, T0, batch, visit};

const MINUTE: u64 = 60_000;
const TODAY: u32 = 20_000;

fn calls(calls: u32) -> Option<ShardLoad> {
    Some(ShardLoad { calls, full: 0 })
}

fn full(full: u32) -> Option<ShardLoad> {
    Some(ShardLoad { calls: 0, full })
}

#[test]
fn a_site_grows_above_the_threshold_to_half_of_the_limit() {
    assert_eq!([0, 1, 500, 699, GROWS_CALLS].map(|load| needed(&[calls(load)])), [1; 5]);
    assert_eq!([GROWS_CALLS + 1, 1_000, 1_001, 1_500, 1_501, 9_999].map(|load| needed(&[calls(load)])), [2, 2, 3, 3, 4, 4]);
    assert_eq!([GROWS_FULL, GROWS_FULL + 1, 1_000, 1_500].map(|load| needed(&[full(load)])), [1, 2, 2, 3]);
    // The load or the memory, whichever needs more.
    assert_eq!(needed(&[Some(ShardLoad { calls: 701, full: 1_200 })]), 3);
    assert_eq!(needed(&[Some(ShardLoad { calls: 690, full: 590 })]), 1);
    assert_eq!(needed(&[calls(800); 10]), 16);
    assert_eq!(needed(&[calls(5_000); 100]), 256, "no site has more");
    assert_eq!(needed(&[calls(5_000); 256]), 256);
    assert_eq!(needed(&[]), 0);
}

#[test]
fn what_does_not_answer_counts_as_idle() {
    assert_eq!(needed(&[None]), 1);
    assert_eq!(needed(&[None; 8]), 8);
    // Half of them are enough to see that all are busy, and a quarter is not.
    assert_eq!(needed(&[calls(800), calls(800), None, None]), 7);
    assert_eq!(needed(&[calls(800), None, None, None]), 4);
}

#[test]
fn one_shard_that_is_far_busier_than_the_others_does_not_make_a_site_grow() {
    let quiet = [calls(100); 7];
    assert_eq!(needed(&[&[calls(10_000)][..], &quiet].concat()), 32, "unless it alone has the load of several");
    assert_eq!(needed(&[&[calls(2_000)][..], &quiet].concat()), 8, "its load counts as twice the mean: 675");
}

fn loads() -> impl Strategy<Value = Vec<Option<ShardLoad>>> {
    let load = (0..3_000_u32, 0..2_000_u32).prop_map(|(calls, full)| ShardLoad { calls, full });
    prop::collection::vec(prop::option::weighted(0.9, load), 1..=256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_number_never_falls_and_grows_by_a_factor_at_most(loads in loads()) {
        let (present, needed) = (loads.len() as u16, needed(&loads));
        prop_assert!((present..=present.saturating_mul(MOST_TIMES).min(256)).contains(&needed));
    }

    #[test]
    fn more_load_never_leads_to_fewer_shards(loads in loads(), more in loads()) {
        let raised: Vec<_> = loads.iter().enumerate().map(|(at, load)| {
            let more = more.get(at).copied().flatten().unwrap_or_default();
            let load = load.unwrap_or_default();
            Some(ShardLoad { calls: load.calls + more.calls, full: load.full + more.full })
        }).collect();
        prop_assert!(needed(&raised) >= needed(&loads));
    }

    /// A load that spreads over the shards makes a site grow until it fits, and never again. If one day is enough for that, nor does a load that is
    /// a fifth higher.
    #[test]
    fn the_load_that_made_a_site_grow_does_not_make_it_grow_again(present in 1..=64_u16, all in 0..100_000_u64, ids in 0..50_000_u64) {
        let spread = |shards: u16, percent: u64| {
            let part = |sum: u64| u32::try_from(sum * percent / 100 / u64::from(shards)).unwrap();
            vec![Some(ShardLoad { calls: part(all), full: part(ids) }); usize::from(shards)]
        };
        let mut shards = present;
        for _ in 0..5 {
            shards = needed(&spread(shards, 100));
        }
        prop_assert_eq!(needed(&spread(shards, 100)), shards, "after five days there are enough");
        let before = spread(present, 100)[0].unwrap();
        prop_assert_eq!(shards > present, before.calls > GROWS_CALLS || before.full > GROWS_FULL);
        let once = needed(&spread(present, 100));
        if once > present && once < (present * MOST_TIMES).min(256) {
            prop_assert_eq!(needed(&spread(once, 119)), once);
        }
    }
}

/// Counts so many calls in one minute. Returns whether there is something to store.
fn minute(meter: &mut LoadMeter, at: u64, calls: u32) -> bool {
    (0..calls).for_each(|_| meter.count(1, at));
    meter.take_news()
}

#[test]
fn a_load_is_what_a_shard_had_for_ten_minutes_of_a_day() {
    let mut meter = LoadMeter::default();
    assert_eq!(meter.calls_a_second(TODAY, T0), 0);
    for n in 0..BUSY_MINUTES as u64 {
        assert_eq!(meter.calls_a_second(TODAY, T0 + 2 * n * MINUTE), 0, "only {n} minutes were busy");
        minute(&mut meter, T0 + 2 * n * MINUTE, 60 * 8 + n as u32);
    }
    let after = T0 + 30 * MINUTE;
    assert_eq!(meter.calls_a_second(TODAY, after), 8, "the tenth had 480 calls");
    minute(&mut meter, after, 100_000);
    assert_eq!(meter.calls_a_second(TODAY, after), 8, "the minute is not over");
    assert_eq!(meter.calls_a_second(TODAY, after + MINUTE), 8, "one wild minute is not ten");
    minute(&mut meter, after + MINUTE, 60 * 5);
    assert_eq!(meter.calls_a_second(TODAY, after + 2 * MINUTE), 8, "nor does a quiet one matter");
    // The next day begins with nothing, and the day before is still known; on the day after, it is not.
    minute(&mut meter, T0 + DAY, 600);
    assert_eq!([TODAY, TODAY + 1].map(|day| meter.calls_a_second(day, T0 + DAY + MINUTE)), [8, 0]);
    minute(&mut meter, T0 + 2 * DAY, 600);
    assert_eq!(meter.calls_a_second(TODAY, T0 + 2 * DAY + MINUTE), 0);
    assert_eq!(meter.calls_a_second(TODAY + 9, T0 + 2 * DAY), 0);
}

#[test]
fn a_clock_that_was_ahead_loses_a_load_at_most() {
    let mut meter = LoadMeter::default();
    for n in 0..10 {
        minute(&mut meter, T0 + n * MINUTE, 600);
    }
    minute(&mut meter, T0 + 50 * DAY, 600);
    for n in 20..30 {
        minute(&mut meter, T0 + n * MINUTE, 120);
    }
    assert_eq!(meter.calls_a_second(TODAY, T0 + 40 * MINUTE), 2);
    assert_eq!(meter.calls_a_second(TODAY + 50, T0 + 40 * MINUTE), 0);
}

#[test]
fn only_minutes_that_matter_are_stored_and_they_outlast_a_restart() {
    let mut meter = LoadMeter::default();
    assert!(!minute(&mut meter, T0, STORED_CALLS - 1));
    assert!(!minute(&mut meter, T0 + MINUTE, STORED_CALLS), "the minute before was quiet");
    assert!(minute(&mut meter, T0 + 2 * MINUTE, 1), "one was not");
    for n in 3..13 {
        minute(&mut meter, T0 + n * MINUTE, STORED_CALLS);
    }
    assert!(!minute(&mut meter, T0 + 13 * MINUTE, STORED_CALLS), "ten minutes were as busy already");
    assert!(!minute(&mut meter, T0 + 14 * MINUTE, 1));
    minute(&mut meter, T0 + DAY, 70_000);
    meter.count(1, T0 + DAY + MINUTE);
    let mut after = LoadMeter::from_bytes(&meter.to_bytes());
    let now = T0 + DAY + 2 * MINUTE;
    assert_eq!([TODAY, TODAY + 1].map(|day| after.calls_a_second(day, now)), [STORED_CALLS / 60, 0]);
    assert_eq!(after.to_bytes(), meter.to_bytes());
    assert_eq!(LoadMeter::from_bytes(b"of another version"), LoadMeter::default());
}

fn load(shard: &mut Shard<Sqlite>, day: u32, now: u64) -> ShardLoad {
    match decode(&shard.serve(&encode(&Call::Load(day)), now).bytes) {
        Ok(Answer::Load(load)) => load,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shard_measures_its_calls_with_visits_and_stores_few_rows_for_it() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let mut number = 0;
    let (sent, tally) = ([visit("/a")], Tally { day: TODAY, reason: 1, visits: 1 });
    let mut register = |shard: &mut Shard<Sqlite>, at: u64, some: bool| {
        number += 1;
        let batch = match some {
            true => batch(1, number, at, &sent),
            false => Batch { tallies: vec![tally], ..batch(1, number, at, &[]) },
        };
        shard.serve(&encode(&Call::Register(batch)), at);
    };
    for n in 0..10 {
        for _ in 0..STORED_CALLS {
            register(&mut shard, T0 + n * MINUTE, true);
        }
    }
    // Neither reads nor tallies spread over more shards.
    for n in 10..20 {
        for _ in 0..200 {
            shard.serve(&encode(&Call::Views(None)), T0 + n * MINUTE);
            register(&mut shard, T0 + n * MINUTE, false);
        }
    }
    let now = T0 + 30 * MINUTE;
    assert_eq!(load(&mut shard, TODAY, now), ShardLoad { calls: 100, full: 0 });
    register(&mut shard, now, true);
    assert_eq!(
        load(&mut support::shard(sql.clone()), TODAY, now),
        ShardLoad { calls: 100, full: 0 },
        "a restart loses none of it"
    );
    assert_eq!(load(&mut shard, TODAY - 1, now).calls, 0);
    let Ok(Answer::Metrics(metrics)) = decode(&shard.serve(&encode(&Call::Metrics), now).bytes) else { panic!("no metrics") };
    assert_eq!(metrics[metrics.len() - 2..], [100, 0]);
}

#[test]
fn a_shard_says_how_full_days_like_this_one_make_it() {
    let mut shard = support::shard(Sqlite::new());
    let mut number = 0;
    let mut send = |shard: &mut Shard<Sqlite>, at: u64, visits: u64| {
        let ids: Vec<u64> = (number..number + visits).collect();
        for ids in ids.chunks(500) {
            let sent: Vec<_> = ids.iter().map(|id| visit("/a").id(*id)).collect();
            number += ids.len() as u64;
            let Ok(Answer::Receipt(_)) = decode(&shard.serve(&encode(&Call::Register(batch(1, number, at, &sent))), at).bytes)
            else {
                panic!("it took no batch")
            };
        }
    };
    // Ids of one day take up half as much again: they are kept for up to 36 hours.
    send(&mut shard, T0, 40_000);
    send(&mut shard, T0 + 6 * 3_600_000, 40_000);
    assert_eq!(load(&mut shard, TODAY, T0 + 11 * 3_600_000).full, 2, "120,000 of 50,000,000");
    send(&mut shard, T0 + DAY, 34_000);
    assert_eq!([TODAY, TODAY + 1].map(|day| load(&mut shard, day, T0 + DAY).full), [2, 1], "each day by itself");
}
