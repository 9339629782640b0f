//! Where was it measured? Times hold only where they were taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine and server on which times were taken: what must be alike for two times to be comparable. No host
/// names, no hashes.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The major version of PostgreSQL.
    pub postgres: u32,
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor's architecture, such as `x86_64`.
    pub arch: String,
    /// How many processors pgauge may use.
    pub cpus: u32,
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            postgres,
            os,
            arch,
            cpus,
        } = self;
        write!(
            f,
            "PostgreSQL {postgres} on {os} {arch} with {cpus} processors"
        )
    }
}
