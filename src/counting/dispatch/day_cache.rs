//! The day records that an isolate has of a site, and when it asks for the next.
//!
//! One visit of an isolate asks at a time. Where no record is known, other visits wait for it. When a day begins, they go on under
//! yesterday's record, and a shard in which the new day has begun sends them back ([`crate::counting::protocol::batch::Verdict::Stale`]).
//! Usually no visit waits at midnight: each isolate asks for tomorrow's record in the last half hour, at a moment of its own, so
//! that not all of them ask the days object at once.
//!
//! The number of shards is kept for longer than a day. An old number is safe, because the first shard refuses a sum over too few
//! ([`crate::counting::protocol::call::Call::Sum`]).

use crate::counting::dispatch::claim::{gone_at, may_come};
use crate::counting::dispatch::days::EARLY_MS;
use crate::counting::dispatch::ticket::{MAX_PARKED, MAX_PARKED_BY_SERVERS, Ticket};
use crate::counting::model::date::{DAY_MS, Day, day_of};
use crate::counting::model::day_record::DayRecord;

/// The pause after a question without an answer, in milliseconds. It doubles with each further one.
pub const PAUSE_MS: u64 = 1_000;

/// The longest such pause, in milliseconds. Visits that need the record are refused meanwhile, without a wait.
pub(crate) const MAX_PAUSE_MS: u64 = 8 * PAUSE_MS;

/// The pause after an early question without an answer, in milliseconds.
const EARLY_PAUSE_MS: u64 = 60_000;

/// When early questions end, in milliseconds before midnight. After that, a clock that is ahead would look like one.
const LAST_EARLY_MS: u64 = 2 * 60_000;

/// The longest that a visit waits for the record, in milliseconds; half of what is left to its deadline if that is less.
/// Without the record, it goes on as a view without a visitor.
const MAX_WAIT_MS: u64 = 2_000;

/// How far an isolate's clock may be behind that of the days object, in milliseconds. A record of a day that begins later than that is
/// not believed.
const AHEAD_MS: u64 = 60 * 60 * 1000;

/// Until when a visit with this deadline waits for the record.
pub fn patience(now: u64, deadline: u64) -> u64 {
    now.saturating_add(MAX_WAIT_MS.min(deadline.saturating_sub(now) / 2))
}

/// How long before midnight an isolate asks for tomorrow's record, in milliseconds. The random bits of isolates spread it evenly.
pub fn ahead_ms(isolate: u128) -> u64 {
    let span = EARLY_MS.saturating_sub(LAST_EARLY_MS);
    let spread = u64::try_from(isolate >> 64).unwrap_or(0).checked_rem(span).unwrap_or(0);
    LAST_EARLY_MS.saturating_add(spread)
}

/// A question that is on its way.
#[derive(Clone, Copy, Debug)]
struct PendingQuestion {
    day: Day,
    until: u64,
}

/// The day records that one isolate has of one site.
#[derive(Debug, Default)]
pub struct DayCache {
    record: Option<DayRecord>,
    /// Tomorrow's record, where it was asked for early.
    next: Option<DayRecord>,
    /// The most shards that the site is known to have; 0 where none are known.
    shards: u16,
    /// The first day that is not over, as a shard said, whatever the isolate's clock says.
    first: Day,
    question: Option<PendingQuestion>,
    /// Visits that wait for its answer, and whether a server sent each.
    waiting: Vec<(Ticket, bool)>,
    /// No visit asks before this time, in milliseconds since 1970.
    not_before: u64,
    /// No visit asks early before this time, in milliseconds since 1970.
    not_early_before: u64,
    /// How many questions in a row had no answer.
    failures: u32,
    /// How long before a day the isolate asks for it, in milliseconds. It spreads the other questions as well.
    ahead_ms: u64,
}

/// What a visit does next about the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStep {
    /// Goes on with this record, or without one.
    Known(Option<DayRecord>),
    /// Asks for the record of this day, reports to [`DayCache::answered`], and looks again.
    Ask {
        /// The day.
        day: Day,
        /// When to give up, in milliseconds since 1970.
        until: u64,
    },
    /// Waits until it is woken or its timer rings, and looks again.
    Wait {
        /// In milliseconds since 1970.
        until: u64,
    },
}

impl DayCache {
    /// What a visit does next that waits for the record until `patience` at most. The isolate asks `ahead_ms` before a day begins. Visits that
    /// a server sent (`by_server`) wait in half of the places, as they do for a batch.
    pub fn look(&mut self, ticket: Ticket, by_server: bool, now: u64, patience: u64, ahead_ms: u64) -> RecordStep {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
        self.ahead_ms = ahead_ms;
        self.forget_the_future(now);
        let day = self.today(now);
        self.next = self.next.filter(|next| {
            let begun = next.day <= day;
            if begun {
                self.record = Some(*next);
            }
            !begun
        });
        // No record of a day before yesterday: today's shards ask yesterday's for an id, and no others.
        self.record = self.record.filter(|record| record.day.saturating_add(1) >= day);
        // A question that ends too late was asked while the clock was ahead.
        let asked = self.question.is_some_and(|question| may_come(question.until, now, MAX_WAIT_MS));
        match self.record {
            Some(record) if record.day >= day => {
                let begins = u64::from(record.day).saturating_add(1).saturating_mul(DAY_MS);
                let early = begins.saturating_sub(ahead_ms)..begins.saturating_sub(LAST_EARLY_MS);
                let may = !asked && self.next.is_none() && early.contains(&now) && now >= self.not_early_before && now < patience;
                if may { self.ask(record.day.saturating_add(1), now, patience) } else { RecordStep::Known(Some(record)) }
            }
            _ if now >= patience => RecordStep::Known(self.record),
            None if asked && self.has_room(by_server) => {
                self.waiting.push((ticket, by_server));
                let gone = self.question.map_or(now, |question| gone_at(question.until));
                RecordStep::Wait { until: gone.min(patience) }
            }
            record if asked || now < self.not_before => RecordStep::Known(record),
            _ => self.ask(day, now, patience),
        }
    }

    fn has_room(&self, by_server: bool) -> bool {
        let servers = || self.waiting.iter().filter(|(_, by_server)| *by_server).count();
        self.waiting.len() < MAX_PARKED && !(by_server && servers() >= MAX_PARKED_BY_SERVERS)
    }

    /// Drops what a clock left that was ahead and is right again.
    fn forget_the_future(&mut self, now: u64) {
        let latest = day_of(now.saturating_add(AHEAD_MS));
        self.record = self.record.filter(|record| record.day <= latest);
        self.next = self.next.filter(|next| next.day <= latest);
        let pauses = |until: u64, longest: u64| if until > now.saturating_add(longest) { 0 } else { until };
        self.not_before = pauses(self.not_before, MAX_PAUSE_MS);
        self.not_early_before = pauses(self.not_early_before, EARLY_PAUSE_MS);
    }

    /// The day that has begun, by the isolate's clock or by what a shard said. A shard is not believed long before midnight.
    fn today(&self, now: u64) -> Day {
        let own = day_of(now);
        if self.first <= day_of(now.saturating_add(EARLY_MS)) { own.max(self.first) } else { own }
    }

    /// Asks for three quarters of the visit's patience. If the visit is killed, one that arrived right after it has the last quarter to ask
    /// by itself.
    fn ask(&mut self, day: Day, now: u64, patience: u64) -> RecordStep {
        let until = patience.saturating_sub(patience.saturating_sub(now) / 4);
        self.question = Some(PendingQuestion { day, until });
        RecordStep::Ask { day, until }
    }

    /// Takes the answer to a question for a day, or `None` if there was none. Returns the visits to wake. A late answer does not replace a
    /// newer one.
    pub fn answered(&mut self, day: Day, answer: Option<DayRecord>, now: u64) -> Vec<Ticket> {
        let is_early = day > self.today(now);
        if self.question.is_some_and(|question| question.day == day) {
            self.question = None;
        }
        match answer {
            Some(record) => {
                self.failures = 0;
                self.shards = self.shards.max(record.shards);
                let known = if is_early && record.day == day { &mut self.next } else { &mut self.record };
                if known.is_none_or(|known| known.day <= record.day) {
                    *known = Some(record);
                }
            }
            None if is_early => self.not_early_before = now.saturating_add(EARLY_PAUSE_MS),
            None => {
                let half = PAUSE_MS.saturating_mul(1 << self.failures.min(8)).min(MAX_PAUSE_MS) / 2;
                self.failures = self.failures.saturating_add(1);
                // Isolates that failed at once must not ask again at once.
                let spread = self.ahead_ms.checked_rem(half.saturating_add(1)).unwrap_or(0);
                self.not_before = now.saturating_add(half).saturating_add(spread);
            }
        }
        std::mem::take(&mut self.waiting).into_iter().map(|(ticket, _)| ticket).collect()
    }

    /// Notes that a shard called this day over. A visit then asks for the record of a later day.
    pub fn stale(&mut self, day: Day) {
        self.first = self.first.max(day.saturating_add(1));
        self.record = self.record.filter(|record| record.day > day);
    }

    /// Notes the number of shards that a shard knows of.
    pub fn outgrown(&mut self, shards: u16) {
        self.shards = self.shards.max(shards);
    }

    /// The most shards that the site is known to have, from records and from shards.
    pub fn shards(&self) -> Option<u16> {
        Some(self.shards).filter(|shards| *shards > 0)
    }
}

#[cfg(test)]
mod tests;
