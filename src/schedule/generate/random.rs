//! Where does chance come from? From a counter: the randomness of a row is computed from the seed, the place
//! and the row's number, never from what was drawn before.
//!
//! So a table is the same whether it is generated in one piece, in chunks, or by several threads. The generator
//! is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, with the
//! constants of its `mix64` variant 13 by David Stafford): named, tiny, and equal on every platform and in every
//! version of any library.

use rand::TryRng;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// The odd integer nearest to 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The randomness of one place, such as a column of a table: one independent source of numbers per index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a place under a seed. `place` names it from the outside in: `["seed", "orders", "total"]`.
    pub fn of(seed: u64, place: &[&str]) -> Stream {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for name in place {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let words = digest.as_chunks::<8>().0;
        Stream(u64::from_le_bytes(words[0]))
    }

    /// Another stream of the same place, for another purpose.
    pub fn branch(self, purpose: u64) -> Stream {
        Stream(mix(self.0 ^ mix(purpose.wrapping_mul(GOLDEN))))
    }

    /// The numbers for one index, as a rule a row.
    pub fn at(self, index: u64) -> Random {
        Random(mix(self.0.wrapping_add(mix(index))))
    }

    /// One number that no other index of this stream has: the map from indexes to these is a bijection.
    pub fn distinct(self, index: u64) -> u64 {
        mix(self.0.wrapping_add(mix(index)))
    }
}

/// A SplitMix64 in some state.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A whole number from 0 up to, not including, `bound`, each equally often; 0 for a bound of 0.
    ///
    /// Lemire, "Fast random integer generation in an interval", 2019.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.bits()) * u128::from(bound);
        if (product as u64) < bound {
            let least = bound.wrapping_neg() % bound;
            while (product as u64) < least {
                product = u128::from(self.bits()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// A multiple of 2^-53 from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A bijection of 64 bits in which every bit depends on every other.
pub(super) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 64 bits that stand for some bytes: FNV-1a, then mixed. Equal on every platform.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64_with_its_published_first_numbers() {
        let mut random = Random(1_234_567);
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([(); 5].map(|()| random.bits()), published);
    }

    #[test]
    fn places_and_seeds_and_rows_have_different_numbers() {
        let first = |seed, place: &[&str], row| Stream::of(seed, place).at(row).bits();
        let one = first(1, &["orders", "total"], 0);
        assert_eq!(one, first(1, &["orders", "total"], 0));
        for other in [
            first(2, &["orders", "total"], 0),
            first(1, &["orderst", "otal"], 0),
            first(1, &["orders", "total"], 1),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn numbers_below_a_bound_are_below_it_and_all_occur() {
        let mut random = Stream::of(7, &["test"]).at(0);
        let mut seen = [0_u32; 6];
        for _ in 0..6000 {
            seen[random.below(6) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
        assert_eq!(random.below(1), 0);
        assert_eq!(random.below(0), 0);
    }
}
