//! The log: one line of JSON for each event, never with an address, a user agent or a page.

use crate::counting::dispatch::ticket::Ticket;
use crate::counting::http::reply::VisitStatus;
use crate::edge::runtime::clock::now_ms;
use crate::edge::runtime::counts;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use worker::{console_error, console_log};

#[derive(Serialize)]
struct LogLine<'a> {
    event: &'a str,
    why: &'a str,
}

/// The most problems that an isolate logs in a second. Log lines are paid for, and a flood of failing visits must not write one each.
const MAX_LINES: u32 = 100;

thread_local! {
    /// The last second in which a problem came, since 1970, and how many came in it.
    static LINES: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// Logs a problem that the owner should know: a failed visit, a storage error, a wrong configuration. `/metrics` counts all of them; the log
/// has the first of each second.
pub(crate) fn problem(event: &'static str, why: &str) {
    counts::problem(event);
    let second = now_ms() / 1_000;
    let lines = Some(LINES.get()).filter(|(last, _)| *last == second).map_or(0, |(_, lines)| lines).saturating_add(1);
    LINES.set((second, lines));
    if lines > MAX_LINES {
        return;
    }
    // Two strings always serialise.
    let line = serde_json::to_string(&LogLine { event, why }).unwrap_or_default();
    console_error!("{line}");
}

/// Logs that a site has more shards from the next day on.
pub(crate) fn site_grows(site: &str, shards: u16) {
    console_log!("{{\"event\":\"site_grows\",\"site\":\"{site}\",\"shards\":{shards}}}");
}

/// Logs that a site has its first day, in this jurisdiction.
pub(crate) fn site_begins(site: &str, jurisdiction: &str) {
    // Neither has a character that needs an escape.
    console_log!("{{\"event\":\"site_begins\",\"site\":\"{site}\",\"jurisdiction\":\"{jurisdiction}\"}}");
}

thread_local! {
    /// `LOG_VISITS`: the log gets one visit in this many; 0 means none.
    static ONE_OF: Cell<u32> = const { Cell::new(0) };
    /// How many visits came since one was logged. Tickets would not do: waits take numbers, too, so visits could always get odd ones.
    static SINCE: Cell<u32> = const { Cell::new(0) };
    /// The sizes of the batches of visits that will be logged.
    static BATCHES: RefCell<Vec<(Ticket, usize)>> = const { RefCell::new(Vec::new()) };
}

/// The most visits whose batch is remembered: more than two batches have.
const MAX_BATCHES: usize = 2_048;

/// When a visit began, in milliseconds since 1970, if it will be logged.
pub(crate) struct Sampled(Option<u64>);

/// Decides whether a visit will be logged; `one_of` is `LOG_VISITS`.
pub(crate) fn sample(one_of: u32) -> Sampled {
    ONE_OF.set(one_of);
    let since = SINCE.get().saturating_add(1);
    let logged = one_of > 0 && since >= one_of;
    SINCE.set(if logged { 0 } else { since });
    // Other visits need not read the clock.
    Sampled(logged.then(now_ms))
}

/// Remembers the size of the batch of a visit.
pub(crate) fn batch(ticket: Ticket, visits: usize) {
    if ONE_OF.get() > 0 {
        BATCHES.with_borrow_mut(|batches| {
            // Visits that the platform killed never take theirs.
            if batches.len() >= MAX_BATCHES {
                batches.clear();
            }
            batches.push((ticket, visits));
        });
    }
}

/// The size of the batch of a visit; 0 if it was in none.
pub(crate) fn batch_of(ticket: Ticket) -> usize {
    if ONE_OF.get() == 0 {
        return 0;
    }
    BATCHES.with_borrow_mut(|batches| {
        let at = batches.iter().position(|(of, _)| *of == ticket);
        at.map_or(0, |at| batches.swap_remove(at).1)
    })
}

impl Sampled {
    /// Logs the outcome of the visit, how long it waited for its counter, and the size of its batch.
    pub(crate) fn visit(&self, outcome: VisitStatus, batch: usize) {
        if let Some(began) = self.0 {
            let wait_ms = now_ms().saturating_sub(began);
            let outcome = outcome.as_str();
            console_log!("{{\"event\":\"visit\",\"outcome\":\"{outcome}\",\"wait_ms\":{wait_ms},\"batch\":{batch}}}");
        }
    }
}
