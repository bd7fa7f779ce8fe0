//! The calls to a shard.

use crate::counting::model::date::Day;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::protocol::batch::Batch;
use crate::counting::protocol::report::Question;
use serde::{Deserialize, Serialize};

/// A call to a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call<'a> {
    /// How many views has this page, or the whole shard?
    Views(Option<&'a str>),
    /// Is this id known? From then on the shard counts it under no earlier day.
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
    /// What are the metrics of the shard?
    Metrics,
    /// What is the recent activity?
    Live,
    /// The same, and from now on the shard reports each change of it.
    Watch,
    /// Count these visits and tallies, once.
    Register(Batch<'a>),
    /// Note the names that refused visits came from.
    Unlisted(Vec<UnlistedVisits<'a>>),
    /// What was counted, and how old is that report?
    Ask(Question<'a>),
    /// Can the shard store? The answer is its metrics.
    Health,
    /// One shard's part of a question to all shards. It is refused if the site has more shards than the caller knows of.
    Sum {
        /// How many shards are asked.
        shards: u16,
        /// The call, encoded.
        call: &'a [u8],
    },
    /// The site will have so many shards. From then on the shard takes part in no smaller sum.
    Grow(u16),
    /// What did the shard have to carry on this day?
    Load(Day),
}

/// Refused visits of one day from one name that is not listed, see [`crate::counting::http::unlisted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlistedVisits<'a> {
    /// The day.
    pub day: Day,
    /// The number of its kind, see [`crate::counting::model::unlisted::Unlisted`].
    pub unlisted: u8,
    /// The name.
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
    /// Lines as [`crate::counting::ledger::export_file`] writes them. None, to ask how many lines the shard has of this file.
    pub lines: &'a str,
}

/// A change of what was counted, as the owner or a compat route asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amend<'a> {
    /// Set the views of a page. Its hours and days stay. A page that is not there is made, unless it gets 0 views.
    Set {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
    },
    /// Add to the views of a page that is there, or subtract from them, down to 0.
    Change {
        /// The page.
        page: &'a str,
        /// How many views are added; negative to subtract.
        by: i64,
        /// The id of this change, by which a retry is known: the time in milliseconds since 1970 with 13 digits, then anything.
        id: &'a str,
    },
    /// Delete a page and subtract its views from the site's. The site's visitors stay.
    Delete {
        /// The page.
        page: &'a str,
    },
    /// Delete everything that was counted.
    Wipe,
    /// Make a page with these views, if it is not there and there are fewer than `most` pages.
    Make {
        /// The page.
        page: &'a str,
        /// Its views.
        views: u64,
        /// The most pages of the shard.
        most: u64,
        /// The id of this change, as in [`Self::Change`].
        id: &'a str,
    },
}
