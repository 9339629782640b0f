//! A server in another process: what is left when that is killed, and who cleans up.

use crate::binaries;
use crate::machine::{signal, watchdogs_of, within, within_three_seconds};
use crate::playground::{Playground, hear};
use pgauge::pg::embedded::{Account, Relation};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::time::Duration;

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
fn a_postgres_that_does_not_listen_is_killed_and_its_shared_memory_removed() {
    let playground = Playground::new();
    if binaries().is_none() || !cfg!(target_os = "linux") {
        return;
    }
    let mut helper = playground.helper().spawn().unwrap();
    let stopped = playground.stop_a_postgres_of_initdb();
    helper.kill().unwrap();
    helper.wait().unwrap();
    // The watchdog is patient for two seconds by itself.
    within(Duration::from_secs(20), "the stopped process gone", || {
        !stopped.process.exists()
    });
    playground.assert_nothing_is_left();
    for file in stopped.memory {
        assert!(!file.exists(), "{}", file.display());
    }
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
