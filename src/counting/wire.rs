//! The compact messages between an isolate and a shard, and the rows of a shard's journal.
//!
//! Encoded with postcard (its wire format is specified and stable since 1.0) behind one byte that names the version
//! of the messages below: while a deployment rolls out, isolates and shards of two versions talk to each other,
//! and a journal is read by later versions. A message of another version, cut short or with bytes left over, is
//! refused, never guessed at.

use super::visit_id::Fingerprint;
use serde::{Deserialize, Serialize};

/// The version of all messages in this file.
const VERSION: u8 = 1;

/// The most visits of one batch. At 520 bytes for a visit with the longest page this keeps a journal row under
/// 0.3 MB, well below the 2 MB that a row may have.
pub const MAX_BATCH_VISITS: usize = 512;

/// What an isolate asks of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call<'a> {
    /// Count these visits, once.
    #[serde(borrow)]
    Register(Batch<'a>),
    /// How many views has this page, or the whole site?
    Views(Option<&'a str>),
}

/// What a shard answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The batch is stored; what became of its visits.
    Receipt(Receipt),
    /// The views that were asked for.
    Views(u64),
    /// The call was not carried out.
    Refused(Fault),
}

/// Why a shard did not carry out a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The call cannot be read. Nothing was stored.
    Malformed,
    /// A later batch of the same isolate came before: whether this one was stored is no longer known.
    Superseded,
    /// The shard remembers as many visit ids or isolates as it may. Nothing was stored.
    Full,
    /// Storage failed: perhaps stored.
    Storage,
}

/// Visits that one isolate sends in one POST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<'a> {
    /// The isolate: 128 random bits drawn once in its life.
    pub isolate: u128,
    /// The number of this batch among those of its isolate to this shard; a retry has the same, a new batch a higher one.
    pub sequence: u64,
    /// The pages of the visits, each once.
    #[serde(borrow)]
    pub pages: Vec<&'a str>,
    /// The visits in the order of their arrival.
    pub visits: Vec<Item>,
}

/// One visit of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its page: an index into the pages of its batch.
    pub page: u16,
    /// Its id, if its caller gave one.
    pub id: Option<Fingerprint>,
}

/// What became of the visits of a batch, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One for each visit.
    pub visits: Vec<Counted>,
}

/// What became of one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Its id was known: it counted nothing.
    pub duplicate: bool,
    /// Its page was one too many for the site: it was counted under [`super::ledger::OTHER`].
    pub other: bool,
    /// The views of the page it was counted under, right after it.
    pub views: u64,
}

/// A row of a journal: a batch, when it came, and the answer it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row<'a> {
    /// Milliseconds since 1970, by the shard's clock.
    pub at: u64,
    /// The batch.
    #[serde(borrow)]
    pub batch: Batch<'a>,
    /// Its receipt.
    pub receipt: Receipt,
}

/// Bytes that are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Encodes a message.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    // Messages are structs of numbers, strings and lists of known length: writing them to memory cannot fail. An
    // empty message would be refused by its reader.
    postcard::to_extend(message, vec![VERSION]).unwrap_or_default()
}

/// Decodes a message.
///
/// # Errors
/// [`Unreadable`].
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    let message = bytes.strip_prefix(&[VERSION]).ok_or(Unreadable)?;
    match postcard::take_from_bytes(message) {
        Ok((value, [])) => Ok(value),
        _ => Err(Unreadable),
    }
}
