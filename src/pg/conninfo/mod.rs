//! Which server was meant, in libpq's words, and what do they come to? A URL or keywords first, then a service file, then
//! the PG* variables, then defaults; passwords last from a password file.
//!
//! What pgauge cannot do of what libpq can is refused by name, never passed over: somebody who asks for a revocation list
//! must not believe that it was looked at.

mod hosts;
mod passfile;
mod secret;
mod service;
mod tls;
mod url;
mod words;

pub use hosts::{HostName, HostPlace};
pub use secret::Secret;
pub use tls::{Binding, Identity, Roots, TlsMode, TlsVersion, TlsWish};
pub use words::{is_keywords, is_url};

use super::error::ServerError;
use nix::unistd::{User, geteuid};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use words::{Said, Use, WORDS};

/// How long a host may take to let us in, where nobody says it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the network may swallow what is sent, where the system can tell.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// Where a server is and how to get in. `Debug` prints no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conninfo {
    /// The hosts, in the order in which they are tried; never none.
    pub hosts: Vec<HostPlace>,
    /// Which of them will do.
    pub target: Target,
    /// In which order.
    pub balance: Balance,
    /// The role to log in as.
    pub user: String,
    /// The database to connect to while others are made.
    pub database: String,
    /// Startup options, as `PGOPTIONS` has them.
    pub options: String,
    /// How long one host may take; none for as long as it takes.
    pub timeout: Option<Duration>,
    /// How a dead connection is noticed.
    pub liveness: Liveness,
    /// How it is encrypted.
    pub tls: TlsWish,
    /// What is worth a word, such as a password file that was passed over.
    pub remarks: Vec<String>,
    secrets: Vec<Secret>,
}

/// Which hosts will do: `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Any.
    #[default]
    Any,
    /// One that can be written to.
    ReadWrite,
}

/// In which order hosts are tried: `load_balance_hosts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balance {
    /// As they were named.
    #[default]
    Named,
    /// In a random one.
    Random,
}

/// How a dead connection is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liveness {
    /// How long what was sent may stay without an answer of the network's.
    pub silence: Option<Duration>,
    /// How long a connection is idle before the other end is asked; none for never.
    pub idle: Option<Duration>,
    /// How long between two such questions; none for what the system does.
    pub interval: Option<Duration>,
    /// How many questions may go unanswered; none for what the system does.
    pub count: Option<u32>,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            silence: Some(SILENCE_LIMIT),
            idle: Some(Duration::from_secs(2 * 60 * 60)),
            interval: None,
            count: None,
        }
    }
}

/// What words are completed from: the environment, and the user's own files.
pub(super) struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { variable }
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        let named = self.variable("HOME").map(PathBuf::from);
        named.or_else(|| Some(account()?.dir))
    }
}

impl Conninfo {
    /// What a text means, completed from the environment; `variable` looks it up. An empty text leaves everything to the
    /// environment.
    ///
    /// # Errors
    ///
    /// It cannot be read, or asks for what pgauge cannot do. No error shows a password.
    pub fn resolve(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ServerError> {
        let around = Surroundings::new(variable);
        let mut said = Said::read(text)?;
        for name in ["service", "servicefile"] {
            fill_from_environment(&mut said, name, &around);
        }
        service::fill(&mut said, &around)?;
        for (name, _, used) in WORDS {
            if *used != Use::Idle {
                fill_from_environment(&mut said, name, &around);
            }
        }
        said.refuse()?;
        Self::of(&said, &around)
    }

    /// A server of our own: through its socket, without a password.
    pub fn of_socket(folder: &Path, port: u16, user: &str, database: &str) -> Self {
        Self {
            hosts: vec![HostPlace {
                host: HostName::Socket(folder.to_owned()),
                address: None,
                port,
                password: None,
            }],
            target: Target::Any,
            balance: Balance::Named,
            user: user.to_owned(),
            database: database.to_owned(),
            options: String::new(),
            timeout: Some(CONNECT_TIMEOUT),
            liveness: Liveness::default(),
            tls: TlsWish::none(),
            remarks: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// A server of our own: over 127.0.0.1, with a password that all of its roles have.
    pub fn of_loopback(port: u16, user: &str, database: &str, password: &str) -> Self {
        let socket = Self::of_socket(Path::new(""), port, user, database);
        Self {
            hosts: vec![HostPlace {
                host: HostName::Network(Ipv4Addr::LOCALHOST.to_string()),
                address: None,
                port,
                password: Some(Secret::new(password)),
            }],
            ..socket
        }
    }

    fn of(said: &Said, around: &Surroundings<'_>) -> Result<Self, ServerError> {
        let user = said.get("user").map(str::to_owned);
        let user = user.or_else(|| Some(account()?.name)).unwrap_or_default();
        let database = said.get("dbname").unwrap_or(&user).to_owned();
        let (passfile, remark) = passfile::Passfile::read(said.get("passfile"), around);
        let mut hosts = hosts::hosts(said)?;
        let given = said.get("password").map(Secret::new);
        for host in &mut hosts {
            let port = host.port.to_string();
            let from_file =
                || passfile.password([&host.host.of_passfile(), &port, &database, &user]);
            host.password = given.clone().or_else(from_file);
        }
        let secrets = passfile.secrets().map(Secret::new).chain(given).collect();
        match said.get("gssencmode") {
            None | Some("disable" | "prefer") => {}
            Some(_) => return Err(not_one_of("gssencmode", &["disable", "prefer"])),
        }
        Ok(Self {
            hosts,
            target: match said.get("target_session_attrs") {
                None | Some("any") => Target::Any,
                Some("read-write" | "primary") => Target::ReadWrite,
                Some(_) => {
                    let allowed = ["any", "read-write", "primary"];
                    return Err(not_one_of("target_session_attrs", &allowed).detail(
                        "pgauge makes databases: a server that cannot be written to will not do",
                    ));
                }
            },
            balance: match said.get("load_balance_hosts") {
                None | Some("disable") => Balance::Named,
                Some("random") => Balance::Random,
                Some(_) => return Err(not_one_of("load_balance_hosts", &["disable", "random"])),
            },
            options: said.get("options").unwrap_or_default().to_owned(),
            timeout: match number::<i64>(said, "connect_timeout")? {
                None => Some(CONNECT_TIMEOUT),
                Some(seconds) => u64::try_from(seconds)
                    .ok()
                    .filter(|seconds| *seconds > 0)
                    .map(Duration::from_secs),
            },
            liveness: liveness(said)?,
            tls: TlsWish::of(said, around)?,
            remarks: remark.into_iter().collect(),
            secrets,
            user,
            database,
        })
    }

    /// Everything that must not be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(Secret::reveal)
    }

    /// `postgres://user@host:port/database`, without the password.
    pub fn address(&self, database: &str) -> String {
        hosts::address(&self.user, &self.hosts, database)
    }
}

fn fill_from_environment(said: &mut Said, name: &'static str, around: &Surroundings<'_>) {
    let word = WORDS.iter().find(|(known, ..)| *known == name);
    let variable = word.and_then(|(_, variable, _)| *variable);
    if let Some(value) = variable.and_then(|variable| around.variable(variable)) {
        said.fill(name, value);
    }
}

fn liveness(said: &Said) -> Result<Liveness, ServerError> {
    let usual = Liveness::default();
    let seconds = |name| Ok(number::<u64>(said, name)?.map(Duration::from_secs));
    let silence = number::<u64>(said, "tcp_user_timeout")?.map(Duration::from_millis);
    let asks = number::<i64>(said, "keepalives")?.is_none_or(|asks| asks != 0);
    let idle: Option<Duration> = seconds("keepalives_idle")?;
    let idle = idle.filter(|idle| !idle.is_zero()).or(usual.idle);
    Ok(Liveness {
        silence: silence.map_or(usual.silence, |silence| {
            Some(silence).filter(|s| !s.is_zero())
        }),
        idle: idle.filter(|_| asks),
        interval: seconds("keepalives_interval")?.filter(|interval| !interval.is_zero()),
        count: number::<u32>(said, "keepalives_count")?.filter(|count| *count > 0),
    })
}

fn number<T: FromStr>(said: &Said, name: &str) -> Result<Option<T>, ServerError> {
    let number = said.get(name).map(|value| value.trim().parse::<T>());
    number.transpose().map_err(|_| {
        ServerError::new(format!("\"{name}\" of the connection is no whole number"))
            .hint(format!("write it as {name}=10"))
    })
}

fn not_one_of(name: &str, allowed: &[&str]) -> ServerError {
    ServerError::new(format!(
        "pgauge cannot do what \"{name}\" of the connection says"
    ))
    .hint(format!("it may be {}", crate::text::list(allowed, "or")))
}

fn existing(file: PathBuf) -> Option<PathBuf> {
    file.exists().then_some(file)
}

fn account() -> Option<User> {
    User::from_uid(geteuid()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, environment: &[(&str, &str)]) -> Result<Conninfo, ServerError> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            let nowhere = (name == "HOME").then(|| "/nowhere".to_owned());
            found.map(|(_, value)| (*value).to_owned()).or(nowhere)
        };
        Conninfo::resolve(text, &variable)
    }

    #[test]
    fn the_environment_fills_in_what_was_not_said() {
        let environment = [
            ("PGUSER", "qa"),
            ("PGPASSWORD", "s/cret"),
            ("PGHOST", "other"),
            ("PGCONNECT_TIMEOUT", "3"),
            ("PGSSLMODE", "require"),
        ];
        let conninfo = resolved("postgres://db.test/shop", &environment).unwrap();
        assert_eq!(conninfo.address("x"), "postgres://qa@db.test:5432/x");
        assert_eq!(conninfo.database, "shop");
        assert_eq!(conninfo.timeout, Some(Duration::from_secs(3)));
        assert_eq!(conninfo.tls.mode, TlsMode::Require);
        let password = conninfo.hosts[0].password.as_ref().map(Secret::reveal);
        assert_eq!(password, Some("s/cret"));
        assert_eq!(conninfo.secrets().collect::<Vec<_>>(), ["s/cret"]);
        assert!(!format!("{conninfo:?}").contains("s/cret"));
        let own = resolved("postgres://me:own@db.test/shop", &environment).unwrap();
        let password = own.hosts[0].password.as_ref().map(Secret::reveal);
        assert_eq!((own.user.as_str(), password), ("me", Some("own")));
    }

    #[test]
    fn what_pgauge_cannot_do_is_refused_by_name() {
        for (text, name) in [
            ("host=h sslcrl=x", "sslcrl"),
            (
                "host=h target_session_attrs=standby",
                "target_session_attrs",
            ),
            ("host=h gssencmode=require", "gssencmode"),
            ("host=h connect_timeout=soon", "connect_timeout"),
        ] {
            let error = resolved(text, &[]).unwrap_err();
            assert!(error.primary.contains(name), "{error}");
        }
        let error = resolved("host=h", &[("PGREQUIREAUTH", "scram-sha-256")]).unwrap_err();
        assert!(error.hint.unwrap().contains("PGREQUIREAUTH"));
    }

    #[test]
    fn no_timeout_is_as_long_as_it_takes() {
        let forever = resolved("host=h connect_timeout=0", &[]).unwrap();
        assert_eq!(forever.timeout, None);
        let usual = resolved("host=h", &[]).unwrap();
        assert_eq!(usual.timeout, Some(CONNECT_TIMEOUT));
    }
}
