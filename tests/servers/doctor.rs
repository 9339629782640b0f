//! What `pgauge doctor` says of a server that runs already, without making anything there.

use crate::certificates::write;
use crate::world::{PASSWORD, pgauge, with_somebodys};

#[test]
fn the_doctor_says_what_would_be_skipped_and_makes_nothing() {
    with_somebodys(|somebodys| async move {
        somebodys
            .does("ALTER ROLE qa SET lock_timeout = '3s'; CREATE ROLE app")
            .await;
        let folder = tempfile::tempdir().unwrap();
        let case = |name: &str, head: &str| {
            let text = format!("name: {name}\n{head}\nexpect: [{{ sql: SELECT 1, value: 1 }}]\n");
            write(folder.path(), &format!("{name}.yaml"), &text);
        };
        case("plain", "");
        case("extension", "database: { extensions: [no_such] }");
        case(
            "privileged",
            "database: { settings: { deadlock_timeout: 10ms } }",
        );
        case(
            "restart",
            "database: { settings: { max_connections: 1000 } }",
        );
        case("foreign", "database: { role: app }");
        case("unknown", "database: { settings: { work_men: 4MB } }");
        let (url, path) = (somebodys.url(""), folder.path().display().to_string());
        let doctor = pgauge(&["doctor", &path, "--server", &url], &[]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        eprintln!("{said}");
        assert_eq!(doctor.status.code(), Some(0), "{said}");
        for words in [
            "is no superuser, and may create databases",
            "the server sets lock_timeout = 3000ms (user)",
            "1 of 6 cases",
            "extension: the server does not have the extension \"no_such\"",
            "privileged: user \"qa\" may not set \"deadlock_timeout\"",
            "restart: the server has max_connections = ",
            "foreign: user \"qa\" is not a member of the role \"app\"",
            "unknown: PostgreSQL ",
            "ready to run",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains(PASSWORD), "{said}");
        let count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'pgauge%'";
        let made: i64 = somebodys
            .superuser()
            .await
            .query_one(count, &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(made, 0);
        somebodys.does("ALTER ROLE qa NOCREATEDB").await;
        let doctor = pgauge(&["doctor", &path, "--server", &url], &[]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert_eq!(doctor.status.code(), Some(4), "{said}");
        assert!(said.contains("ALTER ROLE"), "{said}");
    });
}
