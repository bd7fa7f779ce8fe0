//! A database in memory. It carries out the statements of `ledger::schema` and `days` by hand, so that thousands of objects
//! are cheap. `store_check` compares it with SQLite.
//!
//! The writes of a turn are visible at once, and durable after [`Store::commit`]. [`Store::crash`] undoes the writes that are
//! not durable. A failed transaction undoes its own writes.

use crate::statements::DAYS;
use footfall::counting::ledger::packed::{PAGES, Packed};
use footfall::counting::model::dimension::Dimension;
use footfall::counting::storage::{Rows, Sql, StorageError, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How a statement fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The statement has no effect.
    Before,
    /// The statement has its effect, but reports a failure.
    After,
}

/// A handle of a database, shared like a handle of the platform.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Rc<RefCell<Tables>>);

/// A table of a shard or of the days object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Meta,
    Journal,
    Pages,
    PageHours,
    PageSums,
    LastBatches,
    Days,
    Withheld,
    SiteQuarters,
    Details,
    Excluded,
    SetRows,
}

/// A primary key. All keys of a table are of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    One(i64),
    Two(i64, i64),
    Text(String),
}

/// The other columns of a row.
pub(crate) type Row = Vec<Value>;

/// The tables, and the writes that may still be undone.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) rows: BTreeMap<Table, BTreeMap<Key, Row>>,
    /// The row as it was before each write that is not durable yet, oldest write first.
    undo: VecDeque<(Table, Key, Option<Row>)>,
    /// The number of entries of `undo` that became durable.
    durable: u64,
    /// The next failure, and the number of statements before it.
    failing: Option<(u32, Failing)>,
    /// The number of rows ever appended to the journal and not undone, and the slot of the newest row.
    pub(crate) appended: u64,
    pub(crate) newest: i64,
    /// For a mutation: a fold loses the views that it should add.
    pub(crate) loses_checkpoints: bool,
    /// For a mutation: a journal row lacks the last of several batches.
    pub(crate) loses_last: bool,
}

impl Store {
    /// Makes a later statement fail, after this many others.
    pub(crate) fn fail_after(&self, statements: u32, how: Failing) {
        self.0.borrow_mut().failing = Some((statements, how));
    }

    /// Cancels the next failure.
    pub(crate) fn heal(&self) {
        self.0.borrow_mut().failing = None;
    }

    pub(crate) fn lose_folds(&self) {
        self.0.borrow_mut().loses_checkpoints = true;
    }

    pub(crate) fn lose_last(&self) {
        self.0.borrow_mut().loses_last = true;
    }

    /// A mark after all writes so far, for [`Self::commit`].
    pub(crate) fn mark(&self) -> u64 {
        let tables = self.0.borrow();
        tables.durable + tables.undo.len() as u64
    }

    /// Makes the writes up to a mark durable.
    pub(crate) fn commit(&self, mark: u64) {
        let tables = &mut *self.0.borrow_mut();
        while tables.durable < mark && tables.undo.pop_front().is_some() {
            tables.durable += 1;
        }
    }

    /// Undoes all writes that are not durable.
    pub(crate) fn crash(&self) {
        self.0.borrow_mut().take_back(0);
    }

    /// For a mutation: the disk loses everything.
    pub(crate) fn lose_everything(&self) {
        let tables = &mut *self.0.borrow_mut();
        (tables.rows, tables.undo, tables.appended) = (BTreeMap::new(), VecDeque::new(), 0);
    }

    /// The number of rows ever appended to the journal and not undone.
    pub(crate) fn appended(&self) -> u64 {
        self.0.borrow().appended
    }

    /// The body of the journal's newest row.
    pub(crate) fn newest(&self) -> Vec<u8> {
        let tables = self.0.borrow();
        match tables.get(Table::Journal, &Key::One(tables.newest)) {
            Some([_, Value::Blob(body)]) => body.clone(),
            _ => Vec::new(),
        }
    }

    /// The latest day of a shard, from its tables.
    pub(crate) fn day(&self) -> i64 {
        self.0.borrow().get(Table::Meta, &Key::Text("day".to_owned())).map_or(0, |row| integer(row, 0))
    }

    /// The views of a page, added up from the table of hours.
    pub(crate) fn views_by_hours(&self, page: &str) -> i64 {
        let tables = self.0.borrow();
        let Some([Value::Integer(id), _]) = tables.get(Table::Pages, &Key::Text(page.to_owned())) else { return 0 };
        let (part, page) = (id / PAGES as i64, id.cast_unsigned() % PAGES);
        let hours = tables.rows.get(&Table::PageHours).into_iter();
        let rows = hours.flat_map(|hours| hours.range(Key::Two(part, i64::MIN)..=Key::Two(part, i64::MAX)));
        let entries = rows.flat_map(|(_, row)| match &row[..] {
            [Value::Blob(body)] => Packed::from_bytes(body).unwrap_or_default().iter().collect::<Vec<_>>(),
            other => panic!("not a packed row: {other:?}"),
        });
        entries.filter(|(place, _)| place.page() == page).map(|(_, counts)| counts.views as i64).sum()
    }
}

impl Store {
    /// The views of one kind of details, added up over all days and values.
    pub(crate) fn views_by_details(&self, kind: Dimension) -> i64 {
        let tables = self.0.borrow();
        let rows = tables.rows.get(&Table::Details).into_iter().flat_map(|rows| rows.values());
        rows.filter(|row| integer(row, 1) == i64::from(kind.number())).map(|row| integer(row, 3)).sum()
    }

    /// The views of the site, added up from its table of quarters.
    pub(crate) fn views_by_site_hours(&self) -> i64 {
        let tables = self.0.borrow();
        tables.rows.get(&Table::SiteQuarters).into_iter().flat_map(|rows| rows.values()).map(|row| integer(row, 0)).sum()
    }
}

/// The integer in a column of a row.
pub(crate) fn integer(row: &[Value], column: usize) -> i64 {
    match row.get(column) {
        Some(Value::Integer(integer)) => *integer,
        other => panic!("not an integer: {other:?}"),
    }
}

impl Tables {
    pub(crate) fn get(&self, table: Table, key: &Key) -> Option<&[Value]> {
        self.rows.get(&table)?.get(key).map(Vec::as_slice)
    }

    pub(crate) fn put(&mut self, table: Table, key: Key, row: Row) {
        let before = self.rows.entry(table).or_default().insert(key.clone(), row);
        self.undo.push_back((table, key, before));
    }

    /// Adds to the integer in the first column. Creates the row if it is missing.
    pub(crate) fn add(&mut self, table: Table, key: Key, more: i64) {
        let old = self.get(table, &key).map_or(0, |row| integer(row, 0));
        self.put(table, key, vec![Value::Integer(old + more)]);
    }

    /// Adds to all columns of a row. Creates the row if it is missing.
    pub(crate) fn add_all(&mut self, table: Table, key: Key, more: &[Value]) {
        let old = self.get(table, &key).map_or_else(|| vec![Value::Integer(0); more.len()], <[Value]>::to_vec);
        let sums = (0..more.len()).map(|at| Value::Integer(integer(&old, at) + integer(more, at)));
        self.put(table, key, sums.collect());
    }

    pub(crate) fn count(&self, table: Table) -> i64 {
        self.rows.get(&table).map_or(0, |rows| rows.len() as i64)
    }

    pub(crate) fn all(&self, table: Table) -> impl Iterator<Item = (&Key, &Row)> {
        self.rows.get(&table).into_iter().flatten()
    }

    pub(crate) fn delete(&mut self, table: Table, which: impl Fn(&Key, &[Value]) -> bool) {
        let Some(rows) = self.rows.get_mut(&table) else { return };
        for (key, row) in rows.extract_if(.., |key, row| which(key, row)) {
            self.undo.push_back((table, key, Some(row)));
        }
    }

    fn take_back(&mut self, down_to: usize) {
        while self.undo.len() > down_to {
            let Some((table, key, before)) = self.undo.pop_back() else { return };
            let rows = self.rows.entry(table).or_default();
            let deleted = match before {
                Some(row) => rows.insert(key, row).is_none(),
                None => rows.remove(&key).is_none(),
            };
            self.appended -= u64::from(table == Table::Journal && !deleted);
        }
    }

    /// Counts down to the next failure, and returns it when it is due.
    fn fails(&mut self) -> Option<Failing> {
        let (left, how) = self.failing.take()?;
        if left == 0 {
            return Some(how);
        }
        self.failing = Some((left - 1, how));
        None
    }
}

fn failed() -> StorageError {
    StorageError("a fault of the simulator".to_owned())
}

impl Sql for Store {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        let tables = &mut *self.0.borrow_mut();
        // A day may be added once. SQLite reports an error the second time.
        if statement == DAYS[2]
            && matches!(values, [Value::Integer(day), ..] if tables.get(Table::Days, &Key::One(*day)).is_some())
        {
            return Err(StorageError("UNIQUE constraint failed".to_owned()));
        }
        match tables.fails() {
            None => Ok(tables.run(statement, values)),
            Some(Failing::Before) => Err(failed()),
            Some(Failing::After) => {
                tables.run(statement, values);
                Err(failed())
            }
        }
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        let begin = self.0.borrow().undo.len();
        let outcome = work();
        let tables = &mut *self.0.borrow_mut();
        let outcome = match (outcome, tables.fails()) {
            (Ok(()), None) => return Ok(()),
            // The writes of the transaction stay, but the caller sees a failure.
            (Ok(()), Some(Failing::After)) => return Err(failed()),
            (Ok(()), Some(Failing::Before)) => Err(failed()),
            (Err(error), _) => Err(error),
        };
        tables.take_back(begin);
        outcome
    }
}
