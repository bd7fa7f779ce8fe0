//! A batch on its way to a shard: the visits that left together, and how they go over the wire.

use crate::counting::dispatch::lanes::lane_name;
use crate::counting::dispatch::ticket::Ticket;
use crate::counting::model::date::Day;
use crate::counting::model::dimensions::Dimensions;
use crate::counting::model::minute::Minute;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;
use crate::counting::protocol::batch::{Batch, Item, Tally};

/// A visit on its way into a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its page.
    pub page: String,
    /// What else is counted about it.
    pub details: Dimensions,
    /// Its id, if its caller gave one.
    pub id: Option<Fingerprint>,
    /// Its visitor, or why it has none.
    pub visitor: Visitor,
    /// The day that its route and its visitor's hash follow.
    pub day: Day,
    /// The minute in which it was made, if it is sent late.
    pub made: Option<Minute>,
    /// The share of the memory of ids that its id counts to.
    pub share: Share,
    /// Whether a server sent it for somebody else. One server may send any number of visits.
    pub by_server: bool,
    /// When its caller must have the answer, in milliseconds since 1970.
    pub deadline: u64,
}

/// A batch on its way: the visits, and what is needed to answer them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its lane.
    pub lane: u8,
    /// Its number; higher than those of earlier batches of its lane.
    pub sequence: u64,
    /// When its leader must have the answer, in milliseconds since 1970.
    pub deadline: u64,
    /// The visits, the leader first.
    pub(crate) visits: Vec<(Ticket, Entry)>,
    /// The visits that were not counted.
    pub(crate) tallies: Vec<Tally>,
}

impl Posting {
    /// The batch as it goes over the wire.
    pub fn batch(&self, isolate: u128) -> Batch<'_> {
        let mut pages = Vec::new();
        let mut details = Vec::new();
        let mut visits = Vec::with_capacity(self.visits.len());
        for (_, entry) in &self.visits {
            let page = index_of(&entry.page, &mut pages);
            let details = match entry.details.as_str() {
                "" => 0,
                known => index_of(known, &mut details).saturating_add(1),
            };
            visits.push(Item {
                page,
                details,
                id: entry.id,
                visitor: entry.visitor,
                day: entry.day,
                made: entry.made,
                share: entry.share,
            });
        }
        let isolate = lane_name(isolate, self.lane);
        Batch { isolate, sequence: self.sequence, pages, details, visits, tallies: self.tallies.clone() }
    }

    /// Its visits, the leader first.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.visits.iter().map(|(ticket, _)| *ticket)
    }
}

/// The place of a text in a list; a new text is added at the end. Most batches have few texts, and none has more than 512, so a search from
/// the front is faster than an index.
fn index_of<'a>(text: &'a str, known: &mut Vec<&'a str>) -> u16 {
    let at = known.iter().position(|one| *one == text).unwrap_or(known.len());
    if at == known.len() {
        known.push(text);
    }
    u16::try_from(at).unwrap_or(u16::MAX)
}
