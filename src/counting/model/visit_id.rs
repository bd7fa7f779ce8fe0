//! Visit ids, by which a retry is known as the same visit.

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// The longest id, in bytes: room for a UUID with a prefix, or a SHA-256 in hex.
pub(crate) const MAX_ID_BYTES: usize = 64;

/// The id of one visit, chosen by its caller (an idempotency key) or made by the isolate that takes it.
/// 1 to [`MAX_ID_BYTES`] visible ASCII characters, without `"` and `\`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitId(String);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitIdError {
    /// It is empty or longer than [`MAX_ID_BYTES`]: it has this many bytes.
    Length(usize),
    /// It has a character outside visible ASCII, or `"`, or `\`.
    Character,
}

impl VisitId {
    /// Reads an id that a caller chose.
    ///
    /// # Errors
    /// [`VisitIdError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, VisitIdError> {
        if text.is_empty() || text.len() > MAX_ID_BYTES {
            return Err(VisitIdError::Length(text.len()));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            return Err(VisitIdError::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The `n`th id that an isolate makes. `isolate` is 128 random bits drawn once in an isolate's life, so two
    /// isolates make the same id with a probability below 2^-64 even after 2^32 isolates.
    pub fn made_by(isolate: u128, n: u64) -> Self {
        Self(format!("{isolate:032x}-{n:x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The fingerprint that a ledger remembers.
    ///
    /// SipHash-2-4 (Aumasson and Bernstein, 2012) with a fixed key. The key need not be secret: a caller who finds two ids
    /// with one fingerprint can only make the second of its own visits a duplicate. By chance, a new id has the fingerprint of one
    /// of the 50,000,000 ids that a shard remembers, or a key of one of them, at most once in 10^11 visits.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = SipHasher24::new_with_keys(0x666f_6f74_6661_6c6c, 0x7669_7369_742d_6964);
        hasher.write(self.0.as_bytes());
        Fingerprint(hasher.finish())
    }
}

/// 64 bits that stand for a visit id in batches and ledgers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_visible_ascii_of_bounded_length() {
        for good in ["a", "0190-uuid:like~!", &"x".repeat(MAX_ID_BYTES)] {
            assert_eq!(VisitId::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(VisitId::parse(""), Err(VisitIdError::Length(0)));
        assert_eq!(VisitId::parse(&"x".repeat(65)), Err(VisitIdError::Length(65)));
        for bad in ["a b", "a\"b", "a\\b", "é", "a\n"] {
            assert_eq!(VisitId::parse(bad), Err(VisitIdError::Character), "{bad:?}");
        }
    }

    #[test]
    fn made_ids_are_ids_and_differ() {
        let id = VisitId::made_by(u128::MAX, u64::MAX);
        assert_eq!(VisitId::parse(id.as_str()), Ok(id.clone()));
        assert_ne!(VisitId::made_by(1, 23), VisitId::made_by(12, 3));
        assert_ne!(id.fingerprint(), VisitId::made_by(1, 1).fingerprint());
    }

    #[test]
    fn the_fingerprint_of_an_id_never_changes() {
        // Ledgers remember fingerprints across versions of this program: another value here would count retries twice.
        assert_eq!(VisitId::parse("visit-1").unwrap().fingerprint(), Fingerprint(16_983_402_401_676_785_182));
    }
}
