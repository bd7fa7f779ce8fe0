//! Sets on disk against a plain set: whatever is added, flushed, merged and forgotten, with any budget, after any fault.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may fail"
)]

#[allow(dead_code, reason = "each test uses some of it")]
#[path = "support/sqlite.rs"]
mod sqlite;

use footfall::counting::ledger::schema::CREATE;
use footfall::counting::ledger::sets::Sets;
use footfall::counting::ledger::sets::memory_budget::MemoryBudget;
use footfall::counting::ledger::sets::sizes::Sizes;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::storage::{Sql, StorageError};
use proptest::prelude::*;
use sqlite::{FAULTS, Faulty, Sqlite};
use std::collections::{BTreeMap, BTreeSet};

const SEED: [u8; 16] = *b"secret of a test";

fn database() -> Sqlite {
    let sql = Sqlite::new();
    for statement in CREATE {
        sql.write(statement, &[]).unwrap();
    }
    sql
}

/// The elements of each set.
type Elements = BTreeMap<(u64, u64), BTreeSet<u64>>;

fn kind(number: u64) -> SetKind {
    SetKind::ALL[usize::try_from(number).unwrap()]
}

/// Sets next to a model of them.
struct Pair<S> {
    sql: S,
    budget: MemoryBudget,
    sizes: Sizes,
    sets: Sets,
    now: Elements,
    /// What each flush stored, by its number.
    stored: Vec<Elements>,
}

impl<S: Sql> Pair<S> {
    fn new(sql: S, most: usize, sizes: Sizes) -> Self {
        let budget = MemoryBudget::new(most);
        let sets = Sets::open(&sql, Some(SEED), &budget, sizes).unwrap();
        Self { sql, budget, sizes, sets, now: Elements::new(), stored: vec![Elements::new()] }
    }

    fn has(&mut self, (number, period): (u64, u64), element: u64) -> Result<bool, StorageError> {
        let key = self.sets.key(element);
        self.sets.contains(&self.sql, kind(number), period, key)
    }

    fn add(&mut self, set: (u64, u64), element: u64) -> Result<(), StorageError> {
        let is_new = !self.has(set, element)?;
        assert_eq!(is_new, self.now.entry(set).or_default().insert(element), "{element} in {set:?}");
        if is_new {
            let key = self.sets.key(element);
            self.sets.insert(kind(set.0), set.1, key);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let number = self.stored.len() as u64;
        self.stored.push(self.now.clone());
        let sets = &mut self.sets;
        self.sql.transaction(&mut || sets.flush(&self.sql, number))
    }

    /// Forgets the periods before one, as a ledger does: with a flush.
    fn forget(&mut self, number: u64, before: u64) -> Result<(), StorageError> {
        self.now.retain(|(kind, period), _| *kind != number || *period >= before);
        self.sets.keep(kind(number), before..=u64::MAX);
        self.flush()
    }

    /// Moves later periods back, as a ledger does: between a flush and a reopening.
    fn move_back(&mut self, number: u64, to: u64) -> Result<(), StorageError> {
        self.flush()?;
        for set in self.now.keys().copied().filter(|(kind, period)| *kind == number && *period > to).collect::<Vec<_>>() {
            let mut more = self.now.remove(&set).unwrap();
            self.now.entry((number, to)).or_default().append(&mut more);
        }
        self.sets.move_back(kind(number), to);
        self.flush()?;
        self.reopen();
        Ok(())
    }

    fn work(&mut self) -> Result<(), StorageError> {
        self.sets.work(&self.sql)
    }

    /// Drops the memory. What was not flushed is lost.
    fn reopen(&mut self) {
        // Only a database without a flush takes this seed. A second attempt is for a fault in the first.
        let open = |_| Sets::open(&self.sql, Some(*b"another one of a"), &self.budget, self.sizes);
        self.sets = open(()).or_else(|_| open(())).unwrap();
        self.now = self.stored[usize::try_from(self.sets.flushed()).unwrap()].clone();
    }

    /// Compares everything. `exact` is false where one key may be in two runs of a set, because periods were joined.
    fn check(&mut self, exact: bool) {
        for (set, elements) in self.now.clone() {
            let len = self.sets.len(kind(set.0), set.1);
            assert!(
                len == elements.len() as u64 || !exact && len >= elements.len() as u64,
                "{set:?} has {len}, not {}",
                elements.len()
            );
            for element in elements.iter().copied().chain(10_000..10_050) {
                assert_eq!(self.has(set, element), Ok(elements.contains(&element)), "{element} in {set:?}");
            }
        }
        let held: usize = self.now.values().filter(|elements| !elements.is_empty()).count();
        assert_eq!(SetKind::ALL.iter().map(|kind| self.sets.periods(*kind).count()).sum::<usize>(), held);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Add(u64, u64, u64, u64),
    Look(u64, u64, u64),
    Flush,
    Work,
    Reopen,
    Forget(u64, u64),
    MoveBack(u64, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let set = (0..3_u64, 0..3_u64);
    prop_oneof![
        8 => (set.clone(), 0..3_000_u64, 0..120_u64).prop_map(|((kind, period), from, more)| Op::Add(kind, period, from, from + more)),
        4 => (set.clone(), 0..3_000_u64).prop_map(|((kind, period), element)| Op::Look(kind, period, element)),
        4 => Just(Op::Flush),
        4 => Just(Op::Work),
        1 => Just(Op::Reopen),
        1 => set.clone().prop_map(|(kind, before)| Op::Forget(kind, before)),
        1 => set.prop_map(|(kind, to)| Op::MoveBack(kind, to)),
    ]
}

fn carry_out<S: Sql>(pair: &mut Pair<S>, op: &Op) -> Result<(), StorageError> {
    match *op {
        Op::Add(kind, period, from, until) => (from..until).try_for_each(|element| pair.add((kind, period), element)),
        Op::Look(kind, period, element) => {
            let has = pair.has((kind, period), element)?;
            assert_eq!(has, pair.now.get(&(kind, period)).is_some_and(|elements| elements.contains(&element)));
            Ok(())
        }
        Op::Flush => pair.flush(),
        Op::Work => pair.work(),
        Op::Reopen => {
            pair.reopen();
            Ok(())
        }
        Op::Forget(kind, before) => pair.forget(kind, before),
        Op::MoveBack(kind, to) => pair.move_back(kind, to),
    }
}

fn sizes() -> impl Strategy<Value = (usize, Sizes)> {
    let budget = prop_oneof![Just(0), 100..20_000_usize, Just(1 << 20)];
    (budget, 2..24_u64, prop_oneof![Just(0), 1..400_usize]).prop_map(|(budget, slice, whole)| (budget, Sizes { slice, whole }))
}

proptest! {
    #[test]
    fn sets_are_sets_whatever_happens((most, sizes) in sizes(), ops in prop::collection::vec(op(), 1..60)) {
        let mut pair = Pair::new(database(), most, sizes);
        for op in &ops {
            carry_out(&mut pair, op).unwrap();
        }
        let exact = !ops.iter().any(|op| matches!(op, Op::MoveBack(..)));
        pair.check(exact);
        pair.flush().unwrap();
        pair.check(exact);
        pair.reopen();
        pair.check(exact);
        let budget = pair.budget.clone();
        drop(pair);
        prop_assert_eq!(budget.used(), 0, "all memory is given back");
    }

    #[test]
    fn a_fault_at_any_statement_loses_nothing_that_was_flushed(
        (most, sizes) in sizes(),
        ops in prop::collection::vec(op(), 1..40),
        faults in prop::collection::vec((1..60_u32, prop::bool::ANY), 1..6),
    ) {
        let sql = Faulty::new(database());
        let mut pair = Pair::new(sql.clone(), most, sizes);
        let mut faults = faults.into_iter();
        for op in &ops {
            if let Some((n, applied)) = faults.next() {
                sql.fail_nth(n, FAULTS[usize::from(applied)]);
            }
            let done = carry_out(&mut pair, op);
            if !sql.clear() && done.is_err() {
                pair.reopen();
            }
        }
        pair.check(!ops.iter().any(|op| matches!(op, Op::MoveBack(..))));
    }
}
