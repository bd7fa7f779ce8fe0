//! What a visit costs the pure half, in numbers that are the same on any machine: allocations, and bytes on the wire and in the
//! journal. Each has a budget: the cost when this was written, and a little more. A change that needs more raises the budget
//! here. `tests/workerd/costs.test.mjs` counts calls between JavaScript and wasm, `tests/ledger_bounds.rs` counts rows.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::dispatch::batcher::{Action, Batcher, Event};
use footfall::counting::dispatch::posting::{Entry, Posting};
use footfall::counting::ledger::schema;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::model::client::Device;
use footfall::counting::model::date::day_of;
use footfall::counting::model::dimensions::Dimensions;
use footfall::counting::model::share::Share;
use footfall::counting::model::visitor::{Visitor, VisitorHash};
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};
use footfall::counting::storage::{Rows, Sql, StorageError, Value};
use std::cell::Cell;
use std::rc::Rc;
use support::T0;

/// The number of visits that wait at once with 64 open connections.
const VISITS: u64 = 64;

/// A database that keeps only the length of the last journal row.
#[derive(Clone, Default)]
struct Nowhere(Rc<Cell<usize>>);

impl Sql for Nowhere {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        if let (schema::APPEND, [.., Value::Blob(row)]) = (statement, values) {
            self.0.set(row.len());
        }
        Ok(Rows::new())
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        work()
    }
}

struct Spent {
    allocations: u64,
    call: usize,
    receipt: usize,
    row: usize,
}

/// The dimensions of a reader who came from a search engine. They are the same for all visits here, as they are for most visits.
fn details() -> Dimensions {
    support::details(Some(Device::Mobile), "DE", "search.example", [""; 3])
}

fn entry(visitor: u64, details: &Dimensions) -> Entry {
    let visitor = Visitor::Hash(VisitorHash(visitor.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    Entry {
        page: "/".to_owned(),
        details: details.clone(),
        id: None,
        visitor,
        day: day_of(T0),
        made: None,
        share: Share::default(),
        by_server: false,
        deadline: T0 + 5000,
    }
}

/// Takes a batch from its visits to the shard, and the receipt back to the visits. The first visit is under way already.
fn batch(batcher: &mut Batcher, first: Posting, from: u64, shard: &mut Shard<Nowhere>, row: &Cell<usize>) -> (Posting, Spent) {
    let (mut next, mut call, mut answer) = (None, 0, 0);
    let counted = allocation_counter::measure(|| {
        for ticket in from..from + VISITS {
            // Each visit builds its own dimensions, which takes two of its allocations.
            batcher.step(Event::Arrived(ticket, entry(ticket, &details())), T0);
        }
        let bytes = encode(&Call::Register(first.batch(7)));
        call = bytes.len();
        let served = shard.serve(&bytes, T0);
        answer = served.bytes.len();
        let Ok(Answer::Receipt(receipt)) = decode(&served.bytes) else { panic!("no receipt") };
        for action in batcher.step(Event::Ended(first.clone(), Ok(receipt)), T0) {
            if let Action::Lead(ticket) = action {
                next = batcher.step(Event::TookLead(ticket, entry(ticket, &details())), T0).pop();
            }
        }
    });
    let Some(Action::Post(next)) = next else { panic!("no visit leads") };
    (next, Spent { allocations: counted.count_total, call, receipt: answer, row: row.get() })
}

#[test]
fn a_visit_among_64_stays_within_its_budget() {
    let row = Nowhere::default();
    let mut shard = support::shard(row.clone());
    let mut batcher = Batcher::default();
    let Some(Action::Post(mut posting)) = batcher.step(Event::Arrived(0, entry(0, &details())), T0).pop() else {
        panic!("the first visit posts")
    };
    // The first batch has one visit. The third shows the steady state.
    let mut spent = None;
    for round in 0..3 {
        let (next, this) = batch(&mut batcher, posting, 1 + round * VISITS, &mut shard, &row.0);
        posting = next;
        spent = Some(this);
    }
    let Spent { allocations, call, receipt, row } = spent.unwrap();
    let each = |sum: usize| sum as f64 / VISITS as f64;
    let allocations = allocations as f64 / VISITS as f64;
    println!(
        "a visit among {VISITS}: {allocations:.1} allocations; {:.1} bytes sent, {:.1} received, {:.1} in the journal",
        each(call),
        each(receipt),
        each(row)
    );
    assert!(allocations <= 6.2, "{allocations} allocations");
    // For each visit, one byte says that it is not late, and one that it takes up no memory of ids.
    assert!(each(call) <= 19.0, "{call} bytes sent");
    assert!(each(receipt) <= 3.5, "{receipt} bytes received");
    // In the journal, one byte says what the visitor was the first of.
    assert!(each(row) <= 23.2, "{row} bytes in the journal");
}
