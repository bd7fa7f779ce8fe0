//! How messages between isolates and objects, and the rows of a journal, are encoded.
//!
//! A message is one byte with the version of its shape, and then postcard (its wire format is specified, and stable since 1.0).
//! A message of another version, or one that is cut short or has bytes left over, is refused and never guessed at.
//! While a deployment rolls out, isolates and shards of two versions talk to each other, and the journal of the version
//! before must still be read. So a new variant always goes to the end of its enum. From the first release on, a change of a shape
//! raises its version and keeps a reader of the version before.

use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::batch::{Receipt, Row};
use crate::counting::protocol::call::Call;
use crate::counting::protocol::day::{DayAnswer, DayCall};
use crate::counting::protocol::report::Question;
use serde::{Deserialize, Serialize};

/// A message, or a row of the journal.
pub trait Message {
    /// The version of its shape.
    const VERSION: u8 = 1;
}

impl Message for Question<'_> {}

impl Message for Receipt {}
impl Message for Row<'_> {}
impl Message for Call<'_> {}
impl Message for Answer {}
impl Message for DayCall {}
impl Message for DayAnswer {}

/// The bytes are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Encodes a message.
pub fn encode<M: Message + Serialize>(message: &M) -> Vec<u8> {
    // Messages are structs of numbers, strings and lists of known length: writing them to memory cannot fail. An
    // empty message would be refused by its reader.
    postcard::to_extend(message, vec![M::VERSION]).unwrap_or_default()
}

/// Decodes a message.
///
/// # Errors
/// [`Unreadable`].
pub fn decode<'a, M: Message + Deserialize<'a>>(bytes: &'a [u8]) -> Result<M, Unreadable> {
    let message = bytes.strip_prefix(&[M::VERSION]).ok_or(Unreadable)?;
    match postcard::take_from_bytes(message) {
        Ok((value, [])) => Ok(value),
        _ => Err(Unreadable),
    }
}
