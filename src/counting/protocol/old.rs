//! The messages of before a visit could be sent late: isolates that run the program of before, for as long as a deployment rolls out,
//! and the journals it left.

use crate::counting::model::date::Day;
use crate::counting::model::share::Share;
use crate::counting::model::visit_id::Fingerprint;
use crate::counting::model::visitor::Visitor;
use crate::counting::protocol::wire::{Batch, Item, Receipt, Row, Tally};
use serde::{Deserialize, Serialize};

/// A batch of visits that were all made when they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldBatch<'a> {
    /// As in [`Batch`].
    pub isolate: u128,
    /// As in [`Batch`].
    pub sequence: u64,
    /// As in [`Batch`].
    #[serde(borrow)]
    pub pages: Vec<&'a str>,
    /// As in [`Batch`].
    pub details: Vec<&'a str>,
    /// As in [`Batch`].
    pub visits: Vec<OldItem>,
    /// As in [`Batch`].
    pub tallies: Vec<Tally>,
}

/// A visit that was made when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldItem {
    /// As in [`Item`].
    pub page: u16,
    /// As in [`Item`].
    pub details: u16,
    /// As in [`Item`].
    pub id: Option<Fingerprint>,
    /// As in [`Item`].
    pub visitor: Visitor,
    /// As in [`Item`].
    pub day: Day,
}

/// A row of a journal of before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldRow<'a> {
    /// As in [`Row`].
    pub at: u64,
    /// As in [`Row`].
    #[serde(borrow)]
    pub batch: OldBatch<'a>,
    /// As in [`Row`].
    pub receipt: Receipt,
}

impl<'a> From<OldBatch<'a>> for Batch<'a> {
    fn from(OldBatch { isolate, sequence, pages, details, visits, tallies }: OldBatch<'a>) -> Self {
        let now = |OldItem { page, details, id, visitor, day }| {
            // Nobody knows who sent them: they take up no sender's part.
            Item { page, details, id, visitor, day, made: None, share: Share::default() }
        };
        Self { isolate, sequence, pages, details, visits: visits.into_iter().map(now).collect(), tallies }
    }
}

impl<'a> From<OldRow<'a>> for Row<'a> {
    fn from(OldRow { at, batch, receipt }: OldRow<'a>) -> Self {
        Self { at, batch: batch.into(), receipt }
    }
}
