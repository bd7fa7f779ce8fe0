//! The day record of a site, which all isolates share: the day's salt and its number of shards.

use crate::counting::model::date::Day;
use crate::counting::model::visitor::Salt;
use serde::{Deserialize, Serialize};

/// What holds for a site on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// The day.
    pub day: Day,
    /// Its salt.
    pub salt: Salt,
    /// Its number of shards.
    pub shards: u16,
    /// The number of shards of the day before, whose shards know the ids that counted then.
    pub shards_before: u16,
}
