//! What may SQL reach beyond its database here? On a server of our own, everything; on somebody's, what the suite allows by
//! name.
//!
//! What a case is known to send is judged before anything is made, and skips it; what a hook puts together is judged when
//! it is sent, and gets an error instead of an answer.

use crate::record::ServerError;
use crate::schedule::Case;
use crate::sql::{self, Outside, Reach};
use std::collections::BTreeSet;

/// The key of `pgauge.yaml` that allows more.
pub const ALLOW_KEY: &str = "allow_outside_database";

/// Settings that change how the server reads SQL: what was judged would not be what runs.
const READING: [&str; 3] = [
    "standard_conforming_strings",
    "backslash_quote",
    "client_encoding",
];

/// What SQL may reach beyond its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Everything: the server goes away with the run.
    Open,
    /// Nothing but this.
    Allowing(BTreeSet<Outside>),
}

impl Guard {
    /// For somebody's server.
    pub fn allowing(kinds: impl IntoIterator<Item = Outside>) -> Self {
        Self::Allowing(kinds.into_iter().collect())
    }

    /// What a text reaches that it must not.
    pub fn trespass(&self, text: &str) -> Option<Reach> {
        let Self::Allowing(allowed) = self else {
            return None;
        };
        let reaches = sql::outside(text).into_iter();
        reaches
            .into_iter()
            .find(|reach| !allowed.contains(&reach.outside))
    }

    /// Whether a kind is allowed.
    pub fn allows(&self, kind: Outside) -> bool {
        match self {
            Self::Open => true,
            Self::Allowing(allowed) => allowed.contains(&kind),
        }
    }

    /// The error that stands for the server's answer.
    pub(super) fn refusal(&self, text: &str) -> Option<ServerError> {
        let reach = self.trespass(text)?;
        Some(ServerError {
            severity: "ERROR".to_owned(),
            code: "42501".to_owned(),
            message: format!(
                "pgauge does not send this to a server that runs already: {}",
                told(&reach)
            ),
            hint: Some(advice(&reach)),
            ..ServerError::default()
        })
    }

    /// Why a case must not run here, if it must not.
    pub(super) fn reason(&self, case: &Case) -> Option<String> {
        if *self == Self::Open {
            return None;
        }
        let clients = case.clients.iter();
        let settings = clients
            .flat_map(|client| client.settings.keys())
            .chain(case.database.settings.keys());
        let reading = |name: &&String| READING.iter().any(|known| name.eq_ignore_ascii_case(known));
        if let Some(name) = { settings }.find(reading)
            && !self.allows(Outside::DynamicSql)
        {
            let reach = Reach {
                outside: Outside::DynamicSql,
                words: format!("the setting \"{name}\""),
            };
            return Some(format!("{}; {}", told(&reach), advice(&reach)));
        }
        case.texts()
            .find_map(|(place, text)| self.told_of(&place, text))
    }

    /// Why a database must not be seeded as the case wants it, if it must not.
    pub(super) fn reason_of_seed(&self, case: &Case) -> Option<String> {
        case.seed_texts()
            .find_map(|text| self.told_of("the seed", text))
    }

    fn told_of(&self, place: &str, text: &str) -> Option<String> {
        let reach = self.trespass(text)?;
        Some(format!("{place}: {}; {}", told(&reach), advice(&reach)))
    }
}

fn told(reach: &Reach) -> String {
    let why = match reach.outside {
        Outside::DynamicSql => "cannot be judged before it runs",
        Outside::OtherLanguages => "holds code that cannot be judged",
        _ => "reaches beyond the case's own database",
    };
    format!("{} {why}", reach.words)
}

fn advice(reach: &Reach) -> String {
    format!(
        "run it on a server that pgauge starts, or allow it in pgauge.yaml with {ALLOW_KEY}: [{}]",
        reach.outside
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_our_own_is_open_and_somebodys_is_not() {
        let sql = "CREATE ROLE x";
        assert_eq!(Guard::Open.trespass(sql), None);
        let closed = Guard::allowing([]);
        assert_eq!(closed.trespass(sql).unwrap().outside, Outside::Roles);
        let refusal = closed.refusal(sql).unwrap();
        assert!(
            refusal
                .hint
                .unwrap()
                .ends_with("allow_outside_database: [roles]")
        );
        let some = Guard::allowing([Outside::Roles]);
        assert_eq!(some.trespass(sql), None);
        assert!(some.trespass("CREATE ROLE x; DROP DATABASE y").is_some());
    }
}
