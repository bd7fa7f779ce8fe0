//! Sums over all shards of a site.
//!
//! With several shards, a sum costs a call of each. So the isolate keeps the sums that pages show for up to
//! [`FRESH_MS`](crate::counting::protocol::report::FRESH_MS), and answers say how old they are: [`crate::counting::dispatch::kept_sums`].

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::dispatch::kept_sums::{KeptSums, SumStep};
use crate::counting::model::date::Day;
use crate::counting::model::site::Site;
use crate::counting::protocol::answer::{Answer, Visitors};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::report::{MAX_LISTED, Question, Report, Slice, cut, plus};
use crate::edge::clients::shards::{MAX_SUMS, ShardClient, something_else};
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::{isolate, waits};
use futures_util::FutureExt;
use std::cell::RefCell;

/// The numbers that a kept sum adds up.
#[derive(Clone, Debug, PartialEq)]
enum SumKey {
    /// The views of a page, or of the whole site.
    Views(Site, Option<Box<str>>),
    /// The visitors of a day.
    Visitors(Site, Day),
}

impl SumKey {
    fn site(&self) -> &Site {
        match self {
            Self::Views(site, _) | Self::Visitors(site, _) => site,
        }
    }
}

/// One shard's part of a sum: its views, or its visitors and then its views without a visitor by reason. One type for both, because async
/// code for each takes 3 KB of WebAssembly more.
type Part = [u64; 5];

thread_local! {
    static SUMS: RefCell<KeptSums<SumKey, Part>> = RefCell::default();
}

/// A sum over all shards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecentSum<T> {
    pub(crate) sum: T,
    /// How old it is, in milliseconds. `None` for the answer of a single shard, which is current.
    pub(crate) age_ms: Option<u64>,
}

/// Notes the views of a page in a shard, for the kept sum.
pub(crate) fn counted_at(site: &Site, page: &str, shard: u16, views: u64) {
    let is_key = |key: &SumKey| matches!(key, SumKey::Views(of, Some(of_page)) if of == site && **of_page == *page);
    SUMS.with_borrow_mut(|sums| sums.part(is_key, shard, |[part, ..]| *part = views.max(*part)));
}

/// Forgets all sums of a site, because its owner changes what was counted.
pub(crate) fn forget(site: &Site) {
    SUMS.with_borrow_mut(|sums| sums.forget(|key| key.site() == site));
}

impl ShardClient<'_> {
    /// The current views of a page, or of the whole site: the sum over all shards.
    pub(crate) async fn views(&self, site: &Site, page: Option<&str>) -> Result<u64, Failure> {
        let key = SumKey::Views(site.clone(), page.map(Box::from));
        let [views, ..] = total(&self.parts(&key).boxed_local().await?);
        Ok(views)
    }

    /// The same, as it was up to 10 seconds ago if there are several shards. `fresh` asks them in any case.
    pub(crate) async fn recent_views(&self, site: &Site, page: Option<&str>, fresh: bool) -> Result<RecentSum<u64>, Failure> {
        let key = SumKey::Views(site.clone(), page.map(Box::from));
        let RecentSum { sum: [views, ..], age_ms } = self.recent(key, fresh).boxed_local().await?;
        Ok(RecentSum { sum: views, age_ms })
    }

    /// The visitors of a day, as they were up to 10 seconds ago if there are several shards. `fresh` asks them in any case. Exact, because a
    /// visitor is in one shard all day.
    pub(crate) async fn recent_visitors(&self, site: &Site, day: Day, fresh: bool) -> Result<RecentSum<Visitors>, Failure> {
        let key = SumKey::Visitors(site.clone(), day);
        let RecentSum { sum: [visitors, withheld @ ..], age_ms } = self.recent(key, fresh).boxed_local().await?;
        Ok(RecentSum { sum: Visitors { visitors, withheld }, age_ms })
    }

    /// A sum, kept or asked for, and its age if there are several shards.
    async fn recent(&self, key: SumKey, fresh: bool) -> Result<RecentSum<Part>, Failure> {
        // A single shard is always asked: its answer is current, and costs one call.
        if self.shard_count(key.site()).await? == 1 {
            let parts = self.parts(&key).boxed_local().await?;
            return Ok(RecentSum { sum: total(&parts), age_ms: (parts.len() > 1).then_some(0) });
        }
        let ticket = isolate::next_number();
        loop {
            let now = now_ms();
            if now >= self.deadline {
                return Err(Failure::Deadline { sent: false });
            }
            match SUMS.with_borrow_mut(|sums| sums.look(key.clone(), ticket, fresh, now, self.deadline)) {
                SumStep::Kept(parts, age) => return Ok(RecentSum { sum: total(&parts), age_ms: Some(age) }),
                SumStep::Wait { until } => {
                    // The request that asks wakes it. Its own timer does if that request is gone.
                    waits::parked(ticket, until.saturating_sub(now)).await;
                }
                SumStep::Ask => {
                    let asked = self.parts(&key).boxed_local().await;
                    for waiting in SUMS.with_borrow_mut(|sums| sums.answered(&key, asked.as_deref().ok(), now)) {
                        waits::end(waiting, waits::LOOK_AGAIN);
                    }
                    return asked.map(|parts| RecentSum { sum: total(&parts), age_ms: Some(now_ms().saturating_sub(now)) });
                }
            }
        }
    }

    /// Asks all shards for their parts of a sum.
    async fn parts(&self, key: &SumKey) -> Result<Vec<Part>, Failure> {
        let call = match key {
            SumKey::Views(_, page) => Call::Views(page.as_deref()),
            SumKey::Visitors(_, day) => Call::Visitors(*day),
        };
        let mut parts = Vec::new();
        for answer in self.ask_all(key.site(), &call).await? {
            parts.push(match answer {
                Answer::Views(views) => [views, 0, 0, 0, 0],
                Answer::Visitors(Visitors { visitors, withheld: [one, two, three, four] }) => [visitors, one, two, three, four],
                _ => return Err(something_else()),
            });
        }
        Ok(parts)
    }

    /// The views of a page: the sum over all shards. `None` if no shard has the page.
    pub(crate) async fn page(&self, site: &Site, page: &str) -> Result<Option<u64>, Failure> {
        let mut sum = None;
        for answer in self.ask_all(site, &Call::Page(page)).await? {
            let Answer::Page(views) = answer else { return Err(something_else()) };
            sum = both(sum, views);
        }
        Ok(sum)
    }

    /// A report of a site: the sum over all shards; the number of lines of the whole list, where the question asks for a slice of one; and
    /// the age of the oldest part, in milliseconds.
    pub(crate) async fn report(&self, site: &Site, question: &Question<'_>) -> Result<(Report, u64, u64), Failure> {
        let mut asked_all = None;
        for _ in 0..MAX_SUMS {
            let number = self.shard_count(site).await?;
            let (mut asked, mut part) = (*question, None);
            if let (2.., Question::List { of, slice }) = (number, *question) {
                // No shard knows which lines are the first in the sum of all shards.
                asked = Question::List { of, slice: Slice { skip: 0, most: MAX_LISTED, ..slice } };
                part = Some(slice);
            }
            let answers = self.ask_all(site, &Call::Ask(asked)).await?;
            // Otherwise there are more shards than were known, and each was asked for the slice of a single shard.
            if answers.len() == usize::from(number) {
                asked_all = Some((answers, part));
                break;
            }
        }
        let (answers, part) = asked_all.ok_or(Failure::Busy { retry_after: 1 })?;
        let mut sum: Option<(Report, u64, u64)> = None;
        for answer in answers {
            let Answer::ReportWithAge { report, names, age } = answer else { return Err(something_else()) };
            sum = Some(match sum {
                None => (report, names, age),
                Some((before, most, oldest)) => (plus(before, report), names.max(most), age.max(oldest)),
            });
        }
        let (report, names, age) = sum.ok_or_else(something_else)?;
        Ok(match part {
            None => (report, names, age),
            Some(slice) => {
                let names = names.max(u64::try_from(report.len()).unwrap_or(u64::MAX));
                (cut(report, &slice), names, age)
            }
        })
    }
}

fn total(parts: &[Part]) -> Part {
    let mut total = Part::default();
    for part in parts {
        for (sum, more) in total.iter_mut().zip(part) {
            *sum = sum.saturating_add(*more);
        }
    }
    total
}

/// The views of a page in two shards, if it is in either.
pub(crate) fn both(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.saturating_add(two)),
        (one, two) => one.or(two),
    }
}
