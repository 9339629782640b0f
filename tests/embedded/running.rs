//! A server in this process: what it is like, and how it ends.

use crate::machine::{
    orphaned_segments, processes_below, signal, watchdogs_of, within_three_seconds,
};
use crate::{binaries, options, query, through_socket};
use pgauge::pg::binaries::{Asked, Inventory};
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::install::System;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

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
