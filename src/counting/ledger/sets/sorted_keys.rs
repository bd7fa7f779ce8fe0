//! Keys in their order, as numbers and as the bytes of a row: 8 for each key, little endian.

use crate::counting::storage::{StorageError, unreadable};

/// Numbers as bytes.
pub(crate) fn bytes_of(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The numbers in a row.
pub(crate) fn keys_of(row: &[u8]) -> Result<&[[u8; 8]], StorageError> {
    match row.as_chunks() {
        (keys, []) => Ok(keys),
        _ => Err(unreadable("a row of a set")),
    }
}

/// Whether a row of keys has this one.
pub(crate) fn has(row: &[u8], key: u64) -> Result<bool, StorageError> {
    let keys = keys_of(row)?;
    let at = keys.partition_point(|other| u64::from_le_bytes(*other) < key);
    Ok(keys.get(at) == Some(&key.to_le_bytes()))
}

/// The keys of both, in their order, each once.
pub(crate) fn merged(one: &[u64], other: &[u64]) -> Vec<u64> {
    let mut keys = Vec::with_capacity(one.len().saturating_add(other.len()));
    let (mut one, mut other) = (one, other);
    while let ([a, ones @ ..], [b, others @ ..]) = (one, other) {
        keys.push(*a.min(b));
        if a <= b {
            one = ones;
        }
        if b <= a {
            other = others;
        }
    }
    keys.extend_from_slice(one);
    keys.extend_from_slice(other);
    keys
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;

    #[test]
    fn two_lists_become_one() {
        assert!(merged(&[], &[]).is_empty());
        assert_eq!(merged(&[1, 4, 9], &[2, 4, 10, 11]), [1, 2, 4, 9, 10, 11]);
        assert_eq!(merged(&[5], &[1, 2]), [1, 2, 5]);
    }
}
