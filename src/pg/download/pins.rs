//! Which builds are downloaded, and what must their checksums be?
//!
//! The builds are those of <https://github.com/theseus-rs/postgresql-binaries>: relocatable, for many platforms, each
//! release named after PostgreSQL's version and a number of its own. The checksums below were taken in November 2026 from
//! what independent projects had pinned of the same archives (each found in at least one, most in several), not from a
//! download of our own. For builds without one the checksum that is published beside the archive counts, fetched over the
//! same encrypted connection: that guards against damage, and not against whoever publishes both.

/// A build of one major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// The major version.
    pub major: u32,
    /// The release, such as `18.6.0`.
    pub release: &'static str,
    /// Target and SHA-256 of its archive, where it is known.
    checksums: &'static [(&'static str, &'static str)],
}

/// Newest first; where no version is asked for, the first one counts.
pub const PINS: &[Pin] = &[
    Pin {
        major: 18,
        release: "18.6.0",
        checksums: &[
            (
                "x86_64-unknown-linux-gnu",
                "bb3d09f876b2383e25a8c9ce09e32d185a03656a23d074f5195542b1b1b3ca61",
            ),
            (
                "aarch64-unknown-linux-gnu",
                "5d2b5e8be9e96bfc3d7f22090057a836ec36d5d092542d8d3b93cc145cf4ee13",
            ),
            (
                "aarch64-apple-darwin",
                "a257bcdb8aa3301a13d6a5bcec48f8c9517045b7cbae71e50788b2615539e95b",
            ),
            (
                "x86_64-apple-darwin",
                "f8918fbe747e0d79bda58ad8f8afcf23ac384b847ff3af18856f0825ba54b031",
            ),
        ],
    },
    Pin {
        major: 17,
        release: "17.11.0",
        checksums: &[
            (
                "x86_64-unknown-linux-gnu",
                "b7a1ba6bae6499d8296e3e81b0171eecfd1766ca9aaa0057e41ad3e844e5e2e0",
            ),
            (
                "aarch64-unknown-linux-gnu",
                "abffda09209280ec1502b73720dc4d254fb7fff9a072e324926c600a5b16c221",
            ),
            (
                "aarch64-apple-darwin",
                "fd4b62794b160e26973a768a1eef3248aef9d2ff23ebd6d884a4299485e28e57",
            ),
            (
                "x86_64-apple-darwin",
                "e43a81b15e1cfe7f9d8fd79c6d4d0366e9001a5f690e322224dca704656602f7",
            ),
        ],
    },
    Pin {
        major: 16,
        release: "16.15.0",
        checksums: &[
            (
                "x86_64-unknown-linux-gnu",
                "77dd669eda3985ea8be26256f6af28d3c8414152ada713797555bb7423b4486a",
            ),
            (
                "aarch64-unknown-linux-gnu",
                "f6d49ffbaea28cf8732785b18afb75bded905667d4ec8e2308a13a30fe0a24d1",
            ),
            (
                "aarch64-apple-darwin",
                "46f6382024d9b633d1f4b4903ffef8c2404e00ae83098d628c00591048cb0512",
            ),
            (
                "x86_64-apple-darwin",
                "dfae21b2b931f1d8d1103afb6e8e108fdd94c6f407ce24d35b6cd0ad34f286d1",
            ),
        ],
    },
    Pin {
        major: 15,
        release: "15.19.0",
        checksums: &[],
    },
    Pin {
        major: 14,
        release: "14.24.0",
        checksums: &[],
    },
];

impl Pin {
    /// The build of a major version, or the newest.
    pub fn of(major: Option<u32>) -> Option<&'static Self> {
        PINS.iter()
            .find(|pin| major.is_none_or(|major| pin.major == major))
    }

    /// The folder in the archive, and the archive's name without its ending.
    pub fn name(&self, target: &str) -> String {
        format!("postgresql-{}-{target}", self.release)
    }

    /// The checksum of the archive, where it is known.
    pub fn checksum(&self, target: &str) -> Option<&'static str> {
        let known = self.checksums.iter().find(|(known, _)| *known == target);
        known.map(|(_, checksum)| *checksum)
    }
}

/// The target of this machine, as the builds are named; none where there are no builds for it.
pub fn target() -> Option<&'static str> {
    let musl = || {
        let loaders = glob::glob("/lib/ld-musl-*.so.1").into_iter().flatten();
        loaders.flatten().next().is_some()
    };
    Some(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") if musl() => "x86_64-unknown-linux-musl",
        ("linux", "aarch64") if musl() => "aarch64-unknown-linux-musl",
        ("linux", "x86_64") => "x86_64-unknown-linux-gnu",
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        ("macos", "x86_64") => "x86_64-apple-darwin",
        ("macos", "aarch64") => "aarch64-apple-darwin",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_checksum_has_its_form_and_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for pin in PINS {
            assert!(pin.release.starts_with(&format!("{}.", pin.major)));
            for (target, checksum) in pin.checksums {
                assert_eq!(checksum.len(), 64, "{target}");
                assert!(
                    checksum
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                );
                assert!(seen.insert(checksum), "{target}");
            }
        }
        assert!(PINS.is_sorted_by_key(|pin| std::cmp::Reverse(pin.major)));
    }

    #[test]
    fn a_version_is_looked_up_and_the_newest_is_the_first() {
        assert_eq!(Pin::of(None), PINS.first());
        assert_eq!(Pin::of(Some(16)).unwrap().release, "16.15.0");
        assert_eq!(Pin::of(Some(13)), None);
    }
}
