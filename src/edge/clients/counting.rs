//! Counting a visit: its route under the day's record, and its batch, which it posts or waits for.

use crate::counting::dispatch::batcher::{Action, Event, LINGER_MS};
use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::posting::{Entry, Posting};
use crate::counting::dispatch::routing::{ShardRoute, route};
use crate::counting::dispatch::ticket::Ticket;
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::dimensions::Dimensions;
use crate::counting::model::minute::{minute_made, salt_of};
use crate::counting::model::share::Share;
use crate::counting::model::site::Site;
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::{Visitor, visitor};
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::batch::{Counted, Receipt, Verdict};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::wire::encode;
use crate::edge::clients::batchers::{step, with_batcher};
use crate::edge::clients::object_call::BUSY_RETRY_AFTER_S;
use crate::edge::clients::parking::{self, Wake};
use crate::edge::clients::shards::{ShardClient, ShardRef, object_name, something_else};
use crate::edge::clients::{days, sums};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::timer;
use crate::edge::runtime::{counts, isolate, log};

impl ShardClient<'_> {
    /// Counts a visit under the day's record; or under the next, if the day ends on the way. Also returns the views of
    /// its page, if its shard has all of them.
    pub(crate) async fn count(&self, visit: &Visit) -> Result<(Counted, Option<u64>), Failure> {
        let id = visit.id.as_ref().map(|id| id.fingerprint());
        // Reading the clock leaves WebAssembly, so it is only read for late visits.
        let made = if visit.age > 0 { minute_made(visit.age, now_ms()) } else { None };
        for _ in 0..MAX_ROUTES {
            let record = self.today(&visit.site).await;
            let visitor = visitor(self.sender, &visit.site, salt_of(record.as_ref(), made));
            let route = route(id, visitor, record.as_ref(), isolate::name()?, day_of(now_ms()))?;
            let ShardRoute { shard, day, ask_first, visitors } = route;
            // A visit without an id takes up no room in the memory of ids.
            let share =
                id.map_or_else(Share::default, |_| Share::of_sender(self.sender, &visit.site, record.map(|record| record.salt)));
            let entry = |visitor| {
                let (page, details) = (visit.page.as_str().to_owned(), visit.details.clone());
                Entry { page, details, id, visitor, day, made, share, by_server: self.sender.reports, deadline: self.deadline }
            };
            let here = if visitors.is_some() { Visitor::Elsewhere } else { visitor };
            let counted = match (ask_first, id) {
                (Some(before), Some(id)) if self.seen(&visit.site, before, day, id).await? => {
                    Counted { verdict: Verdict::Duplicate, other: false, views: 0 }
                }
                _ => self.count_at((&visit.site, shard), entry(here)).await?,
            };
            match counted.verdict {
                Verdict::Counted => {
                    if let (Some(at), Visitor::Hash(hash)) = (visitors, visitor) {
                        let guest = Entry { id: None, details: Dimensions::default(), ..entry(Visitor::Guest(hash)) };
                        // The view is stored, and stands even if its visitor cannot be counted.
                        match self.count_at((&visit.site, at), guest).await {
                            Ok(Counted { verdict: Verdict::Counted | Verdict::Duplicate, .. }) => {}
                            Ok(_) => log::problem("visitor_lost", "the day was over where the visitor is counted"),
                            Err(failure) => log::problem("visitor_lost", &failure.to_string()),
                        }
                    }
                }
                Verdict::Duplicate => {}
                Verdict::Full => break,
                Verdict::Stale => {
                    days::forget(&visit.site, day);
                    continue;
                }
            }
            // One shard of several knows only its own part of the page's views.
            let is_whole = record.is_some_and(|record| record.shards == 1) && days::shards(&visit.site) == Some(1);
            if !is_whole && !counted.other && counted.views > 0 {
                sums::counted_at(&visit.site, visit.page.as_str(), shard, counted.views);
            }
            return Ok((counted, is_whole.then_some(counted.views)));
        }
        Err(Failure::Busy { retry_after: BUSY_RETRY_AFTER_S })
    }

    /// Whether a shard knows an id, which is then counted under no earlier day there.
    pub(crate) async fn seen(&self, site: &Site, shard: u16, day: Day, id: Fingerprint) -> Result<bool, Failure> {
        match self.ask(&object_name(site.as_str(), shard), &encode(&Call::Seen { day, id })).await? {
            Answer::Seen(seen) => Ok(seen),
            _ => Err(something_else()),
        }
    }

    /// Posts a visit to a shard, or waits for the visit that posts for it, until there is an answer.
    pub(crate) async fn count_at(&self, at: ShardRef<'_>, entry: Entry) -> Result<Counted, Failure> {
        let ticket = isolate::next_number();
        let mut event = Event::Arrived(ticket, entry.clone());
        loop {
            let until = match carry_out(ticket, step(at, event)) {
                OwnStep::Post(posting) => {
                    let answer = self.lead(at, ticket, posting).await;
                    self.batch.set(log::batch_of(ticket));
                    return answer;
                }
                OwnStep::Answer(answer) => return answer,
                OwnStep::Park(until) => until,
                OwnStep::Nothing => return Err(Failure::Broken("the batcher did not say what the visit does next".to_owned())),
            };
            event = match parking::park(ticket, until.saturating_sub(now_ms())).await {
                Wake::Lead => {
                    timer(LINGER_MS).await;
                    Event::TookLead(ticket, entry.clone())
                }
                Wake::Answer(answer) => {
                    self.batch.set(log::batch_of(ticket));
                    return answer;
                }
                Wake::Rang => Event::Rang(ticket, entry.clone()),
            };
        }
    }

    /// Posts a batch, and returns its receipt.
    pub(crate) async fn post(&self, (site, shard): ShardRef<'_>, posting: &Posting) -> Result<Receipt, Failure> {
        counts::batch(posting.tickets().count());
        #[cfg(feature = "trace")]
        crate::edge::runtime::trace::posts(posting);
        match self.ask(&object_name(site.as_str(), shard), &encode(&Call::Register(posting.batch(isolate::name()?)))).await? {
            Answer::Receipt(receipt) => Ok(receipt),
            Answer::Among(shards, receipt) => {
                days::outgrown(site, shards);
                Ok(receipt)
            }
            _ => Err(something_else()),
        }
    }

    /// Posts the tallies of a site, unless a POST to its first shard is on its way; then they go with the next batch. Returns
    /// whether none are left.
    pub(crate) async fn flush(&self, site: &Site) -> bool {
        let at = (site, 0);
        for action in step(at, Event::Flush { deadline: self.deadline }) {
            if let Action::Post(posting) = action {
                let outcome = self.post(at, &posting).await;
                carry_out(0, step(at, Event::Ended(posting, outcome)));
            }
        }
        with_batcher(at, |batcher| !batcher.has_tallies()).unwrap_or(true)
    }

    /// Posts a batch, answers its visits and hands on the lead. If the platform never resumes this, the lead lapses.
    pub(crate) async fn lead(&self, at: ShardRef<'_>, leader: Ticket, posting: Posting) -> Result<Counted, Failure> {
        let outcome = self.post(at, &posting).await;
        match carry_out(leader, step(at, Event::Ended(posting, outcome))) {
            OwnStep::Answer(answer) => answer,
            OwnStep::Post(_) | OwnStep::Park(_) | OwnStep::Nothing => {
                Err(Failure::Broken("the batch has no line for its leader".to_owned()))
            }
        }
    }
}

/// The most routes of a visit: it gets another when a day ends on its way. Two days do not end within a deadline.
pub(crate) const MAX_ROUTES: u32 = 3;

/// What the visit itself does next.
pub(crate) enum OwnStep {
    Post(Posting),
    /// Waits until this time, in milliseconds since 1970.
    Park(u64),
    Answer(Result<Counted, Failure>),
    Nothing,
}

/// Carries out the actions for other visits, and returns what this one does next.
pub(crate) fn carry_out(own: Ticket, actions: Vec<Action>) -> OwnStep {
    let mut next = OwnStep::Nothing;
    // All visits that get answers at once were in one batch, except those that were not sent in time.
    let of_batch = |action: &Action| match action {
        Action::Answer(_, Err(Failure::Deadline { sent: false })) => None,
        Action::Answer(ticket, _) => Some(*ticket),
        _ => None,
    };
    let answered = actions.iter().filter_map(of_batch).count();
    for action in actions {
        if let Some(ticket) = of_batch(&action) {
            log::batch(ticket, answered);
        }
        match action {
            Action::Post(posting) => next = OwnStep::Post(posting),
            Action::Park { until } => next = OwnStep::Park(until),
            Action::Answer(ticket, answer) if ticket == own => next = OwnStep::Answer(answer),
            Action::Answer(ticket, answer) => parking::answer(ticket, &answer),
            Action::Lead(ticket) => parking::lead(ticket),
        }
    }
    next
}
