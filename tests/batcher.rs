//! The rules of the batcher, one test each: which visit posts, which parks, which is answered, and which takes over.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

mod support;

use footfall::counting::dispatch::batcher::{Action, Batcher, Event, RETRY_AFTER_S};
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::{HANDOVER_MS, LEAD_GRACE_MS};
use footfall::counting::dispatch::lanes::{LANES, LOOK_AGAIN_MS, SLOW_MS};
use footfall::counting::dispatch::posting::{Entry, Posting};
use footfall::counting::dispatch::ticket::{MAX_PARKED, MAX_PARKED_BY_SERVERS, Ticket};
use footfall::counting::protocol::batch::{MAX_BATCH_TALLIES, MAX_BATCH_VISITS, Receipt, Tally};
use support::{SECOND, T0, counted, entry, receipt};

/// How long a visit of these tests waits.
const TIMEOUT_MS: u64 = 5 * SECOND;

/// When the visits that arrived at `T0` must be answered.
const DEADLINE: u64 = T0 + TIMEOUT_MS;

fn arrive(batcher: &mut Batcher, ticket: Ticket, now: u64) -> Action {
    one(batcher.step(Event::Arrived(ticket, entry("/", now + TIMEOUT_MS)), now))
}

fn take_lead(batcher: &mut Batcher, ticket: Ticket, now: u64) -> Action {
    take_lead_until(batcher, ticket, DEADLINE, now)
}

fn take_lead_until(batcher: &mut Batcher, ticket: Ticket, deadline: u64, now: u64) -> Action {
    one(batcher.step(Event::TookLead(ticket, entry("/", deadline)), now))
}

/// The timer of a visit that has until `DEADLINE` rings.
fn ring(batcher: &mut Batcher, ticket: Ticket, now: u64) -> Vec<Action> {
    batcher.step(Event::Rang(ticket, entry("/", DEADLINE)), now)
}

/// Checks that the visit parks, and returns until when.
fn parks(action: Action) -> u64 {
    match action {
        Action::Park { until } => until,
        other => panic!("the visit does not park: {other:?}"),
    }
}

fn give_up(batcher: &mut Batcher, ticket: Ticket, now: u64) -> Failure {
    match one(ring(batcher, ticket, now)) {
        Action::Answer(answered, Err(failure)) if answered == ticket => failure,
        other => panic!("{other:?}"),
    }
}

fn one(mut actions: Vec<Action>) -> Action {
    assert_eq!(actions.len(), 1, "{actions:?}");
    actions.remove(0)
}

/// Checks that the visit posts, and returns its batch.
fn posted(action: Action) -> Posting {
    match action {
        Action::Post(posting) => posting,
        other => panic!("the visit does not post: {other:?}"),
    }
}

fn tickets(posting: &Posting) -> Vec<Ticket> {
    posting.tickets().collect()
}

/// A receipt whose lines can be told apart: the views of each line are the ticket of its visit.
fn signed(posting: &Posting) -> Receipt {
    receipt(&posting.tickets().map(counted).collect::<Vec<_>>())
}

/// Ends a POST with a receipt, and checks that each of its visits gets its own line. Returns the ticket that leads next.
fn end_well(batcher: &mut Batcher, posting: Posting, now: u64) -> Option<Ticket> {
    let mut expected: Vec<Action> = posting.tickets().map(|ticket| Action::Answer(ticket, Ok(counted(ticket)))).collect();
    let receipt = signed(&posting);
    let actions = batcher.step(Event::Ended(posting, Ok(receipt)), now);
    let next = match actions.last() {
        Some(Action::Lead(next)) => Some(*next),
        _ => None,
    };
    expected.extend(next.map(Action::Lead));
    assert_eq!(actions, expected);
    next
}

/// A batcher whose first visit posts while the tickets from 2 to `last` are parked.
fn busy(last: Ticket) -> (Batcher, Posting) {
    let mut batcher = Batcher::default();
    let posting = posted(arrive(&mut batcher, 1, T0));
    for ticket in 2..=last {
        parks(arrive(&mut batcher, ticket, T0));
    }
    (batcher, posting)
}

#[test]
fn tallies_leave_with_the_next_batch_or_with_a_flush() {
    let tally = |reason, visits| Tally { day: 20_000, reason, visits };
    let mut batcher = Batcher::default();
    let flush = |batcher: &mut Batcher| batcher.step(Event::Flush { deadline: T0 + 5_000 }, T0);
    assert_eq!(flush(&mut batcher), [], "there are no tallies");
    for more in [tally(0, 1), tally(4, 1), tally(0, 2)] {
        batcher.exclude(more);
    }
    let Some(Action::Post(posting)) = flush(&mut batcher).pop() else { panic!("no POST is under way, so the tallies leave") };
    assert_eq!((posting.batch(7).tallies, posting.batch(7).visits.len()), (vec![tally(0, 3), tally(4, 1)], 0));
    batcher.exclude(tally(1, 5));
    assert_eq!(flush(&mut batcher), [], "a batch is under way");
    assert!(matches!(batcher.step(Event::Arrived(1, entry("/a", T0 + 5_000)), T0)[..], [Action::Park { .. }]));
    // The shard refused the batch, so it has none of the tallies. They leave again, with the visit that waited.
    let refused = Err(Failure::Refused("no".to_owned()));
    assert_eq!(batcher.step(Event::Ended(posting, refused), T0), [Action::Lead(1)]);
    let Some(Action::Post(posting)) = batcher.step(Event::TookLead(1, entry("/a", T0 + 5_000)), T0).pop() else { panic!() };
    assert_eq!((posting.batch(7).tallies, posting.batch(7).visits.len()), (vec![tally(1, 5), tally(0, 3), tally(4, 1)], 1));
    assert!(!batcher.has_tallies());
    // The shard may have the tallies: sent again, they could count twice.
    batcher.step(Event::Ended(posting, Err(Failure::Broken("cut".to_owned()))), T0);
    assert!(!batcher.has_tallies());
    assert_eq!(flush(&mut batcher), []);
}

#[test]
fn a_batcher_keeps_no_more_tallies_than_a_batch_takes() {
    let mut batcher = Batcher::default();
    for day in 0..200 {
        batcher.exclude(Tally { day, reason: 0, visits: 1 });
    }
    let Some(Action::Post(posting)) = batcher.step(Event::Flush { deadline: T0 }, T0).pop() else { panic!() };
    assert_eq!(posting.batch(7).tallies.len(), MAX_BATCH_TALLIES);
}

#[test]
fn a_visit_alone_leads_at_once() {
    let mut batcher = Batcher::default();
    for ticket in 1..4 {
        let posting = posted(arrive(&mut batcher, ticket, T0));
        assert_eq!((tickets(&posting), posting.deadline), (vec![ticket], DEADLINE));
        assert_eq!(end_well(&mut batcher, posting, T0 + 1), None);
    }
}

#[test]
fn visits_that_arrive_during_a_post_park_and_leave_together_in_their_order() {
    let (mut batcher, first) = busy(5);
    assert_eq!(batcher.parked(), 4);
    assert_eq!(end_well(&mut batcher, first, T0 + 10), Some(2), "the oldest visit leads");
    // A visit that arrives before the leader runs travels in the same batch.
    parks(arrive(&mut batcher, 6, T0 + 10));
    let second = posted(take_lead(&mut batcher, 2, T0 + 10));
    assert_eq!(tickets(&second), [2, 3, 4, 5, 6]);
    assert_eq!(batcher.parked(), 0);
    assert_eq!(end_well(&mut batcher, second, T0 + 20), None);
    assert_eq!(tickets(&posted(arrive(&mut batcher, 7, T0 + 30))), [7]);
}

#[test]
fn a_full_batch_leaves_the_rest_to_the_next() {
    let many = MAX_BATCH_VISITS as u64;
    let (mut batcher, first) = busy(2 * many);
    assert_eq!(end_well(&mut batcher, first, T0), Some(2));
    let second = posted(take_lead(&mut batcher, 2, T0));
    assert_eq!(tickets(&second), (2..=many + 1).collect::<Vec<_>>());
    assert_eq!(end_well(&mut batcher, second, T0), Some(many + 2));
    let third = posted(take_lead(&mut batcher, many + 2, T0));
    assert_eq!(tickets(&third), (many + 2..=2 * many).collect::<Vec<_>>());
}

#[test]
fn a_batch_names_each_page_once_and_keeps_the_page_of_each_visit() {
    let mut batcher = Batcher::default();
    let first = posted(arrive(&mut batcher, 1, T0));
    for (ticket, page) in [(2, "/b"), (3, "/a"), (4, "/b"), (5, "/c")] {
        batcher.step(Event::Arrived(ticket, entry(page, DEADLINE)), T0);
    }
    end_well(&mut batcher, first, T0);
    let posting = posted(one(batcher.step(Event::TookLead(2, entry("/b", DEADLINE)), T0)));
    let batch = posting.batch(77);
    assert_eq!((batch.isolate, batch.sequence), (77, posting.sequence));
    let pages: Vec<&str> = batch.visits.iter().map(|item| batch.pages[usize::from(item.page)]).collect();
    assert_eq!(pages, ["/b", "/a", "/b", "/c"]);
    assert_eq!(batch.pages.len(), 3);
}

#[test]
fn a_visit_beyond_the_limit_is_told_to_come_back_and_is_in_no_batch() {
    let (mut batcher, first) = busy(MAX_PARKED as u64 + 1);
    let busy = Failure::Busy { retry_after: RETRY_AFTER_S };
    assert_eq!(arrive(&mut batcher, 99_999, T0), Action::Answer(99_999, Err(busy)));
    assert_eq!(batcher.parked(), MAX_PARKED);
    let mut next = end_well(&mut batcher, first, T0);
    // The leader left its place.
    parks(arrive(&mut batcher, 100_000, T0));
    let mut posted_tickets = Vec::new();
    while let Some(leader) = next {
        let posting = posted(take_lead(&mut batcher, leader, T0));
        posted_tickets.extend(tickets(&posting));
        next = end_well(&mut batcher, posting, T0);
    }
    let expected: Vec<Ticket> = (2..=MAX_PARKED as u64 + 1).chain([100_000]).collect();
    assert_eq!(posted_tickets, expected);
}

#[test]
fn a_visit_that_gives_up_while_parked_is_surely_not_stored_and_in_no_batch() {
    let (mut batcher, first) = busy(3);
    parks(arrive(&mut batcher, 4, T0 + 1));
    assert_eq!(give_up(&mut batcher, 3, DEADLINE), Failure::Deadline { sent: false });
    assert_eq!(give_up(&mut batcher, 2, DEADLINE), Failure::Deadline { sent: false });
    assert_eq!(end_well(&mut batcher, first, DEADLINE), Some(4));
    assert_eq!(tickets(&posted(take_lead_until(&mut batcher, 4, DEADLINE + 1, DEADLINE))), [4]);
}

#[test]
fn a_visit_that_gives_up_in_a_batch_is_in_doubt() {
    let (mut batcher, first) = busy(3);
    end_well(&mut batcher, first, T0);
    let second = posted(take_lead(&mut batcher, 2, T0));
    assert_eq!(give_up(&mut batcher, 3, DEADLINE), Failure::Deadline { sent: true });
    assert_eq!(tickets(&second), [2, 3], "the visit may be stored");
}

#[test]
fn a_visit_that_gives_up_with_the_lead_was_never_sent_and_hands_the_lead_on() {
    // Its timer rang in the same turn in which the previous POST ended, so it never saw that it should lead.
    let (mut batcher, first) = busy(2);
    assert_eq!(end_well(&mut batcher, first, DEADLINE - 1), Some(2));
    parks(arrive(&mut batcher, 3, DEADLINE - 1));
    let actions = ring(&mut batcher, 2, DEADLINE);
    let gone = Action::Answer(2, Err(Failure::Deadline { sent: false }));
    assert_eq!(actions, [gone, Action::Lead(3)], "ticket 3 must not wait for another visit to arrive");
    assert_eq!(tickets(&posted(take_lead_until(&mut batcher, 3, DEADLINE + SECOND, DEADLINE))), [3]);
}

#[test]
fn a_failed_batch_fails_its_own_visits_only() {
    for failure in [
        Failure::Broken("x".to_owned()),
        Failure::Refused("x".to_owned()),
        Failure::Busy { retry_after: 5 },
        Failure::Overloaded { retry_after: 5 },
        Failure::Deadline { sent: true },
    ] {
        let (mut batcher, first) = busy(3);
        end_well(&mut batcher, first, T0);
        let second = posted(take_lead(&mut batcher, 2, T0));
        parks(arrive(&mut batcher, 4, T0));
        let actions = batcher.step(Event::Ended(second, Err(failure.clone())), T0);
        let answer = |ticket| Action::Answer(ticket, Err(failure.clone()));
        assert_eq!(actions, [answer(2), answer(3), Action::Lead(4)]);
        let third = posted(take_lead(&mut batcher, 4, T0));
        assert_eq!(end_well(&mut batcher, third, T0), None);
    }
}

#[test]
fn a_receipt_that_is_too_short_leaves_the_rest_in_doubt() {
    let (mut batcher, first) = busy(3);
    end_well(&mut batcher, first, T0);
    let second = posted(take_lead(&mut batcher, 2, T0));
    let actions = batcher.step(Event::Ended(second, Ok(receipt(&[counted(9)]))), T0);
    assert_eq!(actions[0], Action::Answer(2, Ok(counted(9))));
    assert!(matches!(&actions[1], Action::Answer(3, Err(Failure::Broken(_)))), "{actions:?}");
    assert_eq!(actions.len(), 2);
}

/// The time from which a POST that left at `T0` is slow.
const SLOW: u64 = T0 + SLOW_MS;

#[test]
fn a_parked_visit_whose_leader_died_wakes_by_itself_and_takes_the_others_along() {
    let mut batcher = Batcher::default();
    let dead = posted(arrive(&mut batcher, 1, T0));
    for ticket in 2..4 {
        assert_eq!(parks(arrive(&mut batcher, ticket, T0)), SLOW + 1);
    }
    assert_eq!(parks(one(ring(&mut batcher, 3, SLOW))), SLOW + 1, "a timer may ring a little early");
    let taken = posted(one(ring(&mut batcher, 3, SLOW + 1)));
    assert_eq!((tickets(&taken), taken.lane, dead.lane), (vec![3, 2], 1, 0));
    assert_eq!(parks(one(ring(&mut batcher, 2, SLOW + 1))), DEADLINE, "its batch is under way");
    assert_eq!(end_well(&mut batcher, taken, SLOW + 10), None);
    assert_eq!(give_up(&mut batcher, 1, DEADLINE), Failure::Deadline { sent: true });
}

#[test]
fn a_slow_post_holds_up_no_other_visit_and_its_end_answers_its_own() {
    let (mut batcher, slow) = busy(3);
    parks(arrive(&mut batcher, 4, SLOW));
    let next = posted(arrive(&mut batcher, 5, SLOW + 1));
    assert_eq!((tickets(&next), next.lane), (vec![5, 2, 3, 4], 1));
    parks(arrive(&mut batcher, 6, SLOW + 2));
    assert_eq!(end_well(&mut batcher, slow, SLOW + 3), None, "a POST that is not slow is under way: ticket 6 waits for it");
    assert_eq!(end_well(&mut batcher, next, SLOW + 4), Some(6));
    assert_eq!(posted(take_lead(&mut batcher, 6, SLOW + 5)).lane, 0, "the first lane that is free");
}

#[test]
fn each_lane_has_numbers_and_a_name_of_its_own() {
    let mut batcher = Batcher::default();
    let mut posts = Vec::new();
    let mut now = T0;
    for ticket in 1..=LANES as u64 {
        posts.push(posted(arrive(&mut batcher, ticket, now)));
        now += SLOW_MS + 1;
    }
    let names: Vec<u128> = posts.iter().map(|posting| posting.batch(0xff00).isolate).collect();
    assert_eq!(names, [0xff00, 0xff01, 0xff02, 0xff03]);
    assert!(posts.iter().all(|posting| posting.sequence == 1));
    // All POSTs are slow. A visit that arrives waits for the first of them to lapse or to end.
    let lapses = posts[0].deadline + LEAD_GRACE_MS;
    let last = lapses + SECOND;
    let until = one(batcher.step(Event::Arrived(9, entry("/", last)), now));
    assert_eq!(parks(until), now + LOOK_AGAIN_MS);
    let rang = |batcher: &mut Batcher, now| one(batcher.step(Event::Rang(9, entry("/", last)), now));
    assert_eq!(parks(rang(&mut batcher, now + LOOK_AGAIN_MS)), now + 2 * LOOK_AGAIN_MS);
    assert_eq!(parks(rang(&mut batcher, lapses - 1)), lapses + 1);
    let third = posts.remove(2);
    assert_eq!(end_well(&mut batcher, third, now), Some(9));
    let again = posted(take_lead(&mut batcher, 9, now));
    assert_eq!((again.lane, again.sequence, again.batch(0xff00).isolate), (2, 2, 0xff02));
}

/// A batcher whose lanes are all taken, the POST of the last one, and the time at which that one left. The others are slow.
fn all_lanes_taken() -> (Batcher, Vec<Posting>, u64) {
    let mut batcher = Batcher::default();
    let at = |lane: u64| T0 + lane * (SLOW_MS + 1);
    let posts = (0..LANES as u64).map(|lane| posted(arrive(&mut batcher, lane + 1, at(lane))));
    let posts = posts.collect();
    (batcher, posts, at(LANES as u64 - 1))
}

#[test]
fn a_visit_leaves_although_the_leader_that_should_have_handed_on_the_lead_is_gone() {
    // Seed 25,776 of the simulator: a slow POST ended while a fresh one was on its way, whose leader was killed.
    let (mut batcher, mut posts, now) = all_lanes_taken();
    let until = parks(arrive(&mut batcher, 9, now));
    posts.pop();
    let slow = posts.remove(0);
    assert_eq!(end_well(&mut batcher, slow, now + 1), None, "ticket 9 waits for the POST that is not slow");
    assert_eq!(until, now + LOOK_AGAIN_MS);
    assert_eq!(tickets(&posted(one(ring(&mut batcher, 9, until)))), [9]);
}

#[test]
fn a_visit_leaves_although_the_one_that_was_handed_the_lead_is_gone() {
    let (mut batcher, mut posts, now) = all_lanes_taken();
    parks(arrive(&mut batcher, 9, now));
    let until = parks(arrive(&mut batcher, 10, now));
    let later = now + SLOW_MS + 1;
    let next = end_well(&mut batcher, posts.remove(0), later);
    assert_eq!(next, Some(9), "which was killed");
    assert!(until > later + HANDOVER_MS);
    assert_eq!(tickets(&posted(one(ring(&mut batcher, 10, until)))), [10]);
}

#[test]
fn a_lead_that_lapsed_is_taken_over_and_counted() {
    let mut batcher = Batcher::default();
    for lane in 0..LANES as u64 {
        posted(arrive(&mut batcher, 1 + lane, T0 + lane * (SLOW_MS + 1)));
    }
    let lapses = DEADLINE + LEAD_GRACE_MS;
    parks(arrive(&mut batcher, 10, lapses));
    let taken = posted(arrive(&mut batcher, 11, lapses + 1));
    assert_eq!((taken.lane, taken.sequence, tickets(&taken), batcher.lapsed()), (0, 2, vec![11, 10], 1));
}

#[test]
fn a_visit_in_a_hurry_travels_with_one_that_has_more_time() {
    let mut batcher = Batcher::default();
    posted(arrive(&mut batcher, 1, T0));
    let soon = SLOW + SLOW_MS;
    parks(one(batcher.step(Event::Arrived(2, entry("/", soon)), T0)));
    parks(arrive(&mut batcher, 3, T0));
    let actions = batcher.step(Event::Rang(2, entry("/", soon)), SLOW + 1);
    assert_eq!(actions, [Action::Park { until: soon }, Action::Lead(3)]);
    assert_eq!(tickets(&posted(take_lead(&mut batcher, 3, SLOW + 2))), [3, 2]);
}

#[test]
fn a_clock_that_was_ahead_holds_up_no_visit_once_it_is_right() {
    let mut batcher = Batcher::default();
    let ahead = T0 + 2 * 24 * 3600 * SECOND;
    posted(arrive(&mut batcher, 1, ahead));
    parks(arrive(&mut batcher, 2, T0));
    let next = posted(arrive(&mut batcher, 3, T0 + SLOW_MS + 1));
    assert_eq!((tickets(&next), next.lane), (vec![3, 2], 1));
}

#[test]
fn a_lead_that_is_handed_and_not_taken_lapses() {
    let (mut batcher, first) = busy(3);
    assert_eq!(end_well(&mut batcher, first, T0), Some(2));
    assert_eq!(parks(arrive(&mut batcher, 4, T0 + HANDOVER_MS)), T0 + HANDOVER_MS + 1);
    assert_eq!(tickets(&posted(arrive(&mut batcher, 5, T0 + HANDOVER_MS + 1))), [5, 3, 4]);
}

#[test]
fn a_visit_that_was_told_to_lead_as_its_timer_rang_leads() {
    let (mut batcher, first) = busy(3);
    assert_eq!(end_well(&mut batcher, first, T0 + 1), Some(2));
    assert_eq!(tickets(&posted(one(ring(&mut batcher, 2, T0 + 2)))), [2, 3]);
}

#[test]
fn a_visit_that_lost_the_lead_begins_again_and_is_in_one_batch_only() {
    let (mut batcher, first) = busy(2);
    assert_eq!(end_well(&mut batcher, first, T0), Some(2));
    let late = T0 + HANDOVER_MS + 1;
    let taken = posted(arrive(&mut batcher, 3, late));
    parks(take_lead(&mut batcher, 2, late));
    parks(arrive(&mut batcher, 4, late));
    assert_eq!(tickets(&taken), [3]);
    assert_eq!(end_well(&mut batcher, taken, late), Some(4), "ticket 4 has the most time left");
    assert_eq!(tickets(&posted(take_lead(&mut batcher, 4, late))), [4, 2]);
}

#[test]
fn a_lost_lead_that_is_free_again_is_taken_at_once() {
    let (mut batcher, first) = busy(2);
    end_well(&mut batcher, first, T0);
    let late = T0 + HANDOVER_MS + 1;
    let taken = posted(arrive(&mut batcher, 3, late));
    end_well(&mut batcher, taken, late);
    assert_eq!(tickets(&posted(take_lead(&mut batcher, 2, late))), [2]);
}

#[test]
fn an_old_leader_that_ends_late_answers_its_visits_and_leaves_the_new_lead_alone() {
    let (mut batcher, old) = busy(1);
    let late = old.deadline + LEAD_GRACE_MS + 1;
    let new = posted(arrive(&mut batcher, 3, late));
    parks(arrive(&mut batcher, 4, late));
    assert_eq!(end_well(&mut batcher, old, late), None, "ticket 4 waits for the new leader");
    parks(arrive(&mut batcher, 5, late));
    assert_eq!(end_well(&mut batcher, new, late), Some(4));
}

#[test]
fn a_late_end_does_not_undo_a_handover() {
    let (mut batcher, old) = busy(1);
    let late = old.deadline + LEAD_GRACE_MS + 1;
    let new = posted(arrive(&mut batcher, 2, late));
    arrive(&mut batcher, 3, late);
    assert_eq!(end_well(&mut batcher, new, late), Some(3));
    end_well(&mut batcher, old, late);
    // Ticket 3 has the lead.
    parks(arrive(&mut batcher, 4, late));
    assert_eq!(tickets(&posted(take_lead_until(&mut batcher, 3, late + 1, late))), [3, 4]);
}

#[test]
fn a_leader_that_lapsed_but_was_not_replaced_hands_on_as_usual() {
    let (mut batcher, first) = busy(1);
    let late = DEADLINE + 10 * LEAD_GRACE_MS;
    parks(one(batcher.step(Event::Arrived(2, entry("/", late + 1)), T0)));
    assert_eq!(end_well(&mut batcher, first, late), Some(2));
}

#[test]
fn numbers_of_batches_increase() {
    let mut batcher = Batcher::default();
    let mut last = 0;
    for ticket in 1..100 {
        let posting = posted(arrive(&mut batcher, ticket, T0));
        assert!(posting.sequence > last);
        last = posting.sequence;
        let outcome = if ticket % 2 == 0 { Ok(signed(&posting)) } else { Err(Failure::Broken(String::new())) };
        batcher.step(Event::Ended(posting, outcome), T0);
    }
}

/// A server or a page sends a visit. Tickets must rise.
fn arrive_from(batcher: &mut Batcher, ticket: Ticket, by_server: bool) -> Action {
    one(batcher.step(Event::Arrived(ticket, Entry { by_server, ..entry("/", DEADLINE) }), T0))
}

fn lead_from(batcher: &mut Batcher, ticket: Ticket, by_server: bool) -> Posting {
    posted(one(batcher.step(Event::TookLead(ticket, Entry { by_server, ..entry("/", DEADLINE) }), T0)))
}

#[test]
fn a_server_fills_half_of_the_places_and_pages_have_the_other_half() {
    let mut batcher = Batcher::default();
    let first = posted(arrive(&mut batcher, 1, T0));
    let servers = MAX_PARKED_BY_SERVERS as u64;
    for ticket in 2..servers + 2 {
        parks(arrive_from(&mut batcher, ticket, true));
    }
    let busy = Failure::Busy { retry_after: RETRY_AFTER_S };
    assert_eq!(arrive_from(&mut batcher, servers + 2, true), Action::Answer(servers + 2, Err(busy.clone())));
    let pages = servers + 3..servers + 3 + (MAX_PARKED - MAX_PARKED_BY_SERVERS) as u64;
    for ticket in pages.clone() {
        parks(arrive_from(&mut batcher, ticket, false));
    }
    assert_eq!(arrive_from(&mut batcher, pages.end, false), Action::Answer(pages.end, Err(busy)));

    // The oldest visit leads; a server sent it. Visits of pages get three quarters of the other places if they fill them.
    let leader = end_well(&mut batcher, first, T0).unwrap();
    let sent = tickets(&lead_from(&mut batcher, leader, true));
    let by_pages: Vec<Ticket> = sent.iter().copied().filter(|ticket| pages.contains(ticket)).collect();
    let by_servers: Vec<Ticket> = sent.iter().copied().filter(|ticket| !pages.contains(ticket)).collect();
    assert_eq!(sent.len(), MAX_BATCH_VISITS);
    assert_eq!(by_pages, pages.clone().take(by_pages.len()).collect::<Vec<_>>(), "the oldest visits of pages");
    assert_eq!(by_servers, (2..2 + by_servers.len() as u64).collect::<Vec<_>>(), "the oldest visits of servers");
    assert_eq!(by_servers.len(), MAX_BATCH_VISITS / 4 + 1);
    parks(arrive_from(&mut batcher, pages.end + 1, true));
}

#[test]
fn every_visit_leaves_once_and_in_its_turn_among_its_own_kind() {
    let mut batcher = Batcher::default();
    let first = posted(arrive(&mut batcher, 1, T0));
    let by_server = |ticket: Ticket| !ticket.is_multiple_of(5);
    for ticket in 2..=3_000 {
        parks(arrive_from(&mut batcher, ticket, by_server(ticket)));
    }
    let mut next = end_well(&mut batcher, first, T0);
    let mut sent = Vec::new();
    while let Some(leader) = next {
        let posting = lead_from(&mut batcher, leader, by_server(leader));
        sent.extend(tickets(&posting));
        next = end_well(&mut batcher, posting, T0);
    }
    assert_eq!(batcher.parked(), 0);
    for servers in [false, true] {
        let of_kind: Vec<Ticket> = sent.iter().copied().filter(|ticket| by_server(*ticket) == servers).collect();
        assert_eq!(of_kind, (2..=3_000).filter(|ticket| by_server(*ticket) == servers).collect::<Vec<_>>());
    }
}

#[test]
fn a_batch_of_pages_is_not_led_by_an_old_visit_of_a_server() {
    let mut batcher = Batcher::default();
    let first = posted(arrive(&mut batcher, 1, T0));
    let at = |ticket: Ticket, by_server, deadline| Event::Arrived(ticket, Entry { by_server, ..entry("/", deadline) });
    // More visits of servers than a batch has places, with little time left. Behind them, visits of pages with much time.
    for ticket in 2..=1_000 {
        parks(one(batcher.step(at(ticket, true, T0 + 600), T0)));
    }
    for ticket in 1_001..=1_010 {
        parks(one(batcher.step(at(ticket, false, DEADLINE), T0)));
    }
    assert_eq!(end_well(&mut batcher, first, T0), Some(1_001), "the oldest visit of a page, which leaves with this batch");
    let sent = tickets(&lead_from(&mut batcher, 1_001, false));
    assert!((1_001..=1_010).all(|ticket| sent.contains(&ticket)) && sent.len() == MAX_BATCH_VISITS);
}
