//! How many times as often does something happen in one span as in another?

use super::{Ratio, Z};

/// The rate of `later` over that of `earlier`, each as a count and the seconds over which it was counted; none where
/// nothing was counted in the earlier span, or a span has no length.
///
/// Of two Poisson processes, the share of one in all events is binomial; its interval is Wilson's (Wilson 1927), which
/// holds for small counts and for none at all. Users who wait for their answers come more evenly than that, so that the
/// interval is wide rather than narrow.
pub fn rate_ratio(earlier: (u64, f64), later: (u64, f64)) -> Option<Ratio> {
    if earlier.0 == 0 || earlier.1 <= 0.0 || later.1 <= 0.0 {
        return None;
    }
    let (first, second) = (earlier.0 as f64, later.0 as f64);
    let all = first + second;
    let share = second / all;
    let middle = (share + Z * Z / (2.0 * all)) / (1.0 + Z * Z / all);
    let half =
        Z / (1.0 + Z * Z / all) * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
    let of_share = |share: f64| share / (1.0 - share) * earlier.1 / later.1;
    Some(Ratio {
        value: second / first * earlier.1 / later.1,
        low: of_share((middle - half).max(0.0)),
        high: of_share((middle + half).min(1.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_ratio_and_narrows_with_the_counts() {
        let few = rate_ratio((20, 1.0), (10, 1.0)).unwrap();
        assert!(
            few.low < 0.5 && 0.5 < few.high && !few.is_different(),
            "{few:?}"
        );
        let many = rate_ratio((2000, 1.0), (1000, 1.0)).unwrap();
        assert!((many.value - 0.5).abs() < 1e-9);
        assert!(many.low > 0.45 && many.high < 0.56, "{many:?}");
    }

    #[test]
    fn spans_of_other_lengths_are_made_alike() {
        let ratio = rate_ratio((1000, 10.0), (100, 1.0)).unwrap();
        assert!((ratio.value - 1.0).abs() < 1e-9 && !ratio.is_different());
    }

    #[test]
    fn nothing_at_all_is_bounded_from_above_only() {
        let none = rate_ratio((1000, 1.0), (0, 1.0)).unwrap();
        assert!(none.low.abs() < 1e-6 && none.value.abs() < 1e-9, "{none:?}");
        assert!(none.high < 0.01, "{none:?}");
        assert_eq!(rate_ratio((0, 1.0), (5, 1.0)), None);
        assert_eq!(rate_ratio((5, 1.0), (5, 0.0)), None);
    }
}
