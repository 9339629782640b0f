//! What the tests share: the server, and the shortest way to a case, a session and an answer.

use indexmap::IndexMap;
use pgauge::pg::binaries::{Asked, Inventory, Surroundings};
use pgauge::pg::database::PgDatabase;
use pgauge::pg::embedded::{EmbeddedOptions, Listen};
use pgauge::pg::install::System;
use pgauge::pg::server::{PgServer, Retain};
use pgauge::pg::session::PgSession;
use pgauge::record::{CaseId, ClientId, Reply, Value};
use pgauge::run::session::{Database, Message, Server, Session, SessionNote, SessionPlan};
use pgauge::schedule::generate::{self, Seeded, TableGenerator, TableSpec};
use pgauge::schedule::{
    Case, ClientPlan, ControlPlan, DatabasePlan, SeedAction, SeedPlan, StatementForm,
};
use pgauge::script::Hooks;
use pgauge::source::SourceFile;
use pgauge::spec::{load_file, scenario::Requires};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How the tests' servers are started; none where there is no PostgreSQL, which says so.
pub fn options() -> Option<EmbeddedOptions> {
    let inventory = Inventory::take(&Surroundings::here());
    let chosen = inventory.choose(&Asked::Newest, &System::here());
    let binaries = chosen.map_err(|error| eprintln!("skipped: {error}")).ok()?;
    Some(EmbeddedOptions {
        binaries,
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    })
}

/// Runs a test on a runtime of its own, with the server that all tests share.
pub fn with_server<F: Future<Output = ()>>(test: impl FnOnce(&'static PgServer) -> F) {
    static SERVER: OnceLock<Option<PgServer>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let options = options()?;
        on_a_runtime(async {
            Some(
                PgServer::embedded(options, Retain::default())
                    .await
                    .unwrap(),
            )
        })
    });
    if let Some(server) = server {
        on_a_runtime(test(server));
    }
}

pub fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// A case that starts from a database with this seed.
pub fn case(name: &str, actions: Vec<SeedAction>) -> Case {
    let file = load_file(SourceFile::new("test.yaml", format!("name: {name}\n"))).unwrap();
    Case {
        id: CaseId {
            file: "test.yaml".to_owned(),
            scenario: name.to_owned(),
            variant: None,
            order: None,
        },
        scenario: Arc::clone(&file.variants[&None]),
        file: Arc::new(file),
        expect: Vec::new(),
        hooks: Default::default(),
        database: DatabasePlan {
            requires: Requires::default(),
            extensions: Vec::new(),
            collation: None,
            role: None,
            name: None,
            preset: None,
            connect: Default::default(),
            settings: IndexMap::new(),
            fingerprint: format!("{actions:?}"),
            seed: SeedPlan {
                actions,
                ..SeedPlan::default()
            },
        },
        clients: Vec::new(),
        order: None,
        rounds: Vec::new(),
        control: ControlPlan::default(),
        step_timeout: None,
        cast: Default::default(),
        outcomes: Vec::new(),
        explore: None,
        migration: None,
        load: None,
        queries: Vec::new(),
        probes: Vec::new(),
        production: Default::default(),
        before: None,
        after: None,
        timeout: Duration::from_secs(30),
        random_seed: 1,
        measures_time: false,
    }
}

/// A seed of SQL.
pub fn sql(text: &str) -> SeedAction {
    SeedAction::Sql {
        text: text.into(),
        file: None,
        path: "/seed/0/sql".to_owned(),
    }
}

/// A seed of generated rows.
pub fn generated(table: &str, rows: u64, columns: serde_json::Value) -> SeedAction {
    let columns: IndexMap<_, _> = serde_json::from_value(columns).unwrap();
    let (hooks, seeded) = (Hooks::default(), Seeded::default());
    let spec = TableSpec {
        table,
        rows,
        columns: &columns,
    };
    let around = generate::Surroundings {
        hooks: &hooks,
        seeded: &seeded,
    };
    SeedAction::Generate {
        reads: Vec::new(),
        generator: Arc::new(TableGenerator::new(7, spec, around).unwrap()),
        path: "/seed/1".to_owned(),
    }
}

/// A client of this name that asks for these settings.
pub fn client(name: &str, settings: &[(&str, &str)]) -> ClientPlan {
    ClientPlan {
        id: ClientId::single(name),
        settings: settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..ClientPlan::own_session()
    }
}

/// A database with this seed.
pub async fn database(server: &PgServer, name: &str, seed: &str) -> PgDatabase {
    server.database(&case(name, vec![sql(seed)])).await.unwrap()
}

/// A session of this client, and what it hears.
pub async fn connect(
    database: &PgDatabase,
    client: &str,
) -> (PgSession, UnboundedReceiver<SessionNote>) {
    connect_with(database, client, &[]).await
}

pub async fn connect_with(
    database: &PgDatabase,
    name: &str,
    settings: &[(&str, &str)],
) -> (PgSession, UnboundedReceiver<SessionNote>) {
    let (notes, heard) = unbounded_channel();
    let plan = client(name, settings);
    let plan = SessionPlan {
        client: plan.id,
        printed_as: None,
        settings: plan.settings.into_iter().collect(),
        notes,
    };
    (database.connect(&plan).await.unwrap().session, heard)
}

/// The answer to one statement.
pub async fn single(session: &mut PgSession, sql: &str, params: &[Value]) -> Reply {
    send(session, sql, params, StatementForm::Single).await
}

/// The answer to several statements in one message.
pub async fn batch(session: &mut PgSession, sql: &str) -> Reply {
    send(session, sql, &[], StatementForm::Batch).await
}

async fn send(session: &mut PgSession, sql: &str, params: &[Value], form: StatementForm) -> Reply {
    let message = Message {
        sql,
        params,
        form,
        keep_rows: 1000,
    };
    session.execute(message).await.0
}

/// The first value of the first row, as text.
pub async fn ask(session: &mut PgSession, sql: &str) -> String {
    let reply = single(session, sql, &[]).await;
    assert_eq!(reply.error, None, "{sql}");
    reply.rows()[0][0].to_string()
}
