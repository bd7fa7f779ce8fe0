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

use footfall::counting::ledger::schema::CREATE_META;
use footfall::counting::ledger::sets::Sets;
use footfall::counting::ledger::sets::instance::Instance;
use footfall::counting::ledger::sets::memory_budget::MemoryBudget;
use footfall::counting::ledger::sets::set_rows;
use footfall::counting::ledger::sets::sizes::Sizes;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::storage::{Sql, StorageError};
use proptest::prelude::*;
use sqlite::{FAULTS, Faulty, Sqlite};
use std::collections::{BTreeMap, BTreeSet};

const SEED: [u8; 16] = *b"secret of a test";

fn database() -> Sqlite {
    let sql = Sqlite::new();
    for statement in [CREATE_META, set_rows::CREATE] {
        sql.write(statement, &[]).unwrap();
    }
    sql
}

fn open(sql: &dyn Sql, seed: Option<[u8; 16]>, budget: &MemoryBudget, sizes: Sizes) -> Result<Sets, StorageError> {
    Sets::open(sql, &Instance { seed, budget: budget.clone(), sizes })
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
        let sets = open(&sql, Some(SEED), &budget, sizes).unwrap();
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
        self.sql.transaction(&mut || {
            sets.drop_rows(&self.sql, 64)?;
            sets.flush(&self.sql, number)
        })
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
        let open = |()| open(&self.sql, Some(*b"another one of a"), &self.budget, self.sizes);
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
    (budget, 2..24_u64, prop_oneof![Just(0), 1..400_usize])
        .prop_map(|(budget, slice, whole)| (budget, Sizes { slice, whole, ..Sizes::default() }))
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

/// Sets with this many elements, flushed a thousand at a time.
fn filled(most: usize, elements: impl Iterator<Item = u64>) -> Pair<Sqlite> {
    let mut pair = Pair::new(database(), most, Sizes::default());
    for (n, element) in elements.enumerate() {
        let key = pair.sets.key(element);
        pair.sets.insert(SetKind::Ids, 0, key);
        if n % 1_000 == 999 {
            pair.flush().unwrap();
            pair.work().unwrap();
        }
    }
    pair.flush().unwrap();
    pair
}

/// The statements that some lookups run, and how many of these elements are in the set.
fn lookups(pair: &mut Pair<Sqlite>, elements: impl Iterator<Item = u64>) -> (u64, usize) {
    let before = pair.sql.statements();
    let found = elements.filter(|element| pair.has((0, 0), *element).unwrap()).count();
    (pair.sql.statements() - before, found)
}

#[test]
fn a_small_set_reads_its_rows_once_and_a_large_one_few() {
    let mut small = filled(1 << 20, 0..20_000);
    assert_eq!(lookups(&mut small, 0..40_000), (0, 20_000), "what was added is in memory");
    small.reopen();
    let (statements, found) = lookups(&mut small, 0..40_000);
    assert_eq!((u64::try_from(small.sets.runs()), found), (Ok(statements), 20_000), "each run is read once");

    let mut large = filled(1 << 24, 0..200_000);
    for what in ["a flush", "a start"] {
        let (statements, found) = lookups(&mut large, 1_000_000..1_020_000);
        assert!(found == 0 && statements < 1_500, "{statements} statements for 20,000 new keys, after {what}");
        large.reopen();
    }
    let (statements, found) = lookups(&mut large, 0..1_000);
    assert!(found == 1_000 && statements < 1_200, "{statements} statements for 1,000 known keys");
    assert_eq!(lookups(&mut large, 0..1_000), (0, 1_000), "the second time");
}

#[test]
fn without_memory_rows_are_read_and_no_answer_changes() {
    let mut pair = filled(0, 0..70_000);
    assert_eq!(pair.budget.used(), KEYS_OF_LAST_FLUSH, "only what was just flushed is held");
    pair.reopen();
    assert_eq!((lookups(&mut pair, 69_500..70_500).1, pair.sets.len(SetKind::Ids, 0)), (500, 70_000));
    assert_eq!(pair.budget.used(), 0);
}

/// A table of 2,048 places. Without a budget, it replaces the one before.
const KEYS_OF_LAST_FLUSH: usize = 2_048 * 8;

#[test]
fn few_rows_are_written_and_they_are_dropped_with_their_period() {
    let mut pair = filled(1 << 24, 0..300_000);
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let rows = pair.sql.rows_written() as f64 / 300_000.0;
    // Of a visit that adds five keys, a hundredth.
    assert!(rows < 0.004, "{rows} rows a key, of which 0.002 are the directory and the open run of each flush");
    let kept = pair.sql.number("SELECT count(*) FROM set_rows");
    // 300,000 keys take at least 37 rows, and may be in twice as many; those of runs that were just merged may still be there.
    assert!((37..150).contains(&kept), "{kept} rows");
    pair.forget(0, 1).unwrap();
    while !pair.sets.drop_rows(&pair.sql, 10).unwrap() {}
    assert_eq!(pair.sql.number("SELECT count(*) FROM set_rows"), 0);
}

#[test]
fn no_turn_merges_more_than_its_share() {
    let mut pair = Pair::new(database(), 1 << 24, Sizes::default());
    let mut most = 0;
    for element in 0..600_000 {
        let key = pair.sets.key(element);
        pair.sets.insert(SetKind::Ids, 0, key);
        // Batches of 64.
        if element % 64 == 63 {
            if pair.sets.waiting() >= 16_384 {
                pair.flush().unwrap();
            }
            let before = pair.sql.rows_written();
            pair.work().unwrap();
            most = most.max(pair.sql.rows_written() - before);
        }
    }
    assert!((9..=10).contains(&most), "eight slices, a filter and the directory: {most} rows in one turn");
    assert!(pair.sets.runs() < 12, "merges keep up: {} runs", pair.sets.runs());
}

/// Strangers choose ids. One who knows the code makes ids that all fall into one slice, under a seed that he guesses.
#[test]
fn a_stranger_who_does_not_know_the_seed_cannot_overload_a_slice() {
    let longest = |seed: [u8; 16]| {
        let sql = database();
        let mut sets =
            open(&sql, Some(seed), &MemoryBudget::new(1 << 24), Sizes { slice: 512, whole: 0, ..Sizes::default() }).unwrap();
        let guessed = open(&database(), Some(SEED), &MemoryBudget::new(0), Sizes::default()).unwrap();
        let mut ids = (0..).filter(|id| guessed.key(*id) >> 58 == 7);
        for id in ids.by_ref().take(20_000) {
            let key = sets.key(id);
            sets.insert(SetKind::Ids, 0, key);
        }
        sets.flush(&sql, 1).unwrap();
        sql.number("SELECT max(length(body)) / 8 FROM set_rows WHERE id & (1 << 19) = 0")
    };
    assert!(longest(SEED) > 10_000, "with the right seed, he can");
    assert!(longest(*b"drawn at random!") < 512, "20,000 keys in 64 slices: 313 each");
}

#[test]
fn a_row_that_is_missing_or_cut_is_an_error_and_never_a_new_key() {
    let sizes = Sizes { slice: 64, whole: 0, ..Sizes::default() };
    let mut intact = Pair::new(database(), 1 << 20, sizes);
    for element in 0..3_000 {
        intact.add((0, 0), element).unwrap();
        if element % 150 == 149 {
            intact.flush().unwrap();
            intact.work().unwrap();
        }
    }
    intact.flush().unwrap();
    while !intact.sets.drop_rows(&intact.sql, 100).unwrap() {}
    intact.flush().unwrap();
    let has_all = |sql: &Sqlite, most| {
        let mut sets = open(sql, None, &MemoryBudget::new(most), sizes)?;
        for element in 0..3_000 {
            let key = sets.key(element);
            assert!(sets.contains(sql, SetKind::Ids, 0, key)?, "{element} is not there");
        }
        Ok::<_, StorageError>(())
    };
    assert_eq!(has_all(&intact.sql, 0), Ok(()));
    let rows = intact.sql.query("SELECT id FROM set_rows", &[]).unwrap().concat();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for id in rows {
        for damage in ["DELETE FROM set_rows WHERE id = ?", "UPDATE set_rows SET body = 7 WHERE id = ?"] {
            let sql = intact.sql.copy();
            sql.query(damage, std::slice::from_ref(&id)).unwrap();
            // Rows of filters are read only where there is memory for them.
            assert!([0, 1 << 20].iter().any(|most| has_all(&sql, *most).is_err()), "{damage} {id:?}");
        }
    }
    for damage in [
        "UPDATE meta SET value = substr(value, 1, length(value) - 8) WHERE key = 'sets'",
        "UPDATE meta SET value = 7 WHERE key = 'sets'",
    ] {
        let sql = intact.sql.copy();
        sql.query(damage, &[]).unwrap();
        assert!(has_all(&sql, 0).is_err(), "{damage}");
    }
    // A small set is read as a whole, and its keys are counted.
    let mut small = filled(1 << 24, 0..1_000);
    small.sql.query("UPDATE set_rows SET body = substr(body, 1, length(body) - 8)", &[]).unwrap();
    small.reopen();
    assert!(small.has((0, 0), 5).is_err());
}

#[test]
fn a_database_without_a_seed_needs_randomness() {
    let sql = database();
    let budget = MemoryBudget::new(0);
    assert!(open(&sql, None, &budget, Sizes::default()).is_err());
    let first = open(&sql, Some(SEED), &budget, Sizes::default()).unwrap();
    first.store(&sql).unwrap();
    let again = open(&sql, Some([0; 16]), &budget, Sizes::default()).unwrap();
    assert_eq!(first.key(7), again.key(7), "the first seed stays");
    assert_ne!(first.key(7), open(&database(), Some([0; 16]), &budget, Sizes::default()).unwrap().key(7));
}
