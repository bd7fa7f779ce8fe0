//! The batchers of the isolate, one for each shard that it posts to.

use crate::counting::dispatch::batcher::{Action, Batcher, Event};
use crate::counting::model::site::Site;
use crate::counting::protocol::batch::Tally;
use crate::edge::clients::shards::ShardRef;
use crate::edge::runtime::clock::now_ms;
use std::cell::RefCell;

thread_local! {
    /// By site and number of shard. An isolate usually has visits of one site.
    static BATCHERS: RefCell<Vec<(Site, Vec<Batcher>)>> = const { RefCell::new(Vec::new()) };
}

/// Reports an event to the batcher of a shard, and returns what to do.
pub(crate) fn step(at: ShardRef<'_>, event: Event) -> Vec<Action> {
    with_batcher(at, |batcher| batcher.step(event, now_ms())).unwrap_or_default()
}

/// Adds visits that are not counted to the next batch to the site's first shard.
pub(crate) fn note_tally(site: &Site, tally: Tally) {
    with_batcher((site, 0), |batcher| batcher.exclude(tally));
}

/// How many visits are parked in this isolate.
pub(crate) fn parked() -> u64 {
    sum_over_all(|batcher| u64::try_from(batcher.parked()).unwrap_or(u64::MAX))
}

/// How many leads of this isolate lapsed.
pub(crate) fn lapsed() -> u64 {
    sum_over_all(Batcher::lapsed)
}

/// The sum of a number over all batchers.
pub(crate) fn sum_over_all(number: fn(&Batcher) -> u64) -> u64 {
    BATCHERS.with_borrow(|sites| sites.iter().flat_map(|(_, batchers)| batchers).map(number).sum())
}

/// Gives `work` the batcher of a shard, which is made at its first use.
pub(crate) fn with_batcher<T>((site, shard): ShardRef<'_>, work: impl FnOnce(&mut Batcher) -> T) -> Option<T> {
    BATCHERS.with_borrow_mut(|sites| {
        let shard = usize::from(shard);
        let at = sites.iter().position(|(known, _)| known == site).unwrap_or(sites.len());
        if at == sites.len() {
            sites.push((site.clone(), Vec::new()));
        }
        let (_, batchers) = sites.get_mut(at)?;
        if batchers.len() <= shard {
            batchers.resize_with(shard.saturating_add(1), Batcher::default);
        }
        batchers.get_mut(shard).map(work)
    })
}
