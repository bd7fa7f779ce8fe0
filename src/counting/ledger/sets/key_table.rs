//! Keys in memory.
//!
//! Keys are uniform, because they are hashes under a secret seed. So a key's place is its highest bits, and the keys lie almost in their
//! order: sorting them only moves neighbours.

/// Keys, each once. 0 is no key.
#[derive(Debug, Default)]
pub(crate) struct KeyTable {
    /// A power of two of places, or none. 0 is a free place.
    places: Vec<u64>,
    len: usize,
}

/// The fewest places of a table that has any.
const FEWEST: usize = 16;

impl KeyTable {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many bytes the table takes.
    pub(crate) fn bytes(&self) -> usize {
        self.places.len().saturating_mul(8)
    }

    /// How many bytes a table of so many keys takes.
    pub(crate) fn bytes_for(keys: usize) -> usize {
        places_for(keys).saturating_mul(8)
    }

    /// Whether the key is there.
    pub(crate) fn contains(&self, key: u64) -> bool {
        self.find(key).is_some_and(|at| self.places.get(at) == Some(&key))
    }

    /// Adds a key. Returns whether it is new.
    pub(crate) fn insert(&mut self, key: u64) -> bool {
        if places_for(self.len.saturating_add(1)) > self.places.len() {
            self.grow(self.len.saturating_add(1));
        }
        let Some(place) = self.find(key).and_then(|at| self.places.get_mut(at)) else { return false };
        let is_new = *place != key;
        *place = key;
        self.len = self.len.saturating_add(usize::from(is_new));
        is_new
    }

    /// Makes room for so many keys in all.
    pub(crate) fn grow(&mut self, keys: usize) {
        let places = places_for(keys);
        if places <= self.places.len() {
            return;
        }
        let before = std::mem::replace(&mut self.places, vec![0; places]);
        for key in before.into_iter().filter(|key| *key != 0) {
            if let Some(place) = self.find(key).and_then(|at| self.places.get_mut(at)) {
                *place = key;
            }
        }
    }

    /// The keys, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> {
        self.places.iter().copied().filter(|key| *key != 0)
    }

    /// The keys in their order.
    pub(crate) fn sorted(&self) -> Vec<u64> {
        let mut keys: Vec<u64> = Vec::with_capacity(self.len);
        for key in self.keys() {
            let mut at = keys.len();
            while let Some(before) = at.checked_sub(1)
                && keys.get(before).is_some_and(|other| *other > key)
            {
                at = before;
            }
            keys.insert(at, key);
        }
        keys
    }

    /// The place of a key, or the free one where it belongs. A table is never full.
    fn find(&self, key: u64) -> Option<usize> {
        let last = self.places.len().checked_sub(1)?;
        // Of 2^n places, the highest n bits.
        let bits = self.places.len().trailing_zeros();
        let mut at = usize::try_from(key.checked_shr(64_u32.saturating_sub(bits))?).ok()?;
        loop {
            let place = *self.places.get(at)?;
            if place == key || place == 0 {
                return Some(at);
            }
            at = if at == last { 0 } else { at.saturating_add(1) };
        }
    }
}

/// How many places hold so many keys: at least a quarter stays free.
fn places_for(keys: usize) -> usize {
    keys.saturating_add(keys / 3).saturating_add(1).next_power_of_two().max(FEWEST)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn agree(keys: &[u64]) {
        let mut table = KeyTable::default();
        let mut model = BTreeSet::new();
        for key in keys {
            assert_eq!(table.contains(*key), model.contains(key), "{key}");
            assert_eq!(table.insert(*key), model.insert(*key), "{key}");
            assert!(table.contains(*key));
        }
        assert_eq!(table.len(), model.len());
        // It grows before it knows whether a key is new.
        assert!(table.bytes() <= KeyTable::bytes_for(model.len() + 1));
        assert_eq!(table.sorted(), model.into_iter().collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn a_table_is_a_set(keys in prop::collection::vec(prop_oneof![1..40_u64, u64::MAX - 40..=u64::MAX, 1..=u64::MAX], 0..300)) {
            agree(&keys);
        }
    }

    #[test]
    fn keys_of_one_place_are_only_slow() {
        agree(&(0..2_000).map(|n| u64::MAX - n).collect::<Vec<_>>());
        agree(&(1..2_000).rev().collect::<Vec<_>>());
        assert!(!KeyTable::default().contains(1));
    }
}
