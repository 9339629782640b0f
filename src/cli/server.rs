//! Which server is meant? `--server`, `pgauge.yaml`, `DATABASE_URL`, the `PG*` variables, or one of our own.

use super::Stop;
use crate::{
    pg::binaries::Asked,
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

/// One that pgauge starts, or one that runs already.
#[derive(Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// Started by pgauge.
    Embedded(Asked),
    /// Reached by a URL, or by keywords as libpq reads them. May hold a password.
    Url(String),
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(asked) => write!(f, "Embedded({asked:?})"),
            Self::Url(url) => write!(f, "Url({})", redact_url(url)),
        }
    }
}

impl ServerChoice {
    /// Knows the password, if there is one.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::new();
        if let ServerAddress::Url(url) = &self.server {
            redactor.learn_url(url);
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
            Self::Default => "nothing else was asked for",
        })
    }
}

/// Environment variables of libpq and the keyword that each stands for
/// (<https://www.postgresql.org/docs/current/libpq-envars.html>).
const VARIABLES: [(&str, &str); 6] = [
    ("PGHOST", "host"),
    ("PGPORT", "port"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGDATABASE", "dbname"),
    ("PGSSLMODE", "sslmode"),
];

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
        (
            ServerAddress::Url(filled_in(&url, &variable)),
            Origin::DatabaseUrl,
        )
    } else if variable("PGHOST").is_some() {
        (ServerAddress::Url(keywords(&variable)), Origin::Variables)
    } else {
        (ServerAddress::Embedded(Asked::Newest), Origin::Default)
    };
    Ok(ServerChoice { server, origin })
}

fn address(said: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<ServerAddress, Stop> {
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| said.starts_with(scheme));
    if is_url {
        return Ok(ServerAddress::Url(filled_in(said, variable)));
    }
    let keyword = said.split_once('=').map(|(keyword, _)| keyword.trim());
    if keyword.is_some_and(|word| VARIABLES.iter().any(|(_, known)| *known == word)) {
        return Ok(ServerAddress::Url(said.to_owned()));
    }
    // The text itself may be a mistyped URL: it is never shown with its password.
    let asked: Result<Asked, _> = said.parse();
    asked.map(ServerAddress::Embedded).map_err(|error| {
        let mut diagnostic = Diagnostic::error("server", redact_url(&error.primary));
        diagnostic.detail = error.detail.map(|detail| redact_url(&detail));
        diagnostic.hints.extend(error.hint);
        Stop::usage(diagnostic)
    })
}

/// The URL, with PGUSER and PGPASSWORD where it names no user or no password of its own.
fn filled_in(url: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let says = |keyword: &str| tail.contains(&format!("{keyword}="));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(password)),
        None => (user, None),
    };
    let mut parameters = Vec::new();
    if name.is_empty() && !says("user") {
        parameters.extend(variable("PGUSER").map(|user| ("user", user)));
    }
    if password.is_none() && !says("password") {
        parameters.extend(variable("PGPASSWORD").map(|password| ("password", password)));
    }
    let mut filled = url.to_owned();
    for (keyword, value) in parameters {
        let joint = if filled.contains('?') { '&' } else { '?' };
        filled.push_str(&format!("{joint}{keyword}={}", percent_encoded(&value)));
    }
    filled
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// `host='db.test' port='5432' …`
fn keywords(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let said = VARIABLES.iter().filter_map(|(name, keyword)| {
        let value = variable(name)?.replace('\\', r"\\").replace('\'', r"\'");
        Some(format!("{keyword}='{value}'"))
    });
    said.collect::<Vec<_>>().join(" ")
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

    fn url(text: &str) -> ServerAddress {
        ServerAddress::Url(text.into())
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
        assert_eq!(
            chosen(None, None, &environment),
            (url("postgres://a@h/d"), Origin::DatabaseUrl)
        );
        assert_eq!(
            chosen(
                None,
                None,
                &[("PGHOST", "db"), ("PGUSER", "o'brien"), ("PGPORT", "")]
            ),
            (url(r"host='db' user='o\'brien'"), Origin::Variables)
        );
        let nothing = [("DATABASE_URL", "")];
        let newest = ServerAddress::Embedded(Asked::Newest);
        assert_eq!(chosen(None, None, &nothing), (newest, Origin::Default));
    }

    #[test]
    fn user_and_password_of_the_environment_fill_in() {
        let user = [("PGUSER", "qa")];
        let with_user = |text: &str| chosen(Some(text), None, &user).0;
        assert_eq!(with_user("postgres://h/d"), url("postgres://h/d?user=qa"));
        assert_eq!(with_user("postgres://a@h/d"), url("postgres://a@h/d"));
        let environment = [("PGPASSWORD", "s/cret")];
        let with = |text: &str| chosen(Some(text), None, &environment).0;
        assert_eq!(
            with("postgres://a@h/d"),
            url("postgres://a@h/d?password=s%2Fcret")
        );
        assert_eq!(with("postgres://a:own@h/d"), url("postgres://a:own@h/d"));
        assert_eq!(
            with("postgres://h/d?x=1"),
            url("postgres://h/d?x=1&password=s%2Fcret")
        );
    }

    #[test]
    fn keywords_of_libpq_name_a_server_too() {
        let words = "host=/tmp port=5433 user=qa";
        assert_eq!(chosen(Some(words), None, &[]).0, url(words));
    }

    #[test]
    fn a_password_is_never_shown() {
        let (server, _) = chosen(Some("postgres://a:secret@h/d"), None, &[]);
        assert_eq!(format!("{server:?}"), "Url(postgres://a:***@h/d)");
        let stop = choose(Some("postgress:secret"), None, &|_| None).unwrap_err();
        assert_eq!(stop.status().code(), 2);
    }
}
