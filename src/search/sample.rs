//! Which orders are drawn? Each by a source of chance of its own, so that it does not matter which was played before.

use super::routes::Steering;
use crate::schedule::generate::Stream;

/// The order with this number under a seed.
pub fn drawn(random_seed: u64, number: u64) -> Steering {
    Steering::Drawn(Stream::of(random_seed, &["explore"]).at(number))
}
