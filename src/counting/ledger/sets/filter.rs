//! Filters: bits in memory that tell of most keys that a run does not have them, so that no row is read for those.
//!
//! A Bloom filter (Bloom, 1970) of each group of slices. Small runs get more bits a key than large ones, because that takes little memory,
//! and most runs are small (Dayan, Athanassoulis and Idreos, "Monkey", 2017).

/// How much a filter keeps of each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterKind {
    /// Quarters of a bit that it takes.
    quarter_bits: usize,
    /// How many bits a key sets.
    hashes: u64,
}

impl FilterKind {
    /// The filter of a run of 2^`bits` slices. Of a key that such a run does not have, its filter says so in all but 1 of 400, 40, or 5 cases.
    pub(crate) fn of_run(bits: u32) -> Self {
        match bits {
            0..=3 => Self { quarter_bits: 64, hashes: 4 },
            4..=7 => Self { quarter_bits: 32, hashes: 4 },
            _ => Self { quarter_bits: 13, hashes: 2 },
        }
    }

    /// The bytes of a filter of so many keys.
    pub(crate) fn bytes(self, keys: usize) -> usize {
        keys.saturating_mul(self.quarter_bits).div_ceil(32)
    }

    /// The filter of these keys.
    pub(crate) fn build(self, keys: &[u64]) -> Box<[u8]> {
        let mut filter = vec![0; self.bytes(keys.len())].into_boxed_slice();
        let size = filter.len();
        for key in keys {
            for (at, bit) in self.bits(*key, size) {
                if let Some(byte) = filter.get_mut(at) {
                    *byte |= bit;
                }
            }
        }
        filter
    }

    /// Whether the filter has all bits of the key.
    pub(crate) fn may_have(self, filter: &[u8], key: u64) -> bool {
        self.bits(key, filter.len()).all(|(at, bit)| filter.get(at).is_some_and(|byte| byte & bit != 0))
    }

    /// The bits of a key in a filter of `size` bytes: which byte, and which bit of it. Two halves of the key stand for two hashes, from
    /// which the others are made (Kirsch and Mitzenmacher, 2006). The highest bits are left out: all keys of a group have the same.
    fn bits(self, key: u64, size: usize) -> impl Iterator<Item = (usize, u8)> {
        let size = u64::try_from(size).unwrap_or(0).saturating_mul(8);
        let (first, step) = (key & HALF, key >> 20 & HALF | 1);
        (0..self.hashes).map(move |n| {
            let hash = first.wrapping_add(n.wrapping_mul(step)) & HALF;
            let bit = hash.wrapping_mul(size) >> 32;
            (usize::try_from(bit >> 3).unwrap_or(usize::MAX), 1 << (bit & 7))
        })
    }
}

/// The lower half of a number.
const HALF: u64 = 0xffff_ffff;

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "a test may fail")]

    use super::*;

    /// Keys as they are in one group: the highest bits are the same.
    fn keys(from: u64, how_many: u64, group_bits: u32) -> Vec<u64> {
        let hash = |n: u64| {
            (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(31))
                .wrapping_mul(0xff51_afd7_ed55_8ccd)
        };
        (from..from + how_many).map(|n| hash(n) >> group_bits | 1 << (63 - group_bits)).collect()
    }

    #[test]
    fn a_filter_has_all_its_keys_and_few_others() {
        for (run, group_bits, most) in [(0, 0, 0.004), (3, 0, 0.004), (4, 1, 0.03), (7, 4, 0.03), (8, 5, 0.23), (13, 10, 0.23)] {
            let kind = FilterKind::of_run(run);
            for how_many in [1_u64, 1_000, 65_536] {
                let mine = keys(0, how_many, group_bits);
                let filter = kind.build(&mine);
                assert_eq!(filter.len(), kind.bytes(mine.len()));
                assert!(mine.iter().all(|key| kind.may_have(&filter, *key)));
                let wrong = keys(1 << 32, 20_000, group_bits).into_iter().filter(|key| kind.may_have(&filter, *key)).count();
                #[allow(clippy::cast_precision_loss, reason = "small numbers")]
                let part = wrong as f64 / 20_000.0;
                assert!(part < most || how_many == 1, "2^{run} slices, {how_many} keys: {part}");
            }
        }
        assert!(!FilterKind::of_run(0).may_have(&[], 7), "a filter of no keys has none");
    }
}
