//! Once a shard was told how many shards there are, it refuses to be part of a sum over fewer.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::shard::Shard;
use footfall::counting::protocol::answer::{Answer, Fault};
use footfall::counting::protocol::call::{Amend, Call};
use footfall::counting::protocol::wire::{decode, encode};
use support::sqlite::Sqlite;
use support::{T0, batch, counted, receipt, visit};

fn ask(shard: &mut Shard<Sqlite>, call: &Call<'_>) -> Answer {
    decode(&shard.serve(&encode(call), T0).bytes).unwrap()
}

/// The shard's part of all views, in a sum over `shards` shards.
fn part(shard: &mut Shard<Sqlite>, shards: u16) -> Answer {
    ask(shard, &Call::Sum { shards, call: &encode(&Call::Views(None)) })
}

#[test]
fn a_shard_that_knows_of_more_shards_takes_part_in_no_sum_over_fewer() {
    let sql = Sqlite::new();
    let mut shard = support::shard(sql.clone());
    let sent = [visit("/a")];
    assert_eq!(ask(&mut shard, &Call::Register(batch(1, 1, T0, &sent))), Answer::Receipt(receipt(&[counted(1)])));
    assert_eq!(part(&mut shard, 1), Answer::Views(1));
    assert_eq!(ask(&mut shard, &Call::Grow(4)), Answer::Grown);
    assert_eq!(ask(&mut shard, &Call::Grow(2)), Answer::Grown, "a late message changes nothing");
    let outgrown = Answer::Refused(Fault::Outgrown(4));
    for mut shard in [shard, support::shard(sql.clone())] {
        assert_eq!([1, 3].map(|shards| part(&mut shard, shards)), [outgrown.clone(), outgrown.clone()]);
        assert_eq!([4, 5].map(|shards| part(&mut shard, shards)), [Answer::Views(1), Answer::Views(1)]);
        assert_eq!(ask(&mut shard, &Call::Views(None)), Answer::Views(1), "a question to this shard alone is no sum");
    }
    // An owner's change to all shards happens in all of them or in none.
    let mut shard = support::shard(sql);
    let wipe = encode(&Call::Amend(Amend::Wipe));
    assert_eq!(ask(&mut shard, &Call::Sum { shards: 1, call: &wipe }), outgrown);
    assert_eq!(part(&mut shard, 4), Answer::Views(1));
    assert_eq!(ask(&mut shard, &Call::Sum { shards: 4, call: &wipe }), Answer::Page(None));
    assert_eq!(
        [1, 4].map(|shards| part(&mut shard, shards)),
        [outgrown, Answer::Views(0)],
        "the number of shards outlasts the wipe"
    );
}

#[test]
fn a_receipt_says_that_its_views_are_a_part() {
    let mut shard = support::shard(Sqlite::new());
    ask(&mut shard, &Call::Grow(3));
    let sent = [visit("/a")];
    let answer = Answer::Among(3, receipt(&[counted(1)]));
    for _ in 0..2 {
        assert_eq!(ask(&mut shard, &Call::Register(batch(1, 1, T0, &sent))), answer, "a retry gets the same answer");
    }
}

#[test]
fn a_sum_of_a_sum_is_malformed() {
    let mut shard = support::shard(Sqlite::new());
    let inner = encode(&Call::Sum { shards: 1, call: &encode(&Call::Views(None)) });
    for call in [inner.as_slice(), b"", b"nonsense"] {
        assert_eq!(ask(&mut shard, &Call::Sum { shards: 1, call }), Answer::Refused(Fault::Malformed));
    }
}
