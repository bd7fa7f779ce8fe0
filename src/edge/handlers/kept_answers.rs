//! Answers that are not older than they say, kept in the isolate: who asks the same again, or whether it is still the same, costs no
//! shard anything.

use crate::counting::http::stats::plan::Stats;
use crate::counting::model::site::Site;
use crate::counting::protocol::report::FRESH_MS;
use std::cell::RefCell;
use std::rc::Rc;

/// The most answers that are kept: some dashboards, with ten questions each.
const MAX_ANSWERS: usize = 64;

/// The most bytes of them together.
const MAX_BYTES: usize = 4 * 1024 * 1024;

struct Kept {
    stats: Stats,
    /// When it is too old, in milliseconds since 1970.
    until: u64,
    body: Rc<str>,
}

thread_local! {
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The answer to a question, if it is known.
pub(crate) fn of(stats: &Stats, now: u64) -> Option<Rc<str>> {
    KEPT.with_borrow_mut(|all| {
        // One that is further off was made by a clock that was ahead.
        all.retain(|kept| kept.until > now && kept.until <= now.saturating_add(FRESH_MS));
        all.iter().find(|kept| kept.stats == *stats).map(|kept| Rc::clone(&kept.body))
    })
}

/// Keeps an answer until a time in milliseconds since 1970.
pub(crate) fn keep(stats: &Stats, until: u64, body: &Rc<str>) {
    KEPT.with_borrow_mut(|all| {
        all.retain(|kept| kept.stats != *stats);
        all.push(Kept { stats: stats.clone(), until, body: Rc::clone(body) });
        let mut bytes = all.iter().fold(0_usize, |sum, kept| sum.saturating_add(kept.body.len()));
        // The oldest go: who asks much that nobody else asks must not keep others from what they ask again.
        while all.len() > MAX_ANSWERS || bytes > MAX_BYTES {
            bytes = bytes.saturating_sub(all.remove(0).body.len());
        }
    });
}

/// While its owner changes a site. Then all is forgotten that was told of it, as the owner looks whether it is so.
pub(crate) struct Changing<'a>(pub(crate) &'a Site);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        KEPT.with_borrow_mut(|all| all.retain(|kept| kept.stats.site != self.0.as_str()));
    }
}
