//! The days of a site: the salt of each day, and the number of shards on it.
//!
//! One object holds them for each site, and isolates keep them in memory for the day. The number of shards is fixed together
//! with the salt, so that every isolate sends a visitor to the same shard all day, and the sum of the shards' visitors
//! is exact. So a larger number, from `SHARDS` or from the load ([`growth`](crate::counting::dispatch::growth)), takes effect on the first day
//! whose record has not been asked for yet. A smaller one never does, because existing shards hold views.
//!
//! An isolate that adds up the shards must not leave out new ones because it only knows yesterday's number. So a higher number takes effect
//! only after the first shard knows it ([`Days::missing`]): every sum asks that shard, and it refuses to be part of a smaller sum.

use crate::counting::model::date::{Day, day_of, latest_day};
use crate::counting::model::day_record::DayRecord;
use crate::counting::model::visitor::Salt;
use crate::counting::storage::{Rows, Sql, StorageError, Value, blob_at, count_at};

/// How long before a day its record may be asked for, in milliseconds: long enough to spread the questions of all isolates.
pub const EARLY_MS: u64 = 30 * 60_000;

/// Creates the table.
pub const CREATE: &str = "CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY, salt BLOB NOT NULL, shards INTEGER NOT NULL)";
/// The last three days up to one: yesterday, today, and tomorrow if that is asked for. A clock that was ahead may have begun later days.
pub const LATEST: &str = "SELECT day, salt, shards FROM days WHERE day <= ? ORDER BY day DESC LIMIT 3";
/// The most shards of any day.
pub const MOST_SHARDS: &str = "SELECT coalesce(max(shards), 0) FROM days";
/// Writes a day. It replaces a day whose salt was deleted.
pub const ADD: &str = "INSERT OR REPLACE INTO days (day, salt, shards) VALUES (?, ?, ?)";
/// The days with a salt.
pub const SALTS: &str = "SELECT day FROM days WHERE salt != x''";
/// Drops days.
pub const FORGET: &str = "DELETE FROM days WHERE day < ?";
/// Empties the salts of days.
pub const FORGET_SALT: &str = "UPDATE days SET salt = x'' WHERE day < ? AND salt != x''";

/// The days of one site, over their database.
#[derive(Debug)]
pub struct Days<S> {
    sql: S,
}

impl<S: Sql> Days<S> {
    /// The days in a database, which may be empty.
    pub fn new(sql: S) -> Self {
        Self { sql }
    }

    /// The record of `day`, which is made if there is none yet; or that of a later day that has begun. `None` for a day that is over, or
    /// that begins later than [`EARLY_MS`] from now. `shards` is the configured number, and `random` becomes the salt of a new day. Making
    /// the record of tomorrow does not begin that day.
    ///
    /// A clock that was ahead may have made the record of a later day. That record stays unused until its day comes, and its shards stay.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn record(&self, day: Day, shards: u16, random: [u8; 16], now: u64) -> Result<Option<DayRecord>, StorageError> {
        if !may_ask(day, now) {
            return Ok(None);
        }
        let known = self.known(day, now)?;
        let found = known.iter().find(|known| known.day >= day && known.salt.is_some()).copied();
        // A clock that was ahead may have deleted the salt of a day that is not over. Only such a day gets another salt.
        if found.is_none() && day < day_of(now) && known.iter().any(|known| known.day >= day) {
            return Ok(None);
        }
        let before = known.iter().rev().find(|known| known.day < found.map_or(day, |found| found.day));
        let record = match found {
            Some(StoredDay { day, salt: Some(salt), shards }) => {
                DayRecord { day, salt, shards, shards_before: before.map_or(shards, |before| before.shards) }
            }
            _ => {
                let most = self.most_shards()?;
                let shards_before = before.map_or(if most > 0 { most } else { shards }, |before| before.shards);
                let salt = Value::Blob(random.to_vec());
                let shards = shards.max(most);
                self.sql.write(ADD, &[Value::count(day.into()), salt, Value::count(shards.into())])?;
                DayRecord { day, salt: Salt(random), shards, shards_before }
            }
        };
        // After a day without visits, the alarm has deleted the salts. Or the clock is ahead, and the day before is not over.
        if let Some(before) = before.filter(|before| before.day.saturating_add(1) == record.day) {
            let begun = record.day <= latest_day(now);
            // Only the shards of the last two days that have begun are still needed.
            if found.is_none() {
                let first = record.day.saturating_sub(if begun { 1 } else { 2 });
                self.sql.write(FORGET, &[Value::count(first.into())])?;
            }
            // The day has begun for one isolate, so it begins for all: earlier salts are needed no more.
            if begun && (found.is_none() || before.salt.is_some()) {
                self.forget_salts(record.day)?;
            }
        }
        Ok(Some(record))
    }

    /// Whether [`Self::record`] would make the record of `day` now. Before it is made with more shards than there are, the site's first shard
    /// must be told of them. If that fails, the day gets as many shards as there are, and the next day may have more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn missing(&self, day: Day, now: u64) -> Result<Missing, StorageError> {
        if !may_ask(day, now) {
            return Ok(Missing::No);
        }
        let known = self.known(day, now)?;
        if known.iter().any(|known| known.day >= day && known.salt.is_some()) {
            return Ok(Missing::No);
        }
        let before = known.iter().rev().find(|known| known.day < day).map_or(day.saturating_sub(1), |before| before.day);
        Ok(match self.most_shards()? {
            0 => Missing::First,
            shards => Missing::Next { before, shards },
        })
    }

    /// The last days that may have begun, and the day that is asked for; the earliest first.
    fn known(&self, asked: Day, now: u64) -> Result<Vec<StoredDay>, StorageError> {
        self.sql.write(CREATE, &[])?;
        let rows: Rows = self.sql.run(LATEST, &[Value::count(latest_day(now).max(asked).into())])?;
        rows.iter().rev().map(|row| StoredDay::from_row(row)).collect()
    }

    /// The most shards of any day; 0 if there is no day.
    fn most_shards(&self) -> Result<u16, StorageError> {
        self.sql.run(MOST_SHARDS, &[])?.first().map_or(Ok(0), |row| shard_count_at(row, 0))
    }

    /// Deletes the salts of days that are over. The object's alarm calls it after midnight. Returns whether a salt is
    /// left, so that this must be called again when its day is over.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn maintain(&self, now: u64) -> Result<bool, StorageError> {
        self.sql.write(CREATE, &[])?;
        self.forget_salts(day_of(now))?;
        Ok(!self.sql.run(SALTS, &[])?.is_empty())
    }

    fn forget_salts(&self, before: Day) -> Result<(), StorageError> {
        self.sql.write(FORGET_SALT, &[Value::count(before.into())]).map(|_| ())
    }
}

/// Whether the record of a day is missing and would be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is there, or it may not be made.
    No,
    /// It would be the first of the site.
    First,
    /// It would follow others.
    Next {
        /// The last day with a record before this one.
        before: Day,
        /// The shards that there are.
        shards: u16,
    },
}

/// The number of shards in a row's column.
fn shard_count_at(row: &[Value], column: usize) -> Result<u16, StorageError> {
    u16::try_from(count_at(row, column)?).map_err(|_| StorageError("a number of shards is too large".to_owned()))
}

/// Whether a day may still run for some clock, or begins soon.
fn may_ask(day: Day, now: u64) -> bool {
    day.saturating_add(1) >= day_of(now) && day <= latest_day(now.saturating_add(EARLY_MS))
}

/// A row of [`LATEST`]. A day without a salt is over.
#[derive(Clone, Copy, Debug)]
struct StoredDay {
    day: Day,
    salt: Option<Salt>,
    shards: u16,
}

impl StoredDay {
    fn from_row(row: &[Value]) -> Result<Self, StorageError> {
        let day = Day::try_from(count_at(row, 0)?).map_err(|_| StorageError("a day is out of range".to_owned()))?;
        Ok(Self { day, salt: blob_at(row, 1)?.try_into().ok().map(Salt), shards: shard_count_at(row, 2)? })
    }
}
