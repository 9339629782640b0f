//! Where do sessions come from? From a pool of one client's connections, each really cleaned before it is used again.

use super::connect::{Connector, Login};
use super::deadlock_checks::DeadlockChecks;
use super::guard::Guard;
use super::line::{Line, drive};
use super::{failure, session::PgSession};
use crate::record::{Breakage, Micros};
use crate::run::session::{Connected, SessionPlan};
use deadpool_postgres::{
    BuildError, Connect, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

/// What makes a used connection like a new one. `DISCARD ALL` would do, were it allowed after a `ROLLBACK` in one
/// message; `DEALLOCATE ALL` would take away statements that the driver relies on, so only those of SQL go.
const CLEAN: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; DISCARD PLANS; \
    DO $$ DECLARE s text; BEGIN \
    FOR s IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP \
    EXECUTE pg_catalog.format('DEALLOCATE %I', s); END LOOP; END $$";

/// More connections than one client ever holds at once.
const MAX_SIZE: usize = 64;

/// A pool of connections of one client.
#[derive(Debug)]
pub(super) struct SessionPool {
    pool: Pool,
    line: Arc<Line>,
    connector: Connector,
    guard: Arc<Guard>,
    schema_version: Arc<AtomicU64>,
}

impl SessionPool {
    /// An empty pool; `schema_version` is that of the database, shared by all its sessions.
    pub(super) fn new(
        connector: Connector,
        login: &Login,
        guard: Arc<Guard>,
        schema_version: Arc<AtomicU64>,
        checks: Option<Arc<DeadlockChecks>>,
    ) -> Result<Self, BuildError> {
        let line = Arc::new(Line::with_checks(checks));
        let dialer = Dialer {
            connector: connector.clone(),
            login: login.clone(),
            line: line.clone(),
        };
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Custom(CLEAN.to_owned()),
        };
        let manager = Manager::from_connect(Config::new(), dialer, recycling);
        // Types may have changed since the connection was used.
        let forget = Hook::sync_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            client.clear_type_cache();
            Ok(())
        });
        let mut pool = Pool::builder(manager)
            .max_size(MAX_SIZE)
            .post_recycle(forget);
        if connector.options_are_lost()
            && let Some(statement) = login.statement()
        {
            pool = pool.post_recycle(put_in_force(statement));
        }
        let pool = pool.build()?;
        Ok(Self {
            pool,
            line,
            connector,
            guard,
            schema_version,
        })
    }

    /// Takes a session from the pool.
    pub(super) async fn session(
        &self,
        plan: &SessionPlan,
    ) -> Result<Connected<PgSession>, Breakage> {
        let asked = Instant::now();
        let client = self
            .pool
            .get()
            .await
            .map_err(|error| refused(plan, &error))?;
        let pid = backend_pid(&client)
            .await
            .map_err(|error| failure::breakage("connect", no_session(plan), &error))?;
        let pool_wait = Micros::from(asked.elapsed());
        self.line.listen(plan.client.clone(), plan.notes.clone());
        let session = PgSession::new(
            client,
            pid,
            self.line.clone(),
            self.connector.clone(),
            self.guard.clone(),
            self.schema_version.clone(),
        );
        Ok(Connected { session, pool_wait })
    }

    /// Closes every connection that is not in use, and every other one as it comes back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Puts the settings in force again that `RESET ALL` took away, where they did not come with the connection.
fn put_in_force(statement: String) -> Hook {
    Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let statement = statement.clone();
        Box::pin(async move {
            let set = client.batch_execute(&statement).await;
            set.map_err(HookError::Backend)
        })
    })
}

/// The process id of a connection's backend; the driver knows it and does not tell.
pub(super) async fn backend_pid(client: &Client) -> Result<i32, Error> {
    let row = client
        .query_typed("SELECT pg_catalog.pg_backend_pid()", &[])
        .await?;
    row.first().map_or(Ok(0), |row| row.try_get(0))
}

fn no_session(plan: &SessionPlan) -> String {
    format!("no session for client \"{}\"", plan.client)
}

fn refused(plan: &SessionPlan, error: &PoolError) -> Breakage {
    match error {
        PoolError::Backend(error) => failure::breakage("connect", no_session(plan), error),
        other => Breakage {
            code: "connect".to_owned(),
            message: no_session(plan),
            detail: Some(other.to_string()),
            ..Breakage::default()
        },
    }
}

/// Opens the pool's connections, with an ear at each.
struct Dialer {
    connector: Connector,
    login: Login,
    line: Arc<Line>,
}

/// A connection under way, with the task that will drive it.
pub(super) type Dialled<'a> =
    Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

impl Connect for Dialer {
    fn connect(&self, _: &Config) -> Dialled<'_> {
        Box::pin(async move {
            let (client, wire) = self.connector.open(&self.login).await?;
            Ok((client, tokio::spawn(drive(wire, self.line.clone()))))
        })
    }
}
