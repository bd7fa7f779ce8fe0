//! Tests that the database in memory gives the same results as SQLite. Each gets the same calls to a shard, with failing
//! statements, restarts and changes of day, and the same statements directly.

use crate::object;
use crate::rng::Rng;
use crate::store::{Failing, Store};
use footfall::counting::dispatch::days::Days;
use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::model::date::DAY_MS;
use footfall::counting::model::share::Share;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::model::visitor::{Visitor, VisitorHash, Withheld};
use footfall::counting::protocol::batch::{Batch, Item, Tally};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::encode;
use footfall::counting::storage::{Rows, Sql, StorageError, Value};
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, params_from_iter};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// SQLite next to the database in memory. Each statement goes to both, and both must give the same result.
#[derive(Clone, Debug)]
struct Both {
    sqlite: Rc<Connection>,
    store: Store,
    /// The next failure of both, and the number of statements before it.
    failing: Rc<Cell<Option<(u32, Failing)>>>,
    statements: Rc<RefCell<Vec<&'static str>>>,
}

fn error(error: rusqlite::Error) -> StorageError {
    StorageError(error.to_string())
}

impl Both {
    fn new() -> Self {
        let sqlite = Rc::new(Connection::open_in_memory().unwrap());
        Self { sqlite, store: Store::default(), failing: Rc::default(), statements: Rc::default() }
    }

    fn in_sqlite(&self, statement: &str, values: &[Value]) -> rusqlite::Result<Rows> {
        let mut statement = self.sqlite.prepare_cached(statement)?;
        let columns = statement.column_count();
        let values = values.iter().map(|value| match value {
            Value::Null => Stored::Null,
            Value::Integer(integer) => Stored::Integer(*integer),
            Value::Text(text) => Stored::Text(text.clone()),
            Value::Blob(bytes) => Stored::Blob(bytes.clone()),
        });
        let rows = statement.query_map(params_from_iter(values), |row| {
            let cell = |column| match row.get_ref(column)? {
                ValueRef::Integer(integer) => Ok(Value::Integer(integer)),
                ValueRef::Text(text) => Ok(Value::Text(String::from_utf8(text.to_vec()).unwrap())),
                ValueRef::Null => Ok(Value::Null),
                ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
                other => panic!("{other:?} was never stored"),
            };
            (0..columns).map(cell).collect()
        });
        rows?.collect()
    }

    fn due(&self) -> Option<Failing> {
        let (left, how) = self.failing.take()?;
        if left == 0 {
            return Some(how);
        }
        self.failing.set(Some((left - 1, how)));
        None
    }
}

impl Sql for Both {
    fn run(&self, statement: &'static str, values: &[Value]) -> Result<Rows, StorageError> {
        self.statements.borrow_mut().push(statement);
        let failing = self.due();
        if failing == Some(Failing::Before) {
            return Err(StorageError("before".to_owned()));
        }
        let in_memory = self.store.run(statement, values);
        let in_sqlite = self.in_sqlite(statement, values).map_err(error);
        match (&in_memory, &in_sqlite) {
            (Err(_), Err(_)) => {}
            (Ok(one), Ok(other)) => assert_eq!(one, other, "{statement} {values:?}"),
            _ => panic!("{statement} {values:?}: {in_memory:?}, SQLite {in_sqlite:?}"),
        }
        if failing.is_some() { Err(StorageError("after".to_owned())) } else { in_sqlite }
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), StorageError>) -> Result<(), StorageError> {
        self.in_sqlite("SAVEPOINT work", &[]).map_err(error)?;
        let outcome = self.store.transaction(work);
        if outcome.is_err() {
            self.in_sqlite("ROLLBACK TO work", &[]).map_err(error)?;
        }
        self.in_sqlite("RELEASE work", &[]).map_err(error)?;
        outcome
    }
}

fn random_call(rng: &mut Rng, pages: &[String], sequence: u64, now: u64) -> Vec<u8> {
    let today = (now / DAY_MS) as u32;
    let day = today - u32::from(rng.chance(500)) + u32::from(rng.chance(200));
    match rng.below(12) {
        0 => encode(&Call::Views(None)),
        1 => encode(&Call::Views(Some(&pages[rng.below(pages.len() as u64) as usize]))),
        2 => encode(&Call::Visitors(day)),
        3 => encode(&Call::Seen { day, id: Fingerprint(rng.below(400)) }),
        _ => {
            let details = ["d", "m\u{1f}DE", "d\u{1f}\u{1f}news.example"];
            let details = &details[..rng.below(3) as usize];
            let visits = (0..rng.between(1, 6)).map(|_| {
                let id = rng.chance(4_000).then(|| Fingerprint(rng.below(400)));
                let visitor = match id {
                    None if rng.chance(6_000) => Visitor::Hash(VisitorHash(rng.below(100))),
                    _ => Visitor::Withheld(rng.pick(&Withheld::ALL)),
                };
                let made = rng.chance(1_000).then(|| (now / 60_000) as u32 - rng.below(1_380) as u32);
                Item {
                    page: rng.below(3) as u16,
                    details: rng.below(details.len() as u64 + 1) as u16,
                    id,
                    visitor,
                    day,
                    made,
                    share: Share(rng.below(4) as u16),
                }
            });
            let visits = visits.collect();
            let tally = rng.chance(2_000).then(|| Tally { day, reason: rng.below(3) as u8, visits: rng.between(1, 5) });
            let tallies = tally.into_iter().collect();
            let first = rng.below(pages.len() as u64 - 2) as usize;
            let batch_pages = pages[first..first + 3].iter().map(String::as_str).collect();
            encode(&Call::Register(Batch {
                isolate: rng.below(5).into(),
                sequence,
                pages: batch_pages,
                details: details.to_vec(),
                visits,
                tallies,
            }))
        }
    }
}

#[test]
fn the_database_in_memory_does_what_sqlite_does() {
    let pages: Vec<String> = (0..30).map(|page| format!("/{page}")).collect();
    for seed in 0..12 {
        let mut rng = Rng::new(seed);
        let both = Both::new();
        let mut shard = object::shard(both.clone());
        let mut now = 20_000 * DAY_MS + rng.below(DAY_MS);
        for sequence in 0..2_000 {
            now += rng.tail(1_000, 5 * 3_600_000);
            if rng.chance(300) {
                both.failing.set(Some((rng.below(12) as u32, rng.pick(&[Failing::Before, Failing::After]))));
            }
            match rng.below(60) {
                0 => shard = object::shard(both.clone()),
                // If the alarm leaves a difference, the next statement shows it.
                1 => drop(shard.maintain(now, KEEP_HOURS_DAYS)),
                _ => drop(shard.serve(&random_call(&mut rng, &pages, sequence + 1, now), now)),
            }
            both.failing.set(None);
        }
        let days = Days::new(Both { statements: Rc::clone(&both.statements), ..Both::new() });
        for _ in 0..300 {
            now += rng.below(DAY_MS);
            let day = (now / DAY_MS) as u32 + u32::from(rng.chance(2_000));
            drop(days.record(day, rng.between(1, 9) as u16, rng.bytes(), now));
            drop(days.record(day - 1, 3, rng.bytes(), now));
            if rng.chance(3_000) {
                days.maintain(now).unwrap();
            }
        }
        let statements = both.statements.borrow();
        let different: std::collections::BTreeSet<&str> = statements.iter().copied().collect();
        assert!(different.len() >= 30, "only {} statements were compared", different.len());
    }
}

/// A failed transaction undoes exactly its own writes, and a crash exactly the writes that are not durable.
#[test]
fn a_crash_undoes_what_is_not_durable() {
    use footfall::counting::ledger::schema::{META, SET_META};
    let store = Store::default();
    let set = |value| store.run(SET_META, &[Value::Text("views".to_owned()), Value::Integer(value)]).map(|_| ());
    let get = || store.run(META, &[Value::Text("views".to_owned())]).unwrap();
    set(1).unwrap();
    store.commit(store.mark());
    set(2).unwrap();
    assert_eq!(store.transaction(&mut || set(3).and(Err(StorageError(String::new())))), Err(StorageError(String::new())));
    assert_eq!(get(), [[Value::Integer(2)]]);
    store.fail_after(1, Failing::After);
    assert!(store.transaction(&mut || set(4)).is_err());
    assert_eq!(get(), [[Value::Integer(4)]], "the transaction reports a failure, but its write stays");
    let mark = store.mark();
    set(5).unwrap();
    store.commit(mark);
    store.crash();
    assert_eq!(get(), [[Value::Integer(4)]]);
    store.crash();
    assert_eq!(get(), [[Value::Integer(4)]], "durable writes stay");
}
