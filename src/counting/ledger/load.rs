//! What a shard has to carry: its calls with visits by minute, and how full its memories get.
//!
//! The calls of a day are kept as those of its busiest minutes, for today and yesterday. They are stored only where they may matter, so a
//! restart loses the minutes since, and those of a quiet day. Then a site may grow a day later than it could.

use crate::counting::ledger::distinct_visitors::{MAX_MARKS, MAX_VISITORS};
use crate::counting::ledger::held_shares::MAX_IDS;
use crate::counting::ledger::schema;
use crate::counting::ledger::seen::windows_of;
use crate::counting::ledger::sets::stored_set::SetKind;
use crate::counting::ledger::state::Ledger;
use crate::counting::model::date::{Day, day_of};
use crate::counting::model::minute::{MINUTE_MS, minute_of};
use crate::counting::storage::{Sql, StorageError, Value, blob_at};

/// How many busy minutes make a load that lasts.
pub const BUSY_MINUTES: usize = 10;

/// The fewest calls of a minute that are stored, 100 a second. Quieter shards do not grow, and need not pay for rows.
pub const STORED_CALLS: u32 = 6_000;

/// The key in `meta`.
const KEY: &str = "load";

/// A day, and the calls in its busiest minutes, the most first.
type BusyDay = [u32; 1 + BUSY_MINUTES];

/// The calls with visits that a shard got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadMeter {
    /// The minute that is not over, since 1970, and its calls.
    minute: u64,
    calls: u32,
    /// The last day with calls, and the one before it.
    days: [BusyDay; 2],
    /// Whether `days` changed so much that they should be stored.
    is_news: bool,
    /// Whether `days` has what is stored.
    is_read: bool,
}

impl LoadMeter {
    /// Counts calls.
    pub fn count(&mut self, calls: usize, now: u64) {
        self.go_on(minute_of(now));
        self.calls = self.calls.saturating_add(u32::try_from(calls).unwrap_or(u32::MAX));
    }

    /// Calls a second in the tenth of a day's busiest minutes.
    pub fn calls_a_second(&mut self, day: Day, now: u64) -> u32 {
        self.go_on(minute_of(now));
        let [today, before] = &self.days;
        let [of, .., calls] = if today[0] == day { today } else { before };
        if *of == day { calls / 60 } else { 0 }
    }

    /// Ends the minute before, if this is another one.
    fn go_on(&mut self, minute: u64) {
        if minute == self.minute {
            return;
        }
        let (over, mut calls) = (std::mem::replace(&mut self.minute, minute), std::mem::take(&mut self.calls));
        let day = day_of(over.saturating_mul(MINUTE_MS));
        let [today, before] = &mut self.days;
        if calls > 0 && today[0] != day && before[0] != day {
            let last = std::mem::take(today);
            // A clock that was ahead may have left a later day.
            *before = if last[0].saturating_add(1) == day { last } else { BusyDay::default() };
            today[0] = day;
        }
        let [_, minutes @ ..] = if today[0] == day { today } else { before };
        let is_busy = calls >= STORED_CALLS;
        for known in minutes {
            if calls > *known {
                self.is_news |= is_busy;
                std::mem::swap(known, &mut calls);
            }
        }
    }

    /// Counts calls, on top of what is stored. No visit fails because a measurement cannot be read or stored.
    pub(crate) fn note(&mut self, sql: &impl Sql, calls: usize, now: u64) {
        if self.read(sql).is_ok() {
            self.count(calls, now);
            self.store(sql);
        }
    }

    /// Calls a second in the tenth of a day's busiest minutes, on top of what is stored.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn of(&mut self, sql: &impl Sql, day: Day, now: u64) -> Result<u32, StorageError> {
        self.read(sql)?;
        let calls = self.calls_a_second(day, now);
        self.store(sql);
        Ok(calls)
    }

    /// Reads what is stored, once.
    fn read(&mut self, sql: &impl Sql) -> Result<(), StorageError> {
        if !self.is_read {
            if let Some(row) = sql.run(schema::META, &[Value::Text(KEY.to_owned())])?.first() {
                self.days = Self::from_bytes(blob_at(row, 0)?).days;
            }
            self.is_read = true;
        }
        Ok(())
    }

    fn store(&mut self, sql: &impl Sql) {
        if self.take_news() {
            let _ = sql.write(schema::SET_META, &[Value::Text(KEY.to_owned()), Value::Blob(self.to_bytes())]);
        }
    }

    /// Whether there is something that should be stored; true once.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }

    /// What is known of days: the numbers of each, little endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.days.as_flattened().iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Reads the bytes of [`Self::to_bytes`]. Others, of another version, are as good as none.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut meter = Self::default();
        if bytes.len() == size_of_val(&meter.days) {
            for (number, stored) in meter.days.as_flattened_mut().iter_mut().zip(bytes.as_chunks().0) {
                *number = u32::from_le_bytes(*stored);
            }
        }
        meter
    }
}

impl<S> Ledger<S> {
    /// How full days like this one make the fullest memory of the shard, in thousandths. Ids are kept for up to 36 hours, so for half as many
    /// again as come in a day. Marks are known of today only.
    pub(crate) fn fullness(&self, day: Day) -> u32 {
        let ids = windows_of(day).fold(0, |sum: u64, window| sum.saturating_add(self.sets.len(SetKind::Ids, window)));
        let marks = self.sets.len(SetKind::Marks, day.into());
        let visitors = self.distinct_visitors.visitors(&self.sets, day);
        let ids = thousandths(ids.saturating_add(ids / 2), MAX_IDS);
        ids.max(thousandths(visitors, MAX_VISITORS)).max(thousandths(marks, MAX_MARKS))
    }
}

fn thousandths(held: u64, most: u64) -> u32 {
    u32::try_from(held.saturating_mul(1_000).checked_div(most).unwrap_or(0)).unwrap_or(u32::MAX)
}
