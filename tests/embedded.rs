//! The embedded server against the real thing: it starts, answers, and leaves nothing, however it ends.
//!
//! Whatever must be killed, or needs another environment or user, is this test program again: see `helper`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

use pgauge::pg::binaries::{Asked, Binaries, Inventory, Surroundings};
use pgauge::pg::embedded::{Account, EmbeddedOptions, EmbeddedServer, Listen, Relation};
use pgauge::pg::install::System;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The newest binaries of this machine; tests that need some are skipped, saying so, where there are none.
fn binaries() -> Option<Binaries> {
    let inventory = Inventory::take(&Surroundings::here());
    let chosen = inventory.choose(&Asked::Newest, &System::here());
    chosen.map_err(|error| eprintln!("skipped: {error}")).ok()
}

fn options(binaries: Binaries) -> EmbeddedOptions {
    EmbeddedOptions {
        binaries,
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    }
}

/// The first column of the first row of each statement that has one.
fn query(config: &tokio_postgres::Config, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let messages = client.simple_query(sql).await?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0)?.to_owned()),
                _ => None,
            })
            .collect())
    })
}

fn through_socket(server: &EmbeddedServer) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(server.socket_dir())
        .port(server.port())
        .user(server.superuser())
        .dbname("postgres");
    config
}

/// Polls until `condition` holds; after the bar of three seconds it panics.
fn within_three_seconds(what: &str, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(
            since.elapsed() < Duration::from_secs(3),
            "after 3 s still not: {what}"
        );
        std::thread::yield_now();
    }
}

/// A place for servers and a cache of its own, so that what is left over can only be this test's.
struct Playground {
    folder: tempfile::TempDir,
    orphans: Vec<String>,
}

impl Playground {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pgt-")
            .tempdir_in("/tmp")
            .unwrap();
        for name in ["", "servers", "cache"] {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        }
        Self {
            folder,
            orphans: orphaned_segments(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn servers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("servers")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// This test program, running only [`helper`].
    fn helper(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "helper", "--ignored", "--nocapture"])
            .env("PGAUGE_TMPDIR", self.path().join("servers"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// No folder, no process of this playground, watchdogs included, and no shared memory without a user.
    fn assert_nothing_is_left(&self) {
        let path = self.path();
        within_three_seconds("every process gone", || {
            processes_below(&path).is_empty() && watchdogs_of(&path).is_empty()
        });
        within_three_seconds("every folder gone", || self.servers().is_empty());
        within_three_seconds("all shared memory gone", || {
            orphaned_segments()
                .iter()
                .all(|id| self.orphans.contains(id))
        });
    }
}

fn processes_below(folder: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .filter(|directory| directory.starts_with(folder))
        .collect()
}

/// Ids of segments of the size that guards a data folder, which nobody has attached.
fn orphaned_segments() -> Vec<String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 6 && row[3] == "56" && row[6] == "0")
        .map(|row| row[1].to_owned())
        .collect()
}

/// Not a test: the program that the others start. It starts a server, says where, and holds it until its input ends.
#[test]
#[ignore = "started by the other tests"]
fn helper() {
    let Some(binaries) = binaries() else { return };
    println!("\nstarting");
    match EmbeddedServer::start(&options(binaries)) {
        Ok(server) => {
            let one = query(&through_socket(&server), "SELECT 1").unwrap();
            println!("answers {} {}", one[0], server.socket_dir().display());
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            server.stop().unwrap();
            println!("stopped");
        }
        Err(error) => println!("error {}", error.to_string().replace('\n', " | ")),
    }
}

/// Reads the helper's lines up to one that begins with `word`, and answers the rest of it.
fn hear(helper: &mut Child, word: &str) -> String {
    let lines = BufReader::new(helper.stdout.as_mut().unwrap());
    for line in lines.lines() {
        let line = line.unwrap();
        if let Some(rest) = line.strip_prefix(word) {
            return rest.trim().to_owned();
        }
        assert!(!line.starts_with("error"), "{line}");
    }
    panic!("the helper ended without saying {word}");
}

#[test]
fn a_server_answers_and_is_gone_when_stopped() {
    let Some(binaries) = binaries() else { return };
    let server = EmbeddedServer::start(&options(binaries)).unwrap();
    let folder = server.socket_dir().to_owned();
    let sql = "SELECT 1; SHOW autovacuum; SHOW fsync; SHOW lc_collate; SHOW synchronize_seqscans";
    // lc_collate is a setting up to PostgreSQL 15.
    let sql = match server.version().major < 16 {
        true => sql.to_owned(),
        false => sql.replace(
            "SHOW lc_collate",
            "SELECT datcollate FROM pg_database LIMIT 1",
        ),
    };
    assert_eq!(
        query(&through_socket(&server), &sql).unwrap(),
        ["1", "off", "off", "C", "off"]
    );
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert_eq!(server.ended(), None);
    server.stop().unwrap();
    assert!(!folder.exists());
    within_three_seconds("every process gone", || processes_below(&folder).is_empty());
}

#[test]
fn statements_are_counted_when_the_library_is_installed() {
    use pgauge::pg::embedded::Preload;
    let Some(binaries) = binaries() else { return };
    if Preload::available(&binaries.bindir) == Preload::Nothing {
        eprintln!("skipped: pg_stat_statements is not installed");
        return;
    }
    let server = EmbeddedServer::start(&options(binaries)).unwrap();
    let sql = "CREATE EXTENSION pg_stat_statements; SELECT count(*) > 0 FROM pg_stat_statements";
    assert_eq!(query(&through_socket(&server), sql).unwrap(), ["t"]);
}

#[test]
fn servers_started_at_once_are_apart() {
    let Some(binaries) = binaries() else { return };
    let starts: Vec<_> = (0..3)
        .map(|_| {
            let options = options(binaries.clone());
            std::thread::spawn(move || EmbeddedServer::start(&options).unwrap())
        })
        .collect();
    let servers: Vec<_> = starts
        .into_iter()
        .map(|start| start.join().unwrap())
        .collect();
    for server in &servers {
        query(&through_socket(server), "CREATE TABLE only_here ()").unwrap();
    }
    drop(servers);
}

#[test]
fn over_tcp_only_the_password_opens() {
    let Some(binaries) = binaries() else { return };
    let server = EmbeddedServer::start(&EmbeddedOptions {
        listen: Listen::Loopback,
        ..options(binaries)
    })
    .unwrap();
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.port())
        .user(server.superuser())
        .password(server.password().unwrap())
        .dbname("postgres");
    assert_eq!(query(&config, "SELECT 1").unwrap(), ["1"]);
    let error = query(config.password("guess"), "SELECT 1").unwrap_err();
    assert_eq!(error.code().unwrap().code(), "28P01");
    assert_eq!(query(&through_socket(&server), "SELECT 2").unwrap(), ["2"]);
}

#[test]
fn a_callers_setting_wins_and_a_wrong_one_is_told_with_the_servers_words() {
    let Some(binaries) = binaries() else { return };
    let with = |name: &str, value: &str| {
        EmbeddedServer::start(&EmbeddedOptions {
            settings: vec![(name.to_owned(), value.to_owned())],
            ..options(binaries.clone())
        })
    };
    let server = with("autovacuum", "on").unwrap();
    assert_eq!(
        query(&through_socket(&server), "SHOW autovacuum").unwrap(),
        ["on"]
    );
    let error = with("work_memory", "1MB").err().unwrap();
    assert!(error.primary.contains("does not start"), "{error}");
    let detail = error.detail.as_deref().unwrap();
    assert!(
        detail.contains("unrecognized configuration parameter \"work_memory\""),
        "{error}"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("a setting given for this server is not one that it takes")
    );
}

#[test]
fn a_server_that_dies_is_told_with_its_status() {
    let Some(binaries) = binaries() else { return };
    let server = EmbeddedServer::start(&options(binaries)).unwrap();
    let folder = server.socket_dir().to_owned();
    let postmaster = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let lines: Vec<&str> = postmaster.lines().collect();
    let segment = lines[6].split_whitespace().last().unwrap().to_owned();
    signal("KILL", lines[0]);
    within_three_seconds("its end noticed", || server.ended().is_some());
    assert_eq!(server.ended().unwrap().status, Some(137));
    server.stop().unwrap();
    assert!(!folder.exists());
    assert!(processes_below(&folder).is_empty());
    assert!(!orphaned_segments().contains(&segment));
}

#[test]
fn without_its_watchdog_a_server_goes_on_and_still_can_be_stopped() {
    let Some(binaries) = binaries() else { return };
    let server = EmbeddedServer::start(&options(binaries)).unwrap();
    let folder = server.socket_dir().to_owned();
    for watchdog in watchdogs_of(&folder) {
        signal("KILL", &watchdog);
    }
    within_three_seconds("the loss noticed", || server.ended().is_some());
    assert_eq!(server.ended().unwrap().status, None);
    assert_eq!(query(&through_socket(&server), "SELECT 1").unwrap(), ["1"]);
    server.stop().unwrap();
    assert!(!folder.exists());
    assert!(processes_below(&folder).is_empty());
}

#[test]
fn ctrl_c_does_not_reach_the_server() {
    use nix::unistd::{Pid, getpgid, getpgrp};
    let Some(binaries) = binaries() else { return };
    let server = EmbeddedServer::start(&options(binaries)).unwrap();
    let pid_file = fs::read_to_string(server.socket_dir().join("data/postmaster.pid")).unwrap();
    let postmaster = Pid::from_raw(pid_file.lines().next().unwrap().parse().unwrap());
    assert_ne!(getpgid(Some(postmaster)).unwrap(), getpgrp());
    for watchdog in watchdogs_of(server.socket_dir()) {
        let watchdog = Pid::from_raw(watchdog.parse().unwrap());
        assert_ne!(getpgid(Some(watchdog)).unwrap(), getpgrp());
    }
}

#[test]
fn a_server_may_be_shared_between_threads_and_outlives_the_one_that_started_it() {
    fn shared<T: Send + Sync>(value: T) -> T {
        value
    }
    let Some(binaries) = binaries() else { return };
    let start = std::thread::spawn(move || EmbeddedServer::start(&options(binaries)).unwrap());
    let server = shared(start.join().unwrap());
    assert_eq!(query(&through_socket(&server), "SELECT 1").unwrap(), ["1"]);
    assert_eq!(server.ended(), None);
}

#[test]
fn a_survey_names_what_a_start_then_uses() {
    use pgauge::pg::embedded::CacheState;
    use pgauge::pg::survey::survey;
    if binaries().is_none() {
        return;
    }
    let chosen = survey(&Asked::Newest).chosen.unwrap();
    let server = EmbeddedServer::start(&options(chosen.binaries)).unwrap();
    let after = survey(&Asked::Newest);
    assert_eq!(
        server.socket_dir().parent(),
        Some(after.place.unwrap().directory.as_path())
    );
    assert_eq!(
        fs::metadata(server.socket_dir()).unwrap().uid(),
        after.account.unwrap().uid.as_raw()
    );
    assert_ne!(after.chosen.unwrap().cache, CacheState::Nowhere);
}

#[test]
fn when_pgauge_is_killed_nothing_is_left() {
    let playground = Playground::new();
    if binaries().is_none() {
        return;
    }
    let mut helper = playground.helper().spawn().unwrap();
    hear(&mut helper, "answers 1");
    assert_eq!(playground.servers().len(), 1);
    helper.kill().unwrap();
    helper.wait().unwrap();
    playground.assert_nothing_is_left();
}

#[test]
fn when_pgauge_is_killed_in_initdb_nothing_is_left() {
    let playground = Playground::new();
    if binaries().is_none() {
        return;
    }
    let mut helper = playground.helper().spawn().unwrap();
    // initdb runs postgres to fill the first database when this appears.
    within_three_seconds("initdb at work", || {
        let servers = playground.servers();
        servers
            .iter()
            .any(|folder| folder.join("data/base/1").exists())
    });
    helper.kill().unwrap();
    helper.wait().unwrap();
    playground.assert_nothing_is_left();
}

#[test]
fn what_a_killed_watchdog_leaves_is_swept_by_the_next_start() {
    let playground = Playground::new();
    if binaries().is_none() {
        return;
    }
    let mut first = playground.helper().spawn().unwrap();
    hear(&mut first, "answers 1");
    let stale = playground.servers().pop().unwrap();
    // The lock is still held: another start leaves it alone.
    let mut second = playground.helper().spawn().unwrap();
    hear(&mut second, "answers 1");
    assert!(stale.exists());
    drop(second.stdin.take());
    hear(&mut second, "stopped");
    second.wait().unwrap();
    for watchdog in watchdogs_of(&stale) {
        signal("KILL", &watchdog);
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(stale.join("data/postmaster.pid").exists());
    let mut third = playground.helper().spawn().unwrap();
    hear(&mut third, "answers 1");
    assert!(!stale.exists());
    drop(third.stdin.take());
    hear(&mut third, "stopped");
    third.wait().unwrap();
    playground.assert_nothing_is_left();
}

#[test]
fn a_kept_cluster_that_is_broken_is_replaced() {
    let playground = Playground::new();
    if binaries().is_none() {
        return;
    }
    let run = || {
        let mut helper = playground.helper().spawn().unwrap();
        hear(&mut helper, "answers 1");
        drop(helper.stdin.take());
        hear(&mut helper, "stopped");
        helper.wait().unwrap();
        let mut kept = fs::read_dir(playground.path().join("cache/pgauge")).unwrap();
        let file = kept.next().unwrap().unwrap().path();
        assert!(kept.next().is_none());
        file
    };
    let kept = run();
    let size = fs::metadata(&kept).unwrap().len();
    for broken in ["", "no tar file"] {
        fs::write(&kept, broken).unwrap();
        assert_eq!(run(), kept);
        assert_eq!(fs::metadata(&kept).unwrap().len(), size);
    }
    playground.assert_nothing_is_left();
}

#[test]
fn binaries_that_fail_are_told_with_their_words() {
    let folder = tempfile::Builder::new()
        .prefix("pgt-")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for (program, does) in [
        ("postgres", "echo 'postgres (PostgreSQL) 16.1'"),
        ("initdb", "echo 'initdb: error: out of luck'; exit 1"),
    ] {
        let file = folder.path().join(program);
        let mut script = fs::File::create(&file).unwrap();
        writeln!(script, "#!/bin/sh\n{does}").unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let asked = Asked::At(folder.path().to_owned());
    let binaries = Inventory::default()
        .choose(&asked, &System::here())
        .unwrap();
    let error = EmbeddedServer::start(&options(binaries)).err().unwrap();
    assert_eq!(error.primary, "PostgreSQL 16.1 cannot initialise a cluster");
    assert!(error.detail.unwrap().contains("out of luck"));
}

#[test]
fn an_ordinary_user_can_and_a_nameless_one_is_told_why_not() {
    if !nix::unistd::geteuid().is_root() || binaries().is_none() {
        eprintln!("skipped: only root can become somebody else");
        return;
    }
    let account = Account::of_this_process().unwrap();
    assert_eq!(account.relation, Relation::StandIn);
    let playground = Playground::new();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let spawned = playground
        .helper()
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .spawn();
    let mut helper = match spawned {
        Ok(helper) => helper,
        Err(error) => return eprintln!("skipped: nobody cannot run this test program: {error}"),
    };
    hear(&mut helper, "answers 1");
    let folder = playground.servers().pop().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().uid(), nobody.uid.as_raw());
    drop(helper.stdin.take());
    hear(&mut helper, "stopped");
    helper.wait().unwrap();
    let nameless = playground.helper().uid(54321).gid(54321).output().unwrap();
    let said = String::from_utf8(nameless.stdout).unwrap();
    assert!(
        said.contains("user id 54321 has no entry in the user database"),
        "{said}"
    );
    playground.assert_nothing_is_left();
}

/// Not part of the tests, since it takes a minute: `cargo test --test embedded -- --ignored fifty`
#[test]
#[ignore = "takes a minute"]
fn killed_at_fifty_random_moments_nothing_is_left() {
    use rand::{RngExt, SeedableRng};
    if binaries().is_none() {
        return;
    }
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(50);
    for round in 0..50 {
        // Without a cache every second round is in initdb for most of its time.
        let playground = Playground::new();
        if round % 2 == 1 {
            let mut helper = playground.helper().spawn().unwrap();
            hear(&mut helper, "answers 1");
            drop(helper.stdin.take());
            hear(&mut helper, "stopped");
            helper.wait().unwrap();
        }
        let span = if round % 2 == 1 { 250 } else { 1200 };
        let moment = Duration::from_micros(random.random_range(0..span * 1000));
        let mut helper = playground.helper().spawn().unwrap();
        hear(&mut helper, "starting");
        let since = Instant::now();
        while since.elapsed() < moment {
            std::hint::spin_loop();
        }
        helper.kill().unwrap();
        helper.wait().unwrap();
        let killed = Instant::now();
        let state = playground.servers().first().map(|folder| {
            let has = |name: &str| folder.join(name).exists();
            (has("data"), has("data/base/5"), has("data/postmaster.pid"))
        });
        playground.assert_nothing_is_left();
        println!(
            "{round}: after {moment:?}, in {state:?}, gone in {:?}",
            killed.elapsed()
        );
    }
}

/// Not part of the tests: `cargo test --test embedded -- --ignored --nocapture time_to`
#[test]
#[ignore = "measures, does not test"]
fn time_to_first_query_and_to_stop() {
    let Some(binaries) = binaries() else { return };
    let options = options(binaries);
    drop(EmbeddedServer::start(&options).unwrap());
    let mut starts = Vec::new();
    let mut stops = Vec::new();
    for _ in 0..10 {
        let since = Instant::now();
        let server = EmbeddedServer::start(&options).unwrap();
        query(&through_socket(&server), "SELECT 1").unwrap();
        starts.push(since.elapsed());
        let since = Instant::now();
        server.stop().unwrap();
        stops.push(since.elapsed());
    }
    starts.sort();
    stops.sort();
    println!("first query after {:?} (median of {starts:?})", starts[5]);
    println!("stopped after {:?} (median of {stops:?})", stops[5]);
}

fn signal(signal: &str, pid: &str) {
    let command = format!("kill -{signal} {pid}");
    let _ = Command::new("/bin/sh").args(["-c", &command]).status();
}

/// The watchdogs of servers in or below a folder, and their workers, by their command line.
fn watchdogs_of(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = processes.filter(|process| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains("pgauge-watchdog") && line.contains(&*folder.to_string_lossy())
    });
    ours.map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
