//! How do numbers read in a sentence? Plurals, lists, thousands, durations for the eye.

use std::time::Duration;

/// `plural(1, "statement")` is `1 statement`, `plural(2000, "query")` is `2,000 queries`.
pub fn plural(n: u64, noun: &str) -> String {
    let number = thousands(n);
    if n == 1 {
        return format!("{number} {noun}");
    }
    let vowel_before_y = noun.ends_with("ay")
        || noun.ends_with("ey")
        || noun.ends_with("oy")
        || noun.ends_with("uy");
    if let Some(stem) = noun.strip_suffix('y').filter(|_| !vowel_before_y) {
        return format!("{number} {stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| noun.ends_with(end));
    let ending = if hisses { "es" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// Words as an English list: `a`, `a and b`, `a, b and c`. `joint` is the word before the last one.
pub fn list<S: AsRef<str>>(words: &[S], joint: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {joint} {}", first.join(", "), last.as_ref())
        }
    }
}

/// The number with a comma between groups of three digits: `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration for the eye, at most three significant digits: `870 µs`, `4 ms`, `1.25 s`; from a minute on whole
/// seconds, `2 m 30 s`; from an hour on whole minutes, `1 h 5 m`.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0 s".to_owned();
    }
    for (unit, name) in [
        (1_u128, "ns"),
        (1_000, "µs"),
        (1_000_000, "ms"),
        (1_000_000_000, "s"),
    ] {
        let rounded = three_digits(nanos);
        let limit = if name == "s" { 60 } else { 1_000 };
        if rounded < limit * unit {
            return format!("{} {name}", decimal(rounded, unit));
        }
    }
    let seconds = (nanos + 500_000_000) / 1_000_000_000;
    if seconds < 3_600 {
        return two_parts((seconds / 60, "m"), (seconds % 60, "s"));
    }
    let minutes = (seconds + 30) / 60;
    two_parts((minutes / 60, "h"), (minutes % 60, "m"))
}

/// `nanos` rounded to its three leading digits.
fn three_digits(nanos: u128) -> u128 {
    let mut step = 1;
    while nanos / step >= 1_000 {
        step *= 10;
    }
    (nanos + step / 2) / step * step
}

/// `amount / unit` written as a decimal without trailing zeros; `unit` is a power of ten.
fn decimal(amount: u128, unit: u128) -> String {
    let whole = amount / unit;
    let rest = amount % unit;
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

fn two_parts((large, large_name): (u128, &str), (small, small_name): (u128, &str)) -> String {
    if small == 0 {
        return format!("{large} {large_name}");
    }
    format!("{large} {large_name} {small} {small_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_follow_english_spelling() {
        assert_eq!(plural(1, "statement"), "1 statement");
        assert_eq!(plural(0, "statement"), "0 statements");
        assert_eq!(plural(2_000, "query"), "2,000 queries");
        assert_eq!(plural(2, "retry"), "2 retries");
        assert_eq!(plural(2, "key"), "2 keys");
        assert_eq!(plural(3, "index"), "3 indexes");
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list(&["a"], "or"), "a");
        assert_eq!(list(&["a", "b"], "or"), "a or b");
        assert_eq!(list(&["a", "b", "c"], "and"), "a, b and c");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn durations_show_three_digits_in_the_fitting_unit() {
        let shown = |nanos| format_duration(Duration::from_nanos(nanos));
        assert_eq!(shown(0), "0 s");
        assert_eq!(shown(870), "870 ns");
        assert_eq!(shown(870_000), "870 µs");
        assert_eq!(shown(4_000_000), "4 ms");
        assert_eq!(shown(4_126_000), "4.13 ms");
        assert_eq!(shown(1_250_000_000), "1.25 s");
        assert_eq!(shown(59_940_000_000), "59.9 s");
    }

    #[test]
    fn rounding_up_moves_to_the_next_unit() {
        let shown = |nanos| format_duration(Duration::from_nanos(nanos));
        assert_eq!(shown(999_600), "1 ms");
        assert_eq!(shown(59_990_000_000), "1 m");
        assert_eq!(shown(3_599_700_000_000), "1 h");
    }

    #[test]
    fn minutes_and_hours_come_in_two_parts() {
        assert_eq!(format_duration(Duration::from_secs(150)), "2 m 30 s");
        assert_eq!(format_duration(Duration::from_secs(3_900)), "1 h 5 m");
    }
}
