//! A small counter-based generator, so that training is reproducible byte for byte.

/// SplitMix64.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly spread over 0 ≤ x < 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "24 bits are what f32 holds exactly"
    )]
    pub(crate) const fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Evenly spread over −1 ≤ x < 1.
    pub(crate) const fn signed(&mut self) -> f32 {
        2.0 * self.unit() - 1.0
    }

    /// A number below `bound`, which must not be 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a remainder by a usize is a usize"
    )]
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Puts `items` into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
