//! How to give every row another number of a range, in no visible order, without remembering any?

use super::random::{Stream, mix};

/// Rounds of the network; four make it indistinguishable from random in theory (Luby and Rackoff, 1988).
const ROUNDS: usize = 6;

/// A bijection of the numbers below `size` onto themselves: a Feistel network over the next larger power of
/// four, walked until it comes back into the range (Black and Rogaway, "Ciphers with arbitrary finite domains",
/// 2002), at most four steps on average.
#[derive(Debug, Clone)]
pub struct Permutation {
    size: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation of `size` numbers that belongs to a stream.
    pub fn new(stream: Stream, size: u64) -> Permutation {
        let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
        let mut random = stream.at(size);
        Permutation {
            size,
            half_bits: bits.div_ceil(2).max(1),
            keys: [(); ROUNDS].map(|()| random.bits()),
        }
    }

    /// The number at this place; a place outside of the range is taken modulo its size.
    pub fn at(&self, place: u64) -> u64 {
        if self.size == 0 {
            return 0;
        }
        let mut number = self.encrypt(place % self.size);
        while number >= self.size {
            number = self.encrypt(number);
        }
        number
    }

    fn encrypt(&self, number: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_of_the_range_occurs_once(seed: u64, size in 1_u64..3000) {
            let permutation = Permutation::new(Stream::of(seed, &["test"]), size);
            let mut numbers: Vec<u64> = (0..size).map(|place| permutation.at(place)).collect();
            numbers.sort_unstable();
            prop_assert!(numbers.into_iter().eq(0..size));
        }

        #[test]
        fn ranges_of_any_size_keep_their_numbers_inside(seed: u64, size in 1_u64.., place: u64) {
            let permutation = Permutation::new(Stream::of(seed, &["test"]), size);
            prop_assert!(permutation.at(place) < size);
        }
    }
}
