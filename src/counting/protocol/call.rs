//! What an isolate asks of a shard.

use crate::counting::model::date::Day;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::protocol::batch::Batch;
use crate::counting::protocol::report::Question;
use serde::{Deserialize, Serialize};

/// What an isolate asks of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call<'a> {
    /// How many views has this page, or the whole shard?
    Views(Option<&'a str>),
    /// Is this id known? From then on the shard counts nothing under an earlier day.
    Seen {
        /// The asker's day.
        day: Day,
        /// The id.
        id: Fingerprint,
    },
    /// How many visitors did this day have?
    Visitors(Day),
    /// What was counted, by hour or by name?
    Report(Question<'a>),
    /// The lines of an export after this one, or the first ones.
    Export(Option<&'a str>),
    /// Add what these lines say, once.
    Import(Import<'a>),
    /// Change what was counted, as the owner wants it.
    Amend(Amend<'a>),
    /// How many views has this page, if it is there?
    Page(&'a str),
    /// What does the shard count of itself?
    Metrics,
    /// What did it see lately?
    Live,
    /// The same, and from now on it tells whenever that changes.
    Watch,
    /// Count these visits and tallies, once.
    Register(Batch<'a>),
    /// From where were visits refused? That is noted here.
    Unlisted(Vec<UnlistedVisits<'a>>),
    /// What was counted, and how long ago was that so?
    Ask(Question<'a>),
    /// Can it store, and what does it hold? Answered with its metrics.
    Health,
    /// A shard's part of what is asked of all: it is refused where the site has more shards than the asker knows of.
    Sum {
        /// How many shards are asked.
        shards: u16,
        /// What they are asked: the bytes of a call.
        call: &'a [u8],
    },
    /// The site will have so many shards. From then on the shard takes part in no smaller sum.
    Grow(u16),
}

/// Visits of a day that were refused, see [`crate::counting::http::unlisted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlistedVisits<'a> {
    /// The day.
    pub day: Day,
    /// The number of what is not listed.
    pub unlisted: u8,
    /// Its name.
    pub name: &'a str,
    /// How many visits.
    pub visits: u64,
}

/// Lines of a file on their way into a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import<'a> {
    /// The file's id.
    pub id: &'a str,
    /// How many lines of the file came before these.
    pub before: u64,
    /// Lines as [`crate::counting::ledger::export_file`] writes them. May be none, to ask how many are known.
    pub lines: &'a str,
}

/// What an owner changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amend<'a> {
    /// The views of a page are these; its hours and days stay. A page that is not there is made where there are any.
    Set {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
    },
    /// The views of a page that is there are so many more, or fewer; not fewer than none.
    Change {
        /// The page.
        page: &'a str,
        /// How many.
        by: i64,
        /// Tells a retry from another change: the time in milliseconds since 1970 with 13 digits, then anything.
        id: &'a str,
    },
    /// The page goes with all its views, from the site's as well. The site's visitors stay.
    Delete {
        /// The page.
        page: &'a str,
    },
    /// Everything that was counted goes.
    Wipe,
    /// A page that is not there is made with these views, if there are fewer than `most` pages.
    Make {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
        /// Pages that there may be.
        most: u64,
        /// As that of [`Self::Change`].
        id: &'a str,
    },
}
