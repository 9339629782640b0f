//! Which texts lie between two others? As many different ones as are asked for, in the order of their bytes.
//!
//! A text is what both bounds begin with, and then a number in the digits of an alphabet: so many digits that there is
//! one number strictly between the bounds for each text that is wanted. Whatever follows those digits leaves it there. The
//! alphabet has digits and letters of one case: of those the order is the same in every collation.

use std::collections::BTreeSet;

/// The most digits that tell texts apart: 36 to the power of 12 are as many as nobody seeds.
const MOST_DIGITS: usize = 12;

/// Where in a histogram a text belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket<'a> {
    /// The bound below.
    pub(super) low: &'a str,
    /// The bound above.
    pub(super) high: &'a str,
    /// How far between the two, from 0 to less than 1.
    pub(super) place: f64,
    /// How many different texts there are between the two.
    pub(super) texts: f64,
}

/// A text at its place between two bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Between {
    /// What tells it from the others.
    pub(super) start: String,
    /// What may follow it.
    pub(super) alphabet: Vec<char>,
}

impl Bucket<'_> {
    /// The text at the place, of at most so many characters; none where there is no text between the bounds.
    pub(super) fn text(&self, most: usize) -> Option<Between> {
        let (same, low, high) = self.apart();
        let room = most.saturating_sub(same.chars().count()).min(MOST_DIGITS);
        // Two for each: rounding must not make one of two.
        let wanted = (self.texts * 2.0).ceil().max(1.0) as u128;
        let mut best: Option<Numbers> = None;
        for alphabet in self.alphabets(&low, &high) {
            for digits in 1..=room {
                let numbers = Numbers::between(&low, &high, &alphabet, digits);
                let more = best.as_ref().is_none_or(|best| numbers.count > best.count);
                let enough = numbers.count >= wanted;
                if more && numbers.count > 0 {
                    best = Some(numbers);
                }
                if enough {
                    return best.map(|numbers| numbers.at(self.place, &same));
                }
            }
        }
        best.map(|numbers| numbers.at(self.place, &same))
    }

    /// What both bounds begin with, and what is left of them.
    fn apart(&self) -> (String, Vec<char>, Vec<char>) {
        let pairs = self.low.chars().zip(self.high.chars());
        let same: String = pairs
            .take_while(|(low, high)| low == high)
            .map(|(low, _)| low)
            .collect();
        let rest = |text: &str| text[same.len()..].chars().collect();
        let (low, high) = (rest(self.low), rest(self.high));
        (same, low, high)
    }

    /// The alphabets to be tried, the best first.
    fn alphabets(&self, low: &[char], high: &[char]) -> Vec<Vec<char>> {
        // The text form of bytea.
        if self.low.starts_with("\\x") {
            return vec![('0'..='9').chain('a'..='f').collect()];
        }
        let upper = ('0'..='9').chain('A'..='Z').collect();
        let lower: Vec<char> = ('0'..='9').chain('a'..='z').collect();
        // Between a text and the same with a zero.
        let dashed = ['-'].into_iter().chain(lower.iter().copied()).collect();
        let is_upper = |c: &char| c.is_ascii_uppercase();
        let is_lower = |c: &char| c.is_ascii_lowercase();
        let letters = || low.iter().chain(high);
        let shouts = letters().any(is_upper) && !letters().any(is_lower);
        // Where no letter lies between them: what they have themselves.
        let own: BTreeSet<char> = letters().copied().collect();
        let own = own.into_iter().collect();
        match shouts {
            true => vec![upper, lower, dashed, own],
            false => vec![lower, upper, dashed, own],
        }
    }
}

/// The numbers of so many digits strictly between two bounds, whatever follows them.
struct Numbers {
    alphabet: Vec<char>,
    digits: usize,
    first: u128,
    count: u128,
}

impl Numbers {
    fn between(low: &[char], high: &[char], alphabet: &[char], digits: usize) -> Self {
        let (below, is_one) = numbers_below(low, alphabet, digits);
        // One that begins as the lower bound does may lie below it.
        let first = below + u128::from(is_one);
        let (end, _) = numbers_below(high, alphabet, digits);
        Self {
            alphabet: alphabet.to_vec(),
            digits,
            first,
            count: end.saturating_sub(first),
        }
    }

    fn at(&self, place: f64, same: &str) -> Between {
        let within = (place * self.count as f64) as u128;
        let mut number = self.first + within.min(self.count - 1);
        let base = self.alphabet.len() as u128;
        let mut digits = Vec::with_capacity(self.digits);
        for _ in 0..self.digits {
            digits.push(self.alphabet[(number % base) as usize]);
            number /= base;
        }
        Between {
            start: same.chars().chain(digits.into_iter().rev()).collect(),
            alphabet: self.alphabet.clone(),
        }
    }
}

/// How many numbers of so many digits come before a text, and whether the text begins with one itself.
fn numbers_below(text: &[char], alphabet: &[char], digits: usize) -> (u128, bool) {
    let base = alphabet.len() as u128;
    let mut below = 0;
    for at in 0..digits {
        let Some(letter) = text.get(at) else {
            return (below, false);
        };
        let smaller = alphabet.partition_point(|known| known < letter);
        let rest = u32::try_from(digits - at - 1).unwrap_or(u32::MAX);
        below += smaller as u128 * base.pow(rest);
        if alphabet.get(smaller) != Some(letter) {
            return (below, false);
        }
    }
    (below, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(low: &str, high: &str, count: u32, most: usize) -> Vec<String> {
        let one = |at: u32| {
            let bucket = Bucket {
                low,
                high,
                place: (f64::from(at) + 0.5) / f64::from(count),
                texts: f64::from(count),
            };
            bucket.text(most).map(|between| between.start)
        };
        (0..count).filter_map(one).collect()
    }

    #[test]
    fn there_is_a_text_for_each_that_is_wanted() {
        for (low, high) in [
            ("user100", "user199"),
            ("user10", "user100"),
            ("a", "b"),
            ("A", "a"),
            ("", "0"),
            ("Adams", "BAKER"),
            ("x y", "x z"),
            ("é", "ö"),
            ("ab", "ab c"),
            ("\\x00ff", "\\x0100"),
        ] {
            let made = texts(low, high, 500, usize::MAX);
            let different: BTreeSet<&String> = made.iter().collect();
            assert_eq!(different.len(), 500, "{low:?} {high:?} {made:?}");
        }
    }

    #[test]
    fn between_bounds_that_touch_there_is_none() {
        assert_eq!(texts("a", "a ", 3, 9), Vec::<String>::new());
        assert_eq!(texts("a", "a", 3, 9), Vec::<String>::new());
        assert_eq!(texts("b", "a", 3, 9), Vec::<String>::new());
        assert_eq!(texts("abc", "abd", 3, 2), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn every_text_lies_between_the_bounds_whatever_follows(
            one in "[ -~]{0,6}",
            other in "[ -~]{0,6}",
            count in 1_u32..40,
            rest in "[0-9a-z]{0,3}",
        ) {
            let (low, high) = if one < other { (one, other) } else { (other, one) };
            for text in texts(&low, &high, count, usize::MAX) {
                let text = format!("{text}{rest}");
                prop_assert!(low < text && text < high, "{low:?} {text:?} {high:?}");
            }
        }
    }
}
