//! Randomness that is a function of where it is used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Infallible, SeedableRng, TryRng};

/// What randomness is for; each purpose has its own. The numbers are part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Making a child.
    Vary = 1,
    /// Choosing the cases of a generation.
    Select = 2,
    /// Splitting a problem's cases.
    Split = 4,
    /// Drawing what a simulation is about.
    Simulate = 5,
}

/// A generator keyed by (seed, generation, child, purpose): ChaCha with 8 rounds (Bernstein 2008),
/// whose key is those four numbers.
///
/// The same four numbers yield the same sequence on every machine, whatever was drawn before.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The generator of `child` in `generation`.
    pub fn keyed(seed: u64, generation: u32, child: u32, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&generation.to_le_bytes());
        key[12..16].copy_from_slice(&child.to_le_bytes());
        key[16] = purpose as u8;
        Self(ChaCha8Rng::from_seed(key))
    }
}

impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn each_place_has_a_sequence_of_its_own() {
        let first = |seed, generation, child, purpose| {
            Rng::keyed(seed, generation, child, purpose).random::<u64>()
        };
        let here = first(1, 2, 3, Purpose::Vary);
        assert_eq!(here, first(1, 2, 3, Purpose::Vary));
        assert_ne!(here, first(2, 2, 3, Purpose::Vary));
        assert_ne!(here, first(1, 3, 3, Purpose::Vary));
        assert_ne!(here, first(1, 2, 4, Purpose::Vary));
        assert_ne!(here, first(1, 2, 3, Purpose::Select));
    }

    #[test]
    fn the_sequence_stays_what_it_is() {
        // A checkpoint that is resumed by a later build must go on as it would have.
        let mut rng = Rng::keyed(42, 7, 11, Purpose::Vary);
        let drawn: Vec<u32> = (0..4).map(|_| rng.random()).collect();
        insta::assert_debug_snapshot!(drawn);
    }
}
