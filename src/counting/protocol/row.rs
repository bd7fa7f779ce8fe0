//! A row of the journal: batches that were written together, when that was, and the receipt of each.
//!
//! Its first byte is the version of its shape. After it, in postcard:
//!
//! | version | what follows |
//! | --- | --- |
//! | 1 | the time, one batch, its receipt. It is from before batches shared rows, and is still read |
//! | 2 | the time, the number of batches, then each batch with its receipt behind it |

use crate::counting::protocol::batch::{Batch, Receipt};
use crate::counting::protocol::wire::{Unreadable, append, take};

/// The version of the rows that are written.
const VERSION: u8 = 2;

/// A row of the journal, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// When it was written, in milliseconds since 1970, by the shard's clock.
    pub at: u64,
    /// The batches in the order in which they were applied, each with its receipt.
    pub batches: Vec<(Batch<'a>, Receipt)>,
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
            let (receipt, more) = take(more)?;
            batches.push((batch, receipt));
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

    /// Appends a batch with its receipt.
    pub fn push(&mut self, batch: &Batch<'_>, receipt: &Receipt) {
        append(batch, &mut self.body);
        append(receipt, &mut self.body);
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
