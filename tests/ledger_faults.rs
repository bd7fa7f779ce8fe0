//! A shard whose storage fails at any statement, before or after the statement took effect; and a shard with damaged rows.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::ledger::state::JOURNAL_ROWS;
use footfall::counting::model::visit_id::Fingerprint;
use footfall::counting::protocol::answer;
use footfall::counting::protocol::answer::{Answer, Visitors};
use footfall::counting::protocol::batch;
use footfall::counting::protocol::batch::Batch;
use footfall::counting::protocol::call;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::shard_metrics::SHARD;
use footfall::counting::protocol::wire;
use footfall::counting::storage::{StorageError, Value};
use support::rig::Rig;
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{DAY, HOUR, SECOND, Sent, T0, batch, counted, duplicate, receipt, visit};

const TODAY: u32 = 20_000;

type Broken = Faulty<Sqlite>;

fn serve(shard: &mut Shard<Broken>, call: &Call<'_>, now: u64) -> Answer {
    let served = shard.serve(&wire::encode(call), now);
    let answer = wire::decode(&served.bytes).unwrap();
    let failed = answer == Answer::Refused(answer::Fault::Storage);
    assert_eq!(
        served.error.is_some(),
        failed,
        "a shard logs an error if and only if it answers with a storage fault: {answer:?}"
    );
    answer
}

/// A database with some of everything, in the tables and only in the journal.
fn prepared(journal_is_full: bool) -> Sqlite {
    let mut rig = Rig::new();
    let some = |n: u64| [visit("/a").id(n).by(n), visit("/b").id(n + 1), visit("/a"), visit("/c").by(n + 1)];
    rig.send(1, 1, &some(10));
    rig.maintain();
    rig.send(1, 2, &some(20));
    if journal_is_full {
        for sequence in 1..JOURNAL_ROWS {
            rig.send(2, sequence, &[visit("/b")]);
        }
    }
    rig.sql
}

const AWAKE_OR_ASLEEP: [bool; 2] = [true, false];

/// Makes each statement of a call fail in turn, with both faults, on a shard that was awake or asleep. After the fault it makes the
/// call again. `check` gets the answer, the shard and its database.
fn at_every_statement(
    start: &Sqlite,
    states: &[bool],
    call: impl Fn(&mut Shard<Broken>) -> Option<Answer>,
    check: impl Fn(&Answer, &mut Shard<Broken>, Rig),
) {
    for (fault, awake) in FAULTS.into_iter().flat_map(|fault| states.iter().map(move |awake| (fault, *awake))) {
        let (mut statements, mut unharmed) = (0, 0);
        for n in 1.. {
            let sql = start.copy();
            let faulty = Faulty::new(sql.clone());
            let mut shard = support::shard(faulty.clone());
            if awake {
                assert!(matches!(serve(&mut shard, &Call::Views(None), T0), Answer::Views(_)));
            }
            faulty.fail_nth(n, fault);
            let first = call(&mut shard);
            if faulty.clear() {
                statements = n - 1;
                check(&first.unwrap(), &mut shard, Rig::on(sql, T0));
                break;
            }
            let about = format!("{fault:?} at statement {n}, awake: {awake}");
            if let Some(answer) = first.as_ref().filter(|answer| **answer != Answer::Refused(answer::Fault::Storage)) {
                // No visit fails because the shard's load cannot be read.
                check(answer, &mut shard, Rig::on(sql, T0));
                unharmed += 1;
                assert_eq!(unharmed, 1, "{about}");
                continue;
            }
            assert!(matches!(first, None | Some(Answer::Refused(answer::Fault::Storage))), "{about}: {first:?}");
            let second = call(&mut shard).unwrap_or_else(|| panic!("{about}: the call failed again"));
            check(&second, &mut shard, Rig::on(sql, T0));
        }
        assert!(statements > 0, "the call has statements that can fail");
    }
}

#[test]
fn a_retry_after_any_fault_counts_a_batch_exactly_once() {
    // With a full journal, the call checkpoints first. Only a shard that is awake is tested then, since a start is the same for both.
    for (journal_is_full, states) in [(false, &AWAKE_OR_ASLEEP[..]), (true, &[true])] {
        let start = prepared(journal_is_full);
        let before = Rig::on(start.copy(), T0);
        let (all, b, withheld) = (before.ledger.views(), before.views("/b"), before.visitors(TODAY).withheld[2]);
        let sent: Vec<Sent> = vec![visit("/b").id(10), visit("/b").id(99), visit("/b"), visit("/new").by(8), visit("/a").by(10)];
        let call = |shard: &mut Shard<Broken>| Some(serve(shard, &Call::Register(batch(3, 1, T0, &sent)), T0));
        at_every_statement(&start, states, call, |answer, shard, mut stored| {
            let expected = [duplicate(b), counted(b + 1), counted(b + 2), counted(1), counted(5)];
            assert_eq!(*answer, Answer::Receipt(receipt(&expected)));
            for _ in 0..2 {
                assert_eq!(stored.ledger.views(), all + 4);
                assert_eq!((stored.views("/b"), stored.views("/new"), stored.views("/a")), (b + 2, 1, 5));
                assert_eq!(stored.visitors(TODAY), Visitors { visitors: 5, withheld: [0, 0, withheld + 2, 0] });
                let again = stored.send(4, stored.now, &[visit("/b").id(99).by(77)]);
                assert_eq!(again, receipt(&[duplicate(b + 2)]), "the id of the batch is known");
                stored.now += SECOND;
                stored.audit();
            }
            assert_eq!(serve(shard, &Call::Views(Some("/new")), T0), Answer::Views(1));
        });
    }
}

#[test]
fn maintenance_after_any_fault_changes_no_number() {
    let start = prepared(false);
    let before = Rig::on(start.copy(), T0);
    let (all, today) = (before.ledger.views(), before.visitors(TODAY));
    let tomorrow = T0 + DAY;
    // There is no answer to check: the next call must succeed.
    let call = |shard: &mut Shard<Broken>| {
        shard.maintain(tomorrow, KEEP_HOURS_DAYS).ok()?;
        Some(Answer::Seen(true))
    };
    at_every_statement(&start, &AWAKE_OR_ASLEEP, call, |_, shard, mut stored| {
        assert_eq!(serve(shard, &Call::Visitors(TODAY), tomorrow), Answer::Visitors(today));
        stored.now = tomorrow;
        stored.audit();
        assert_eq!((stored.ledger.views(), stored.visitors(TODAY)), (all, today));
        assert_eq!((stored.rows("journal"), stored.sets(SetKind::Visitors)), (0, vec![]));
        assert_eq!(stored.send(9, 1, &[visit("/a").id(20)]), receipt(&[duplicate(4)]));
    });
}

#[test]
fn storage_failures_are_counted_whether_or_not_a_caller_waits() {
    let faulty = Faulty::new(prepared(false));
    let mut shard = support::shard(faulty.clone());
    let failures = |shard: &mut Shard<Broken>| {
        let at = SHARD.iter().position(|(name, ..)| *name == "footfall_shard_storage_failures_total").unwrap();
        let Answer::Metrics(metrics) = serve(shard, &Call::Metrics, T0) else { panic!() };
        metrics[at]
    };
    let works: [fn(&mut Shard<Broken>) -> bool; 4] = [
        |shard| serve(shard, &Call::Views(None), T0) == Answer::Refused(answer::Fault::Storage),
        |shard| shard.maintain(T0 + DAY, KEEP_HOURS_DAYS).is_err(),
        |shard| shard.push(0, T0).is_err(),
        |shard| shard.pushed(0, T0).is_err(),
    ];
    for (before, fails) in (0..).zip(works) {
        assert_eq!(failures(&mut shard), before);
        // After an owner's change the shard reads its tables anew, so the next call begins with a statement.
        assert_eq!(serve(&mut shard, &Call::Amend(call::Amend::Delete { page: "/none" }), T0), Answer::Page(None));
        faulty.fail_nth(1, FAULTS[0]);
        assert!(fails(&mut shard));
        assert_eq!(failures(&mut shard), before + 1);
    }
}

#[test]
fn a_day_that_ended_for_one_isolate_has_ended_after_any_fault() {
    let start = prepared(false);
    let call = |shard: &mut Shard<Broken>| Some(serve(shard, &Call::Seen { day: TODAY + 1, id: Fingerprint(20) }, T0));
    at_every_statement(&start, &AWAKE_OR_ASLEEP, call, |answer, shard, stored| {
        assert_eq!(*answer, Answer::Seen(true));
        let late = [visit("/a").id(777)];
        let Answer::Receipt(receipt) = serve(shard, &Call::Register(batch(5, 1, T0, &late)), T0) else { panic!() };
        assert_eq!(receipt.visits[0].verdict, batch::Verdict::Stale);
        assert_eq!(stored.visitors(TODAY).visitors, 4);
    });
}

#[test]
fn a_read_that_fails_is_an_error_and_the_next_one_is_right() {
    let start = prepared(false);
    let expected = [
        (Call::Views(None), Answer::Views(8)),
        (Call::Views(Some("/a")), Answer::Views(4)),
        (Call::Visitors(TODAY), Answer::Visitors(Visitors { visitors: 4, withheld: [0, 0, 4, 0] })),
        (Call::Seen { day: TODAY, id: Fingerprint(11) }, Answer::Seen(true)),
    ];
    for (call, answer) in &expected {
        for fault in FAULTS {
            for n in 1.. {
                let faulty = Faulty::new(start.copy());
                let mut shard = support::shard(faulty.clone());
                faulty.fail_nth(n, fault);
                let first = serve(&mut shard, call, T0);
                if faulty.clear() {
                    assert_eq!(first, *answer);
                    break;
                }
                assert_eq!(first, Answer::Refused(answer::Fault::Storage), "{call:?}: {fault:?} at statement {n}");
                assert_eq!(serve(&mut shard, call, T0), *answer, "{call:?}: after {fault:?} at statement {n}");
            }
        }
    }
}

/// Damages a copy of a database with one statement, and then reads everything from it.
fn read_all(start: &Sqlite, damage: &str) -> Result<(), StorageError> {
    let sql = start.copy();
    sql.query(damage, &[]).unwrap();
    assert_ne!(sql.rows_written(), start.copy().rows_written(), "{damage} hit nothing");
    let mut ledger = support::open(sql, T0)?;
    for page in ["/a", "/b", "/c"] {
        ledger.page_views(page)?;
    }
    ledger.visitors(TODAY)?;
    ledger.visitors(TODAY - 1)?;
    ledger.maintain(T0, KEEP_HOURS_DAYS)?;
    let sent = [visit("/a").id(900), visit("/b").by(900), visit("/c")];
    let batch: Batch<'_> = batch(9, 1, T0, &sent);
    match ledger.apply(&batch, T0) {
        Err(footfall::counting::ledger::state::LedgerError::Storage(error)) => Err(error),
        other => {
            other.unwrap();
            Ok(())
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_is_an_error_and_never_a_number() {
    let mut rig = Rig::on(Sqlite::new(), T0 - DAY);
    rig.send(9, 9, &[visit("/c").by(1)]);
    rig.now = T0;
    rig.send(8, 1, &[visit("/c")]);
    rig.maintain();
    rig.send(1, 1, &[visit("/a").id(1).by(1), visit("/a")]);
    rig.maintain();
    rig.send(1, 2, &[visit("/b").id(2).by(2)]);
    rig.send(1, 3, &[visit("/b")]);
    let start = rig.sql;
    assert_eq!(read_all(&start, "INSERT INTO meta VALUES ('harmless', 1)"), Ok(()));
    for damage in [
        "UPDATE meta SET value = 'x' WHERE key = 'views'",
        "UPDATE meta SET value = -1 WHERE key = 'views'",
        "UPDATE meta SET value = 1.5 WHERE key = 'views'",
        "UPDATE meta SET value = 'x' WHERE key = 'checkpointed'",
        "UPDATE meta SET value = 'x' WHERE key = 'day'",
        "UPDATE meta SET value = 4294967296 WHERE key = 'day'",
        "UPDATE pages SET views = -1 WHERE page = '/a'",
        "UPDATE pages SET views = x'00' WHERE page = '/a'",
        "UPDATE journal SET body = x'' WHERE number = 5",
        "UPDATE journal SET body = CAST(x'09' || substr(body, 2) AS BLOB) WHERE number = 4",
        "UPDATE journal SET body = substr(body, 1, length(body) - 1) WHERE number = 4",
        "UPDATE journal SET body = 'text' WHERE number = 4",
        "UPDATE last_batches SET body = substr(body, 1, length(body) - 1)",
        "UPDATE last_batches SET body = substr(body, 2)",
        "UPDATE last_batches SET body = CAST(body || x'00' AS BLOB)",
        "UPDATE last_batches SET body = 'text'",
        "UPDATE set_rows SET body = 'text'",
        "UPDATE meta SET value = 'text' WHERE key = 'sets'",
        "UPDATE meta SET value = 12 WHERE key > 'held ' AND key < 'held!'",
        "UPDATE meta SET value = 'x' WHERE key = 'shape'",
        "UPDATE days SET visitors = 'x'",
        "UPDATE withheld SET why = 5 WHERE day = 20000",
        "UPDATE withheld SET views = 'x'",
    ] {
        assert!(read_all(&start, damage).is_err(), "{damage}");
    }
}

#[test]
fn sets_that_were_cut_are_an_error() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a").id(1).by(1), visit("/b"), visit("/c")]);
    rig.maintain();
    for damage in [
        "UPDATE set_rows SET body = substr(body, 1, length(body) - 1)",
        "UPDATE set_rows SET body = substr(body, 1, length(body) - 8)",
        "DELETE FROM set_rows",
        "UPDATE meta SET value = substr(value, 1, length(value) - 1) WHERE key = 'sets'",
        "UPDATE meta SET value = substr(value, 1, length(value) - 8) WHERE key = 'sets'",
        "UPDATE meta SET value = substr(value, 1, length(value) - 1) WHERE key > 'held ' AND key < 'held!'",
    ] {
        assert!(read_all(&rig.sql, damage).is_err(), "{damage}: a lost id would count twice");
    }
}

#[test]
fn a_stored_receipt_that_cannot_be_read_answers_no_retry() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/a")]);
    rig.maintain();
    rig.sql.query("UPDATE last_batches SET body = CAST(substr(body, 1, length(body) - 1) || x'ff' AS BLOB)", &[]).unwrap();
    rig.restart();
    let retry = rig.try_send(1, 1, &[visit("/a")]);
    assert!(matches!(retry, Err(footfall::counting::ledger::state::LedgerError::Storage(_))), "{retry:?}");
    assert_eq!(rig.send(1, 2, &[visit("/a")]), receipt(&[counted(2)]));
}

#[test]
fn a_journal_row_that_is_missing_is_an_error() {
    // Rows 3, 4 and 5 wait for a checkpoint. Without row 4, the ledger would recover numbers that are too small.
    let mut rig = Rig::new();
    for sequence in 1..=5 {
        rig.send(1, sequence, &[visit("/a"), visit("/b"), visit("/c")]);
        if sequence == 2 {
            rig.maintain();
        }
    }
    assert!(read_all(&rig.sql, "DELETE FROM journal WHERE number = 4").is_err());
}

#[test]
fn storage_that_stays_broken_never_answers_with_a_receipt() {
    let start = prepared(false);
    let mut shard = support::shard(Faulty::new(start.copy()));
    assert_eq!(serve(&mut shard, &Call::Views(None), T0), Answer::Views(8));
    // A shard that is awake loses its journal.
    let sql = start.copy();
    let mut shard = support::shard(Faulty::new(sql.clone()));
    assert_eq!(serve(&mut shard, &Call::Views(None), T0), Answer::Views(8));
    sql.query("ALTER TABLE journal RENAME TO away", &[]).unwrap();
    let sent = [visit("/a")];
    let call = Call::Register(batch(5, 1, T0, &sent));
    assert_eq!(serve(&mut shard, &call, T0), Answer::Refused(answer::Fault::Storage));
    sql.query("DROP TABLE IF EXISTS journal", &[]).unwrap();
    sql.query("ALTER TABLE away RENAME TO journal", &[]).unwrap();
    assert_eq!(serve(&mut shard, &call, T0 + HOUR / 60), Answer::Receipt(receipt(&[counted(5)])));
    assert_eq!(sql.query("SELECT value FROM meta WHERE key = 'views'", &[]).unwrap(), [[Value::Integer(4)]]);
}

#[test]
fn a_shard_tries_whether_it_can_store_once_a_second_and_again_after_a_fault() {
    let sql = prepared(false);
    let faulty = Faulty::new(sql.clone());
    let mut shard = support::shard(faulty.clone());
    let rows = |shard: &mut Shard<Broken>, now| {
        let before = sql.rows_written();
        assert!(matches!(serve(shard, &Call::Health, now), Answer::Metrics(_)));
        sql.rows_written() - before
    };
    let views = serve(&mut shard, &Call::Views(None), T0);
    rows(&mut shard, T0);
    assert_eq!([999, 1_000, 1_001].map(|ms| rows(&mut shard, T0 + ms)), [0, 1, 0]);
    assert_eq!(rows(&mut shard, T0 - HOUR), 1, "a clock that was ahead");
    assert_eq!(serve(&mut shard, &Call::Views(None), T0), views, "nothing is counted");
    for fault in FAULTS {
        let sent = [visit("/a")];
        faulty.fail_nth(1, fault);
        assert_eq!(
            serve(&mut shard, &Call::Register(batch(77, 1, T0, &sent)), T0 - HOUR),
            Answer::Refused(answer::Fault::Storage)
        );
        assert_eq!(rows(&mut shard, T0 - HOUR), 1, "a visit failed, so the shard tries again");
        assert_eq!(rows(&mut shard, T0 - HOUR), 0);
        faulty.fail_nth(1, fault);
        assert_eq!(serve(&mut shard, &Call::Health, T0), Answer::Refused(answer::Fault::Storage), "the shard cannot store");
        assert_eq!(rows(&mut shard, T0), 1);
        assert_eq!(rows(&mut shard, T0 - HOUR), 1);
    }
}
