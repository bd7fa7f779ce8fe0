//! Tallies of excluded visits. The isolate keeps them and sends them to the site's first shard with the next batch, or after a second.
//!
//! It sends them together, so that a flood of excluded visits costs less than one of views. If the isolate ends within that second, its tallies are
//! lost. Views never wait for tallies and are never lost with them.

use crate::counting::model::date::day_of;
use crate::counting::model::reason::Reason;
use crate::counting::model::site::Site;
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::batch::Tally;
use crate::edge::clients::batchers;
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::context::RequestContext;
use crate::edge::handlers::unlisted;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::timer;
use std::cell::RefCell;
use std::rc::Rc;

/// How long tallies wait for a batch to take them along, in milliseconds.
const WAIT_MS: u64 = 1_000;

/// How long a flush goes on, in milliseconds. A request may work for 30 s after its answer.
const MOST_MS: u64 = 25_000;

thread_local! {
    /// The sites whose tallies some request will flush, and the time until which this is certain, in milliseconds since 1970: the platform may kill
    /// the request.
    static FLUSHING: RefCell<Vec<(Site, u64)>> = const { RefCell::new(Vec::new()) };
}

/// Tallies an excluded visit on the day of the visit. `age` is in milliseconds.
pub(crate) fn note(turn: &RequestContext, site: &Site, reason: Reason, age: u64) {
    if reason == Reason::Origin {
        unlisted::origin(turn, site);
    }
    let now = now_ms();
    batchers::note_tally(site, Tally { day: day_of(now.saturating_sub(age)), reason: reason.number(), visits: 1 });
    let mine = FLUSHING.with_borrow_mut(|flushing| {
        let until = now.saturating_add(MOST_MS);
        match flushing.iter_mut().find(|(known, _)| known == site) {
            // A later time was set by a clock that was ahead.
            Some((_, believed)) if (now..=until).contains(believed) => false,
            Some((_, believed)) => {
                *believed = until;
                true
            }
            None => {
                flushing.push((site.clone(), until));
                true
            }
        }
    });
    if mine {
        let (env, config, site) = (turn.env.clone(), Rc::clone(&turn.config), site.clone());
        turn.after_answer(async move {
            // Whatever is left then leaves with the next batch, or with the flush after the next excluded visit.
            let until = now.saturating_add(MOST_MS);
            loop {
                timer(WAIT_MS).await;
                let now = now_ms();
                let deadline = until.min(now.saturating_add(config.timeout_ms.into()));
                let shards = ShardClient::new(&env, &config, Sender::default(), deadline);
                if deadline <= now || shards.flush(&site).await {
                    break;
                }
            }
            FLUSHING.with_borrow_mut(|flushing| flushing.retain(|(known, _)| *known != site));
        });
    }
}
