//! Which server is meant? `--server`, `pgauge.yaml`, `DATABASE_URL`, the `PG*` variables, or one of our own.

use super::Stop;
use crate::{
    pg::{
        binaries::Asked,
        conninfo::{self, Conninfo},
        error::ServerError,
    },
    source::Diagnostic,
    text::{Redactor, redact_url},
};
use std::fmt;

/// The server of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerChoice {
    /// Which.
    pub server: ServerAddress,
    /// Who says so.
    pub origin: Origin,
}

/// One that pgauge starts, or one that runs already. `Debug` prints no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// Started by pgauge.
    Embedded(Asked),
    /// Runs already; said in libpq's words.
    Url(Box<Conninfo>),
}

impl ServerChoice {
    /// Knows the passwords, if there are some.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::new();
        if let ServerAddress::Url(conninfo) = &self.server {
            // `postgres:postgres@localhost/postgres`: a word that the address says aloud is no secret, and masking it
            // everywhere would only make names unreadable.
            let said = conninfo.address(&conninfo.database);
            let secrets = conninfo.secrets().filter(|secret| !said.contains(secret));
            secrets.for_each(|secret| redactor.learn(secret));
        }
        redactor
    }
}

/// Who says which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--server`, or PGAUGE_SERVER.
    Asked,
    /// `server` in pgauge.yaml.
    Suite,
    /// DATABASE_URL.
    DatabaseUrl,
    /// PGHOST, with the other variables of libpq.
    Variables,
    /// PGSERVICE, with the other variables of libpq.
    Service,
    /// Nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "--server or PGAUGE_SERVER says so",
            Self::Suite => "pgauge.yaml says so",
            Self::DatabaseUrl => "DATABASE_URL is set",
            Self::Variables => "PGHOST is set",
            Self::Service => "PGSERVICE is set",
            Self::Default => "nothing else was asked for",
        })
    }
}

/// The server that is meant; `variable` looks up the environment.
///
/// # Errors
///
/// What was said names no server.
pub fn choose(
    asked: Option<&str>,
    suite: Option<&str>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ServerChoice, Stop> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let said = asked.filter(|asked| !asked.is_empty());
    if let Some(said) = said {
        return Ok(ServerChoice {
            server: address(said, &variable)?,
            origin: Origin::Asked,
        });
    }
    if let Some(said) = suite {
        return Ok(ServerChoice {
            server: address(said, &variable)?,
            origin: Origin::Suite,
        });
    }
    let (server, origin) = if let Some(url) = variable("DATABASE_URL") {
        (named(&url, &variable)?, Origin::DatabaseUrl)
    } else if variable("PGHOST").is_some() {
        (named("", &variable)?, Origin::Variables)
    } else if variable("PGSERVICE").is_some() {
        (named("", &variable)?, Origin::Service)
    } else {
        (ServerAddress::Embedded(Asked::Newest), Origin::Default)
    };
    Ok(ServerChoice { server, origin })
}

fn address(said: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<ServerAddress, Stop> {
    if conninfo::is_url(said) || conninfo::is_keywords(said) {
        return named(said, variable);
    }
    // What looks like a mistyped URL is not shown: it may hold a password.
    if said.contains("://") || said.contains(['@', ':', '=']) {
        let diagnostic = Diagnostic::error("server", "what was given as the server names none")
            .hint("a URL begins with postgres:// or postgresql://; keywords are as in host=db.test user=qa");
        return Err(Stop::usage(diagnostic));
    }
    let asked: Result<Asked, _> = said.parse();
    asked
        .map(ServerAddress::Embedded)
        .map_err(|error| Stop::usage(redacted(error)))
}

/// A server that runs already, in libpq's words.
fn named(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<ServerAddress, Stop> {
    let resolved = Conninfo::resolve(text, variable);
    resolved
        .map(|conninfo| ServerAddress::Url(Box::new(conninfo)))
        .map_err(|error| Stop::usage(redacted(error)))
}

fn redacted(error: ServerError) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("server", redact_url(&error.primary));
    diagnostic.detail = error.detail.map(|detail| redact_url(&detail));
    diagnostic.hints.extend(error.hint);
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn chosen(
        asked: Option<&str>,
        suite: Option<&str>,
        environment: &[(&str, &str)],
    ) -> (ServerAddress, Origin) {
        let variable = |name: &str| {
            let mut known = environment.iter();
            known
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let choice = choose(asked, suite, &variable).unwrap();
        (choice.server, choice.origin)
    }

    /// The address of a server that runs already, and its password.
    fn url(server: &ServerAddress) -> (String, Option<String>) {
        match server {
            ServerAddress::Url(conninfo) => {
                let password = conninfo.hosts[0].password.as_ref();
                let password = password.map(|password| password.reveal().to_owned());
                (conninfo.address(&conninfo.database), password)
            }
            embedded => panic!("{embedded:?}"),
        }
    }

    #[test]
    fn the_nearest_word_wins() {
        let environment = [("DATABASE_URL", "postgres://a@h/d"), ("PGHOST", "other")];
        assert_eq!(
            chosen(Some("16"), Some("embedded"), &environment),
            (ServerAddress::Embedded(Asked::Major(16)), Origin::Asked)
        );
        assert_eq!(
            chosen(None, Some("/opt/pg17/bin"), &environment),
            (
                ServerAddress::Embedded(Asked::At(PathBuf::from("/opt/pg17/bin"))),
                Origin::Suite
            )
        );
        let (server, origin) = chosen(None, None, &environment);
        let expected = ("postgres://a@h:5432/d".to_owned(), None);
        assert_eq!((url(&server), origin), (expected, Origin::DatabaseUrl));
        let variables = [("PGHOST", "db"), ("PGUSER", "o'brien"), ("PGPORT", "")];
        let (server, origin) = chosen(None, None, &variables);
        let expected = ("postgres://o'brien@db:5432/o'brien".to_owned(), None);
        assert_eq!((url(&server), origin), (expected, Origin::Variables));
        let nothing = [("DATABASE_URL", "")];
        let newest = ServerAddress::Embedded(Asked::Newest);
        assert_eq!(chosen(None, None, &nothing), (newest, Origin::Default));
    }

    #[test]
    fn user_and_password_of_the_environment_fill_in() {
        let environment = [("PGUSER", "qa"), ("PGPASSWORD", "s/cret")];
        let with = |text: &str| url(&chosen(Some(text), None, &environment).0);
        let expected = |address: &str, password: &str| (address.into(), Some(password.into()));
        assert_eq!(
            with("postgres://h/d"),
            expected("postgres://qa@h:5432/d", "s/cret")
        );
        assert_eq!(
            with("postgres://a:own@h/d"),
            expected("postgres://a@h:5432/d", "own")
        );
        let words = "host=/tmp port=5433 user=me";
        assert_eq!(
            with(words),
            expected("postgres://me@%2Ftmp:5433/me", "s/cret")
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let (server, _) = chosen(Some("postgres://a:hunter22@h/d"), None, &[]);
        assert!(!format!("{server:?}").contains("hunter22"));
        for wrong in [
            "postgress:hunter22",
            "postgresql+psycopg2://a:hunter22@h/d",
            "jdbc:postgresql://h/d?password=hunter22",
            "postgres://a:hunter22%@h/d",
            "host=h pasword=hunter22",
            "pasword=hunter22",
        ] {
            let stop = choose(Some(wrong), None, &|_| None).unwrap_err();
            assert_eq!(stop.status().code(), 2);
            let shown = format!("{:?}", stop.diagnostics());
            assert!(!shown.contains("hunter22"), "{shown}");
        }
    }
}
