//! What an isolate asks of the object that holds a site's days, and what that answers.

use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use serde::{Deserialize, Serialize};

/// What an isolate asks of a site's days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCall {
    /// The day of the isolate's clock.
    pub day: Day,
    /// The number of shards that is configured.
    pub shards: u16,
}

/// What a site's days answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayAnswer {
    /// What holds for the day that was asked for, or for a later one that has begun.
    Record(DayRecord),
    /// The call cannot be read, or names a day far from the object's own.
    Malformed,
    /// Storage failed.
    Storage,
}
