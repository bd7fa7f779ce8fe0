//! A row of the journal: batches that were written together, when that was, and the receipt of each.
//!
//! Its first byte is the version of its shape. After it, in postcard:
//!
//! | version | what follows |
//! | --- | --- |
//! | 1 | the time, one batch, its receipt. It is from before batches shared rows, and is still read |
//! | 2 | the time, the number of batches, then each batch with its receipt behind it, and a byte of [`News`] for each of its visits |

use crate::counting::protocol::batch::{Batch, Receipt};
use crate::counting::protocol::wire::{Unreadable, append, take};

/// The version of the rows that are written.
const VERSION: u8 = 2;

/// What a visit was the first of, so that a start of the object need not look it up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News(pub u8);

impl News {
    /// Its visitor is new on this day.
    pub const TODAY: Self = Self(1);
    /// Its visitor is new in this hour.
    pub const HOUR: Self = Self(2);
    /// Its visitor is new to its page on this day.
    pub const PAGE_TODAY: Self = Self(4);
    /// Its visitor is new to its page in this hour.
    pub const PAGE_HOUR: Self = Self(8);
    /// The shard had no room for its visitor, who is new.
    pub const FULL: Self = Self(16);
    /// The shard had no room for one of its marks.
    pub const CROWDED: Self = Self(32);
    /// Its id is remembered for a shorter time.
    pub const SHORTLY: Self = Self(64);

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has this.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// 1 if it has this, else 0.
    pub(crate) fn count(self, other: Self) -> u64 {
        self.has(other).into()
    }
}

/// A row of the journal, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// When it was written, in milliseconds since 1970, by the shard's clock.
    pub at: u64,
    /// The batches in the order in which they were applied.
    pub batches: Vec<RowBatch<'a>>,
}

/// A batch of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBatch<'a> {
    /// The batch.
    pub batch: Batch<'a>,
    /// Its receipt.
    pub receipt: Receipt,
    /// The [`News`] of each visit. `None` in a row of version 1.
    pub news: Option<&'a [u8]>,
}

impl<'a> Row<'a> {
    /// Reads the bytes of a row.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let (version, rest) = bytes.split_first().ok_or(Unreadable)?;
        let (at, rest) = take(rest)?;
        let (count, mut rest): (u64, _) = match *version {
            1 => (1, rest),
            VERSION => take(rest)?,
            _ => return Err(Unreadable),
        };
        let mut batches = Vec::new();
        for _ in 0..count {
            let (batch, more) = take(rest)?;
            let (receipt, more): (Receipt, _) = take(more)?;
            let (news, more) = if *version == VERSION {
                let (news, more) = more.split_at_checked(receipt.visits.len()).ok_or(Unreadable)?;
                (Some(news), more)
            } else {
                (None, more)
            };
            batches.push(RowBatch { batch, receipt, news });
            rest = more;
        }
        if rest.is_empty() { Ok(Self { at, batches }) } else { Err(Unreadable) }
    }
}

/// A row that is being made.
#[derive(Clone, Debug)]
pub struct NewRow {
    at: u64,
    batches: u64,
    body: Vec<u8>,
}

impl NewRow {
    /// A row without a batch. `at` is in milliseconds since 1970.
    pub fn new(at: u64) -> Self {
        Self { at, batches: 0, body: Vec::new() }
    }

    /// Appends a batch with its receipt, and the [`News`] of each visit.
    pub fn push(&mut self, batch: &Batch<'_>, receipt: &Receipt, news: &[u8]) {
        append(batch, &mut self.body);
        append(receipt, &mut self.body);
        self.body.extend_from_slice(news);
        self.batches = self.batches.saturating_add(1);
    }

    /// When it is written.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// How many batches it has.
    pub(crate) fn batches(&self) -> u64 {
        self.batches
    }

    /// The bytes of the row.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        append(&self.at, &mut bytes);
        append(&self.batches, &mut bytes);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
