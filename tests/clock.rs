//! F28: a clock that is wrong for a while does not stop the counting, and the counts are right once the clock is right again.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::ledger::report::KEEP_HOURS_DAYS;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::protocol::answer::{Answer, Fault};
use footfall::counting::protocol::batch::{Counted, Tally, Verdict};
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};
use support::sqlite::{FAULTS, Faulty, Sqlite};
use support::{DAY, HOUR, SECOND, Sent, T0, batch, counted, duplicate, visit};

const TODAY: u32 = 20_000;

struct Rig {
    sql: Sqlite,
    shard: Shard<Faulty<Sqlite>>,
    faults: Faulty<Sqlite>,
    sequence: u64,
}

impl Rig {
    fn new() -> Self {
        Self::on(Sqlite::new())
    }

    fn on(sql: Sqlite) -> Self {
        let faults = Faulty::new(sql.clone());
        Self { shard: Shard::new(faults.clone()), faults, sql, sequence: 0 }
    }

    fn ask(&mut self, call: &Call<'_>, now: u64) -> Answer {
        decode(&self.shard.serve(&encode(call), now).bytes).unwrap()
    }

    fn send(&mut self, sent: &[Sent], now: u64) -> Vec<Counted> {
        self.sequence += 1;
        match self.ask(&Call::Register(batch(1, self.sequence, now, sent)), now) {
            Answer::Receipt(receipt) => receipt.visits,
            other => panic!("{other:?}"),
        }
    }

    fn visitors(&mut self, day: u32, now: u64) -> u64 {
        let Answer::Visitors(visitors) = self.ask(&Call::Visitors(day), now) else { panic!() };
        visitors.visitors
    }

    /// Drops the shard and opens it again from its database.
    fn restart(&mut self) {
        *self = Self { sequence: self.sequence, ..Self::on(self.sql.clone()) };
    }
}

#[test]
fn counting_continues_after_a_clock_that_was_ahead() {
    for (days, restarts) in [(1, false), (1, true), (2, false), (2, true), (400, false), (20_000, true)] {
        let mut rig = Rig::new();
        let ahead = T0 + days * DAY;
        let what = format!("{days} days, {restarts}");
        rig.send(&[visit("/a").id(1).by(1), visit("/a").id(2).by(2), visit("/a")], T0);
        if restarts {
            rig.restart();
        }
        assert_eq!(rig.send(&[visit("/a").id(3).by(3)], ahead), [counted(4)], "{what}");
        if restarts {
            rig.restart();
        }
        for (n, now) in (0..3).map(|n| (n, T0 + HOUR + n * SECOND)) {
            let got = rig.send(&[visit("/a").id(10 + n).by(1), visit("/a").id(1).by(1), visit("/a").id(3)], now);
            assert_eq!(got, [counted(5 + n), duplicate(5 + n), duplicate(5 + n)], "{what}, visit {n}");
        }
        // Two visitors came before the clock was ahead, and one of them again afterwards. It counts twice, as its hash was deleted.
        assert_eq!(rig.visitors(TODAY, T0 + 2 * HOUR), 3, "{what}");
        rig.shard.maintain(T0 + 18 * HOUR, KEEP_HOURS_DAYS).unwrap();
        rig.restart();
        assert_eq!(rig.send(&[visit("/a").id(20).by(1)], T0 + 18 * HOUR), [counted(8)], "{what}, the next day");
        assert_eq!([0, 1].map(|day| rig.visitors(TODAY + day, T0 + 18 * HOUR)), [3, 1 + u64::from(days == 1)], "{what}");
        // The shard forgets the ids once their window is over. It forgets the batches of the clock that was ahead, too.
        for window in 0..5 {
            rig.shard.maintain(T0 + 2 * DAY + window * DAY / 2, KEEP_HOURS_DAYS).unwrap();
        }
        assert_eq!(
            (rig.sql.number("SELECT count(*) FROM seen"), rig.sql.number("SELECT count(*) FROM last_batches")),
            (0, 0),
            "{what}"
        );
        assert_eq!(rig.sql.number("SELECT count(*) FROM visitors"), 0, "{what}");
    }
}

#[test]
fn a_retry_across_the_correction_gets_its_receipt() {
    let mut rig = Rig::new();
    let first = rig.send(&[visit("/a")], T0 + 2 * DAY);
    let again = [visit("/a")];
    let Answer::Receipt(receipt) = rig.ask(&Call::Register(batch(1, 1, T0 + 2 * DAY, &again)), T0) else { panic!() };
    assert_eq!(receipt.visits, first);
    assert_eq!(rig.ask(&Call::Views(None), T0), Answer::Views(1));
}

#[test]
fn a_day_that_began_a_little_early_stays() {
    let mut rig = Rig::new();
    let midnight = u64::from(TODAY + 1) * DAY;
    rig.send(&[visit("/a").id(1).by(1).of(TODAY + 1)], midnight - 30 * SECOND);
    let late = rig.send(&[visit("/a").id(2).by(2).of(TODAY)], midnight - 29 * SECOND);
    assert_eq!(
        late,
        [Counted { verdict: Verdict::Stale, ..counted(1) }],
        "clocks may differ by half a minute, so the day that began stays"
    );
}

#[test]
fn an_isolate_whose_clock_is_ahead_loses_no_visits_and_no_tallies() {
    let mut rig = Rig::new();
    let sent = [visit("/a").of(TODAY + 2)];
    let mut late = batch(1, 1, T0, &sent);
    late.tallies = vec![Tally { day: TODAY + 2, reason: 0, visits: 3 }];
    let Answer::Receipt(receipt) = rig.ask(&Call::Register(late), T0) else { panic!() };
    assert_eq!(receipt.visits, [counted(1)]);
    let hashed = [visit("/a").by(1).of(TODAY + 2)];
    assert_eq!(
        rig.ask(&Call::Register(batch(1, 2, T0, &hashed)), T0),
        Answer::Refused(Fault::Malformed),
        "no hash can be of the day after tomorrow"
    );
    rig.shard.maintain(T0, KEEP_HOURS_DAYS).unwrap();
    assert_eq!(rig.sql.number("SELECT visits FROM excluded WHERE day = 20001"), 3);
}

#[test]
fn a_fault_during_the_correction_loses_nothing() {
    for fault in FAULTS {
        for nth in 1..=12 {
            let mut rig = Rig::new();
            rig.send(&[visit("/a").id(1).by(1)], T0);
            rig.send(&[visit("/a").id(2).by(2)], T0 + 2 * DAY);
            rig.faults.fail_nth(nth, fault);
            rig.sequence += 1;
            let sent = [visit("/a").id(3).by(3)];
            let call = Call::Register(batch(1, rig.sequence, T0, &sent));
            let mut answer = rig.ask(&call, T0);
            let _ = rig.faults.clear();
            if answer == Answer::Refused(Fault::Storage) {
                answer = rig.ask(&call, T0 + SECOND);
            }
            let Answer::Receipt(receipt) = answer else { panic!("statement {nth}, {fault:?}: {answer:?}") };
            assert_eq!(receipt.visits, [counted(3)], "statement {nth}, {fault:?}");
            assert_eq!(rig.ask(&Call::Views(Some("/a")), T0), Answer::Views(3));
        }
    }
}
