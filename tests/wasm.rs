//! The pure half on wasm32, its target in production: it gives the same answers as natively, with 32-bit sizes.

#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::config::settings::Config;
use footfall::counting::config::variable::Variable;
use footfall::counting::dispatch::batcher::{Action, Batcher, Event};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::routing;
use footfall::counting::dispatch::ticket::MAX_PARKED;
use footfall::counting::http::body;
use footfall::counting::http::body::{BodyHeaders, RefusedVisit};
use footfall::counting::http::refusal::Refusal;
use footfall::counting::http::refused;
use footfall::counting::http::route::{Route, ViewsRequest, route};
use footfall::counting::model::client::Client;
use footfall::counting::model::date::{date_of, day_of, parse_date};
use footfall::counting::model::day_record::DayRecord;
use footfall::counting::model::page::{KeptQuery, Page};
use footfall::counting::model::site::Sites;
use footfall::counting::model::visit_id::{Fingerprint, VisitId};
use footfall::counting::model::visitor::{Salt, Sender, Visitor, VisitorHash, visitor};
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::batch::MAX_BATCH_VISITS;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};
use support::{NOBODY, SECOND, Sent, T0, batch, counted, duplicate, entry, receipt, visit};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn sizes_are_32_bits_and_the_limits_fit() {
    assert_eq!(usize::BITS, 32);
    assert_eq!(u64::try_from(MAX_PARKED).unwrap(), 8_192);
    assert_eq!(day_of(u64::MAX), u32::MAX);
}

#[wasm_bindgen_test]
fn a_fingerprint_is_the_same_as_in_every_other_version_and_place() {
    assert_eq!(VisitId::parse("visit-1").unwrap().fingerprint(), Fingerprint(16_983_402_401_676_785_182));
    assert_eq!(VisitId::made_by(u128::MAX, u64::MAX).as_str(), "ffffffffffffffffffffffffffffffff-ffffffffffffffff");
}

#[wasm_bindgen_test]
fn messages_have_the_bytes_that_they_have_natively() {
    // A `usize` anywhere on the way would cut the numbers above 2^32.
    let sent = [visit("/a").id(1 << 63), visit("/é").by(u64::MAX), visit("/a")];
    let batch = batch(1 << 127, 1 << 52, T0, &sent);
    let bytes = encode(&Call::Register(batch.clone()));
    assert_eq!(decode(&bytes), Ok(Call::Register(batch)));
    for cut in 0..bytes.len() {
        assert!(decode::<Call<'_>>(&bytes[..cut]).is_err());
    }
    let answer = Answer::Receipt(receipt(&[counted(1 << 40), duplicate(u64::MAX)]));
    assert_eq!(decode(&encode(&answer)), Ok(answer));
    assert_eq!(encode(&Answer::Views(300)), [1, 1, 172, 2]);
    // The reader must not make room for a list that claims 4,294,967,295 entries.
    assert!(decode::<Answer>(&[1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());
}

#[wasm_bindgen_test]
fn the_largest_batch_is_written_and_read() {
    let sent: Vec<Sent> = (0..MAX_BATCH_VISITS).map(|n| visit(&format!("/{n:01023}")).id(u64::MAX)).collect();
    let call = Call::Register(batch(u128::MAX, u64::MAX, T0, &sent));
    let bytes = encode(&call);
    assert_eq!(decode(&bytes), Ok(call));
}

fn posted(actions: Vec<Action>) -> Posting {
    match actions.into_iter().next() {
        Some(Action::Post(posting)) => posting,
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
fn visits_that_arrive_during_a_post_leave_together() {
    let deadline = T0 + 5 * SECOND;
    let mut batcher = Batcher::default();
    let first = posted(batcher.step(Event::Arrived(1, entry("/", deadline)), T0));
    for ticket in 2..=4 {
        assert!(matches!(batcher.step(Event::Arrived(ticket, entry("/a", deadline)), T0)[..], [Action::Park { .. }]));
    }
    let gave_up = batcher.step(Event::Rang(3, entry("/a", deadline)), deadline);
    assert_eq!(gave_up, [Action::Answer(3, Err(Failure::Deadline { sent: false }))]);
    let ended = batcher.step(Event::Ended(first, Ok(receipt(&[counted(1)]))), T0);
    assert_eq!(ended, [Action::Answer(1, Ok(counted(1))), Action::Lead(2)]);
    let second = posted(batcher.step(Event::TookLead(2, entry("/a", deadline)), T0));
    assert_eq!(second.tickets().collect::<Vec<_>>(), [2, 4]);
    assert_eq!(second.batch(9).pages, ["/a"]);
    let failed = batcher.step(Event::Ended(second, Err(Failure::Broken("x".to_owned()))), T0);
    assert_eq!(failed.len(), 2, "{failed:?}");
}

#[wasm_bindgen_test]
fn requests_are_read() {
    assert_eq!(route("GET", "https://h/?x", &KeptQuery::default()), Ok(Route::Home));
    let page = Page::parse("/a b").unwrap();
    assert_eq!(
        route("GET", "http://h/counter?page=/a%20b", &KeptQuery::default()),
        Ok(Route::Views(ViewsRequest { page: Some(page), ..ViewsRequest::default() }))
    );
    assert_eq!(route("PUT", "http://h/counter", &KeptQuery::default()), Err(Refusal::Method("GET, HEAD, POST")));
    assert_eq!(Page::parse("/a\u{85}").unwrap().as_str(), "/a%C2%85");
    let sites = Sites::parse("blog,docs").unwrap();
    let headers = BodyHeaders {
        content_type: Some("application/json"),
        idempotency_key: None,
        from_page: false,
        client: Client::default(),
        own_url: "",
    };
    let read = body::read_visits(br#"{"site":"docs","page":"/x?y","id":"i"}"#, headers, &sites, &KeptQuery::default()).unwrap();
    assert_eq!((read.visits[0].site.as_str(), read.visits[0].page.as_str()), ("docs", "/x"));
    assert!(
        matches!(
            body::read_visits(&[b'['; 8_000], headers, &sites, &KeptQuery::default()),
            Err(RefusedVisit { refusal: Refusal::Body(_), .. })
        ),
        "deep nesting"
    );
    assert_eq!(refused::refused(&Refusal::UnknownPath, "").status, 404);
}

#[wasm_bindgen_test]
fn a_configuration_is_read() {
    assert_eq!(Config::parse(|_| Variable::Missing).unwrap().timeout_ms, 5_000);
    let with = |text: &'static str| {
        Config::parse(move |name| if name == "SHARDS" { Variable::Text(text.to_owned()) } else { Variable::Missing })
    };
    assert_eq!(with("256").unwrap().shards.least(), 256);
    assert_eq!(with("257").unwrap_err().allowed, "a whole number (or `auto`) from 1 to 256");
    assert!(with("4294967297").is_err(), "2^32 + 1 is not 1");
}

#[wasm_bindgen_test]
fn days_visitors_and_shards_are_the_same_as_natively() {
    // The numbers are those of a native run. Another choice of shards would lead visits to shards that do not know their ids.
    assert_eq!((date_of(20_779), parse_date("2026-11-22")), ("2026-11-22".to_owned(), Some(20_779)));
    let sender = Sender { address: Some("2001:db8::1"), agent: Some("Browser/1"), ..Sender::default() };
    let site = Sites::parse("blog").unwrap().first().clone();
    let said = visitor(sender, &site, Some(Salt([7; 16])));
    let record = DayRecord { day: 1, salt: Salt([7; 16]), shards: 256, shards_before: 2 };
    let shard = |id, who| routing::route(id, who, Some(&record), 1 << 100, 1).map(|route| (route.shard, route.ask_first));
    assert_eq!(said, Visitor::Hash(VisitorHash(16_221_965_004_099_588_995)));
    assert_eq!(shard(Some(Fingerprint(u64::MAX)), NOBODY), Ok((248, Some(1))));
    assert_eq!(shard(None, Visitor::Hash(VisitorHash(1 << 40))), Ok((145, None)));
}
