//! The words in which libpq lets one name a server: their names, their environment variables, and how a text of them is
//! read. <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>

use crate::pg::error::ServerError;
use crate::text::did_you_mean;
use std::collections::BTreeMap;

/// What pgauge does with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It heeds it.
    Heeded,
    /// It makes no difference here.
    Idle,
    /// It cannot do that, and what would be passed over in silence is a matter of safety.
    Refused(&'static str),
}

/// A word, its environment variable if it has one, and what pgauge does with it.
pub(super) type Word = (&'static str, Option<&'static str>, Use);

const NO_CRL: &str = "pgauge reads no certificate revocation lists";
const NO_AUTH_LIST: &str =
    "pgauge cannot limit how it authenticates; it sends a password in the clear only if asked to";

/// Every word that libpq knows.
pub(super) const WORDS: &[Word] = &[
    ("host", Some("PGHOST"), Use::Heeded),
    ("hostaddr", Some("PGHOSTADDR"), Use::Heeded),
    ("port", Some("PGPORT"), Use::Heeded),
    ("dbname", Some("PGDATABASE"), Use::Heeded),
    ("user", Some("PGUSER"), Use::Heeded),
    ("password", Some("PGPASSWORD"), Use::Heeded),
    ("passfile", Some("PGPASSFILE"), Use::Heeded),
    ("service", Some("PGSERVICE"), Use::Heeded),
    ("servicefile", Some("PGSERVICEFILE"), Use::Heeded),
    ("options", Some("PGOPTIONS"), Use::Heeded),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT"), Use::Heeded),
    (
        "target_session_attrs",
        Some("PGTARGETSESSIONATTRS"),
        Use::Heeded,
    ),
    (
        "load_balance_hosts",
        Some("PGLOADBALANCEHOSTS"),
        Use::Heeded,
    ),
    ("tcp_user_timeout", None, Use::Heeded),
    ("keepalives", None, Use::Heeded),
    ("keepalives_idle", None, Use::Heeded),
    ("keepalives_interval", None, Use::Heeded),
    ("keepalives_count", None, Use::Heeded),
    ("channel_binding", Some("PGCHANNELBINDING"), Use::Heeded),
    ("sslmode", Some("PGSSLMODE"), Use::Heeded),
    ("sslnegotiation", Some("PGSSLNEGOTIATION"), Use::Heeded),
    ("sslrootcert", Some("PGSSLROOTCERT"), Use::Heeded),
    ("sslcert", Some("PGSSLCERT"), Use::Heeded),
    ("sslkey", Some("PGSSLKEY"), Use::Heeded),
    ("sslcertmode", Some("PGSSLCERTMODE"), Use::Heeded),
    (
        "ssl_min_protocol_version",
        Some("PGSSLMINPROTOCOLVERSION"),
        Use::Heeded,
    ),
    (
        "ssl_max_protocol_version",
        Some("PGSSLMAXPROTOCOLVERSION"),
        Use::Heeded,
    ),
    ("gssencmode", Some("PGGSSENCMODE"), Use::Heeded),
    (
        "sslpassword",
        None,
        Use::Refused("pgauge reads no encrypted keys; `openssl pkey` writes one without"),
    ),
    ("sslcrl", Some("PGSSLCRL"), Use::Refused(NO_CRL)),
    ("sslcrldir", Some("PGSSLCRLDIR"), Use::Refused(NO_CRL)),
    (
        "require_auth",
        Some("PGREQUIREAUTH"),
        Use::Refused(NO_AUTH_LIST),
    ),
    (
        "requirepeer",
        Some("PGREQUIREPEER"),
        Use::Refused("pgauge does not ask who owns a socket"),
    ),
    (
        "replication",
        None,
        Use::Refused("pgauge speaks to databases only"),
    ),
    ("application_name", Some("PGAPPNAME"), Use::Idle),
    ("fallback_application_name", None, Use::Idle),
    ("client_encoding", Some("PGCLIENTENCODING"), Use::Idle),
    ("sslcompression", Some("PGSSLCOMPRESSION"), Use::Idle),
    ("sslsni", Some("PGSSLSNI"), Use::Idle),
    ("krbsrvname", Some("PGKRBSRVNAME"), Use::Idle),
    ("gsslib", Some("PGGSSLIB"), Use::Idle),
    ("gssdelegation", Some("PGGSSDELEGATION"), Use::Idle),
    (
        "min_protocol_version",
        Some("PGMINPROTOCOLVERSION"),
        Use::Idle,
    ),
    (
        "max_protocol_version",
        Some("PGMAXPROTOCOLVERSION"),
        Use::Idle,
    ),
];

/// What was said so far, by word; an empty value says nothing, as in libpq.
#[derive(Clone, Default)]
pub(super) struct Said(BTreeMap<&'static str, String>);

impl Said {
    /// What a text says: a URL, or keywords and values.
    ///
    /// # Errors
    ///
    /// It cannot be read. No error shows the text: it may hold a password.
    pub(super) fn read(text: &str) -> Result<Self, ServerError> {
        let pairs = match is_url(text) {
            true => super::url::pairs(text)?,
            false => pairs(text)?,
        };
        let mut said = Self::default();
        for (name, value) in pairs {
            said.say(&name, value)?;
        }
        Ok(said)
    }

    /// Notes one word; of several the last counts.
    ///
    /// # Errors
    ///
    /// Nobody knows the word.
    pub(super) fn say(&mut self, name: &str, value: String) -> Result<(), ServerError> {
        let known = WORDS.iter().find(|(known, ..)| *known == name);
        let Some((known, ..)) = known else {
            let names = WORDS.iter().filter(|(_, _, used)| *used == Use::Heeded);
            let error = ServerError::new(format!(
                "\"{name}\" is no parameter of a connection to PostgreSQL"
            ));
            return Err(match did_you_mean(name, names.map(|(name, ..)| *name)) {
                Some(hint) => error.hint(hint),
                None => error,
            });
        };
        self.0.insert(known, value);
        Ok(())
    }

    /// Adds what is not said yet.
    pub(super) fn fill(&mut self, name: &'static str, value: String) {
        if self.get(name).is_none() {
            self.0.insert(name, value);
        }
    }

    /// The value of a word.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The values of a word that takes a list, in order; one of them may be empty.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name)
            .map(|value| value.split(',').collect())
            .unwrap_or_default()
    }

    /// Refuses what pgauge cannot do.
    ///
    /// # Errors
    ///
    /// It was asked for.
    pub(super) fn refuse(&self) -> Result<(), ServerError> {
        for (name, variable, used) in WORDS {
            if let Use::Refused(why) = used
                && self.get(name).is_some()
            {
                let whence = variable.map(|variable| format!(" or the variable {variable}"));
                return Err(
                    ServerError::new(format!("pgauge does not support \"{name}\""))
                        .detail(*why)
                        .hint(format!(
                            "leave out \"{name}\"{}",
                            whence.unwrap_or_default()
                        )),
                );
            }
        }
        Ok(())
    }
}

/// Whether a text is meant as a URL of a server.
pub fn is_url(text: &str) -> bool {
    let schemes = ["postgres://", "postgresql://"];
    schemes.iter().any(|scheme| text.starts_with(scheme))
}

/// Whether a text is meant as keywords and values.
pub fn is_keywords(text: &str) -> bool {
    let word = text.split_once('=').map(|(word, _)| word.trim());
    word.is_some_and(|word| WORDS.iter().any(|(known, ..)| *known == word))
}

/// `host=db port='5432'`: values may be quoted, and a backslash escapes.
fn pairs(text: &str) -> Result<Vec<(String, String)>, ServerError> {
    let wrong = |what: &str| {
        ServerError::new(format!("cannot read the server's keywords: {what}"))
            .hint("write them as host=db.test user=qa dbname=postgres, or write a URL")
    };
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, value) = rest
            .split_once('=')
            .ok_or_else(|| wrong("a word without \"=\""))?;
        let (value, after) = value_of(value.trim_start()).ok_or_else(|| wrong("an open quote"))?;
        pairs.push((name.trim().to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// The value at the beginning of a text, and what follows.
fn value_of(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Some((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Some((value, &text[at..])),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_may_be_quoted_and_escaped() {
        let said = Said::read(r"host = db.test  password='a\'b c' user=o\ x options=").unwrap();
        assert_eq!(said.get("host"), Some("db.test"));
        assert_eq!(said.get("password"), Some("a'b c"));
        assert_eq!(said.get("user"), Some("o x"));
        assert_eq!(said.get("options"), None);
    }

    #[test]
    fn a_mistyped_word_gets_the_nearest_one_and_no_value_is_shown() {
        let error = Said::read("host=db pasword=hunter22").err().unwrap();
        assert_eq!(error.hint.as_deref(), Some("did you mean \"password\"?"));
        assert!(!error.to_string().contains("hunter22"), "{error}");
        let open = Said::read("host=db password='hunter22").err().unwrap();
        assert!(!open.to_string().contains("hunter22"), "{open}");
    }

    #[test]
    fn what_would_weaken_safety_if_passed_over_is_refused() {
        let said = Said::read("host=db require_auth=scram-sha-256").unwrap();
        let error = said.refuse().unwrap_err();
        assert!(error.primary.contains("require_auth"), "{error}");
    }

    #[test]
    fn every_word_and_every_variable_stands_once() {
        for (at, (name, variable, _)) in WORDS.iter().enumerate() {
            for (other, another, _) in &WORDS[..at] {
                assert_ne!(name, other);
                assert!(variable.is_none() || variable != another, "{name}");
            }
        }
    }
}
