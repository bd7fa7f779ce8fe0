//! What an isolate knows of a site's day, and when it asks.
//!
//! One visit of an isolate asks at a time. When a day begins the others go on under yesterday's record, and a shard for which the
//! new day has begun sends them back ([`crate::counting::protocol::batch::Verdict::Stale`]); where nothing is known yet they wait for the one that asks. And as a rule
//! nobody waits at midnight: tomorrow's record is asked for in the last half hour, by each isolate at a moment of its own, so that the
//! one object that has it is not asked by all at once.
//!
//! How many shards there are is kept for longer than a day: a number of before is as good, as the first shard refuses a sum
//! over too few ([`crate::counting::protocol::call::Call::Sum`]).

use crate::counting::dispatch::days::EARLY_MS;
use crate::counting::dispatch::ticket::{MAX_PARKED, MAX_PARKED_BY_SERVERS, Ticket};
use crate::counting::model::date::{DAY_MS, Day, day_of};
use crate::counting::model::day_record::DayRecord;

/// How long after a question that was not answered nobody asks again, in milliseconds; doubled after each that follows it.
pub const PAUSE_MS: u64 = 1_000;

/// The longest such pause, in milliseconds: what is refused meanwhile is refused without a wait.
pub const MAX_PAUSE_MS: u64 = 8 * PAUSE_MS;

/// The longest pause between early questions, in milliseconds: they have time.
const EARLY_PAUSE_MS: u64 = 60_000;

/// When early questions end, in milliseconds before midnight: from then on a question could be that of a clock which is ahead.
const LAST_EARLY_MS: u64 = 2 * 60_000;

/// The longest that a visit waits for the record, in milliseconds; half of what is left to its deadline if that is less.
/// Without the record, it goes on as a view without a visitor.
const MAX_WAIT_MS: u64 = 2_000;

/// How far an isolate's clock may be behind that of the days' object, in milliseconds. Further ahead of it no day is believed to have
/// begun.
const AHEAD_MS: u64 = 60 * 60 * 1000;

/// How long after its time the asking visit counts as gone, in milliseconds: its timer may be late.
const GRACE_MS: u64 = 100;

/// Until when a visit waits for the record that must be answered at `deadline`.
pub fn patience(now: u64, deadline: u64) -> u64 {
    now.saturating_add(MAX_WAIT_MS.min(deadline.saturating_sub(now) / 2))
}

/// How long before midnight an isolate asks for tomorrow, in milliseconds: spread evenly by its random bits.
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

/// What one isolate knows of one site.
#[derive(Debug, Default)]
pub struct DayCache {
    record: Option<DayRecord>,
    /// Tomorrow's, which was asked for early.
    next: Option<DayRecord>,
    /// The most shards that the site is known to have; 0 where nothing is known.
    shards: u16,
    /// A shard said that the days before are over, whatever the isolate's clock says.
    first: Day,
    question: Option<PendingQuestion>,
    /// Visits that wait for its answer, and whether a server sent each.
    waiting: Vec<(Ticket, bool)>,
    /// Nobody asks before this time, and nobody asks early before that.
    not_before: u64,
    not_early_before: u64,
    /// Questions without an answer, one after the other.
    failures: u32,
    /// How long before a day the isolate asks for it, which spreads its other questions as well.
    ahead_ms: u64,
}

/// What a visit does about the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStep {
    /// Goes on with this one, or without one.
    Known(Option<DayRecord>),
    /// Asks for the record of this day, until this time, reports [`DayCache::answered`] and looks again.
    Ask {
        /// The day.
        day: Day,
        /// When to go on without, in milliseconds since 1970.
        until: u64,
    },
    /// Waits until it is woken, or until this time in milliseconds since 1970, and looks again.
    Wait {
        /// In milliseconds since 1970.
        until: u64,
    },
}

impl DayCache {
    /// What a visit does that waits for the record until `patience` at most, in an isolate that asks so many milliseconds ahead of a day.
    /// `by_server` says whether a server sent it: those wait in half of the places, as in a batch.
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
        // Not one from before yesterday: the shards of today ask those of yesterday for an id, and no others.
        self.record = self.record.filter(|record| record.day.saturating_add(1) >= day);
        // One that ends later than any would was asked by a clock that was ahead.
        let may_come = |until: u64| until.saturating_add(GRACE_MS) >= now && until <= now.saturating_add(MAX_WAIT_MS);
        let asked = self.question.is_some_and(|question| may_come(question.until));
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
                let gone = self.question.map_or(now, |question| question.until.saturating_add(GRACE_MS).saturating_add(1));
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

    /// What a clock that was ahead for a while left, once it is right.
    fn forget_the_future(&mut self, now: u64) {
        let latest = day_of(now.saturating_add(AHEAD_MS));
        self.record = self.record.filter(|record| record.day <= latest);
        self.next = self.next.filter(|next| next.day <= latest);
        let pauses = |until: u64, longest: u64| if until > now.saturating_add(longest) { 0 } else { until };
        self.not_before = pauses(self.not_before, MAX_PAUSE_MS);
        self.not_early_before = pauses(self.not_early_before, EARLY_PAUSE_MS);
    }

    /// The day that has begun, by the isolate's clock or by a shard. What a shard says is not believed long before midnight.
    fn today(&self, now: u64) -> Day {
        let own = day_of(now);
        if self.first <= day_of(now.saturating_add(EARLY_MS)) { own.max(self.first) } else { own }
    }

    /// Asks for three quarters of its patience: a visit that comes right after one that is killed while it asks has the last quarter to ask
    /// by itself.
    fn ask(&mut self, day: Day, now: u64, patience: u64) -> RecordStep {
        let until = patience.saturating_sub(patience.saturating_sub(now) / 4);
        self.question = Some(PendingQuestion { day, until });
        RecordStep::Ask { day, until }
    }

    /// Takes the answer to a question for a day, or that there was none, and says who is to be woken. An answer that is late does not
    /// undo a newer one.
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
                // Not all isolates at once, even where all failed at once.
                let spread = self.ahead_ms.checked_rem(half.saturating_add(1)).unwrap_or(0);
                self.not_before = now.saturating_add(half).saturating_add(spread);
            }
        }
        std::mem::take(&mut self.waiting).into_iter().map(|(ticket, _)| ticket).collect()
    }

    /// A shard said that this day is over: the record of a later one is asked for.
    pub fn stale(&mut self, day: Day) {
        self.first = self.first.max(day.saturating_add(1));
        self.record = self.record.filter(|record| record.day > day);
    }

    /// A shard said that the site has so many shards.
    pub fn outgrown(&mut self, shards: u16) {
        self.shards = self.shards.max(shards);
    }

    /// The most shards that the site is known to have, by any record so far or by its first shard.
    pub fn shards(&self) -> Option<u16> {
        Some(self.shards).filter(|shards| *shards > 0)
    }
}

#[cfg(test)]
mod tests;
