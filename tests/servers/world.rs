//! What the tests share: somebody's server, and what pgauge says when it goes there.

use crate::certificates::Pair;
use pgauge::pg::binaries::{Asked, Inventory, Surroundings};
use pgauge::pg::conninfo::Conninfo;
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::guard::Guard;
use pgauge::pg::install::System;
use pgauge::pg::server::{PgServer, Retain};
use pgauge::record::Breakage;
use std::future::Future;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use tokio_postgres::{Client, Config, NoTls};

/// The password of the user `qa`.
pub const PASSWORD: &str = "canary-of-qa";

/// A server that stands for somebody's, with a user `qa` who has a password and may create databases.
pub struct Somebodys {
    pub server: EmbeddedServer,
}

/// Runs a test with such a server; where there is no PostgreSQL it says that it was skipped.
pub fn with_somebodys<F: Future<Output = ()>>(test: impl FnOnce(Somebodys) -> F) {
    let inventory = Inventory::take(&Surroundings::here());
    let binaries = match inventory.choose(&Asked::Newest, &System::here()) {
        Ok(binaries) => binaries,
        Err(error) => return eprintln!("SKIPPED: {error}"),
    };
    let server = EmbeddedServer::start(&EmbeddedOptions {
        binaries,
        settings: Vec::new(),
        listen: Listen::Loopback,
    });
    let somebodys = Somebodys {
        server: server.unwrap(),
    };
    on_a_runtime(async {
        let create = format!("CREATE ROLE qa LOGIN CREATEDB PASSWORD '{PASSWORD}'");
        somebodys.does(&create).await;
        test(somebodys).await;
    });
}

pub fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

impl Somebodys {
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// `qa`, over TCP, with more parameters behind.
    pub fn url(&self, more: &str) -> String {
        let port = self.port();
        format!("postgres://qa:{PASSWORD}@localhost:{port}/postgres?{more}")
    }

    pub async fn superuser(&self) -> Client {
        let mut config = Config::new();
        config
            .host_path(self.server.socket_dir())
            .port(self.port())
            .user(self.server.superuser())
            .dbname("postgres");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub async fn does(&self, sql: &str) {
        let superuser = self.superuser().await;
        for statement in sql.split(';').filter(|one| !one.trim().is_empty()) {
            superuser.batch_execute(statement).await.unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.server.socket_dir().join("data")
    }

    /// A file of the server's own, which it insists on.
    fn own_file(&self, name: &str, text: &str) -> PathBuf {
        let file = crate::certificates::write(&self.data(), name, text);
        let owner = std::fs::metadata(self.data()).unwrap();
        std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        file
    }

    /// Turns encryption on, with this certificate, trusting clients of that authority.
    pub async fn encrypts(&self, pair: &Pair, authority: Option<&PathBuf>) {
        self.own_file("server.crt", &pair.certificate);
        self.own_file("server.key", &pair.key);
        let mut sql = "ALTER SYSTEM SET ssl = on".to_owned();
        if let Some(authority) = authority {
            self.own_file("root.crt", &std::fs::read_to_string(authority).unwrap());
            sql.push_str("; ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
        }
        self.does(&sql).await;
        self.reload().await;
    }

    /// Who is let in, and how.
    pub async fn lets_in(&self, lines: &str) {
        self.own_file(
            "pg_hba.conf",
            &format!("local all postgres trust\n{lines}\n"),
        );
        self.reload().await;
    }

    /// Reloads, and waits until the postmaster has done so: each of its later children has it then.
    async fn reload(&self) {
        let loaded = "SELECT pg_conf_load_time()::text";
        let loaded = async || -> String {
            self.superuser()
                .await
                .query_one(loaded, &[])
                .await
                .unwrap()
                .get(0)
        };
        let before = loaded().await;
        self.does("SELECT pg_reload_conf()").await;
        while loaded().await == before {
            tokio::task::yield_now().await;
        }
    }
}

/// What becomes of a run that goes there: what the server is called, or why there is none.
pub async fn reached(text: &str) -> Result<String, Breakage> {
    let server = opened(text).await?;
    let place = pgauge::run::session::Server::facts(&server).place.clone();
    server.clear().await?;
    Ok(place)
}

/// pgauge on that server.
pub async fn opened(text: &str) -> Result<PgServer, Breakage> {
    PgServer::at(conninfo(text), Retain::default(), Guard::allowing([])).await
}

fn conninfo(text: &str) -> Conninfo {
    let home = |name: &str| (name == "HOME").then(|| "/nowhere".to_owned());
    Conninfo::resolve(text, &home).unwrap()
}

/// All that a breakage says, a line each.
pub fn told(breakage: &Breakage) -> String {
    let error = breakage.error.as_ref();
    let error = error.map(|error| format!("{} {}: {}", error.severity, error.code, error.message));
    let parts = [
        Some(breakage.message.clone()),
        error,
        breakage.detail.clone(),
        breakage.hint.clone(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The program, undisturbed by the environment of whoever runs the tests.
pub fn pgauge(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgauge"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if (text.starts_with("PG") && text != "PGAUGE_POSTGRES" && text != "PGAUGE_TMPDIR")
            || text == "DATABASE_URL"
        {
            command.env_remove(&name);
        }
    }
    command.args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}
