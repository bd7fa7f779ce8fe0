//! How messages between isolates and objects are encoded. The rows of a journal are written in the same way:
//! [`crate::counting::protocol::row`].
//!
//! A message is one byte with the version of its shape, and then postcard (its wire format is specified, and stable since 1.0).
//! A message of another version, or one that is cut short or has bytes left over, is refused and never guessed at.
//! While a deployment rolls out, isolates and shards of two versions talk to each other, and the journal of the version
//! before must still be read. So a new variant always goes to the end of its enum. From the first release on, a change of a shape
//! raises its version and keeps a reader of the version before.

use crate::counting::protocol::answer::Answer;
use crate::counting::protocol::batch::Receipt;
use crate::counting::protocol::call::Call;
use crate::counting::protocol::day::{DayAnswer, DayCall};
use crate::counting::protocol::report::Question;
use serde::{Deserialize, Serialize};

/// A message, or a stored receipt.
pub trait Message {
    /// The version of its shape.
    const VERSION: u8 = 1;
}

impl Message for Question<'_> {}

impl Message for Receipt {}
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

/// The number of [`Call::Register`] among the calls.
const REGISTER: u8 = 11;

/// The isolate and the number of the batch that an encoded [`Call::Register`] has, without reading the rest. `None` for any other call.
pub(crate) fn number_of_batch(call: &[u8]) -> Option<(u128, u64)> {
    let batch = call.strip_prefix(&[Call::VERSION, REGISTER])?;
    let (isolate, rest) = take(batch).ok()?;
    let (sequence, _) = take(rest).ok()?;
    Some((isolate, sequence))
}

/// Appends a part of a journal row.
pub(crate) fn append<T: Serialize>(part: &T, bytes: &mut Vec<u8>) {
    // It cannot fail, as in `encode`.
    *bytes = postcard::to_extend(part, std::mem::take(bytes)).unwrap_or_default();
}

/// Reads a part of a journal row or of a message, and gives the bytes behind it.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn take<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), Unreadable> {
    postcard::take_from_bytes(bytes).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::protocol::batch::Batch;

    #[test]
    fn the_number_of_a_batch_is_read_without_the_rest() {
        let [isolate, sequence] = [u128::MAX, 7];
        let batch = Batch { isolate, sequence: 1 << 52, pages: vec!["/"], details: vec![], visits: vec![], tallies: vec![] };
        let call = encode(&Call::Register(batch.clone()));
        assert_eq!(number_of_batch(&call), Some((isolate, 1 << 52)));
        assert_eq!(number_of_batch(&call[..20]), None, "it is cut short");
        let batch = Batch { isolate: sequence, sequence: 0, ..batch };
        let call = encode(&Call::Sum { shards: 1, call: &encode(&Call::Register(batch)) });
        for other in [call, encode(&Call::Unlisted(Vec::new())), encode(&Call::Watch), Vec::new()] {
            assert_eq!(number_of_batch(&other), None);
        }
    }
}
