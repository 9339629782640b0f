//! What a case asks of its server.

use crate::world::{ask, case, client, connect, sql, with_server};
use pgauge::record::Breakage;
use pgauge::run::session::{Database, NotReady, Server};
use pgauge::schedule::Case;

fn reason(not_ready: NotReady) -> String {
    match not_ready {
        NotReady::Skip { reason } => reason,
        broke => panic!("{broke:?}"),
    }
}

fn breakage(not_ready: NotReady) -> Breakage {
    match not_ready {
        NotReady::Broke(breakage) => *breakage,
        NotReady::Skip { reason } => panic!("skipped: {reason}"),
    }
}

fn with_setting(name: &str, value: &str) -> Case {
    let mut case = case("setting", vec![sql("SELECT 1")]);
    case.database
        .settings
        .insert(name.to_owned(), value.to_owned());
    case
}

#[test]
fn what_the_server_lacks_skips_the_case_and_says_what() {
    with_server(|server| async move {
        let mut newer = case("newer", Vec::new());
        newer.database.requires.postgres = Some(99);
        let said = reason(server.database(&newer).await.unwrap_err());
        assert!(
            said.starts_with("it requires PostgreSQL 99; the server is "),
            "{said}"
        );
        let mut lacking = case("lacking", Vec::new());
        lacking.database.requires.extensions = vec!["plpgsql".into(), "no_such".into()];
        // What is required and created too is required first of all.
        lacking.database.extensions = vec!["no_such".into()];
        let said = reason(server.database(&lacking).await.unwrap_err());
        assert_eq!(said, "the server does not have the extension \"no_such\"");
        let mut restless = case("restless", Vec::new());
        restless.clients = vec![client("alice", &[("shared_buffers", "1MB")])];
        let said = reason(server.database(&restless).await.unwrap_err());
        assert!(said.contains("\"alice\""), "{said}");
    });
}

#[test]
fn what_a_case_only_creates_and_the_server_lacks_is_an_error() {
    with_server(|server| async move {
        let mut lacking = case("lacking", Vec::new());
        lacking.database.extensions = vec!["plpgsql".into(), "no_such".into()];
        let broke = breakage(server.database(&lacking).await.unwrap_err());
        assert_eq!(
            (broke.message.as_str(), broke.path.as_deref()),
            (
                "the server does not have the extension \"no_such\"",
                Some("/database/extensions/1")
            )
        );
        let mut odd = case("odd", Vec::new());
        odd.database.collation = Some("xx_XX.UTF-8".into());
        odd.database.fingerprint = "odd".into();
        let broke = breakage(server.database(&odd).await.unwrap_err());
        assert_eq!(
            (broke.message.as_str(), broke.path.as_deref()),
            (
                "the server has no collation \"xx_XX.UTF-8\" for UTF8",
                Some("/database/collation")
            )
        );
    });
}

#[test]
fn settings_of_a_whole_server_get_a_server_of_their_own() {
    with_server(|server| async move {
        let plain = server
            .database(&with_setting("work_mem", "5MB"))
            .await
            .unwrap();
        let other = server
            .database(&with_setting("Max_Connections", "33"))
            .await
            .unwrap();
        let again = server
            .database(&with_setting("max_connections", "33"))
            .await
            .unwrap();
        let (mut one, _heard) = connect(&plain, "alice").await;
        let (mut two, _heard) = connect(&other, "alice").await;
        let (mut three, _heard) = connect(&again, "alice").await;
        assert_eq!(ask(&mut one, "SHOW work_mem").await, "5MB");
        assert_eq!(ask(&mut two, "SHOW max_connections").await, "33");
        let started = "SELECT pg_postmaster_start_time()::text";
        assert_eq!(ask(&mut two, started).await, ask(&mut three, started).await);
        assert_ne!(ask(&mut one, started).await, ask(&mut two, started).await);
        drop((one, two, three));
        for database in [plain, other, again] {
            database.close().await.unwrap();
        }
    });
}

#[test]
fn a_role_owns_its_database_and_is_no_superuser_unless_it_is_postgres() {
    with_server(|server| async move {
        for (role, superuser) in [("app", "off"), ("postgres", "on")] {
            let mut case = case(role, vec![sql("CREATE TABLE t (a int)")]);
            case.database.role = Some(role.to_owned());
            case.database.fingerprint = role.to_owned();
            let database = server.database(&case).await.unwrap();
            let (mut session, _heard) = connect(&database, "alice").await;
            assert_eq!(
                ask(
                    &mut session,
                    "SELECT tableowner FROM pg_tables WHERE tablename = 't'"
                )
                .await,
                role
            );
            assert_eq!(
                ask(&mut session, "SELECT current_setting('is_superuser')").await,
                superuser
            );
            drop(session);
            database.close().await.unwrap();
        }
    });
}
