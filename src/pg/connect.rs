//! Where is the server, and how is a connection to it made? The one place that knows about hosts, passwords, startup
//! options and (one day) TLS.

use std::time::Duration;
use tokio_postgres::config::Host;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{CancelToken, Client, Config, Connection, Error, NoTls, Socket};

/// The longest name of an application that the server keeps (`NAMEDATALEN` - 1), in bytes.
const APPLICATION_NAME_LIMIT: usize = 63;

/// How long a host may take to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the network may swallow what is sent, where the system can tell.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// A connection that has to be driven for its client to work.
pub type Wire = Connection<Socket, NoTlsStream>;

/// Where a server is and as whom to go there. `Debug` prints no password.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Config,
}

/// What an administrator may have set for a user or a database and what would end pgauge's own work half-way.
const UNHURRIED: [(&str, &str); 5] = [
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("default_transaction_read_only", "off"),
];

/// What distinguishes one connection from another to the same server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Login {
    /// The database.
    pub database: String,
    /// The role to log in as; none is that of the [`Connector`].
    pub user: Option<String>,
    /// `application_name`; only its first 63 bytes count.
    pub application: String,
    /// Settings in force from the start, which `RESET` goes back to.
    pub settings: Vec<(String, String)>,
}

impl Login {
    /// For work of pgauge's own, which no limit of the user's or the database's shall end.
    pub fn own(database: impl Into<String>, application: impl Into<String>) -> Self {
        let settings = UNHURRIED.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            database: database.into(),
            user: None,
            application: application.into(),
            settings: settings.into(),
        }
    }
}

impl Connector {
    /// Connections as this configuration says, but for what a [`Login`] says. What it leaves open is as in libpq, or so
    /// that a server that cannot be reached is given up in time.
    pub fn new(mut config: Config) -> Self {
        if config.get_user().is_none()
            && let Ok(Some(user)) = nix::unistd::User::from_uid(nix::unistd::geteuid())
        {
            config.user(user.name);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_LIMIT);
        }
        Self { config }
    }

    /// The role that it logs in as where a [`Login`] names none.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database that was named with the server; its user's name where none was.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or(self.user())
    }

    /// `postgres://user@host:port/database`, without the password.
    pub fn url(&self) -> String {
        self.address(self.database())
    }

    /// [`url`](Self::url) for another database of the server.
    pub fn address(&self, database: &str) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string().replace('/', "%2F"),
        });
        let ports = self.config.get_ports();
        let port = |at: usize| *ports.get(at).or(ports.first()).unwrap_or(&5432);
        let places: Vec<String> = hosts
            .enumerate()
            .map(|(at, host)| format!("{host}:{}", port(at)))
            .collect();
        format!("postgres://{}@{}/{database}", self.user(), places.join(","))
    }

    /// The full configuration of one connection.
    pub fn config(&self, login: &Login) -> Config {
        let mut config = self.config.clone();
        config.dbname(&login.database);
        if let Some(user) = &login.user {
            config.user(user);
        }
        config.application_name(application_name(&login.application));
        let given = self.config.get_options().unwrap_or_default();
        let options = startup_options(given, &login.settings);
        if !options.is_empty() {
            config.options(options);
        }
        config
    }

    /// Connects; the [`Wire`] has to be driven by a task.
    ///
    /// # Errors
    ///
    /// The server cannot be reached or refuses.
    pub async fn open(&self, config: &Config) -> Result<(Client, Wire), Error> {
        config.connect(NoTls).await
    }

    /// Asks the server to cancel what the owner of the token does. Whether it did shows in the owner's own answer.
    pub async fn cancel(&self, token: &CancelToken) {
        // The server tells nothing, and one that cannot be reached has nothing left to cancel.
        let _ = token.cancel_query(NoTls).await;
    }
}

/// The beginning of the name that the server would keep, without half a character at its end.
fn application_name(name: &str) -> &str {
    let end = (0..=name.len().min(APPLICATION_NAME_LIMIT))
        .rev()
        .find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

/// The `options` of a startup message: what was given already, then `-c name=value` for each setting. The server splits
/// at blanks that no backslash precedes.
fn startup_options(given: &str, settings: &[(String, String)]) -> String {
    let mut options = given.to_owned();
    for (name, value) in settings {
        let gap = if options.is_empty() { "" } else { " " };
        options.push_str(&format!("{gap}-c {}={}", escape(name), escape(value)));
    }
    options
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_whitespace() || c == '\\' || c == '\u{b}' {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_backslashes_of_a_setting_reach_the_server() {
        let settings = [
            ("search_path".to_owned(), "a, b".to_owned()),
            ("app.path".to_owned(), "C:\\x".to_owned()),
        ];
        assert_eq!(
            startup_options("-c jit=off", &settings),
            "-c jit=off -c search_path=a,\\ b -c app.path=C:\\\\x"
        );
    }

    #[test]
    fn a_long_application_name_is_cut_between_characters() {
        let name = "é".repeat(40);
        assert_eq!(application_name(&name), "é".repeat(31));
        assert_eq!(application_name("pgauge/a/b"), "pgauge/a/b");
    }

    #[test]
    fn no_password_is_printed() {
        let connector = Connector::new(
            "postgres://me:hunter2@db.example:5433/shop"
                .parse()
                .unwrap(),
        );
        assert_eq!(connector.url(), "postgres://me@db.example:5433/shop");
        assert!(!format!("{connector:?}").contains("hunter2"));
    }
}
