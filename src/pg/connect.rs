//! How is a connection made? To the first host that will do, encrypted as was asked for, with the settings of its session in
//! force.

use super::admin::quote_literal;
use super::conninfo::{
    Balance, Binding, Conninfo, HostName, HostPlace, Secret, Target, TlsMode, TlsWish,
};
use super::error::ServerError;
use super::failure;
use super::name::random_id;
use super::tls::{Tls, TlsStream};
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::{CancelToken, Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The longest name of an application that the server keeps (`NAMEDATALEN` - 1), in bytes.
const APPLICATION_NAME_LIMIT: usize = 63;

/// The SQLSTATEs after which another host, or the same without encryption, may do better: a server that is starting or
/// ending, and one whose `pg_hba.conf` does not let this kind of connection in.
const CANNOT_CONNECT_NOW: &str = "57P03";
const NOT_AUTHORIZED: &str = "28000";

/// A connection that has to be driven for its client to work.
pub type Wire = Connection<Socket, TlsStream>;

/// Where a server is and as whom to go there. `Debug` prints no password. Clones share what is known of the server.
#[derive(Debug, Clone)]
pub struct Connector {
    conninfo: Arc<Conninfo>,
    tls: Tls,
    known: Arc<Known>,
}

/// What the first connections taught.
#[derive(Debug, Default)]
struct Known {
    /// The host that let us in: the run stays there.
    host: OnceLock<usize>,
    /// Whether something in between passes no startup options on.
    options_are_lost: AtomicBool,
    /// What became of each host when last all were tried.
    refusals: Mutex<Vec<String>>,
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

    /// The statement that puts its settings in force; none if there are none.
    pub(super) fn statement(&self) -> Option<String> {
        let calls = self.settings.iter().map(|(name, value)| {
            let (name, value) = (quote_literal(name), quote_literal(value));
            format!("pg_catalog.set_config({name}, {value}, false)")
        });
        let calls: Vec<String> = calls.collect();
        (!calls.is_empty()).then(|| format!("SELECT {}", calls.join(", ")))
    }
}

impl Connector {
    /// Connections to this server.
    ///
    /// # Errors
    ///
    /// A certificate or a key cannot be used.
    pub fn new(conninfo: Conninfo) -> Result<Self, ServerError> {
        Ok(Self {
            tls: Tls::of(&conninfo.tls)?,
            conninfo: Arc::new(conninfo),
            known: Arc::default(),
        })
    }

    /// Connections to a server of our own, through its socket.
    ///
    /// # Errors
    ///
    /// Never with a socket; the same as of [`new`](Self::new).
    pub fn to_socket(folder: &Path, port: u16, user: &str) -> Result<Self, ServerError> {
        Self::new(Conninfo::of_socket(folder, port, user, "postgres"))
    }

    /// Connections to a server of our own over TCP, with the password that all of its roles have.
    ///
    /// # Errors
    ///
    /// Never without TLS; the same as of [`new`](Self::new).
    pub fn to_loopback(port: u16, user: &str, password: &str) -> Result<Self, ServerError> {
        Self::new(Conninfo::of_loopback(port, user, "postgres", password))
    }

    /// Whether it leads to a Unix socket, first of all.
    pub fn is_socket(&self) -> bool {
        let first = self.host().or(self.conninfo.hosts.first());
        first.is_some_and(|place| matches!(place.host, HostName::Socket(_)))
    }

    /// What was said of the server.
    pub fn conninfo(&self) -> &Conninfo {
        &self.conninfo
    }

    /// The role that it logs in as where a [`Login`] names none.
    pub fn user(&self) -> &str {
        &self.conninfo.user
    }

    /// The database that was named with the server; its user's name where none was.
    pub fn database(&self) -> &str {
        &self.conninfo.database
    }

    /// `postgres://user@host:port/database`, without the password.
    pub fn url(&self) -> String {
        self.address(self.database())
    }

    /// [`url`](Self::url) for another database of the server.
    pub fn address(&self, database: &str) -> String {
        match self.host() {
            Some(host) => format!("postgres://{}@{}/{database}", self.user(), host.address()),
            None => self.conninfo.address(database),
        }
    }

    /// The host that let us in, if one did.
    pub fn host(&self) -> Option<&HostPlace> {
        self.conninfo.hosts.get(*self.known.host.get()?)
    }

    /// What became of each host, where none let us in.
    pub(super) fn refusals(&self) -> Vec<String> {
        self.refused().clone()
    }

    /// From now on settings are put in force by a statement: something in between passes no startup options on.
    pub(super) fn lose_options(&self) {
        self.known.options_are_lost.store(true, Ordering::Relaxed);
    }

    /// Whether settings have to be put in force by a statement, and again after `RESET ALL`.
    pub(super) fn options_are_lost(&self) -> bool {
        self.known.options_are_lost.load(Ordering::Relaxed)
    }

    /// Connects; the [`Wire`] has to be driven by a task.
    ///
    /// # Errors
    ///
    /// No host can be reached, or the server refuses.
    pub async fn open(&self, login: &Login) -> Result<(Client, Wire), Error> {
        let mut refusals = Vec::new();
        let mut last = None;
        for at in self.order() {
            let host = &self.conninfo.hosts[at];
            match self.open_at(host, login).await {
                Ok(opened) => {
                    // Whoever was first decides; two at once reached the same list of hosts.
                    let _ = self.known.host.set(at);
                    return Ok(opened);
                }
                Err(error) => {
                    refusals.push(format!("{}: {}", host.address(), failure::told(&error)));
                    let goes_on = error
                        .code()
                        .is_none_or(|code| code.code() == CANNOT_CONNECT_NOW);
                    last = Some(error);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        *self.refused() = refusals;
        // The driver lets nobody else make an error of its kind, and there is always a host that gave one.
        Err(last.unwrap_or_else(Error::__private_api_timeout))
    }

    /// Asks the server to cancel what the owner of the token does. Whether it did shows in the owner's own answer.
    pub async fn cancel(&self, token: &CancelToken) {
        // The server tells nothing, and one that cannot be reached has nothing left to cancel.
        let _ = token.cancel_query(self.tls.connector()).await;
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        let refusals = self.known.refusals.lock();
        refusals.unwrap_or_else(PoisonError::into_inner)
    }

    /// The hosts to try, by number.
    fn order(&self) -> Vec<usize> {
        if let Some(host) = self.known.host.get() {
            return vec![*host];
        }
        let mut order: Vec<usize> = (0..self.conninfo.hosts.len()).collect();
        if self.conninfo.balance == Balance::Random {
            order.sort_by_cached_key(|_| random_id().unwrap_or_default());
        }
        order
    }

    /// The hosts to try for a connection that is opened without [`open`](Self::open), in order.
    pub(super) fn hosts_to_try(&self) -> impl Iterator<Item = &HostPlace> {
        self.order()
            .into_iter()
            .filter_map(|at| self.conninfo.hosts.get(at))
    }

    /// The ways to try with a host, in order.
    pub(super) fn ways_to(&self, host: &HostPlace) -> impl Iterator<Item = Way> + use<> {
        let (first, second) = ways(&self.conninfo.tls, host);
        [Some(first), second].into_iter().flatten().map(Way::of)
    }

    /// What encrypts connections.
    pub(super) fn tls(&self) -> MakeRustlsConnect {
        self.tls.connector()
    }

    /// The configuration of a connection whose socket is encrypted, or not, already.
    pub(super) fn plain_config(&self, host: &HostPlace, login: &Login) -> Config {
        let mut config = self.config(host, login);
        config.ssl_mode(SslMode::Disable);
        if self.conninfo.tls.binding == Binding::Prefer {
            // What the socket is bound to is not told to the driver.
            config.channel_binding(ChannelBinding::Disable);
        }
        config
    }

    /// Connects to one host, in each way that the mode allows until one will do.
    async fn open_at(&self, host: &HostPlace, login: &Login) -> Result<(Client, Wire), Error> {
        let config = self.config(host, login);
        let (first, second) = ways(&self.conninfo.tls, host);
        match self.open_as(&config, first, login).await {
            Err(error) if second.is_some_and(|_| may_help(&error)) => {
                let second = second.unwrap_or(first);
                self.open_as(&config, second, login).await
            }
            end => end,
        }
    }

    async fn open_as(
        &self,
        config: &Config,
        mode: SslMode,
        login: &Login,
    ) -> Result<(Client, Wire), Error> {
        let mut config = config.clone();
        config.ssl_mode(mode);
        let opening = async {
            let (client, mut wire) = config.connect(self.tls.connector()).await?;
            if self.options_are_lost()
                && let Some(statement) = login.statement()
            {
                let set = pin!(client.batch_execute(&statement));
                tokio::select! {
                    biased;
                    end = &mut wire => end?,
                    done = set => done?,
                }
            }
            Ok((client, wire))
        };
        match self.conninfo.timeout {
            None => opening.await,
            Some(limit) => match tokio::time::timeout(limit, opening).await {
                Ok(end) => end,
                Err(_) => Err(Error::__private_api_timeout()),
            },
        }
    }

    /// The full configuration of one connection to one host.
    fn config(&self, host: &HostPlace, login: &Login) -> Config {
        let conninfo = &self.conninfo;
        let mut config = Config::new();
        match &host.host {
            HostName::Network(name) => config.host(name),
            HostName::Socket(folder) => config.host_path(folder),
        };
        if let Some(address) = host.address {
            config.hostaddr(address);
        }
        config
            .port(host.port)
            .user(login.user.as_deref().unwrap_or(&conninfo.user))
            .dbname(&login.database)
            .application_name(application_name(&login.application))
            .target_session_attrs(match conninfo.target {
                Target::Any => TargetSessionAttrs::Any,
                Target::ReadWrite => TargetSessionAttrs::ReadWrite,
            })
            .channel_binding(match conninfo.tls.binding {
                Binding::Disable => ChannelBinding::Disable,
                Binding::Prefer => ChannelBinding::Prefer,
                Binding::Require => ChannelBinding::Require,
            })
            .ssl_negotiation(match conninfo.tls.direct {
                true => SslNegotiation::Direct,
                false => SslNegotiation::Postgres,
            });
        if let Some(password) = host.password.as_ref().map(Secret::reveal) {
            config.password(password);
        }
        let passed: &[(String, String)] = match self.options_are_lost() {
            true => &[],
            false => &login.settings,
        };
        let options = startup_options(&conninfo.options, passed);
        if !options.is_empty() {
            config.options(options);
        }
        live(&mut config, conninfo);
        config
    }
}

fn live(config: &mut Config, conninfo: &Conninfo) {
    let liveness = &conninfo.liveness;
    if let Some(timeout) = conninfo.timeout {
        config.connect_timeout(timeout);
    }
    if let Some(silence) = liveness.silence {
        config.tcp_user_timeout(silence);
    }
    config.keepalives(liveness.idle.is_some());
    config.keepalives_idle(liveness.idle.unwrap_or(Duration::ZERO));
    if let Some(interval) = liveness.interval {
        config.keepalives_interval(interval);
    }
    if let Some(count) = liveness.count {
        config.keepalives_retries(count);
    }
}

/// How a connection is tried, and how then, if at all. PostgreSQL does not encrypt what goes through a socket.
fn ways(tls: &TlsWish, host: &HostPlace) -> (SslMode, Option<SslMode>) {
    match (&host.host, tls.mode) {
        (HostName::Socket(_), _) | (_, TlsMode::Disable) => (SslMode::Disable, None),
        (_, TlsMode::Allow) => (SslMode::Disable, Some(SslMode::Require)),
        (_, TlsMode::Prefer) => (SslMode::Prefer, Some(SslMode::Disable)),
        (_, TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull) => (SslMode::Require, None),
    }
}

/// A way to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Plain,
    /// Plain where the server does not encrypt.
    EncryptedIfPossible,
    Encrypted,
}

impl Way {
    fn of(mode: SslMode) -> Self {
        match mode {
            SslMode::Disable => Self::Plain,
            SslMode::Prefer => Self::EncryptedIfPossible,
            _ => Self::Encrypted,
        }
    }
}

/// Whether the other way may do better: not where nobody is there, or the password is wrong.
fn may_help(error: &Error) -> bool {
    match error.code() {
        Some(code) => code.code() == NOT_AUTHORIZED,
        None => error.to_string().contains("TLS"),
    }
}

/// The beginning of the name that the server would keep, without half a character at its end.
pub(super) fn application_name(name: &str) -> &str {
    let end = (0..=name.len().min(APPLICATION_NAME_LIMIT))
        .rev()
        .find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

/// What a session of a scenario calls itself, `pgauge/scenario/whose`. Of a scenario's name that is too long only the
/// beginning: whose the session is has to be seen on the server.
pub(super) fn session_name(scenario: &str, whose: &str) -> String {
    // From version 16 on the server keeps `\xNN` of each byte that is not ASCII.
    let kept = |c: char| match c.is_ascii() {
        true => 1,
        false => 4 * c.len_utf8(),
    };
    let fixed = "pgauge//".len() + whose.chars().map(kept).sum::<usize>();
    let mut end = fixed;
    let beginning = scenario.chars().take_while(|c| {
        end += kept(*c);
        end <= APPLICATION_NAME_LIMIT
    });
    format!("pgauge/{}/{whose}", beginning.collect::<String>())
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
    fn each_mode_has_its_ways_and_a_socket_is_never_encrypted() {
        let ways_of = |text: &str| {
            let conninfo = Conninfo::resolve(text, &|_| None).unwrap();
            ways(&conninfo.tls, &conninfo.hosts[0])
        };
        let url = |mode| ways_of(&format!("postgres://h/x?sslmode={mode}"));
        assert_eq!(url("disable"), (SslMode::Disable, None));
        assert_eq!(url("allow"), (SslMode::Disable, Some(SslMode::Require)));
        assert_eq!(url("prefer"), (SslMode::Prefer, Some(SslMode::Disable)));
        assert_eq!(url("require"), (SslMode::Require, None));
        assert_eq!(url("verify-full"), (SslMode::Require, None));
        assert_eq!(
            ways_of("host=/tmp sslmode=verify-full"),
            (SslMode::Disable, None)
        );
    }

    #[test]
    fn settings_can_be_put_in_force_by_a_statement() {
        let login = Login {
            settings: vec![("work_mem".to_owned(), "it's".to_owned())],
            ..Login::default()
        };
        let statement = "SELECT pg_catalog.set_config('work_mem', 'it''s', false)";
        assert_eq!(login.statement().as_deref(), Some(statement));
        assert_eq!(Login::default().statement(), None);
    }

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
    fn a_session_says_whose_it_is_however_long_the_name_of_its_scenario_is() {
        assert_eq!(session_name("a shop", "bob[2]"), "pgauge/a shop/bob[2]");
        let long = session_name(&"a shop ".repeat(20), "bob[2]");
        assert_eq!((long.len(), &long[56..]), (63, "/bob[2]"));
        // Each is kept as 8 characters.
        assert_eq!(session_name(&"é".repeat(12), "b"), "pgauge/éééééé/b");
        assert!(session_name("shop", &"b".repeat(70)).starts_with("pgauge//b"));
    }

    #[test]
    fn no_password_is_printed() {
        let url = "postgres://me:hunter2@db.example:5433/shop";
        let conninfo = Conninfo::resolve(url, &|_| None).unwrap();
        let connector = Connector::new(conninfo).unwrap();
        assert_eq!(connector.url(), "postgres://me@db.example:5433/shop");
        assert!(!format!("{connector:?}").contains("hunter2"));
    }
}
