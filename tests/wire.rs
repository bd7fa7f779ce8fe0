//! The messages between isolates and shards: each reads back unchanged, and no damage to a message breaks its reader.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::group::MAX_BYTES;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::model::client::Device;
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::model::dimensions::MAX_DETAILS_BYTES;
use footfall::counting::model::page::MAX_PAGE_BYTES;
use footfall::counting::model::share::Share;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Salt, Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::answer::{Answer, Fault, Visitors};
use footfall::counting::protocol::batch::{Batch, Counted, Item, MAX_BATCH_VISITS, Receipt, Tally, Verdict};
use footfall::counting::protocol::call::{Amend, Call};
use footfall::counting::protocol::day::{DayAnswer, DayCall};
use footfall::counting::protocol::load::ShardLoad;
use footfall::counting::protocol::report::{Line, Listed, Question, Slice, Span, Step, Times};
use footfall::counting::protocol::row::{NewRow, Row, RowBatch};
use footfall::counting::protocol::wire::{Message, decode, encode};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use support::sqlite::Sqlite;
use support::{DAY, T0, batch, counted, duplicate, receipt, visit};

const TALLY: Tally = Tally { day: 20_000, reason: 6, visits: u64::MAX };

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Checks that the message reads back unchanged. If it is cut short, lengthened or of another version, the reader must refuse it. With
/// one changed byte, the reader may read or refuse it.
fn check<'a, T: Message + Serialize + Deserialize<'a> + PartialEq + Debug>(
    message: &T,
    bytes: &'a mut Vec<u8>,
    damaged: &'a [Vec<u8>],
) {
    *bytes = encode(message);
    assert_eq!(decode::<T>(bytes).as_ref(), Ok(message));
    for (at, damaged) in damaged.iter().enumerate() {
        // The first ones are cut, lengthened or of another version. These must be refused.
        let read = decode::<T>(damaged);
        assert!(read.is_err() || at >= bytes.len() + 1 + 255, "{damaged:?} was read as {read:?}");
    }
}

/// Every truncation, one byte too many, every other version, and every change of one byte.
fn damage(bytes: &[u8]) -> Vec<Vec<u8>> {
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    let longer = [[bytes, &[0]].concat()];
    let versions = (0..=255).filter(|version| *version != bytes[0]).map(|version| [&[version], &bytes[1..]].concat());
    let changes = (1..bytes.len()).flat_map(|at| {
        (1..=255_u8).map(move |change| {
            let mut changed = bytes.to_vec();
            changed[at] ^= change;
            changed
        })
    });
    cut.chain(longer).chain(versions).chain(changes).collect()
}

/// Some news of the visits of a batch.
fn news_of(receipt: &Receipt) -> Vec<u8> {
    (0..receipt.visits.len()).map(|at| u8::try_from(at % 128).unwrap()).collect()
}

/// The bytes of a journal row.
fn row_of(at: u64, batches: &[(Batch<'_>, Receipt)]) -> Vec<u8> {
    let mut row = NewRow::new(at);
    batches.iter().for_each(|(batch, receipt)| row.push(batch, receipt, &news_of(receipt)));
    row.into_bytes()
}

macro_rules! check_message {
    ($type:ty, $message:expr) => {{
        let message: $type = $message;
        let damaged = damage(&encode(&message));
        check::<$type>(&message, &mut Vec::new(), &damaged);
    }};
}

#[test]
fn no_damage_to_a_message_is_read_by_chance_or_breaks_its_reader() {
    let details = support::details(Some(Device::Tablet), "DE", "news.example", ["a", "", "c"]);
    let sent = [visit("/a").id(u64::MAX), visit("/é").by(1).from(&details).made(T0), visit("/a")];
    let batch = || Batch { tallies: vec![TALLY], ..batch(u128::MAX, u64::MAX, T0, &sent) };
    let receipt = receipt(&[counted(1), duplicate(u64::MAX), Counted { other: true, ..counted(0) }]);
    check_message!(Call<'_>, Call::Register(batch()));
    check_message!(Call<'_>, Call::Views(None));
    check_message!(Call<'_>, Call::Views(Some("/page")));
    check_message!(Call<'_>, Call::Seen { day: 20_000, id: Fingerprint(1 << 63) });
    check_message!(Call<'_>, Call::Visitors(u32::MAX));
    let hours = Span { from: 480_000, until: 480_024 };
    for question in [
        Question::Times { page: Some("/a"), times: Times::of_hours(hours), step: Step::Hour },
        Question::List { of: Listed::Pages(Times::of_days(hours)), slice: Slice { part: "a", skip: 1, most: 2 } },
        Question::Dimensions { kind: 5, days: hours },
        Question::Excluded(hours),
        Question::Withheld(hours),
        Question::Value { kind: 1, value: "DE", days: hours },
    ] {
        check_message!(Call<'_>, Call::Report(question));
    }
    let line = Line { at: 480_001, reason: 2, name: "/é".to_owned(), views: 9, visitors: 3, newcomers: 2 };
    check_message!(Answer, Answer::Report(vec![line, Line::default()]));
    check_message!(Call<'_>, Call::Health);
    check_message!(Call<'_>, Call::Load(20_000));
    check_message!(Answer, Answer::Load(ShardLoad { calls: 700, full: u32::MAX }));
    check_message!(Call<'_>, Call::Amend(Amend::Make { page: "/a", views: 2, most: 9, id: "0-1" }));
    check_message!(Answer, Answer::Receipt(receipt.clone()));
    check_message!(Answer, Answer::Views(300));
    check_message!(Answer, Answer::Seen(true));
    check_message!(Answer, Answer::Visitors(Visitors { visitors: 9, withheld: [1, 2, 3, u64::MAX] }));
    for fault in [Fault::Malformed, Fault::Superseded, Fault::Full, Fault::Storage] {
        check_message!(Answer, Answer::Refused(fault));
    }
    let row =
        [(batch(), receipt.clone()), (Batch { sequence: 1, ..batch() }, Receipt { visits: Vec::new() }), (batch(), receipt)];
    let bytes = row_of(T0, &row);
    let read = Row::read(&bytes).unwrap();
    assert_eq!(read.batches.iter().map(|one| (one.batch.clone(), one.receipt.clone())).collect::<Vec<_>>(), row);
    assert!(read.batches.iter().all(|one| one.news == Some(&news_of(&one.receipt))));
    for (at, damaged) in damage(&bytes).iter().enumerate() {
        assert!(Row::read(damaged).is_err() || at >= bytes.len() + 1 + 255, "{damaged:?} was read");
    }
    check_message!(DayCall, DayCall { day: 20_000, shards: 256 });
    let record = DayRecord { day: 20_000, salt: Salt([255; 16]), shards: 4, shards_before: 1 };
    check_message!(DayAnswer, DayAnswer::Record(record));
    check_message!(DayAnswer, DayAnswer::Malformed);
    check_message!(DayAnswer, DayAnswer::Storage);
}

#[test]
fn messages_keep_their_bytes() {
    // Isolates, shards and journals of several versions of this program read each other. If this test fails, raise the version in
    // `wire`, and make shards read the rows of the old version.
    let sent = [
        visit("/a").id(300).server(1),
        visit("/a").by(1).made(300_000).from(&support::details(Some(Device::Mobile), "", "", [""; 3])),
    ];
    let batch = Batch { tallies: vec![Tally { day: 1, reason: 2, visits: 3 }], ..batch(5, 2, T0, &sent) };
    let expected = b"\x01\x0b\x05\x02\x01\x02/a\x01\x01m\x02\x00\x00\x01\xac\x02\x01\x02\xa0\x9c\x01\x00\x03\x00\x01\x00\x00\x01\xa0\x9c\x01\x01\x05\x00\x01\x01\x02\x03";
    assert_eq!(encode(&Call::Register(batch.clone())), expected);
    let value = Question::Value { kind: 1, value: "DE", days: Span { from: 3, until: 4 } };
    assert_eq!(encode(&Call::Report(value)), b"\x01\x03\x03\x01\x02DE\x03\x04");
    assert_eq!(encode(&Call::Health), b"\x01\x0e");
    let (one, call) = ((batch.clone(), receipt(&[counted(1), duplicate(2)])), &expected[2..]);
    let stored = b"\x02\x00\x00\x01\x01\x00\x02";
    let news = b"\x00\x01";
    assert_eq!(row_of(300, std::slice::from_ref(&one)), [b"\x02\xac\x02\x01", call, stored, news].concat());
    let two = [b"\x02\xac\x02\x02", call, stored, news, call, stored, news].concat();
    assert_eq!(row_of(300, &[one.clone(), one.clone()]), two);
    // Rows from before batches shared them, which tell no news.
    let of_one = [b"\x01\xac\x02", call, stored].concat();
    assert_eq!(Row::read(&of_one), Ok(Row { at: 300, batches: vec![RowBatch { batch: one.0, receipt: one.1, news: None }] }));
    assert!(Row::read(&[&of_one, call, stored].concat()).is_err());
    assert_eq!(encode(&Answer::Receipt(receipt(&[counted(1), duplicate(300)]))), b"\x01\x00\x02\x00\x00\x01\x01\x00\xac\x02");
}

fn any_visitor() -> impl Strategy<Value = Visitor> {
    let why = prop::sample::select(Withheld::ALL.to_vec());
    prop_oneof![any::<u64>().prop_map(|hash| Visitor::Hash(VisitorHash(hash))), why.prop_map(Visitor::Withheld)]
}

fn any_item() -> impl Strategy<Value = Item> {
    let day = prop_oneof![3 => 19_998..20_004_u32, 1 => any::<u32>()];
    let made = prop_oneof![2 => Just(None), 1 => (28_799_000..28_802_000_u32).prop_map(Some), 1 => any::<u32>().prop_map(Some)];
    let page = prop_oneof![3 => 0..4_u16, 1 => any::<u16>()];
    (page, 0..3_u16, prop::option::of(any::<u64>()), any_visitor(), day, made, any::<u16>()).prop_map(
        |(page, details, id, visitor, day, made, share)| Item {
            page,
            details,
            id: id.map(Fingerprint),
            visitor,
            day,
            made,
            share: Share(share),
        },
    )
}

/// Pages and visits, most of which belong together.
fn any_content() -> impl Strategy<Value = (Vec<String>, Vec<Item>)> {
    let good = (0..2_u16, 19_999..20_002_u32, any_item()).prop_map(|(page, day, item)| Item { page, day, ..item });
    let good = (Just(vec!["/a".to_owned(), "/b".to_owned()]), prop::collection::vec(good, 2..8));
    let page = prop_oneof![3 => "/[ab]?", 1 => any::<String>()];
    let any = (prop::collection::vec(page, 0..4), prop::collection::vec(any_item(), 0..8));
    prop_oneof![2 => good, 1 => any]
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..9_u64, 1 => Just((1 << 53) - 1), 1 => any::<u64>()]
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn a_written_message_reads_back(
        (pages, visits) in any_content(),
        isolate in any::<u128>(),
        sequence in any::<u64>(),
        views in prop::collection::vec((0..3_u8, any::<bool>(), any::<u64>()), 0..6),
    ) {
        let pages = pages.iter().map(String::as_str).collect();
        let batch = Batch { isolate, sequence, pages, details: vec!["d", ""], visits, tallies: vec![TALLY] };
        let line = |(verdict, other, views): (u8, bool, u64)| {
            let verdict = [Verdict::Counted, Verdict::Duplicate, Verdict::Stale, Verdict::Full][usize::from(verdict)];
            Counted { verdict, other, views }
        };
        let receipt = Receipt { visits: views.into_iter().map(line).collect() };
        let bytes = row_of(sequence, &[(batch.clone(), receipt.clone()), (batch.clone(), receipt.clone())]);
        let news = news_of(&receipt);
        let expected = RowBatch { batch: batch.clone(), receipt, news: Some(&news) };
        prop_assert_eq!(Row::read(&bytes), Ok(Row { at: sequence, batches: vec![expected.clone(), expected] }));
        let call = Call::Register(batch);
        let bytes = encode(&call);
        prop_assert_eq!(decode::<Call<'_>>(&bytes), Ok(call.clone()));
    }

    #[test]
    fn a_shard_answers_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80), known_version in any::<bool>()) {
        let mut shard = support::shard(Sqlite::new());
        let bytes = if known_version { [&[1], &bytes[..]].concat() } else { bytes };
        let served = shard.serve(&bytes, T0);
        prop_assert_eq!(served.error, None);
        let answer = decode::<Answer>(&served.bytes);
        prop_assert!(answer.is_ok(), "{:?}", answer);
        if decode::<Call<'_>>(&bytes).is_err() {
            prop_assert_eq!(answer, Ok(Answer::Refused(Fault::Malformed)));
        }
    }

    #[test]
    fn no_batch_breaks_a_shard_for_the_next_one(
        calls in prop::collection::vec((any_content(), 0..3_u128, any_number()), 1..6),
        restart in any::<bool>(),
    ) {
        let sql = Sqlite::new();
        let mut shard = support::shard(sql.clone());
        let (mut at_least, mut sent_before) = (0, std::collections::HashSet::new());
        for ((pages, visits), isolate, sequence) in calls {
            let pages = pages.iter().map(String::as_str).collect();
            let details = vec!["d", "m\u{1f}DE"][..visits.len().min(2)].to_vec();
            let tallies = vec![Tally { day: 20_000, reason: 250, visits: sequence >> 12 }];
            let batch = Batch { isolate, sequence, pages, details, visits, tallies };
            let served = shard.serve(&encode(&Call::Register(batch.clone())), T0);
            prop_assert_eq!(served.error, None);
            match decode::<Answer>(&served.bytes).unwrap() {
                Answer::Receipt(receipt) => {
                    let is_retry = !sent_before.insert((isolate, sequence));
                    prop_assert!(is_retry || batch.visits.len() == receipt.visits.len(), "a line for each visit");
                    at_least = at_least.max(receipt.visits.iter().map(|line| line.views).max().unwrap_or(0));
                }
                Answer::Refused(fault) => prop_assert!(fault != Fault::Storage),
                other => panic!("{other:?}"),
            }
        }
        if restart {
            shard = support::shard(sql);
        }
        prop_assert!(shard.maintain(T0, KEEP_HOURS_DAYS).is_ok());
        let mut views = |now| decode::<Answer>(&shard.serve(&encode(&Call::Views(None)), now).bytes).unwrap();
        let Answer::Views(before) = views(T0) else { panic!() };
        prop_assert!(before >= at_least);
        let sent = [visit("/z").id(5).by(5)];
        // A clock that is ahead can end days early. Two days later, those days are over.
        let good = Call::Register(support::batch(77, 1, T0 + 2 * DAY, &sent));
        let served = shard.serve(&encode(&good), T0 + 2 * DAY);
        prop_assert_eq!(decode::<Answer>(&served.bytes), Ok(Answer::Receipt(receipt(&[counted(1)]))));
    }
}

/// A visit that takes the fewest bytes.
fn shortest() -> Item {
    let visitor = Visitor::Elsewhere;
    Item { page: 0, details: 0, id: None, visitor, day: 0, made: None, share: Share(0) }
}

#[test]
fn the_largest_batch_fits_into_a_row_behind_others_and_into_a_call() {
    let long = "x".repeat(100);
    let longest = |n: usize| {
        let details = support::details(Some(Device::Desktop), "DE", &format!("{n:0100}"), [&long, &long, &long]);
        // A host of that length belongs to no source of several hosts, so the part for such a host is empty.
        assert_eq!(details.as_str().len(), MAX_DETAILS_BYTES - 1 - 101, "a device is one letter");
        visit(&format!("/{n:01023}")).id(u64::MAX).by(u64::MAX).from(&details)
    };
    let sent: Vec<support::Sent> = (0..MAX_BATCH_VISITS).map(longest).collect();
    let batch = batch(u128::MAX, u64::MAX, T0, &sent);
    let receipt = Receipt { visits: vec![Counted { other: true, ..counted(u64::MAX) }; MAX_BATCH_VISITS] };
    let most = row_of(u64::MAX, &[(batch.clone(), receipt.clone())]);
    assert!(most.len() < 750_000, "a batch takes {} bytes of a row: `batch::MAX_BATCH_VISITS` says under 0.75 MB", most.len());
    // Behind other batches: those of the shortest visits have the most receipts.
    let short = Batch { pages: vec!["/"], details: Vec::new(), visits: vec![shortest(); MAX_BATCH_VISITS], ..batch.clone() };
    let call = encode(&Call::Register(short.clone())).len();
    let mut group = vec![(short, receipt.clone()); MAX_BYTES.div_ceil(call)];
    group.push((batch.clone(), receipt));
    let row = row_of(u64::MAX, &group);
    assert!(row.len() < 1_200_000, "a row takes {} bytes: `group::MAX_BYTES` says under 1.2 MB", row.len());
    let call = encode(&Call::Register(Batch { sequence: 1, ..batch }));
    assert!(
        call.len() < MAX_BATCH_VISITS * (MAX_PAGE_BYTES + MAX_DETAILS_BYTES + 64),
        "a call takes {} bytes of what `edge::objects::shard` reads",
        call.len()
    );
    let mut shard = support::shard(Sqlite::new());
    let Ok(Answer::Receipt(receipt)) = decode(&shard.serve(&call, T0).bytes) else { panic!("the shard refused the call") };
    assert_eq!(receipt.visits.iter().filter(|line| line.verdict == Verdict::Counted).count(), 1, "all have the same id");
    assert_eq!(receipt.visits.len(), MAX_BATCH_VISITS);
}
