//! Recent activity: a shard against a naive model, over random times, checkpoints and restarts; many shards against one; and pushes,
//! answers and watchers in any order.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod support;

use footfall::counting::ledger::recent_activity::MAX_PRESENT;
use footfall::counting::ledger::shard::Shard;
use footfall::counting::live::board::{ALONE_MS, Board, Next};
use footfall::counting::live::pace::{PUSH_MS, Pace, TELL_MS};
use footfall::counting::live::pulse::{MINUTES, PRESENT_MINUTES, Pulse, add, text};
use footfall::counting::model::date::day_of;
use footfall::counting::model::minute::minute_of;
use footfall::counting::model::visitor::{Visitor, VisitorHash};
use footfall::counting::protocol::answer::Answer;
use footfall::counting::protocol::call::Call;
use footfall::counting::protocol::wire::{decode, encode};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::rig::Rig;
use support::sqlite::Sqlite;
use support::{DAY, SECOND, Sent, T0, batch, visit};

const MINUTE: u64 = 60 * SECOND;

/// Ten minutes before a midnight.
const LATE: u64 = 20_001 * DAY - 10 * MINUTE;

/// Every visit that counted: when, how many views it added, and its visitor.
#[derive(Default)]
struct Model {
    seen: Vec<(u64, u64, Option<VisitorHash>)>,
}

impl Model {
    fn count(&mut self, sent: &Sent, now: u64) {
        let views = u64::from(!matches!(sent.visitor, Visitor::Guest(_)));
        self.seen.push((now, views, sent.visitor.at_home()));
    }

    fn pulse(&self, version: u64, at: u64) -> Pulse {
        let minute = minute_of(at);
        let (mut views, mut people) = (vec![0; MINUTES], vec![0; PRESENT_MINUTES]);
        let mut last = BTreeMap::new();
        for (then, some, visitor) in &self.seen {
            let ago = (minute - minute_of(*then)) as usize;
            if ago < MINUTES {
                views[MINUTES - 1 - ago] += some;
            }
            // Each day has visitors of its own.
            if let Some(visitor) = visitor {
                last.insert((day_of(*then), visitor.0), ago);
            }
        }
        for ago in last.into_values().filter(|ago| *ago < PRESENT_MINUTES) {
            people[PRESENT_MINUTES - 1 - ago] += 1;
        }
        Pulse { shard: 0, at, version, views, people }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Send(Vec<Sent>),
    Wait(u64),
    Restart,
    Maintain,
    Fold,
}

fn any_visit() -> impl Strategy<Value = Sent> {
    let visitor = prop_oneof![
        6 => (0..6_u64).prop_map(|hash| Visitor::Hash(VisitorHash(hash))),
        2 => (0..6_u64).prop_map(|hash| Visitor::Guest(VisitorHash(hash))),
        1 => Just(Visitor::Elsewhere),
        2 => Just(support::NOBODY),
    ];
    visitor.prop_map(|visitor| Sent { visitor, ..visit("/") })
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => prop::collection::vec(any_visit(), 1..5).prop_map(Op::Send),
        3 => (0..4 * MINUTE).prop_map(Op::Wait),
        1 => (0..40 * MINUTE).prop_map(Op::Wait),
        2 => Just(Op::Restart),
        1 => Just(Op::Maintain),
        2 => Just(Op::Fold),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shard_has_the_pulse_of_the_model(start in prop_oneof![Just(T0), Just(LATE)], ops in prop::collection::vec(any_op(), 1..40)) {
        let mut rig = Rig::on(Sqlite::new(), start);
        let mut model = Model::default();
        let mut sequence = 0;
        for op in ops {
            match op {
                Op::Send(sent) => {
                    sequence += 1;
                    rig.send(1, sequence, &sent);
                    sent.iter().for_each(|one| model.count(one, rig.now));
                }
                Op::Wait(ms) => rig.wait(ms),
                Op::Restart => rig.restart(),
                Op::Maintain => {
                    rig.maintain();
                }
                Op::Fold => {
                    rig.ledger.export(None).unwrap();
                }
            }
            prop_assert_eq!(rig.ledger.pulse(rig.now), model.pulse(rig.ledger.written(), rig.now));
        }
    }

    #[test]
    fn many_shards_together_have_the_pulse_of_one(
        visits in prop::collection::vec((0..8_u64, 0..3_usize, 0..90 * SECOND), 1..60),
        ahead in prop::collection::vec(0..2 * SECOND, 3),
    ) {
        let mut one = Rig::new();
        let mut many: Vec<Rig> = (0..3).map(|_| Rig::new()).collect();
        let send = |rig: &mut Rig, number: usize, now: u64, sent: Sent| {
            rig.now = now;
            rig.send(1, number as u64, &[sent]);
        };
        let mut now = T0;
        for (number, (visitor, shard, wait)) in visits.into_iter().enumerate() {
            now += wait;
            let home = visitor as usize % 3;
            let hash = VisitorHash(visitor);
            send(&mut one, 2 * number, now, visit("/").by(visitor));
            // The id of a visit may lead its view to another shard than its visitor.
            if home == shard {
                send(&mut many[home], 2 * number, now, visit("/").by(visitor));
            } else {
                send(&mut many[shard], 2 * number, now, Sent { visitor: Visitor::Elsewhere, ..visit("/") });
                send(&mut many[home], 2 * number + 1, now, Sent { visitor: Visitor::Guest(hash), ..visit("/") });
            }
        }
        let pulses: Vec<Pulse> = many.iter().map(|rig| rig.ledger.pulse(now)).collect();
        let whole = text("blog", &[one.ledger.pulse(now)], now);
        prop_assert_eq!(&text("blog", &pulses, now), &whole);
        // Earlier pulses give the same sum, as long as their shards have counted nothing since.
        let late = now + 3 * MINUTE;
        let told: Vec<Pulse> = many.iter().zip(ahead).map(|(rig, ms)| rig.ledger.pulse(now + ms)).collect();
        prop_assert_eq!(text("blog", &told, late), text("blog", &[one.ledger.pulse(late)], late));
    }

    #[test]
    fn a_change_is_sent_soon_and_not_too_often(changes in prop::collection::vec(0..2_500_u64, 1..50)) {
        let mut pace = Pace::new(TELL_MS);
        let (mut now, mut due, mut told): (u64, Option<u64>, Option<u64>) = (T0, None, None);
        for wait in changes {
            now += wait;
            if let Some(at) = due.filter(|at| *at <= now) {
                prop_assert!(told.is_none_or(|before| at - before >= TELL_MS));
                pace.told(at);
                (due, told) = (None, Some(at));
            }
            match pace.changed(now) {
                Some(ms) => {
                    prop_assert!(due.is_none() && ms <= TELL_MS);
                    due = Some(now + ms);
                }
                None => prop_assert!(due.is_some_and(|at| at <= now + TELL_MS), "a message is due already"),
            }
        }
    }
}

#[test]
fn the_message_is_what_a_client_expects() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/").by(1), visit("/").by(2), visit("/")]);
    rig.wait(MINUTE);
    rig.send(1, 2, &[visit("/").by(2)]);
    let at = rig.now + 2 * MINUTE;
    let zeros = "0,".repeat(26);
    let expected =
        format!("{{\"site\":\"blog\",\"at\":{at},\"minute\":{},\"views\":[{zeros}3,1,0,0],\"people\":[0,1,1,0,0]}}", at / MINUTE);
    assert_eq!(text("blog", &[rig.ledger.pulse(rig.now)], at), expected);
    assert_eq!(text("blog", &[], 0).matches("0").count(), 2 + MINUTES + PRESENT_MINUTES, "nothing was seen");
}

#[test]
fn minutes_that_are_too_old_drop_out_and_minutes_that_have_not_begun_count_as_the_last() {
    let moved = |last, last_of_more| {
        let mut sum = [10, 20, 30];
        add(&mut sum, last, &[1, 2, 3], last_of_more);
        sum
    };
    assert_eq!(moved(100, 100), [11, 22, 33]);
    assert_eq!(moved(102, 100), [13, 20, 30]);
    assert_eq!(moved(100, 101), [10, 21, 35]);
    assert_eq!(moved(100, 102), [10, 20, 36]);
    assert_eq!(moved(100, 104), [10, 20, 36]);
    assert_eq!((moved(u64::MAX, 0), moved(0, 0)), ([10, 20, 30], [10, 20, 36]), "there is no minute before the first");
}

#[test]
fn a_clock_that_is_set_back_loses_nothing_that_is_recent() {
    let mut rig = Rig::new();
    rig.send(1, 1, &[visit("/").by(1)]);
    rig.now -= 5 * SECOND;
    rig.send(1, 2, &[visit("/").by(2)]);
    let pulse = rig.ledger.pulse(rig.now - MINUTE);
    assert_eq!(
        (pulse.views[MINUTES - 1], pulse.people[PRESENT_MINUTES - 1]),
        (2, 2),
        "a minute that has not begun counts as the last"
    );
    // A clock that was a day ahead must not stop the minutes for a day.
    rig.now += DAY;
    rig.send(1, 3, &[visit("/")]);
    rig.now -= DAY - 5 * SECOND;
    rig.send(1, 4, &[visit("/")]);
    rig.wait(2 * MINUTE);
    let pulse = rig.ledger.pulse(rig.now);
    assert_eq!((pulse.views[MINUTES - 1], pulse.views[MINUTES - 3]), (0, 1));
}

#[test]
fn visitors_beyond_the_limit_are_left_out_and_views_are_not() {
    let mut rig = Rig::new();
    let most = MAX_PRESENT as u64;
    for (sequence, first) in (0..most + 512).step_by(512).enumerate() {
        let sent: Vec<Sent> = (first..first + 512).map(|hash| visit("/").by(hash)).collect();
        rig.send(1, sequence as u64, &sent);
    }
    let people = |rig: &Rig| rig.ledger.pulse(rig.now).people.iter().sum::<u64>();
    assert_eq!(people(&rig), most);
    rig.maintain();
    rig.restart();
    assert_eq!(people(&rig), most, "one row holds all of them");
    assert!(rig.sql.number("SELECT max(length(value)) FROM meta") < 1_900_000, "the platform's rows have 2 MB at most");
    assert!(rig.ledger.pulse(rig.now).views[MINUTES - 1] > most);
    rig.wait(5 * MINUTE);
    rig.send(1, 999_999, &[visit("/").by(7)]);
    assert_eq!(people(&rig), 1, "there is room again");
}

#[test]
fn the_hashes_are_deleted_with_their_day_and_the_number_stays() {
    let mut rig = Rig::on(Sqlite::new(), 20_001 * DAY - MINUTE);
    rig.send(1, 1, &[visit("/").by(7), visit("/").by(8)]);
    rig.maintain();
    let bytes = |rig: &Rig| rig.sql.number("SELECT length(value) FROM meta WHERE key = 'lately'") / 8;
    let empty = (1 + MINUTES + PRESENT_MINUTES) as i64;
    assert_eq!(bytes(&rig), empty + 4, "two visitors, each with a minute");
    rig.wait(2 * MINUTE);
    rig.maintain();
    assert_eq!(bytes(&rig), empty);
    rig.restart();
    assert_eq!(rig.ledger.pulse(rig.now).people, [0, 0, 2, 0, 0]);
}

/// A site: its shards, its board with the watchers, and the messages between them, which arrive in any order.
struct World {
    databases: Vec<Sqlite>,
    shards: Vec<Shard<Sqlite>>,
    sequence: u64,
    board: Board,
    watchers: u32,
    /// The last message to the watchers; `None` if a watcher joined and got no greeting.
    told: Option<String>,
    moving: Vec<Moving>,
    looked: Vec<Option<Pulse>>,
    now: u64,
}

enum Moving {
    PushDue(usize),
    Push(usize, Vec<u8>, u64),
    Nobody(usize, u64),
    Watch(usize),
    Pulse(usize, Pulse),
    TellDue,
}

impl World {
    fn new() -> Self {
        let databases: Vec<Sqlite> = (0..2).map(|_| Sqlite::new()).collect();
        Self {
            shards: databases.iter().map(|sql| support::shard(sql.clone())).collect(),
            databases,
            sequence: 0,
            board: Board::default(),
            watchers: 0,
            told: None,
            moving: Vec::new(),
            looked: vec![None; 2],
            now: T0,
        }
    }

    fn visit(&mut self, shard: usize) {
        self.sequence += 1;
        let sent = [visit("/").by(self.sequence)];
        let call = encode(&Call::Register(batch(1, self.sequence, self.now, &sent)));
        if self.shards[shard].serve(&call, self.now).push.is_some() {
            self.moving.push(Moving::PushDue(shard));
        }
    }

    fn join(&mut self) {
        self.watchers += 1;
        self.told = self.board.greeting("blog", self.now);
        let next = self.board.joined();
        self.go_on(next);
    }

    fn go_on(&mut self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Tell(_) => self.moving.push(Moving::TellDue),
            Next::Look => {
                self.looked.fill(None);
                self.moving.extend((0..2).map(Moving::Watch));
            }
            Next::LetGo => self.watchers = 0,
        }
    }

    /// Delivers one of the messages that are under way.
    fn arrive(&mut self, which: usize) {
        if self.moving.is_empty() {
            return;
        }
        match self.moving.swap_remove(which % self.moving.len()) {
            Moving::PushDue(shard) => {
                if let Some((call, watches)) = self.shards[shard].push(shard as u32, self.now).unwrap() {
                    self.moving.push(Moving::Push(shard, call, watches));
                }
            }
            Moving::Push(shard, call, watches) => {
                let Ok(Answer::Live(pulse)) = decode(&call) else { panic!("a push that cannot be read") };
                let (watched, next) = self.board.pushed(pulse, self.watchers, self.now);
                if !watched {
                    self.moving.push(Moving::Nobody(shard, watches));
                }
                self.go_on(next);
            }
            Moving::Nobody(shard, watches) => self.shards[shard].pushed(watches, self.now).unwrap(),
            Moving::Watch(shard) => {
                let Ok(Answer::Live(pulse)) = decode(&self.shards[shard].serve(&encode(&Call::Watch), self.now).bytes) else {
                    panic!("no pulse")
                };
                self.moving.push(Moving::Pulse(shard, pulse));
            }
            Moving::Pulse(shard, pulse) => {
                self.looked[shard] = Some(pulse);
                if self.looked.iter().all(Option::is_some) {
                    let all = self.looked.iter_mut().filter_map(Option::take).collect();
                    let next = self.board.looked(Some(all), self.now);
                    self.go_on(next);
                }
            }
            Moving::TellDue => {
                if let Some(told) = self.board.tell("blog", self.now) {
                    self.told = Some(told);
                }
            }
        }
    }

    /// The platform evicts the object with the board. It does so only while the object has nothing under way.
    fn hibernate(&mut self) {
        if !self.moving.iter().any(|one| matches!(one, Moving::TellDue | Moving::Watch(_) | Moving::Pulse(..))) {
            self.board = Board::default();
        }
    }

    /// Restarts a shard, unless one of its pushes is under way.
    fn restart(&mut self, shard: usize) {
        let own =
            |one: &Moving| matches!(one, Moving::PushDue(of) | Moving::Push(of, ..) | Moving::Nobody(of, _) if *of == shard);
        if !self.moving.iter().any(own) {
            self.shards[shard] = support::shard(self.databases[shard].clone());
        }
    }

    fn views(&mut self) -> u64 {
        (0..2).map(|shard| if let Answer::Views(views) = self.ask(shard, &Call::Views(None)) { views } else { 0 }).sum()
    }

    fn ask(&mut self, shard: usize, call: &Call<'_>) -> Answer {
        decode(&self.shards[shard].serve(&encode(call), self.now).bytes).unwrap()
    }

    fn check(&mut self) {
        while !self.moving.is_empty() {
            self.arrive(0);
        }
        let views = self.views();
        if self.watchers > 0 {
            let Some(told) = self.told.as_deref() else { panic!("a watcher was told nothing") };
            let shown: u64 = told.split(['[', ']']).nth(1).unwrap().split(',').map(|one| one.parse::<u64>().unwrap()).sum();
            assert_eq!(shown, views, "{told}");
        } else {
            // After a while without watchers, each shard pushes one last time. Then a visit causes no push.
            for shard in 0..2 {
                for _ in 0..2 {
                    self.visit(shard);
                    while !self.moving.is_empty() {
                        self.arrive(0);
                    }
                    self.now += ALONE_MS;
                }
                self.restart(shard);
                self.visit(shard);
                assert!(self.moving.is_empty(), "shard {shard} pushes although nobody watches");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_watcher_ends_up_with_all_views_and_no_shard_pushes_without_a_watcher(steps in prop::collection::vec((0..10_u8, 0..20_usize), 1..60)) {
        let mut world = World::new();
        for (step, which) in steps {
            match step {
                0 | 1 => world.visit(which % 2),
                2 => world.join(),
                3 => world.watchers = world.watchers.saturating_sub(1),
                4 => world.hibernate(),
                5 => world.restart(which % 2),
                // All these waits together stay within the minutes that a pulse covers.
                6 => world.now += which as u64 * SECOND,
                _ => world.arrive(which),
            }
        }
        world.check();
    }
}

#[test]
fn a_watcher_that_comes_and_goes_repeatedly_costs_no_call_and_no_row_each_time() {
    let mut world = World::new();
    let arrive_all = |world: &mut World| {
        while !world.moving.is_empty() {
            world.arrive(0);
        }
    };
    for shard in 0..2 {
        world.visit(shard);
        arrive_all(&mut world);
    }
    let rows = |world: &World| world.databases.iter().map(Sqlite::rows_written).sum::<u64>();
    let (before, mut asked) = (rows(&world), 0);
    for _ in 0..60 {
        world.join();
        asked += world.moving.iter().filter(|one| matches!(one, Moving::Watch(_))).count();
        world.visit(0);
        world.watchers = 0;
        arrive_all(&mut world);
        world.now += SECOND;
    }
    let written = rows(&world) - before - 60;
    assert_eq!((asked, written), (2, 2), "a minute of this costs as much as a watcher that comes once");
}

#[test]
fn a_shard_pushes_at_once_and_then_at_its_pace() {
    let mut shard = support::shard(Sqlite::new());
    let mut serve = |sequence, now| {
        let sent = [visit("/")];
        let served = shard.serve(&encode(&Call::Register(batch(1, sequence, now, &sent))), now);
        if served.push == Some(0) {
            assert!(shard.push(0, now).unwrap().is_some());
        }
        served.push
    };
    assert_eq!(serve(1, T0), Some(0), "the shard does not know yet whether anybody watches");
    assert_eq!(serve(1, T0), None, "a retry counts nothing");
    assert_eq!(serve(2, T0 + 100), Some(PUSH_MS - 100));
    assert_eq!(serve(3, T0 + 200), None, "a push is due already");
}

#[test]
fn a_board_lets_all_watchers_go_when_a_shard_cannot_be_asked() {
    let mut board = Board::default();
    assert_eq!(board.joined(), Next::Look);
    assert_eq!(board.joined(), Next::Nothing, "the shards are being asked already");
    assert_eq!(board.looked(None, T0), Next::LetGo);
    assert_eq!(board.joined(), Next::Look, "the next watcher makes the board ask again");
    let pulse =
        |shard, version| Pulse { shard, version, at: T0, views: vec![version; MINUTES], people: vec![0; PRESENT_MINUTES] };
    assert_eq!(board.looked(Some(vec![pulse(0, 1)]), T0), Next::Tell(0));
    assert!(board.tell("blog", T0).is_some());
    assert_eq!(board.pushed(pulse(1, 1), 1, T0), (true, Next::Look), "the site has grown");
    assert_eq!(board.pushed(pulse(900, 1), 1, T0), (true, Next::Nothing), "there is no such shard");
    assert_eq!(board.looked(Some(vec![pulse(0, 0), pulse(1, 0)]), T0), Next::Tell(TELL_MS), "at most one message a second");
    let told = board.tell("blog", T0 + TELL_MS).unwrap();
    assert!(told.contains("\"views\":[2,2,"), "an answer to an earlier question that arrives later is not newer: {told}");
}

#[test]
fn a_shard_that_was_restored_to_an_earlier_state_is_believed() {
    let mut board = Board::default();
    board.joined();
    let pulse = |version, at| Pulse { shard: 0, version, at, views: vec![version; MINUTES], people: vec![0; PRESENT_MINUTES] };
    board.looked(Some(vec![pulse(9, T0)]), T0);
    board.pushed(pulse(7, T0 + SECOND), 1, T0 + SECOND);
    let told = board.tell("blog", T0 + SECOND).unwrap();
    assert!(told.contains(",9,9]"), "an overtaken pulse is not newer: {told}");
    board.pushed(pulse(7, T0 + 2 * MINUTE), 1, T0 + 2 * MINUTE);
    let told = board.tell("blog", T0 + 2 * MINUTE).unwrap();
    assert!(told.contains(",7,7]"), "{told}");
}
