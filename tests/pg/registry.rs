//! Somebody's server, reached by URL as a user with CREATEDB: what a run leaves, and what it leaves alone.

use crate::world::{ask, case, connect, on_a_runtime, options, sql};
use pgauge::pg::conninfo::Conninfo;
use pgauge::pg::embedded::EmbeddedServer;
use pgauge::pg::guard::Guard;
use pgauge::pg::server::{PgServer, Retain, Retention};
use pgauge::run::session::{Database, NotReady, Server};
use tokio_postgres::{Client, Config, NoTls};

/// A server that stands for somebody's, with a user `qa` who may create databases.
struct Somebodys {
    server: EmbeddedServer,
}

impl Somebodys {
    fn start() -> Option<Self> {
        let server = EmbeddedServer::start(&options()?).unwrap();
        Some(Self { server })
    }

    fn config(&self, user: &str) -> Config {
        let mut config = Config::new();
        config
            .host_path(self.server.socket_dir())
            .port(self.server.port())
            .user(user)
            .dbname("postgres");
        config
    }

    fn conninfo(&self, user: &str) -> Conninfo {
        Conninfo::of_socket(
            self.server.socket_dir(),
            self.server.port(),
            user,
            "postgres",
        )
    }

    async fn superuser(&self) -> Client {
        let (client, connection) = self.config("postgres").connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn databases(&self) -> i64 {
        let count = "SELECT count(*) FROM pg_database WHERE datname ~ '^pgauge_[0-9a-f]{32}$'";
        self.superuser()
            .await
            .query_one(count, &[])
            .await
            .unwrap()
            .get(0)
    }

    async fn run(&self, retain: Retain) -> PgServer {
        PgServer::at(self.conninfo("qa"), retain, Guard::allowing([]))
            .await
            .unwrap()
    }
}

fn with_somebodys<F: Future<Output = ()>>(test: impl FnOnce(Somebodys) -> F) {
    if let Some(somebodys) = Somebodys::start() {
        on_a_runtime(async {
            let superuser = somebodys.superuser().await;
            let create = "CREATE ROLE qa LOGIN CREATEDB; CREATE ROLE app; GRANT app TO qa; \
                CREATE ROLE stranger; CREATE ROLE poor LOGIN";
            superuser.batch_execute(create).await.unwrap();
            test(somebodys).await;
        });
    }
}

#[test]
fn a_run_leaves_nothing_and_touches_nothing_of_another() {
    with_somebodys(|somebodys| async move {
        let (one, other) = (
            somebodys.run(Retain::default()).await,
            somebodys.run(Retain::default()).await,
        );
        let seed = vec![sql("CREATE TABLE t (a int)")];
        let mine = one.database(&case("mine", seed.clone())).await.unwrap();
        let theirs = other.database(&case("theirs", seed)).await.unwrap();
        assert_eq!(somebodys.databases().await, 4);
        // A third run, which starts while both live, sweeps nothing of theirs.
        let third = somebodys.run(Retain::default()).await;
        assert_eq!(somebodys.databases().await, 4);
        mine.close().await.unwrap();
        one.clear().await.unwrap();
        assert_eq!(somebodys.databases().await, 2);
        let (mut session, _heard) = connect(&theirs, "alice").await;
        assert_eq!(ask(&mut session, "SELECT count(*) FROM t").await, "0");
        drop(session);
        theirs.close().await.unwrap();
        for run in [other, third] {
            run.clear().await.unwrap();
        }
        assert_eq!(somebodys.databases().await, 0);
    });
}

#[test]
fn what_a_dead_run_left_is_swept_by_the_next_one() {
    with_somebodys(|somebodys| async move {
        let dead = somebodys.run(Retain::default()).await;
        let database = dead
            .database(&case("left", vec![sql("CREATE TABLE t (a int)")]))
            .await
            .unwrap();
        let (session, _heard) = connect(&database, "alice").await;
        // As if the process were gone: nothing is dropped, connections just end.
        drop((session, database, dead));
        assert_eq!(somebodys.databases().await, 2);
        let superuser = somebodys.superuser().await;
        let alive = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        while superuser
            .query_one(alive, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            > 0
        {}
        let _next = somebodys.run(Retain::default()).await;
        assert_eq!(somebodys.databases().await, 0);
    });
}

#[test]
fn a_database_that_is_still_being_made_for_a_dead_run_is_swept_too() {
    with_somebodys(|somebodys| async move {
        let superuser = somebodys.superuser().await;
        let dead = somebodys.run(Retain::default()).await;
        superuser
            .batch_execute("BEGIN; LOCK pg_database IN SHARE MODE")
            .await
            .unwrap();
        let waiting = somebodys.superuser().await;
        let made = case("made", Vec::new());
        let seen = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^CREATE DATABASE' AND wait_event_type = 'Lock'";
        tokio::select! {
            _ = dead.database(&made) => panic!("it was made in spite of the lock"),
            () = async { while waiting.query_one(seen, &[]).await.unwrap().get::<_, i64>(0) == 0 {} } => {}
        }
        drop(dead);
        let release = async {
            let swept = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgauge' \
                AND query ~ 'strpos|^DROP' AND usename = 'qa'";
            while waiting
                .query_one(swept, &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
                == 0
            {}
            superuser.batch_execute("COMMIT").await.unwrap();
        };
        let (_next, ()) = tokio::join!(somebodys.run(Retain::default()), release);
        let making = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^CREATE DATABASE' AND state = 'active'";
        while waiting
            .query_one(making, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            > 0
        {}
        assert_eq!(somebodys.databases().await, 0);
    });
}

#[test]
fn what_is_kept_stays_and_a_kept_template_is_used_again() {
    with_somebodys(|somebodys| async move {
        let retain = Retain {
            databases: Retention::Keep,
            templates: Retention::Keep,
        };
        let seed = vec![sql("CREATE TABLE t AS SELECT gen_random_uuid() AS id")];
        let mut ids = Vec::new();
        let mut kept = Vec::new();
        for _ in 0..2 {
            let run = somebodys.run(retain).await;
            let database = run.database(&case("kept", seed.clone())).await.unwrap();
            let (mut session, _heard) = connect(&database, "alice").await;
            ids.push(ask(&mut session, "SELECT id FROM t").await);
            drop(session);
            kept.push(database.name().to_owned());
            database.close().await.unwrap();
            run.clear().await.unwrap();
            let [(of, address)] = run.kept().try_into().unwrap();
            assert_eq!(of.scenario, "kept");
            assert!(address.ends_with(&format!("/{}", kept[kept.len() - 1])));
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(somebodys.databases().await, 3);
    });
}

#[test]
fn the_database_of_a_case_that_passed_is_not_kept() {
    with_somebodys(|somebodys| async move {
        let retain = Retain {
            databases: Retention::Keep,
            ..Retain::default()
        };
        let run = somebodys.run(retain).await;
        let (passed, failed) = (case("passed", Vec::new()), case("failed", Vec::new()));
        for case in [&passed, &failed] {
            run.database(case).await.unwrap().close().await.unwrap();
        }
        run.release(&passed.id);
        run.clear().await.unwrap();
        let kept: Vec<String> = run
            .kept()
            .into_iter()
            .map(|(case, _)| case.scenario)
            .collect();
        assert_eq!(kept, ["failed"]);
        assert_eq!(somebodys.databases().await, 1);
    });
}

#[test]
fn what_the_user_may_not_do_skips_the_case_and_says_why() {
    with_somebodys(|somebodys| async move {
        let run = somebodys.run(Retain::default()).await;
        let mut wishes = Vec::new();
        for (setting, role) in [
            (Some(("max_connections", "7")), None),
            (Some(("deadlock_timeout", "10ms")), None),
            (None, Some("nobody")),
            (None, Some("stranger")),
        ] {
            let mut case = case("wish", Vec::new());
            let setting =
                setting.map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()));
            case.database.settings.extend(setting);
            case.database.role = role.map(str::to_owned);
            match run.database(&case).await {
                Err(NotReady::Skip { reason }) => wishes.push(reason),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            wishes,
            [
                "the server has max_connections = 500, and 7 takes a restart or a reload of it",
                "user \"qa\" may not set \"deadlock_timeout\"",
                "the server has no role \"nobody\"",
                "user \"qa\" is not a member of the role \"stranger\"",
            ]
        );
        let mut as_app = case("app", vec![sql("CREATE TABLE t (a int)")]);
        as_app.database.role = Some("app".into());
        let database = run.database(&as_app).await.unwrap();
        let (mut session, _heard) = connect(&database, "alice").await;
        assert_eq!(
            ask(
                &mut session,
                "SELECT current_user || tableowner FROM pg_tables WHERE tablename = 't'"
            )
            .await,
            "appapp"
        );
        drop(session);
        database.close().await.unwrap();
        run.clear().await.unwrap();
        let refused = PgServer::at(
            somebodys.conninfo("poor"),
            Retain::default(),
            Guard::allowing([]),
        )
        .await
        .unwrap_err();
        assert!(refused.hint.unwrap().contains("CREATEDB"));
    });
}

#[test]
fn a_database_that_cannot_be_given_its_own_name_again_is_not_forgotten() {
    with_somebodys(|somebodys| async move {
        let run = somebodys.run(Retain::default()).await;
        let mut named = case("named", vec![sql("CREATE TABLE t (a int)")]);
        named.database.name = Some("shopdb".to_owned());
        let database = run.database(&named).await.unwrap();
        let mut config = somebodys.config("postgres");
        let (stays, connection) = config.dbname("shopdb").connect(NoTls).await.unwrap();
        let stays_on = tokio::spawn(connection);
        database.close().await.unwrap_err();
        drop(stays);
        stays_on.await.unwrap().unwrap();
        run.clear().await.unwrap();
        let there = "SELECT 1 FROM pg_database WHERE datname = 'shopdb'";
        let found = somebodys.superuser().await.query(there, &[]).await.unwrap();
        assert!(found.is_empty());
        assert_eq!(somebodys.databases().await, 0);
    });
}
