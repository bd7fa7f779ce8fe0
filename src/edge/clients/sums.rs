//! Sums over all shards of a site.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::model::date::Day;
use crate::counting::model::site::Site;
use crate::counting::protocol::answer::{Answer, Visitors};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::report::{MAX_LISTED, Question, Report, Slice, cut, plus};
use crate::edge::clients::shards::{MAX_SUMS, ShardClient, something_else};

impl ShardClient<'_> {
    /// The views of a page, or of the whole site: the sum over all shards.
    pub(crate) async fn views(&self, site: &Site, page: Option<&str>) -> Result<u64, Failure> {
        let mut sum: u64 = 0;
        for answer in self.ask_all(site, &Call::Views(page)).await? {
            let Answer::Views(views) = answer else { return Err(something_else()) };
            sum = sum.saturating_add(views);
        }
        Ok(sum)
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

    /// The visitors of a day. Exact, because a visitor is in one shard all day.
    pub(crate) async fn visitors(&self, site: &Site, day: Day) -> Result<Visitors, Failure> {
        let mut sum = Visitors::default();
        for answer in self.ask_all(site, &Call::Visitors(day)).await? {
            let Answer::Visitors(visitors) = answer else { return Err(something_else()) };
            sum = sum.plus(visitors);
        }
        Ok(sum)
    }
}

/// The views of a page in two shards, if it is in either.
pub(crate) fn both(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.saturating_add(two)),
        (one, two) => one.or(two),
    }
}
