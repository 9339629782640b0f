//! How many, how large? `100k` rows, `4MB` of memory.

use super::number::{exact_decimal, scaled, split_number};
use super::{Quantity, QuantityError, QuantityProblem};

/// A number of bytes in PostgreSQL's units, where `kB`, `MB`, `GB` and `TB` are powers of 1024
/// (postgresql.org/docs/current/config-setting.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(
    /// The size in bytes.
    pub u64,
);

/// A number of things: a plain integer, or thousands (`100k`) and millions (`1M`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(
    /// How many.
    pub u64,
);

impl Quantity for ByteSize {
    const NAME: &'static str = "size in bytes";
    const UNITS: &'static [&'static str] = &["B", "kB", "MB", "GB", "TB"];
    const EXAMPLE: &'static str = "4MB";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? *(B|kB|MB|GB|TB)$";
}

impl Quantity for Count {
    const NAME: &'static str = "count";
    const UNITS: &'static [&'static str] = &["k", "M"];
    const EXAMPLE: &'static str = "100k";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)?( *[kM])?$";
}

const BYTE_UNITS: [(&str, u64); 5] = [
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("kB", 1 << 10),
    ("B", 1),
];
const COUNT_UNITS: [(&str, u64); 3] = [("M", 1_000_000), ("k", 1_000), ("", 1)];

fn parse(text: &str, units: &[(&str, u64)]) -> Result<u64, QuantityProblem> {
    let (number, unit) = split_number(text).ok_or(QuantityProblem::NoNumber)?;
    let known = units.iter().find(|(name, _)| *name == unit);
    let (_, scale) = known.ok_or_else(|| match unit {
        "" => QuantityProblem::NoUnit,
        unit => QuantityProblem::UnknownUnit(unit.to_owned()),
    })?;
    u64::try_from(scaled(number, u128::from(*scale))?).map_err(|_| QuantityProblem::TooLarge)
}

/// The largest unit in which the amount has at most two decimals.
fn write(f: &mut std::fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> std::fmt::Result {
    let fitting = units.iter().filter(|(_, scale)| amount >= *scale);
    let mut written = fitting.filter_map(|(name, scale)| {
        exact_decimal(u128::from(amount), u128::from(*scale), 2)
            .map(|number| format!("{number}{name}"))
    });
    match (written.next(), units.last()) {
        (Some(text), _) => f.write_str(&text),
        (None, Some((name, _))) => write!(f, "{amount}{name}"),
        (None, None) => write!(f, "{amount}"),
    }
}

impl std::str::FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let parsed = parse(text.trim(), &BYTE_UNITS);
        parsed
            .map(Self)
            .map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::fmt::Display for ByteSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write(f, self.0, &BYTE_UNITS)
    }
}

impl std::str::FromStr for Count {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let parsed = parse(text.trim(), &COUNT_UNITS);
        parsed
            .map(Self)
            .map_err(|problem| QuantityError::new::<Self>(text, problem))
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write(f, self.0, &COUNT_UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_as_postgresql_counts_them() {
        let bytes = |text: &str| text.parse::<ByteSize>().unwrap().0;
        assert_eq!(bytes("64B"), 64);
        assert_eq!(bytes("64kB"), 65_536);
        assert_eq!(bytes("4MB"), 4 << 20);
        assert_eq!(bytes("1.5GB"), 3 << 29);
        let error = "4mb".parse::<ByteSize>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"4mb\" is not a size in bytes: unknown unit \"mb\"; allowed units are B, kB, MB, GB and TB, as in 4MB"
        );
        assert_eq!(
            "4".parse::<ByteSize>().unwrap_err().problem,
            QuantityProblem::NoUnit
        );
        assert_eq!(
            "0.5B".parse::<ByteSize>().unwrap_err().problem,
            QuantityProblem::TooFine
        );
    }

    #[test]
    fn counts_may_be_plain_integers() {
        let count = |text: &str| text.parse::<Count>().unwrap().0;
        assert_eq!(count("7"), 7);
        assert_eq!(count("100k"), 100_000);
        assert_eq!(count("1.5M"), 1_500_000);
        assert_eq!(
            "7.5".parse::<Count>().unwrap_err().problem,
            QuantityProblem::TooFine
        );
        assert_eq!(
            "99999999999999999999".parse::<Count>().unwrap_err().problem,
            QuantityProblem::TooLarge
        );
    }

    #[test]
    fn sizes_and_counts_read_back_what_they_show() {
        for (text, shown) in [
            ("1024kB", "1MB"),
            ("1537B", "1537B"),
            ("1.5GB", "1.5GB"),
            ("0B", "0B"),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!(size.to_string(), shown);
            assert_eq!(shown.parse::<ByteSize>().unwrap(), size);
        }
        for (text, shown) in [
            ("1500000", "1.5M"),
            ("1234", "1234"),
            ("2000", "2k"),
            ("0", "0"),
        ] {
            let count: Count = text.parse().unwrap();
            assert_eq!(count.to_string(), shown);
            assert_eq!(shown.parse::<Count>().unwrap(), count);
        }
    }
}
