//! The record of a site's day, which all isolates share: the day's salt and the number of shards.

use crate::counting::model::date::Day;
use crate::counting::model::visitor::Salt;
use serde::{Deserialize, Serialize};

/// What holds for one day of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// The day.
    pub day: Day,
    /// Its salt.
    pub salt: Salt,
    /// Its number of shards.
    pub shards: u16,
    /// The number of shards of the day before. Ids that were counted then are known to their shards of then.
    pub shards_before: u16,
}
