//! The messages of before visits had details: isolates that run the program of before, for as long as a deployment rolls out, and
//! the journals it left.

use super::{Batch, Item, Receipt, Row};
use crate::counting::days::Day;
use crate::counting::visit_id::Fingerprint;
use crate::counting::visitor::Visitor;
use serde::{Deserialize, Serialize};

/// A batch without details and tallies.
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
    pub visits: Vec<OldItem>,
}

/// A visit without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldItem {
    /// As in [`Item`].
    pub page: u16,
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
    fn from(OldBatch { isolate, sequence, pages, visits }: OldBatch<'a>) -> Self {
        let now = |OldItem { page, id, visitor, day }| Item { page, details: 0, id, visitor, day };
        let visits = visits.into_iter().map(now).collect();
        Self { isolate, sequence, pages, details: Vec::new(), visits, tallies: Vec::new() }
    }
}

impl<'a> From<OldRow<'a>> for Row<'a> {
    fn from(OldRow { at, batch, receipt }: OldRow<'a>) -> Self {
        Self { at, batch: batch.into(), receipt }
    }
}
