//! On which day a week begins.

use crate::counting::model::date::Day;

/// On which day a week begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Week {
    /// On this day: 1 is Monday, as ISO 8601 has it, 7 is Sunday.
    From(u8),
    /// As where this language is spoken (BCP 47), such as `en-US`.
    Of(String),
}

impl Week {
    /// The first day of the week that a day is in. Of a language it is that of ISO 8601: what its weeks are, the platform knows.
    pub fn first(&self, day: Day) -> Day {
        let first = if let Self::From(first) = self { u32::from(*first) } else { 1 };
        // 1970-01-01 was a Thursday, the fourth day.
        let since = day.saturating_add(11).saturating_sub(first) % 7;
        day.saturating_sub(since)
    }
}
