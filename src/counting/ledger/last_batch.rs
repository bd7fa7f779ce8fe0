//! One batch that may be retried, as bytes: the same in memory and in a stored row.

/// The last batch of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastBatch<'a> {
    /// The lane of an isolate.
    pub isolate: u128,
    /// Its number.
    pub sequence: u64,
    /// When it came, in milliseconds since 1970.
    pub at: u64,
    /// Its answer: an encoded [`Receipt`](crate::counting::protocol::batch::Receipt).
    pub receipt: &'a [u8],
}

/// The bytes before the receipt: the lane, the number, the time, and the length of the receipt, big endian.
const HEAD: usize = 16 + 8 + 8 + 2;

/// The longest receipt that can be kept, in bytes. One of 512 visits takes at most 6,147.
const MAX_RECEIPT: usize = 0xffff;

impl<'a> LastBatch<'a> {
    /// How many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        HEAD.saturating_add(self.receipt.len().min(MAX_RECEIPT))
    }

    /// Appends its bytes.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        // A longer receipt would be cut, and then it is none.
        let length = u16::try_from(self.receipt.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&self.isolate.to_be_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(self.receipt.get(..length.into()).unwrap_or(&[]));
    }

    /// Takes a batch off the front of bytes; `None` if there is no whole one.
    pub(crate) fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut left = *bytes;
        let isolate = u128::from_be_bytes(*take(&mut left)?);
        let [sequence, at] = [u64::from_be_bytes(*take(&mut left)?), u64::from_be_bytes(*take(&mut left)?)];
        let length = u16::from_be_bytes(*take(&mut left)?);
        let (receipt, rest) = left.split_at_checked(length.into())?;
        *bytes = rest;
        Some(Self { isolate, sequence, at, receipt })
    }
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}
