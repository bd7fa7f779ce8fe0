//! The call to the object that holds a site's days, and its answer.

use crate::counting::model::date::Day;
use crate::counting::model::day_record::DayRecord;
use serde::{Deserialize, Serialize};

/// The call for the record of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCall {
    /// The day of the isolate's clock.
    pub day: Day,
    /// The configured number of shards.
    pub shards: u16,
}

/// The answer of the days object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayAnswer {
    /// The record of the day that was asked for, or of a later day that has begun.
    Record(DayRecord),
    /// The call cannot be read, or names a day far from the object's own.
    Malformed,
    /// The storage failed.
    Storage,
}
