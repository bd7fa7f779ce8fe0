//! Changing what was counted, in every shard of a site.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::call::{Amend, Call};
use crate::edge::clients::shards::something_else;
use crate::edge::clients::sums::both;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::kept_answers;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::isolate;

impl RequestContext {
    /// Makes the same change in every shard. Returns the views of the page before it; `None` if no shard has the page.
    pub(crate) async fn amend(&self, site: &Site, amend: &Amend<'_>) -> Result<Option<u64>, Failure> {
        let _changing = kept_answers::Changing(site);
        let shards = self.shards(Sender::default());
        let mut sum = None;
        let number = shards.shard_count(site).await?;
        for shard in 0..number {
            let Answer::Page(before) = shards.ask_part((site, shard), number, &Call::Amend(*amend)).await? else {
                return Err(something_else());
            };
            sum = both(sum, before);
        }
        Ok(sum)
    }

    /// Sets the views of a page: the first shard gets all of them, the others none. Returns the views before.
    pub(crate) async fn set(&self, site: &Site, page: &Page, views: u64) -> Result<Option<u64>, Failure> {
        let _changing = kept_answers::Changing(site);
        let page = page.as_str();
        let shards = self.shards(Sender::default());
        let mut sum = None;
        let number = shards.shard_count(site).await?;
        for shard in 0..number {
            let amend = Amend::Set { page, views: if shard == 0 { views } else { 0 } };
            let Answer::Page(before) = shards.ask_part((site, shard), number, &Call::Amend(amend)).await? else {
                return Err(something_else());
            };
            sum = both(sum, before);
        }
        Ok(sum)
    }

    /// Adds to the views of a page, or subtracts from them: in the first shard that has the page. What that shard cannot subtract, the next
    /// one does.
    pub(crate) async fn change(&self, site: &Site, page: &Page, by: i64) -> Result<(), Failure> {
        let _changing = kept_answers::Changing(site);
        let shards = self.shards(Sender::default());
        let id = change_id()?;
        let mut left = by;
        let number = shards.shard_count(site).await?;
        for shard in 0..number {
            let amend = Amend::Change { page: page.as_str(), by: left, id: &id };
            match shards.ask_part((site, shard), number, &Call::Amend(amend)).await? {
                Answer::Page(None) => {}
                Answer::Page(Some(_)) if left > 0 => return Ok(()),
                Answer::Page(Some(before)) => left = left.saturating_add_unsigned(before).min(0),
                _ => return Err(something_else()),
            }
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// A new id for a change, by which a shard knows a retry of it.
///
/// # Errors
/// There is no randomness.
pub(crate) fn change_id() -> Result<String, Failure> {
    let random = isolate::random().map(u128::from_le_bytes)?;
    Ok(format!("{:013}-{random:032x}", now_ms()))
}
