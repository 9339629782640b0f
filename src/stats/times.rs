//! How many times as long does something take as it did? Nothing is supposed of how times are distributed, so that a few
//! that are very long do no harm.

use super::{Ratio, Z};

/// The most samples of one side that are compared: of more, as many that are spread evenly.
const MOST: usize = 1000;

/// The times `after` over those `before`; none where there are too few to tell, fewer than six on each side.
///
/// The estimate is the median of the ratios of all pairs (Hodges and Lehmann 1963, on logarithms), and its interval that
/// of Mann and Whitney's test turned round (Moses; Hollander and Wolfe, *Nonparametric Statistical Methods*, 4.3), in
/// the normal approximation.
pub fn time_ratio(before: &[u64], after: &[u64]) -> Option<Ratio> {
    let (before, after) = (thinned(before), thinned(after));
    let (n, m) = (before.len() as f64, after.len() as f64);
    let pairs = n * m;
    let reach = Z * (pairs * (n + m + 1.0) / 12.0).sqrt();
    let rank = (pairs / 2.0 - reach).floor();
    if rank < 1.0 {
        return None;
    }
    let mut ratios: Vec<f64> = after
        .iter()
        .flat_map(|after| before.iter().map(move |before| after / before))
        .collect();
    let mut at = |index: usize| *ratios.select_nth_unstable_by(index, f64::total_cmp).1;
    let (rank, count) = (rank as usize, before.len() * after.len());
    let low = at(rank - 1);
    let high = at(count - rank);
    let value = match count % 2 {
        1 => at(count / 2),
        _ => (at(count / 2 - 1) * at(count / 2)).sqrt(),
    };
    Some(Ratio { value, low, high })
}

/// At most [`MOST`] of them, spread evenly; what took less than a microsecond took one.
fn thinned(times: &[u64]) -> Vec<f64> {
    let every = times.len().div_ceil(MOST).max(1);
    let kept = times.iter().step_by(every);
    kept.map(|time| (*time).max(1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_as_long_shows_no_difference_and_what_takes_twice_as_long_does() {
        let before: Vec<u64> = (0..50).map(|n| 100 + n * 7 % 50).collect();
        let same: Vec<u64> = (0..50).map(|n| 100 + n * 11 % 50).collect();
        let ratio = time_ratio(&before, &same).unwrap();
        assert!(!ratio.is_different(), "{ratio:?}");
        let twice: Vec<u64> = same.iter().map(|time| time * 2).collect();
        let ratio = time_ratio(&before, &twice).unwrap();
        assert!(
            ratio.low > 1.7 && ratio.high < 2.3 && (ratio.value - 2.0).abs() < 0.1,
            "{ratio:?}"
        );
    }

    #[test]
    fn a_few_that_are_very_long_do_no_harm() {
        let before: Vec<u64> = (0..30).map(|n| 100 + n).collect();
        let mut after = before.clone();
        after[..5].fill(1_000_000);
        let ratio = time_ratio(&before, &after).unwrap();
        assert!(!ratio.is_different() && ratio.value < 1.1, "{ratio:?}");
    }

    #[test]
    fn few_times_tell_nothing_unless_all_of_them_are_apart() {
        assert_eq!(time_ratio(&[1, 2, 3], &[10, 20, 30]), None);
        let apart = time_ratio(&[10, 11, 12, 13, 14, 15], &[20, 21, 22, 23, 24, 25]).unwrap();
        assert!(apart.is_different(), "{apart:?}");
        let mixed = time_ratio(&[10, 11, 12, 13, 24, 15], &[14, 21, 22, 23, 20, 25]).unwrap();
        assert!(!mixed.is_different(), "{mixed:?}");
        assert_eq!(time_ratio(&[], &[]), None);
    }

    /// The share of wrong alarms where there is no difference, over draws that are always the same.
    #[test]
    fn without_a_difference_hardly_ever_one_is_shown() {
        let mut state = 42_u64;
        let mut draw = || {
            // Knuth's multiplier of MMIX.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let unit = (state >> 11) as f64 / (1_u64 << 53) as f64;
            (200.0 - 100.0 * (1.0 - unit).ln()) as u64
        };
        let wrong = (0..2000)
            .filter(|_| {
                let before: Vec<u64> = (0..20).map(|_| draw()).collect();
                let after: Vec<u64> = (0..20).map(|_| draw()).collect();
                time_ratio(&before, &after).is_some_and(|ratio| ratio.is_different())
            })
            .count();
        assert!(wrong <= 35, "{wrong} of 2000");
    }
}
