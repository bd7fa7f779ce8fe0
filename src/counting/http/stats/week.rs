//! The day on which weeks begin.

use crate::counting::model::date::Day;

/// The day on which weeks begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Week {
    /// This day: 1 is Monday, as in ISO 8601, and 7 is Sunday.
    From(u8),
    /// The day of this language (BCP 47), such as `en-US`.
    Of(String),
}

impl Week {
    /// The first day of the week that contains a day. For a language this is the day of ISO 8601, because only the platform knows its weeks.
    pub(crate) fn first(&self, day: Day) -> Day {
        let first = if let Self::From(first) = self { u32::from(*first) } else { 1 };
        // 1970-01-01 was a Thursday, the fourth day.
        let since = day.saturating_add(11).saturating_sub(first) % 7;
        day.saturating_sub(since)
    }
}
