//! The conditions in which a server may be, and what is said of each: cause and remedy, and never a password.

use crate::world::{PASSWORD, Somebodys, opened, pgauge, reached, told, with_somebodys};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// What each condition's message must name, a word of the cause and one of the remedy.
async fn refuses(condition: &str, url: &str, words: &[&str]) {
    let said = told(&reached(url).await.unwrap_err());
    eprintln!("--- {condition}\n{said}");
    for word in words {
        assert!(
            said.contains(word),
            "{condition}: \"{word}\" is missing\n{said}"
        );
    }
    assert!(!said.contains(PASSWORD), "{condition}: {said}");
}

#[test]
fn a_server_that_is_not_there_is_told_with_cause_and_remedy() {
    with_somebodys(|_| async {
        let nobody = "postgres://qa:canary-of-qa@127.0.0.1:1/x";
        refuses(
            "nobody listens",
            nobody,
            &["127.0.0.1:1", "refused", "is it running"],
        )
        .await;
        let socket = "host=/nowhere user=qa password=canary-of-qa";
        refuses(
            "no socket",
            socket,
            &["%2Fnowhere", "unix_socket_directories"],
        )
        .await;
        let unknown = "postgres://qa:canary-of-qa@nowhere.invalid/x";
        refuses(
            "no such host",
            unknown,
            &["nowhere.invalid", "name of the host"],
        )
        .await;
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let silent_url = format!("postgres://qa:canary-of-qa@127.0.0.1:{port}/x?connect_timeout=1");
        refuses(
            "a host that says nothing",
            &silent_url,
            &["time", "connect_timeout"],
        )
        .await;
    });
}

#[test]
fn a_server_that_lets_nobody_in_is_told_with_cause_and_remedy() {
    with_somebodys(|somebodys| async move {
        somebodys
            .does("CREATE ROLE poor LOGIN PASSWORD 'canary-of-qa'; CREATE ROLE nobody PASSWORD 'canary-of-qa'")
            .await;
        let port = somebodys.port();
        let with =
            |user: &str, database: &str| format!("postgres://{user}@localhost:{port}/{database}");
        let wrong = format!("qa:{PASSWORD}x");
        refuses(
            "wrong password",
            &with(&wrong, "postgres"),
            &["28P01", "PGPASSWORD"],
        )
        .await;
        refuses(
            "no password",
            &with("qa", "postgres"),
            &["password missing", "~/.pgpass"],
        )
        .await;
        let stranger = format!("stranger:{PASSWORD}");
        refuses(
            "no such user",
            &with(&stranger, "postgres"),
            &["28P01", "password"],
        )
        .await;
        let nobody = format!("nobody:{PASSWORD}");
        refuses(
            "a role that cannot log in",
            &with(&nobody, "postgres"),
            &["28000", "LOGIN"],
        )
        .await;
        let qa = format!("qa:{PASSWORD}");
        refuses(
            "no such database",
            &with(&qa, "nowhere"),
            &["3D000", "postgres://user@host/postgres"],
        )
        .await;
        let poor = format!("poor:{PASSWORD}");
        refuses(
            "no right to make databases",
            &with(&poor, "postgres"),
            &["42501", "CREATEDB"],
        )
        .await;
        somebodys.does("ALTER ROLE qa CONNECTION LIMIT 0").await;
        refuses(
            "too many connections",
            &somebodys.url(""),
            &["53300", "CONNECTION LIMIT"],
        )
        .await;
        somebodys
            .lets_in("host postgres stranger 127.0.0.1/32 scram-sha-256")
            .await;
        refuses(
            "no line in pg_hba.conf",
            &somebodys.url(""),
            &["28000", "pg_hba.conf"],
        )
        .await;
    });
}

#[test]
fn a_server_that_is_ending_is_told_with_cause_and_remedy() {
    with_somebodys(|somebodys| async move {
        let open = somebodys.superuser().await;
        let pid =
            std::fs::read_to_string(somebodys.server.socket_dir().join("data/postmaster.pid"));
        let pid = pid.unwrap().lines().next().unwrap().to_owned();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        // The signal arrives when it arrives; until then the server still lets in.
        while reached(&somebodys.url("")).await.is_ok() {}
        refuses("ending", &somebodys.url(""), &["57P03", "wait until"]).await;
        drop(open);
    });
}

#[test]
fn limits_of_the_server_are_told_before_the_first_case() {
    with_somebodys(|somebodys| async move {
        somebodys
            .does(
                "ALTER ROLE qa SET statement_timeout = '5s'; \
                 ALTER ROLE qa SET idle_in_transaction_session_timeout = '200ms'; \
                 ALTER ROLE qa SET default_transaction_read_only = on",
            )
            .await;
        let server = opened(&somebodys.url("")).await.unwrap();
        let told: Vec<String> = server.limits().iter().map(|limit| limit.told()).collect();
        eprintln!("--- limits\n{}", told.join("\n"));
        assert_eq!(
            told.iter()
                .map(|one| one.split(' ').nth(3).unwrap())
                .collect::<Vec<_>>(),
            [
                "default_transaction_read_only",
                "idle_in_transaction_session_timeout",
                "statement_timeout"
            ]
        );
        server.clear().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scenario = crate::certificates::write(
            folder.path(),
            "idle.yaml",
            "name: Idle for too long\n\
             database: { settings: { default_transaction_read_only: off } }\n\
             clients:\n  alice:\n    steps:\n      - begin\n      - { step: one, sql: SELECT 1 }\n      \
             - { step: again, sql: SELECT 2 }\n      - commit\n  \
             bob:\n    steps:\n      - { step: nap, sql: SELECT pg_sleep(1) }\n\
             order: [alice.begin, alice.one, bob.nap, alice.again, alice.commit]\n\
             expect: [{ sql: SELECT 1, value: 1 }]\n",
        );
        let url = somebodys.url("");
        let ran = pgauge(
            &["run", &scenario.display().to_string()],
            &[("DATABASE_URL", &url)],
        );
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(4), "{said}");
        assert!(
            said.starts_with("note: the server sets default_transaction_read_only"),
            "{said}"
        );
        assert!(said.contains("errored[session-lost]"), "{said}");
        assert!(
            said.contains("idle_in_transaction_session_timeout: 0 }"),
            "{said}"
        );
        assert!(!said.contains(PASSWORD), "{said}");
    });
}

#[test]
fn a_standby_is_told_with_cause_and_remedy() {
    with_somebodys(|somebodys| async move {
        let Some(standby) = Standby::of(&somebodys) else {
            return eprintln!("SKIPPED: there is no pg_basebackup beside the server");
        };
        let url = standby.url();
        while reached(&url)
            .await
            .is_err_and(|error| told(&error).contains("cannot connect"))
        {}
        refuses("standby", &url, &["25006", "standby", "primary"]).await;
        let target = format!("{url}?target_session_attrs=read-write");
        refuses(
            "standby, where one to write to was asked for",
            &target,
            &["allow writes", "primary"],
        )
        .await;
        let both = format!(
            "host=localhost,localhost port={},{} user=qa password={PASSWORD} dbname=postgres target_session_attrs=primary",
            standby.port,
            somebodys.port()
        );
        let place = reached(&both).await.unwrap();
        assert!(
            place.contains(&format!(":{}/", somebodys.port())),
            "{place}"
        );
    });
}

#[test]
fn a_full_disk_is_told_with_cause_and_remedy() {
    with_somebodys(|somebodys| async move {
        let Some(small) = SmallDisk::mount() else {
            return eprintln!("SKIPPED: no small file system can be mounted here");
        };
        let owner = std::fs::metadata(somebodys.server.socket_dir()).unwrap();
        let folder = small.0.path().join("tablespace");
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(owner.uid()), Some(owner.gid())).unwrap();
        std::os::unix::fs::chown(small.0.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
        let create = format!(
            "CREATE TABLESPACE small LOCATION '{}'; GRANT CREATE ON TABLESPACE small TO qa; \
             ALTER ROLE qa SET default_tablespace = small",
            folder.display()
        );
        somebodys.does(&create).await;
        let big = "SELECT repeat(md5(i::text), 20) AS t FROM generate_series(1, 100000) i";
        let scenarios = tempfile::tempdir().unwrap();
        let url = somebodys.url("");
        for (name, text) in [
            (
                "the seed",
                format!(
                    "seed: [{{ sql: CREATE TABLE big AS {big} }}]\nexpect: [{{ sql: SELECT 1, value: 1 }}]\n"
                ),
            ),
            (
                "a step",
                format!(
                    "clients:\n  alice:\n    steps:\n      - {{ step: fill, sql: CREATE TABLE big AS {big} }}\n"
                ),
            ),
        ] {
            let text = format!(
                "name: Fills the disk by {name}\n{}",
                text.replace("'", "''").replace("''", "'")
            );
            let text = quoted(&text);
            let scenario = crate::certificates::write(scenarios.path(), "full.yaml", &text);
            let ran = pgauge(
                &["run", &scenario.display().to_string()],
                &[("DATABASE_URL", &url)],
            );
            let said = String::from_utf8_lossy(&ran.stdout);
            eprintln!("--- full disk, {name}\n{said}");
            assert_eq!(ran.status.code(), Some(4), "{said}");
            assert!(
                said.contains("No space left on device") && said.contains("make room"),
                "{said}"
            );
            assert!(!said.contains(PASSWORD), "{said}");
        }
    });
}

/// SQL with commas and colons, in quotes for YAML's flow style.
fn quoted(text: &str) -> String {
    text.replace("sql: CREATE TABLE", "sql: \"CREATE TABLE")
        .replace(") i }", ") i\" }")
}

/// A small file system in memory, until it is dropped; only root can have one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=0755", "tmpfs"])
            .arg(folder.path())
            .output();
        mount.ok().filter(|output| output.status.success())?;
        Some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// A copy of a server that only reads.
struct Standby {
    folder: tempfile::TempDir,
    process: Child,
    port: u16,
}

impl Standby {
    fn of(somebodys: &Somebodys) -> Option<Self> {
        let bindir =
            pgauge::pg::binaries::Inventory::take(&pgauge::pg::binaries::Surroundings::here());
        let bindir = bindir.usable.first()?.bindir.clone();
        let copier = bindir.join("pg_basebackup");
        if !copier.is_file() {
            return None;
        }
        let owner = std::fs::metadata(somebodys.server.socket_dir()).unwrap();
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        std::os::unix::fs::chown(folder.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
        let as_owner = |program: &std::path::Path| {
            let mut command = Command::new(program);
            if nix::unistd::geteuid().is_root() {
                command.uid(owner.uid()).gid(owner.gid());
            }
            command.current_dir(folder.path());
            command
        };
        let data = folder.path().join("data");
        let copied = as_owner(&copier)
            .args(["-U", "postgres", "-X", "fetch", "--checkpoint=fast", "-h"])
            .arg(somebodys.server.socket_dir())
            .args(["-p", &somebodys.port().to_string(), "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            copied.status.success(),
            "{}",
            String::from_utf8_lossy(&copied.stderr)
        );
        std::fs::write(data.join("standby.signal"), "").unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = as_owner(&bindir.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c"])
            .arg(format!(
                "unix_socket_directories={}",
                folder.path().display()
            ))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        Some(Self {
            folder,
            process,
            port,
        })
    }

    fn url(&self) -> String {
        format!("postgres://qa:{PASSWORD}@localhost:{}/postgres", self.port)
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let quit = ["-QUIT", &self.process.id().to_string()].map(str::to_owned);
        let _ = Command::new("kill").args(quit).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.folder.path());
    }
}
