//! One of several processes that share a run.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The most processes that may share a run.
const MOST: u32 = 10_000;

/// The I-th of N processes that share a run, written `2/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// Which of these things are this one's, given by their numbers from 0: the first one and how many. The parts of all
    /// processes follow each other and differ by one at most.
    pub fn share(self, things: u64) -> (u64, u64) {
        let (index, of) = (u64::from(self.index), u64::from(self.of));
        let until = |index: u64| {
            let until = u128::from(things) * u128::from(index) / u128::from(of.max(1));
            u64::try_from(until).unwrap_or(things)
        };
        let from = until(index.saturating_sub(1));
        (from, until(index) - from)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("write I/N, the I-th of N processes, such as 1/4 (N up to {MOST})");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (index, of) = (number(index)?, number(of)?);
        match (1..=of).contains(&index) && of <= MOST {
            true => Ok(Self { index, of }),
            false => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_together_are_the_whole_and_follow_each_other() {
        for (things, of) in [(10, 4), (3, 4), (0, 3), (100_000, 7)] {
            let mut next = 0;
            for index in 1..=of {
                let (from, count) = Shard { index, of }.share(things);
                assert_eq!(from, next);
                next += count;
            }
            assert_eq!(next, things);
        }
    }

    #[test]
    fn a_part_is_written_as_a_fraction() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, of: 4 }));
        for wrong in ["0/4", "5/4", "2", "a/b", "1/0", "1/99999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
