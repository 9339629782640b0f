//! Which PostgreSQL is this? Versions as server programs print them.

use std::cmp::Ordering;
use std::fmt;

/// The version of a PostgreSQL server; newer ones order higher, and releases above betas and `devel` builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// The major version, such as 16.
    pub major: u32,
    /// The minor version, such as 4; 0 for a beta or a `devel` build.
    pub minor: u32,
    stage: Stage,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Unreleased,
    Released,
}

impl ServerVersion {
    /// The oldest major version that pgauge works with.
    pub const OLDEST: u32 = 14;

    /// Reads the output of `postgres --version`, such as `postgres (PostgreSQL) 16.4 (Debian 16.4-1)`.
    pub fn parse(output: &str) -> Option<Self> {
        let text = output.split_once("(PostgreSQL)")?.1.trim();
        let number = text.split_whitespace().next()?;
        let digits = number.len()
            - number
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .len();
        let major = number[..digits].parse().ok()?;
        let rest = &number[digits..];
        let minor = rest.strip_prefix('.').and_then(|minor| minor.parse().ok());
        let stage = match rest.is_empty() || minor.is_some() {
            true => Stage::Released,
            false => Stage::Unreleased,
        };
        Some(Self {
            major,
            minor: minor.unwrap_or(0),
            stage,
            text: text.to_owned(),
        })
    }

    /// All that the program said about its version, the packager's part included.
    pub fn full(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.split_whitespace().next().unwrap_or(&self.text))
    }
}

impl Ord for ServerVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |v: &Self| (v.stage, v.major, v.minor);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for ServerVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ServerVersion {
        ServerVersion::parse(&format!("postgres (PostgreSQL) {text}\n")).unwrap()
    }

    #[test]
    fn packager_and_beta_suffixes_are_understood() {
        let debian = version("15.14 (Debian 15.14-0+deb12u1)");
        assert_eq!((debian.major, debian.minor), (15, 14));
        assert_eq!(debian.to_string(), "15.14");
        assert_eq!(debian.full(), "15.14 (Debian 15.14-0+deb12u1)");
        assert_eq!(version("19beta2").major, 19);
        assert_eq!(version("18").minor, 0);
        assert!(ServerVersion::parse("bash: postgres: not found").is_none());
    }

    #[test]
    fn a_release_is_preferred_to_a_newer_beta() {
        assert!(version("18.1") > version("19beta1"));
        assert!(version("16.10") > version("16.9"));
        assert!(version("17.0") > version("16.10"));
    }
}
