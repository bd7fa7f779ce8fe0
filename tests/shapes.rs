//! A shard brings the tables of an older version to this version's shape, and refuses those of a later one.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::isolates::KEEP_MS;
use footfall::counting::ledger::schema;
use footfall::counting::ledger::shape::{Change, GROW, Step, grow};
use footfall::counting::ledger::state::{Ledger, LedgerError};
use footfall::counting::protocol::answer::Fault;
use footfall::counting::protocol::wire::encode;
use footfall::counting::storage::{Sql, Value};
use support::rig::Rig;
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{T0, counted, receipt, visit};

const ADD_COLUMN: Step = &[Change::Run("ALTER TABLE pages ADD COLUMN title TEXT NOT NULL DEFAULT 'none'")];
const MOVE_VIEWS: Step = &[
    Change::Run("CREATE TABLE moved (page TEXT, views INTEGER)"),
    Change::Convert(|sql| {
        for row in sql.run("SELECT page, views FROM pages", &[])? {
            sql.write("INSERT INTO moved VALUES (?, ?)", &row)?;
        }
        Ok(())
    }),
];
const SHAPE: &str = "SELECT coalesce(max(value), 0) FROM meta WHERE key = 'shape'";

/// A database of shape 0 that has a page with five views.
fn first_shape() -> Sqlite {
    let sql = Sqlite::new();
    for statement in schema::CREATE {
        sql.write(statement, &[]).unwrap();
    }
    sql.write("INSERT INTO pages (id, page, views) VALUES (1, '/a', 5)", &[]).unwrap();
    sql
}

#[test]
fn each_step_runs_once_and_keeps_what_is_stored() {
    let sql = first_shape();
    grow(&sql, 0, &[]).unwrap();
    assert_eq!(sql.number(SHAPE), 0);
    grow(&sql, 0, &[ADD_COLUMN]).unwrap();
    assert_eq!(sql.number(SHAPE), 1);
    // If the first step ran again, SQLite would refuse it, as the column exists.
    for _ in 0..2 {
        grow(&sql, sql.number(SHAPE).unsigned_abs(), &[ADD_COLUMN, MOVE_VIEWS]).unwrap();
        assert_eq!(sql.number(SHAPE), 2);
    }
    assert_eq!(sql.number("SELECT views FROM moved WHERE page = '/a'"), 5);
    assert_eq!(sql.number("SELECT count(*) FROM pages WHERE title = 'none'"), 1);
    let sql = first_shape();
    grow(&sql, 0, &[ADD_COLUMN, MOVE_VIEWS]).unwrap();
    assert_eq!((sql.number(SHAPE), sql.number("SELECT views FROM moved")), (2, 5), "both steps at once");
}

#[test]
fn a_step_that_fails_changes_nothing_and_runs_at_the_next_start() {
    for fault in FAULTS {
        for n in 1.. {
            let sql = first_shape();
            let faulty = Faulty::new(sql.clone());
            faulty.fail_nth(n, fault);
            let grown = grow(&faulty, 0, &[ADD_COLUMN, MOVE_VIEWS]);
            if faulty.clear() {
                assert!(n > 9, "two transactions begin and end, and they have six statements");
                break;
            }
            assert!(grown.is_err());
            let (has_title, has_moved) = (
                sql.number("SELECT count(*) FROM pragma_table_info('pages') WHERE name = 'title'"),
                sql.number("SELECT count(*) FROM sqlite_master WHERE name = 'moved'"),
            );
            assert_eq!(sql.number(SHAPE), has_title + has_moved, "{fault:?} of statement {n}");
            grow(&sql, sql.number(SHAPE).unsigned_abs(), &[ADD_COLUMN, MOVE_VIEWS]).unwrap();
            assert_eq!((sql.number(SHAPE), sql.number("SELECT views FROM moved")), (2, 5));
        }
    }
}

#[test]
fn tables_of_a_later_version_are_refused_and_stay_as_they_are() {
    let sql = first_shape();
    let newest = GROW.len();
    assert_eq!(Ledger::open(sql.clone(), T0).unwrap().page_views("/a"), Ok(5));
    assert_eq!(sql.number(SHAPE), i64::try_from(newest).unwrap());
    sql.query(&format!("UPDATE meta SET value = {} WHERE key = 'shape'", newest + 1), &[]).unwrap();
    let written = sql.rows_written();
    let refused = Ledger::open(sql.clone(), T0).unwrap_err();
    assert_eq!(
        refused.0,
        format!(
            "the tables have shape {}, and this version knows shapes up to {newest}; deploy the version that wrote them, or a later one",
            newest + 1
        )
    );
    assert_eq!(sql.rows_written(), written);
}

/// Last batches as the first shape of the tables has them, a row each.
fn with_last_batches(sql: &Sqlite) {
    for isolate in 0..3_000_u64 {
        let blob = |bytes: &[u8]| Value::Blob(bytes.to_vec());
        let receipt = encode(&receipt(&vec![counted(isolate + 1); if isolate == 7 { 512 } else { 1 }]));
        let key = blob(&u128::from(isolate).to_be_bytes());
        let at = Value::count(T0 - if isolate == 8 { KEEP_MS + 1 } else { KEEP_MS });
        sql.query("INSERT INTO recent VALUES (?, ?, ?, ?)", &[key, Value::count(isolate + 5), at, blob(&receipt)]).unwrap();
    }
}

#[test]
fn a_batch_that_is_sent_again_across_the_deployment_gets_its_receipt() {
    let old = first_shape();
    with_last_batches(&old);
    for fault in FAULTS {
        for n in 1.. {
            let sql = old.copy();
            let faulty = Faulty::new(sql.clone());
            faulty.fail_nth(n, fault);
            let started = Ledger::open(faulty.clone(), T0);
            let is_over = faulty.clear();
            assert_eq!(started.is_ok(), is_over, "{fault:?} of statement {n}");
            for _ in 0..2 {
                let mut rig = Rig::on(sql.clone(), T0);
                assert!(!sql.tables().contains(&"recent".to_owned()));
                assert_eq!(rig.rows("last_batches"), 1);
                assert_eq!(rig.send(6, 11, &[visit("/a")]), receipt(&[counted(7)]));
                assert_eq!(rig.send(7, 12, &[visit("/a")]), receipt(&[counted(8); 512]));
                assert_eq!(rig.try_send(6, 10, &[visit("/a")]), Err(LedgerError::Fault(Fault::Superseded)));
                assert_eq!(rig.ledger.views(), 0, "nothing of this counts");
            }
            let mut rig = Rig::on(sql, T0);
            let late = rig.send(8, 13, &[visit("/a")]);
            assert_eq!(late, receipt(&[counted(6)]), "no isolate sends a batch again after more than a minute");
            if is_over {
                assert!(n > 25, "{n} statements");
                break;
            }
        }
    }
}

#[test]
fn last_batches_of_the_first_shape_that_cannot_be_read_are_an_error() {
    for damage in
        ["isolate = x'01' WHERE isolate = x'00000000000000000000000000000001'", "sequence = -1", "at = 'x'", "receipt = 5"]
    {
        let sql = first_shape();
        with_last_batches(&sql);
        sql.query(&format!("UPDATE recent SET {damage}"), &[]).unwrap();
        assert!(Ledger::open(sql.clone(), T0).is_err(), "{damage}");
        assert_eq!(sql.number("SELECT count(*) FROM recent"), 3_000, "they stay: {damage}");
    }
}

#[test]
fn a_start_does_not_create_again_what_a_step_dropped() {
    let sql = Sqlite::new();
    Ledger::open(sql.clone(), T0).unwrap();
    let tables = sql.tables();
    for _ in 0..2 {
        Ledger::open(sql.clone(), T0).unwrap();
        assert_eq!(sql.tables(), tables);
    }
}
