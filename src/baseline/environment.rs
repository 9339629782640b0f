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
    /// Whether the server was pgauge's own.
    #[serde(default)]
    pub server: ServerKind,
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor's architecture, such as `x86_64`.
    pub arch: String,
    /// How many processors pgauge may use.
    pub cpus: u32,
    /// The model of the processors, where the system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
}

/// Whose server it was. pgauge's own has no disk to wait for, and is never behind a network.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ServerKind {
    /// Started by pgauge.
    #[default]
    Embedded,
    /// Reached by its URL.
    Url,
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            postgres,
            server,
            os,
            arch,
            cpus,
            cpu,
        } = self;
        let server = match server {
            ServerKind::Embedded => "",
            ServerKind::Url => " reached by URL",
        };
        let processors = crate::text::plural(u64::from(*cpus), "processor");
        write!(
            f,
            "PostgreSQL {postgres}{server} on {os} {arch} with {processors}"
        )?;
        match cpu {
            Some(cpu) => write!(f, " ({cpu})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_reads_as_a_sentence() {
        let own = Environment {
            postgres: 16,
            server: ServerKind::Url,
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cpus: 1,
            cpu: Some("Example 3000".to_owned()),
        };
        assert_eq!(
            own.to_string(),
            "PostgreSQL 16 reached by URL on linux x86_64 with 1 processor (Example 3000)"
        );
    }
}
