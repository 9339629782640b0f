//! Password files, service files, and several hosts, in a run of the real program.

use crate::certificates::write;
use crate::world::{PASSWORD, opened, pgauge, with_somebodys};
use std::os::unix::fs::PermissionsExt;

const SCENARIO: &str = "name: One row\nclients:\n  alice:\n    steps:\n      - { step: one, sql: SELECT 1, rows: [[1]] }\n";

#[test]
fn a_service_and_a_password_file_lead_to_the_server() {
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        let port = somebodys.port();
        let service = format!("[ours]\nhost=localhost\nport={port}\nuser=qa\ndbname=postgres\n");
        let services = write(folder.path(), "services", &service)
            .display()
            .to_string();
        let line = format!("localhost:{port}:*:qa:{PASSWORD}\n");
        let passwords = write(folder.path(), "passwords", &line);
        let scenario = write(folder.path(), "one.yaml", SCENARIO)
            .display()
            .to_string();
        let passwords_path = passwords.display().to_string();
        let environment = [
            ("PGSERVICE", "ours"),
            ("PGSERVICEFILE", services.as_str()),
            ("PGPASSFILE", passwords_path.as_str()),
        ];
        let ran = pgauge(&["run", &scenario], &environment);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(0), "{said}");
        assert!(
            said.contains(&format!("postgres://qa@localhost:{port}/postgres")),
            "{said}"
        );
        std::fs::set_permissions(&passwords, PermissionsExt::from_mode(0o644)).unwrap();
        let ran = pgauge(&["run", &scenario], &environment);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(4), "{said}");
        assert!(said.contains("chmod 600"), "{said}");
        assert!(!said.contains(PASSWORD), "{said}");
    });
}

#[test]
fn of_several_hosts_the_first_that_will_do_is_used_for_the_whole_run() {
    with_somebodys(|somebodys| async move {
        let port = somebodys.port();
        let several = format!(
            "host=127.0.0.1,localhost,127.0.0.1 port=1,{port},1 user=qa password={PASSWORD} dbname=postgres"
        );
        let server = opened(&several).await.unwrap();
        let place = &pgauge::run::session::Server::facts(&server).place;
        assert_eq!(place, &format!("postgres://qa@localhost:{port}/postgres"));
        server.clear().await.unwrap();
        let none = "host=127.0.0.1,127.0.0.1 port=1,2 user=qa";
        let error = opened(none).await.unwrap_err();
        let detail = error.detail.unwrap();
        assert!(
            detail.contains("127.0.0.1:1: ") && detail.contains("127.0.0.1:2: "),
            "{detail}"
        );
        // A wrong password is not tried elsewhere.
        let wrong = format!(
            "host=localhost,127.0.0.1 port={port},1 user=qa password=wrong dbname=postgres"
        );
        let error = opened(&wrong).await.unwrap_err();
        assert_eq!(error.error.unwrap().code, "28P01");
    });
}
