//! A visit whose deadline has come is sent by nobody, whoever finds out first: its own timer, the visit that posts, or the end of a POST. Its
//! caller learns that it is not stored, once.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::dispatch::batcher::{Action, Batcher, Event};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::SLOW_MS;
use footfall::counting::dispatch::posting::Posting;
use footfall::counting::dispatch::ticket::{MAX_PARKED, Ticket};
use footfall::counting::protocol::batch::Receipt;
use support::{DAY, SECOND, T0, entry};

/// When the visits that wait here must be answered.
const DEADLINE: u64 = T0 + 5 * SECOND;

fn arrive(batcher: &mut Batcher, ticket: Ticket, deadline: u64, now: u64) -> Vec<Action> {
    batcher.step(Event::Arrived(ticket, entry("/", deadline)), now)
}

fn ring(batcher: &mut Batcher, ticket: Ticket, now: u64) -> Vec<Action> {
    batcher.step(Event::Rang(ticket, entry("/", DEADLINE)), now)
}

fn not_sent(ticket: Ticket) -> Action {
    Action::Answer(ticket, Err(Failure::Deadline { sent: false }))
}

fn in_doubt(ticket: Ticket) -> Action {
    Action::Answer(ticket, Err(Failure::Deadline { sent: true }))
}

fn end(batcher: &mut Batcher, posting: Posting, now: u64) -> Vec<Action> {
    let actions = batcher.step(Event::Ended(posting, Err(Failure::Broken(String::new()))), now);
    actions.into_iter().filter(|action| !matches!(action, Action::Answer(_, Err(Failure::Broken(_))))).collect()
}

/// The batch of the only action that posts, which is the last.
fn posted(actions: &mut Vec<Action>) -> Posting {
    match actions.pop() {
        Some(Action::Post(posting)) => posting,
        other => panic!("no POST: {other:?}, {actions:?}"),
    }
}

fn tickets(posting: &Posting) -> Vec<Ticket> {
    posting.tickets().collect()
}

/// A batcher whose first visit posts while the tickets from 2 to `last` are parked.
fn busy(last: Ticket) -> (Batcher, Posting) {
    let mut batcher = Batcher::default();
    let first = posted(&mut arrive(&mut batcher, 1, DEADLINE, T0));
    for ticket in 2..=last {
        assert!(matches!(arrive(&mut batcher, ticket, DEADLINE, T0)[..], [Action::Park { .. }]));
    }
    (batcher, first)
}

#[test]
fn a_visit_that_comes_too_late_is_not_sent() {
    let mut batcher = Batcher::default();
    for now in [DEADLINE, DEADLINE + 1, DEADLINE + DAY] {
        assert_eq!(arrive(&mut batcher, 1, DEADLINE, now), [not_sent(1)]);
    }
    assert_eq!(tickets(&posted(&mut arrive(&mut batcher, 2, DEADLINE, DEADLINE - 1))), [2]);
}

#[test]
fn visits_that_were_killed_while_they_were_parked_leave_with_no_later_batch() {
    let (mut batcher, first) = busy(3);
    drop(first);
    let next_day = T0 + DAY;
    let mut actions = arrive(&mut batcher, 4, next_day + SECOND, next_day);
    assert_eq!(tickets(&posted(&mut actions)), [4]);
    assert_eq!(actions, [not_sent(2), not_sent(3)], "which reach nobody, as both are gone");
    assert_eq!(batcher.parked(), 0);
}

#[test]
fn the_end_of_a_post_answers_late_visits_and_hands_the_lead_to_one_that_is_not() {
    let (mut batcher, first) = busy(3);
    arrive(&mut batcher, 4, DEADLINE + SECOND, T0);
    assert_eq!(end(&mut batcher, first, DEADLINE), [not_sent(2), not_sent(3), Action::Lead(4)]);
    let (mut batcher, first) = busy(3);
    assert_eq!(end(&mut batcher, first, DEADLINE), [not_sent(2), not_sent(3)]);
    assert_eq!(tickets(&posted(&mut arrive(&mut batcher, 5, DEADLINE + 1, DEADLINE))), [5], "nobody has the lead");
}

#[test]
fn a_visit_whose_timer_rang_as_it_was_answered_gets_the_same_answer_again() {
    let (mut batcher, first) = busy(3);
    assert_eq!(end(&mut batcher, first, DEADLINE), [not_sent(2), not_sent(3)]);
    assert_eq!(ring(&mut batcher, 2, DEADLINE), [not_sent(2)]);
    // The clock that was ahead is right again.
    assert_eq!(ring(&mut batcher, 3, DEADLINE - 1), [not_sent(3)]);
}

#[test]
fn each_of_many_visits_gets_the_same_answer_again() {
    let last = MAX_PARKED as u64 + 1;
    let (mut batcher, first) = busy(last);
    let expected: Vec<Action> = (2..=last).map(not_sent).collect();
    assert_eq!(end(&mut batcher, first, DEADLINE), expected);
    let again: Vec<Action> = (2..=last).flat_map(|ticket| ring(&mut batcher, ticket, DEADLINE)).collect();
    assert_eq!(again, expected);
}

#[test]
fn a_visit_in_a_batch_is_in_doubt_even_if_others_were_late() {
    let (mut batcher, first) = busy(3);
    assert_eq!(end(&mut batcher, first, T0), [Action::Lead(2)]);
    let posting = posted(&mut batcher.step(Event::TookLead(2, entry("/", DEADLINE)), T0));
    arrive(&mut batcher, 4, DEADLINE, T0);
    assert_eq!(end(&mut batcher, posting, DEADLINE), [not_sent(4)]);
    assert_eq!(ring(&mut batcher, 3, DEADLINE), [in_doubt(3)]);
}

#[test]
fn a_leader_that_takes_the_lead_too_late_hands_it_on() {
    let (mut batcher, first) = busy(3);
    assert_eq!(end(&mut batcher, first, DEADLINE - 1), [Action::Lead(2)]);
    arrive(&mut batcher, 4, DEADLINE + SECOND, DEADLINE - 1);
    let late = batcher.step(Event::TookLead(2, entry("/", DEADLINE)), DEADLINE);
    assert_eq!(late, [not_sent(2), not_sent(3), Action::Lead(4)]);
    let posting = posted(&mut batcher.step(Event::TookLead(4, entry("/", DEADLINE + SECOND)), DEADLINE));
    assert_eq!(tickets(&posting), [4]);
    batcher.step(Event::Ended(posting, Ok(Receipt { visits: Vec::new() })), DEADLINE);
}

#[test]
fn a_leader_that_takes_the_lead_too_late_after_another_took_over_is_not_sent() {
    let (mut batcher, first) = busy(2);
    let handed = DEADLINE - SLOW_MS - 1;
    assert_eq!(end(&mut batcher, first, handed), [Action::Lead(2)]);
    let other = posted(&mut arrive(&mut batcher, 3, DEADLINE + SECOND, DEADLINE));
    assert_eq!(tickets(&other), [3]);
    assert_eq!(batcher.step(Event::TookLead(2, entry("/", DEADLINE)), DEADLINE), [not_sent(2)]);
}
