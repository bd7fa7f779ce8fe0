//! Judges each answer, and what is left at the end of a run.

use crate::checker::Checker;
use crate::facts::{Broken, GUEST, Sums, Try};
use crate::truth::Truth;
use footfall::counting::dispatch::endpoint::Failure;
use footfall::counting::dispatch::lanes::{HANDOVER_MS, LOOK_AGAIN_MS};
use footfall::counting::dispatch::ticket::MAX_PARKED;
use footfall::counting::model::date::Day;
use footfall::counting::model::visitor::{Visitor, VisitorHash};
use footfall::counting::protocol::batch::{Counted, Verdict};
use std::collections::HashSet;

/// What produced an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// The batcher, while this many visits were parked.
    Batcher(usize),
    /// The shard that the id led to before there were more shards. It was asked whether it knows the id.
    Asked,
    /// No route was found: there was no day record, or the day ended too often.
    NoRoute,
}

impl Checker {
    /// Judges the answer of a request to its client.
    pub(crate) fn answered(&mut self, a_try: usize, answer: &Result<Counted, Failure>, via: Via, now: u64) {
        let Try { answered, deadline, shard, .. } = self.tries[a_try];
        let shard = Some(shard).filter(|shard| *shard < self.truths.len());
        if answered {
            self.fail(Broken::WrongAnswer, &[a_try], shard, || format!("a second answer: {answer:?}"));
        }
        if now > deadline + self.slack_ms {
            self.fail(Broken::Late, &[a_try], shard, || format!("{} ms after its deadline: {answer:?}", now - deadline));
        }
        if answer == &Err(Failure::Deadline { sent: false }) {
            let Try { isolate, shard: at, since, .. } = self.tries[a_try];
            let waited = now.saturating_sub(self.open_since(isolate, at).max(since));
            if waited > self.slack_ms + 2 * HANDOVER_MS + LOOK_AGAIN_MS {
                self.fail(Broken::Starved, &[a_try], shard, || {
                    format!("it gave up unsent, although it could have been sent for {waited} ms")
                });
            }
        }
        self.tries[a_try].answered = true;
        let problem = match answer {
            Ok(counted) => self.acknowledged(a_try, *counted, via),
            Err(failure) => self.failed(a_try, failure, via, now),
        };
        if let Some((broken, text)) = problem {
            self.fail(broken, &[a_try], shard, || format!("{text}: {answer:?}"));
        }
        match answer {
            Ok(Counted { verdict, .. }) if self.tries[a_try].visit == GUEST => {
                self.tries[a_try].acked = *verdict == Verdict::Counted;
                self.sums.guests += 1;
            }
            Ok(counted) => {
                self.tries[a_try].acked = true;
                self.sums.acked += 1;
                self.sums.duplicates += u64::from(counted.verdict == Verdict::Duplicate);
            }
            Err(failure) if failure.surely_not_stored() => {
                self.tries[a_try].refused = true;
                self.sums.refused += 1;
                let durable = self.tries[a_try].posted.is_some_and(|(post, _)| self.posts[post].durable);
                if durable && self.tries[a_try].counted > 0 {
                    self.counted_refused(a_try, shard.unwrap_or_default());
                }
            }
            Err(_) => self.sums.unknown += 1,
        }
    }

    /// The shard answered that the request's day is over. The request is routed again.
    pub(crate) fn rerouted(&mut self, a_try: usize, counted: Counted) {
        self.sums.stale += 1;
        if let Some((broken, text)) = self.acknowledged(a_try, counted, Via::Batcher(0)) {
            let shard = Some(self.tries[a_try].shard);
            self.fail(broken, &[a_try], shard, || format!("{text}: {counted:?}"));
        }
        self.tries[a_try].posted = None;
    }

    /// Says what is wrong with an answer that reports success.
    fn acknowledged(&self, a_try: usize, counted: Counted, via: Via) -> Option<(Broken, &'static str)> {
        if via == Via::Asked {
            let first = self.tries[a_try].member.id.and_then(|id| self.ids.get(&id));
            let durable =
                first.and_then(|(_, first)| self.tries[*first].posted).is_some_and(|(post, _)| self.posts[post].durable);
            return (!durable).then_some((Broken::AckNotStored, "reported as known, but not durable"));
        }
        let Some((post, at)) = self.tries[a_try].posted else {
            return Some((Broken::AckNotStored, "acknowledged, but never sent"));
        };
        match &self.posts[post].receipt {
            Some(receipt) if self.posts[post].durable => (receipt.visits.get(at) != Some(&counted))
                .then_some((Broken::WrongAnswer, "not the visit's verdict in the receipt")),
            _ => Some((Broken::AckNotStored, "acknowledged, but not durable")),
        }
    }

    /// Says what is wrong with a failure.
    fn failed(&self, a_try: usize, failure: &Failure, via: Via, now: u64) -> Option<(Broken, &'static str)> {
        let post = self.tries[a_try].posted.map(|(post, _)| &self.posts[post]);
        match (failure, post) {
            (_, None) if matches!(via, Via::Asked | Via::NoRoute) => None,
            // The visit reached its own deadline, either in no batch or in a batch without an answer.
            (Failure::Deadline { sent }, post) if now >= self.tries[a_try].deadline && (*sent || post.is_none()) => None,
            (Failure::Busy { .. }, None) if via == Via::Batcher(MAX_PARKED) => None,
            (_, None) => Some((Broken::WrongAnswer, "a failure, but the visit was in no batch")),
            (failure, Some(post)) => {
                let own = post.outcome.as_ref().is_some_and(|outcome| outcome.as_ref().err() == Some(failure));
                (!own).then_some((Broken::WrongAnswer, "not the outcome of the visit's batch"))
            }
        }
    }

    pub(crate) fn counted_refused(&mut self, a_try: usize, shard: usize) {
        self.fail(Broken::CountedRefused, &[a_try], Some(shard), || "reported as surely not stored, but counted".to_owned());
    }

    /// Checks the end of a run: everything is durable, and no request may still wait.
    pub(crate) fn end(&mut self) {
        let mut views = 0;
        for a_try in 0..self.tries.len() {
            let Try { visit, answered, excused, acked, refused, counted, shard, member, .. } = self.tries[a_try];
            let shard = Some(shard).filter(|shard| *shard < self.truths.len());
            let is_guest = matches!(member.visitor, Visitor::Guest(_));
            views += if is_guest { 0 } else { u64::from(counted) };
            if visit == GUEST && counted > 0 && !is_guest {
                self.fail(Broken::WrongTotal, &[a_try], shard, || {
                    "the shard that counts the guest counts the view, too".to_owned()
                });
            }
            if !answered && !excused {
                self.fail(Broken::NeverAnswered, &[a_try], shard, || "never answered".to_owned());
            }
            let known = counted == 1 || member.id.is_some_and(|id| self.ids.contains_key(&id));
            if acked && !known {
                self.fail(Broken::AckNotStored, &[a_try], shard, || "acknowledged, but not counted".to_owned());
            }
            if refused && counted > 0 {
                self.counted_refused(a_try, shard.unwrap_or_default());
            }
        }
        let total: u64 = self.truths.iter().map(Truth::total).sum();
        let Sums { acked, duplicates, refused, .. } = self.sums;
        let most = self.tries.len() as u64 - refused;
        if total != views || total > most || total + duplicates < acked {
            self.fail(Broken::WrongTotal, &[], None, || {
                format!("{total} views: counted {views}, at most {most}, acknowledged {acked} ({duplicates} of them again)")
            });
        }
        let mut people: HashSet<(Day, VisitorHash)> = HashSet::new();
        let all = self.truths.iter().enumerate().flat_map(|(shard, truth)| truth.people().map(move |person| (shard, person)));
        let twice: Vec<(usize, (Day, VisitorHash))> = all.filter(|(_, person)| !people.insert(*person)).collect();
        for a_try in 0..self.tries.len() {
            let Try { acked, counted, person, person_lost, .. } = self.tries[a_try];
            if acked && counted == 1 && !person_lost && person.is_some_and(|person| !people.contains(&person)) {
                self.fail(Broken::WrongTotal, &[a_try], None, || "no shard has its visitor".to_owned());
            }
        }
        if let Some((shard, (day, _))) = twice.first() {
            self.fail(Broken::WrongTotal, &[], Some(*shard), || format!("two shards have the same visitor of day {day}"));
        }
    }
}
