//! Reports that the isolate keeps while they are fresh. A repeated question then needs no call to a shard.

use crate::counting::http::stats::plan::Stats;
use crate::counting::model::site::Site;
use crate::counting::protocol::report::FRESH_MS;
use crate::edge::clients::sums;
use std::cell::RefCell;
use std::rc::Rc;

/// The most answers that are kept: enough for six dashboards, each with ten questions.
const MAX_ANSWERS: usize = 64;

/// The most bytes of all kept answers together.
const MAX_BYTES: usize = 4 * 1024 * 1024;

struct Kept {
    stats: Stats,
    /// When it becomes too old, in milliseconds since 1970.
    until: u64,
    body: Rc<str>,
}

thread_local! {
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The kept answer to a question, if there is one. `now` is in milliseconds since 1970.
pub(crate) fn of(stats: &Stats, now: u64) -> Option<Rc<str>> {
    KEPT.with_borrow_mut(|all| {
        // A later time was set by a clock that was ahead.
        all.retain(|kept| kept.until > now && kept.until <= now.saturating_add(FRESH_MS));
        all.iter().find(|kept| kept.stats == *stats).map(|kept| Rc::clone(&kept.body))
    })
}

/// Keeps an answer until `until`, in milliseconds since 1970.
pub(crate) fn keep(stats: &Stats, until: u64, body: &Rc<str>) {
    KEPT.with_borrow_mut(|all| {
        all.retain(|kept| kept.stats != *stats);
        all.push(Kept { stats: stats.clone(), until, body: Rc::clone(body) });
        let mut bytes = all.iter().fold(0_usize, |sum, kept| sum.saturating_add(kept.body.len()));
        // Drop the oldest, so that one client with many different questions cannot fill the space for ever.
        while all.len() > MAX_ANSWERS || bytes > MAX_BYTES {
            bytes = bytes.saturating_sub(all.remove(0).body.len());
        }
    });
}

/// Exists while an admin command changes a site. When it is dropped, the isolate forgets all answers about the site, so that the owner sees the
/// change.
pub(crate) struct Changing<'a>(pub(crate) &'a Site);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        KEPT.with_borrow_mut(|all| all.retain(|kept| kept.stats.site != self.0.as_str()));
        sums::forget(self.0);
    }
}
