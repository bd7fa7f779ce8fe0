//! The only source of randomness in a run, so that the same seed always gives the same run.

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and good enough to pick faults with.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        ((u128::from(self.next()) << 64) | u128::from(self.next())).to_le_bytes()
    }

    /// A number below `n`, or 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, inclusive.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True with a probability of `of_10_000` in 10,000.
    pub(crate) fn chance(&mut self, of_10_000: u64) -> bool {
        self.below(10_000) < of_10_000
    }

    /// A delay with a heavy tail. It is about `usual`, then doubles with a chance of one in three, again and again, up to `most`.
    pub(crate) fn tail(&mut self, usual: u64, most: u64) -> u64 {
        let mut delay = self.between(1, usual * 2);
        while delay < most && self.below(3) == 0 {
            delay *= 2;
        }
        delay.min(most)
    }

    /// One element of a list.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Mixes the bits of a number.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
