//! PgBouncer in between: in session mode a run is as it is without, in transaction mode it does not begin.

use crate::world::{PASSWORD, Somebodys, opened, pgauge, reached, told, with_somebodys};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running PgBouncer.
struct Pooler {
    folder: tempfile::TempDir,
    process: Child,
    port: u16,
}

impl Pooler {
    /// In front of a server, with this mode and pool size; none where it is not installed, which says so.
    fn before(somebodys: &Somebodys, mode: &str, databases: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let program = folders
            .map(|folder| folder.join("pgbouncer"))
            .find(|file| file.is_file());
        let Some(program) = program else {
            eprintln!("SKIPPED: pgbouncer is not installed");
            return None;
        };
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let users = folder.path().join("users");
        std::fs::write(&users, format!("\"qa\" \"{PASSWORD}\"\n")).unwrap();
        let settings = format!(
            "[databases]\n{databases} = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = {mode}\n\
             default_pool_size = 20\n",
            somebodys.port(),
            users.display()
        );
        std::fs::write(folder.path().join("pgbouncer.ini"), settings).unwrap();
        let owner = std::fs::metadata(somebodys.server.socket_dir()).unwrap();
        let mut command = Command::new(program);
        if nix::unistd::geteuid().is_root() {
            for file in [
                folder.path().to_owned(),
                users,
                folder.path().join("pgbouncer.ini"),
            ] {
                std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
            }
            command.uid(owner.uid()).gid(owner.gid());
        }
        let process = command
            .arg(folder.path().join("pgbouncer.ini"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Some(Self {
            folder,
            process,
            port,
        })
    }

    fn url(&self) -> String {
        format!("postgres://qa:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.folder.path());
    }
}

const SCENARIO: &str = "\
name: Settings and locks stay with a session
database: { settings: { work_mem: 5MB } }
seed:
  - sql: CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)
clients:
  alice:
    settings: { lock_timeout: 9s }
    steps:
      - begin
      - { step: memory, sql: SHOW work_mem, rows: [[5MB]] }
      - { step: patience, sql: SHOW lock_timeout, rows: [[9s]] }
      - { step: write, sql: UPDATE t SET v = v + 1 }
      - commit
  bob:
    steps:
      - { step: write, sql: UPDATE t SET v = v + 1 }
order:
  - alice.begin
  - alice.memory
  - alice.patience
  - alice.write
  - bob.write: { waits_for: alice }
  - alice.commit
expect:
  - { sql: SELECT v FROM t, value: 2 }
";

#[test]
fn a_pooler_in_session_mode_changes_nothing() {
    with_somebodys(|somebodys| async move {
        let Some(pooler) = Pooler::before(&somebodys, "session", "*") else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let scenario = crate::certificates::write(folder.path(), "pooled.yaml", SCENARIO);
        let scenario = scenario.display().to_string();
        let environment = [("DATABASE_URL", pooler.url())];
        let environment = environment
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let ran = pgauge(&["run", &scenario], &environment);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(0), "{said}");
        let doctor = pgauge(&["doctor", &scenario], &environment);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(said.contains("passes no startup options on"), "{said}");
        assert_eq!(doctor.status.code(), Some(0), "{said}");
    });
}

#[test]
fn a_pooler_that_takes_sessions_apart_is_refused_with_the_reason() {
    with_somebodys(|somebodys| async move {
        for mode in ["transaction", "statement"] {
            let Some(pooler) = Pooler::before(&somebodys, mode, "*") else {
                return;
            };
            let error = reached(&pooler.url()).await.unwrap_err();
            let said = told(&error);
            eprintln!("--- PgBouncer, pool_mode = {mode}\n{said}");
            assert_eq!(error.code, "pooler");
            assert!(
                said.contains("transaction mode") && said.contains("session mode"),
                "{said}"
            );
            assert!(!said.contains(PASSWORD), "{said}");
        }
    });
}

#[test]
fn a_pooler_that_knows_some_databases_only_is_told_how_to_know_ours() {
    with_somebodys(|somebodys| async move {
        let Some(pooler) = Pooler::before(&somebodys, "session", "postgres") else {
            return;
        };
        let said = told(&opened(&pooler.url()).await.unwrap_err());
        eprintln!("--- PgBouncer without * in [databases]\n{said}");
        assert!(said.contains("* = host="), "{said}");
    });
}
