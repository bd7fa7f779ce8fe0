//! Sums over all shards of a site.
//!
//! With several shards, a sum costs a call of each. So the sums that pages show are kept in the isolate for up to
//! [`FRESH_MS`](crate::counting::protocol::report::FRESH_MS): [`crate::counting::dispatch::kept_sums`]. Each is told with its age.

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
use std::cell::RefCell;
use std::thread::LocalKey;

/// The site, and the page, or none for the whole site.
type ViewsKey = (Site, Option<Box<str>>);

thread_local! {
    static VIEWS: RefCell<KeptSums<ViewsKey, u64>> = RefCell::default();
    static VISITORS: RefCell<KeptSums<(Site, Day), Visitors>> = RefCell::default();
}

/// A waiting request is woken with this. It looks for itself.
const LOOK_AGAIN: f64 = 1.0;

/// A sum over all shards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecentSum<T> {
    pub(crate) sum: T,
    /// How old it is, in milliseconds. `None` for the answer of a single shard, which is current.
    pub(crate) age_ms: Option<u64>,
}

/// Notes the views that a shard has of a page now, for the sum that is kept.
pub(crate) fn counted_at(site: &Site, page: &str, shard: u16, views: u64) {
    let is_key = |(of_site, of_page): &ViewsKey| of_site == site && of_page.as_deref() == Some(page);
    VIEWS.with_borrow_mut(|sums| sums.part(is_key, shard, |part| *part = views.max(*part)));
}

/// Forgets all sums of a site, because its owner changes what was counted.
pub(crate) fn forget(site: &Site) {
    VIEWS.with_borrow_mut(|sums| sums.forget(|(of_site, _)| of_site == site));
    VISITORS.with_borrow_mut(|sums| sums.forget(|(of_site, _)| of_site == site));
}

impl ShardClient<'_> {
    /// The current views of a page, or of the whole site: the sum over all shards.
    pub(crate) async fn views(&self, site: &Site, page: Option<&str>) -> Result<u64, Failure> {
        Ok(total(&self.views_by_shard(site, page).await?))
    }

    /// The same, as it was up to 10 seconds ago if there are several shards. `fresh` asks them in any case.
    pub(crate) async fn recent_views(&self, site: &Site, page: Option<&str>, fresh: bool) -> Result<RecentSum<u64>, Failure> {
        let key = (site.clone(), page.map(Box::from));
        let (parts, age_ms) = self.recent(site, &VIEWS, key, fresh, async || self.views_by_shard(site, page).await).await?;
        Ok(RecentSum { sum: total(&parts), age_ms })
    }

    /// The visitors of a day, as they were up to 10 seconds ago if there are several shards. `fresh` asks them in any case. Exact, because a
    /// visitor is in one shard all day.
    pub(crate) async fn recent_visitors(&self, site: &Site, day: Day, fresh: bool) -> Result<RecentSum<Visitors>, Failure> {
        let (parts, age_ms) =
            self.recent(site, &VISITORS, (site.clone(), day), fresh, async || self.visitors_by_shard(site, day).await).await?;
        Ok(RecentSum { sum: parts.into_iter().fold(Visitors::default(), Visitors::plus), age_ms })
    }

    /// The parts of a sum, kept or asked for, and their age if there are several.
    async fn recent<K: Clone + PartialEq, P: Clone>(
        &self,
        site: &Site,
        sums: &'static LocalKey<RefCell<KeptSums<K, P>>>,
        key: K,
        fresh: bool,
        ask: impl AsyncFn() -> Result<Vec<P>, Failure>,
    ) -> Result<(Vec<P>, Option<u64>), Failure> {
        // A single shard is always asked: its answer is current, and costs one call.
        if self.shard_count(site).await? == 1 {
            let parts = ask().await?;
            let age_ms = (parts.len() > 1).then_some(0);
            return Ok((parts, age_ms));
        }
        let ticket = isolate::next_number();
        loop {
            let now = now_ms();
            if now >= self.deadline {
                return Err(Failure::Deadline { sent: false });
            }
            match sums.with_borrow_mut(|sums| sums.look(key.clone(), ticket, fresh, now, self.deadline)) {
                SumStep::Kept(parts, age) => return Ok((parts, Some(age))),
                SumStep::Wait { until } => {
                    // The request that asks wakes it. Its own timer does if that request is gone.
                    waits::parked(ticket, until.saturating_sub(now)).await;
                }
                SumStep::Ask => {
                    let asked = ask().await;
                    for waiting in sums.with_borrow_mut(|sums| sums.answered(&key, asked.as_deref().ok(), now)) {
                        waits::end(waiting, LOOK_AGAIN);
                    }
                    return asked.map(|parts| (parts, Some(now_ms().saturating_sub(now))));
                }
            }
        }
    }

    async fn views_by_shard(&self, site: &Site, page: Option<&str>) -> Result<Vec<u64>, Failure> {
        let answers = self.ask_all(site, &Call::Views(page)).await?;
        answers
            .into_iter()
            .map(|answer| if let Answer::Views(views) = answer { Ok(views) } else { Err(something_else()) })
            .collect()
    }

    async fn visitors_by_shard(&self, site: &Site, day: Day) -> Result<Vec<Visitors>, Failure> {
        let answers = self.ask_all(site, &Call::Visitors(day)).await?;
        let part = |answer| if let Answer::Visitors(visitors) = answer { Ok(visitors) } else { Err(something_else()) };
        answers.into_iter().map(part).collect()
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

fn total(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum: u64, part| sum.saturating_add(*part))
}

/// The views of a page in two shards, if it is in either.
pub(crate) fn both(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.saturating_add(two)),
        (one, two) => one.or(two),
    }
}
