//! SQL that reaches beyond its database: done on a server of pgauge's own, refused on somebody's unless the suite allows it.

use crate::certificates::write;
use crate::world::{pgauge, with_somebodys};

const ROLE: &str = "\
name: Makes a role
clients:
  alice:
    steps:
      - { step: role, sql: DROP ROLE IF EXISTS nobody_at_all }
expect: [{ sql: SELECT 1, value: 1 }]
";

const HOOK: &str = "\
name: Makes a role by a hook
clients:
  alice:
    steps:
      - step: one
        sql: SELECT 1
        after: sql(\"DROP \" + \"ROLE IF EXISTS nobody_at_all\");
expect: [{ sql: SELECT 1, value: 1 }]
";

#[test]
fn what_reaches_beyond_its_database_is_refused_on_somebodys_server() {
    with_somebodys(|somebodys| async move {
        somebodys.does("ALTER ROLE qa CREATEROLE").await;
        let folder = tempfile::tempdir().unwrap();
        let role = write(folder.path(), "role.yaml", ROLE)
            .display()
            .to_string();
        let hook = write(folder.path(), "hook.yaml", HOOK)
            .display()
            .to_string();
        let url = somebodys.url("");
        let run = |scenario: &str, server: &str| {
            let ran = pgauge(
                &["run", scenario, "--no-skips"],
                &[("PGAUGE_SERVER", server)],
            );
            (
                ran.status.code(),
                String::from_utf8_lossy(&ran.stdout).into_owned(),
            )
        };
        for scenario in [&role, &hook] {
            let (status, said) = run(scenario, "embedded");
            // The clients of a server of our own are no superusers either: the server itself refuses, or does it.
            assert!(
                !said.contains("allow_outside_database"),
                "{status:?} {said}"
            );
        }
        let (status, said) = run(&role, &url);
        assert_eq!(status, Some(1), "{said}");
        assert!(
            said.contains("step \"alice.role\": DROP ROLE reaches beyond"),
            "{said}"
        );
        assert!(said.contains("allow_outside_database: [roles]"), "{said}");
        let (status, said) = run(&hook, &url);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains("pgauge does not send this"), "{said}");
        write(
            folder.path(),
            "pgauge.yaml",
            "allow_outside_database: [roles]\n",
        );
        for scenario in [&role, &hook] {
            let (status, said) = run(scenario, &url);
            assert_eq!(status, Some(0), "{said}");
        }
        let doctor = pgauge(&["doctor", &role, "--server", &url], &[]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(said.contains("1 of 1 case"), "{said}");
    });
}

#[test]
fn a_file_outside_of_the_suite_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("qa/scenarios");
    std::fs::create_dir_all(&inside).unwrap();
    write(
        folder.path(),
        "secret.sql",
        "SELECT 'canary-of-file'; nonsense",
    );
    std::os::unix::fs::symlink(
        folder.path().join("secret.sql"),
        folder.path().join("qa/link.sql"),
    )
    .unwrap();
    for name in ["../../secret.sql", "../link.sql", "/etc/hostname"] {
        let text = format!(
            "name: Reads\nseed: [{{ file: {name} }}]\nexpect: [{{ sql: SELECT 1, value: 1 }}]\n"
        );
        let scenario = write(&inside, "reads.yaml", &text).display().to_string();
        let ran = pgauge(&["check", &scenario], &[]);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(3), "{name}: {said}");
        assert!(
            said.contains("outside of the suite's root"),
            "{name}: {said}"
        );
    }
    write(&inside, "pgauge.yaml", "root: ../..\n");
    let text =
        "name: Reads\nseed: [{ file: ../../secret.sql }]\nexpect: [{ sql: SELECT 1, value: 1 }]\n";
    let scenario = write(&inside, "reads.yaml", text).display().to_string();
    assert_eq!(pgauge(&["check", &scenario], &[]).status.code(), Some(0));
}
