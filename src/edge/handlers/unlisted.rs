//! Notes unlisted origins and sites of refused visits. The isolate keeps them and sends them to the site's first shard: soon after the first one,
//! then at most once a minute. The rules are in [`crate::counting::http::unlisted`].

use crate::counting::model::date::day_of;
use crate::counting::model::site::Site;
use crate::counting::model::unlisted::{Notes, Unlisted, origin_of, site_of};
use crate::counting::model::visitor::Sender;
use crate::counting::protocol::call::{Call, UnlistedVisits};
use crate::edge::clients::shards::ShardClient;
use crate::edge::handlers::context::RequestContext;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::waits::timer;
use crate::edge::runtime::{headers, log};
use std::cell::RefCell;
use std::rc::Rc;

/// How long the first note waits for others, in milliseconds.
const WAIT_MS: u64 = 1_000;

/// The shortest time between two messages to a shard, in milliseconds. A flood must not cause a write for each visit.
const APART_MS: u64 = 60_000;

struct OfSite {
    site: Site,
    notes: Notes,
    /// When the next message may be sent, in milliseconds since 1970.
    next: u64,
}

thread_local! {
    static NOTES: RefCell<Vec<OfSite>> = const { RefCell::new(Vec::new()) };
}

/// Notes a visit to a site from a page whose origin is not listed.
pub(crate) fn origin(turn: &RequestContext, site: &Site) {
    let origin = turn.header(headers::ORIGIN);
    if let Some(name) = origin_of(origin.as_deref(), &turn.referrer()) {
        note(turn, site, Unlisted::Origin, name);
    }
}

/// Notes a visit to a site that is not listed. The note belongs to the first site, where the owner can see it.
pub(crate) fn site(turn: &RequestContext, name: &str) {
    if let Some(name) = site_of(name) {
        note(turn, turn.config.sites.first(), Unlisted::Site, name);
    }
}

fn note(turn: &RequestContext, site: &Site, unlisted: Unlisted, name: String) {
    let now = now_ms();
    let is_due = NOTES.with_borrow_mut(|all| {
        let at = all.iter().position(|of| of.site == *site).unwrap_or(all.len());
        if at == all.len() {
            all.push(OfSite { site: site.clone(), notes: Notes::default(), next: 0 });
        }
        let Some(of) = all.get_mut(at) else { return false };
        of.notes.add(day_of(now), unlisted, name);
        // A later time was set by a clock that was ahead.
        let is_due = of.next <= now || of.next > now.saturating_add(APART_MS);
        if is_due {
            of.next = now.saturating_add(APART_MS);
        }
        is_due
    });
    if is_due {
        let (env, config, site) = (turn.env.clone(), Rc::clone(&turn.config), site.clone());
        turn.after_answer(async move {
            timer(WAIT_MS).await;
            let notes = NOTES.with_borrow_mut(|all| all.iter_mut().find(|of| of.site == site).map(|of| of.notes.take()));
            let notes = notes.unwrap_or_default();
            let refused = notes.iter().map(|note| UnlistedVisits {
                day: note.day,
                unlisted: note.unlisted.number(),
                name: &note.name,
                visits: note.visits,
            });
            let deadline = now_ms().saturating_add(config.timeout_ms.into());
            let shards = ShardClient::new(&env, &config, Sender::default(), deadline);
            if let Err(failure) = shards.ask_one(&site, 0, &Call::Unlisted(refused.collect())).await {
                log::problem("refused_lost", &failure.to_string());
            }
        });
    }
}
