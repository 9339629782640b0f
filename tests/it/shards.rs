//! A suite and a load that several processes share, and the one result that is made of theirs.

use crate::folder::Playground;
use crate::program::{Said, pgauge};
use pgauge::pg::binaries::{Asked, Inventory, Surroundings};
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::install::System;
use pgauge::record::{CaseEnd, Histogram, LoadLog};
use pgauge::report::results::{Outcome, Results};
use std::path::Path;

const LOAD: &str = "\
name: Shoppers
random_seed: 7
seed: [{ sql: 'CREATE TABLE carts (id bigserial PRIMARY KEY, shopper integer NOT NULL)' }]
clients:
  shopper:
    with: { amount: { uniform: { from: 1, to: 1000000 } } }
    steps:
      - { step: put, sql: INSERT INTO carts (shopper) VALUES (:amount), affected: 1 }
load: { transactions: 301, users: 5 }
expect:
  # Right of all parts together, and of none alone.
  - check: throughput(\"shopper\").count == 301
  - sql: SELECT count(*) > 0 AND count(*) < 301 FROM carts
    value: true
";

fn plain(name: &str) -> String {
    format!("name: {name}\nexpect:\n  - sql: SELECT 1\n    value: 1\n")
}

fn suite() -> Playground {
    let playground = Playground::new();
    playground.add("shared", "load.yaml", LOAD);
    playground.add("shared", "one.yaml", &plain("One"));
    playground.add("shared", "two.yaml", &plain("Two"));
    playground
}

/// All parts at the same time, each a process with a server of its own; gives their files.
fn shared(playground: &Playground, of: usize) -> Vec<String> {
    let part = |index: usize| {
        let json = format!("out/{index}.json");
        let shard = format!("{index}/{of}");
        let words = ["run", "scenarios", "--server", "embedded"];
        let more = ["--shard", &shard, "--json", &json];
        let Said {
            status,
            stdout,
            stderr,
        } = pgauge(playground.root(), &[&words[..], &more].concat());
        assert_eq!(status, 0, "{stdout}{stderr}");
        json
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (1..=of)
            .map(|index| scope.spawn(move || part(index)))
            .collect();
        let parts = parts.into_iter().map(|part| part.join().unwrap());
        parts.collect()
    })
}

fn results(folder: &Path, json: &str) -> Results {
    Results::from_json(&std::fs::read(folder.join(json)).unwrap()).unwrap()
}

fn load(results: &Results) -> &LoadLog {
    let mut loads = results
        .cases
        .iter()
        .filter_map(|case| case.log.load.as_deref());
    loads.next().unwrap()
}

#[test]
fn several_processes_share_a_suite_and_a_load_and_one_result_is_made_of_theirs() {
    let playground = suite();
    let folder = playground.root();
    let parts = shared(&playground, 3);
    let merge = [
        "merge",
        "--json",
        "out/all.json",
        "--interval-log",
        "out/all.hlog",
    ];
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let said = pgauge(folder, &[&merge[..], &names].concat());
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let all = results(folder, "out/all.json");
    let passed = all
        .cases
        .iter()
        .filter(|case| case.outcome == Outcome::Passed);
    assert_eq!(passed.count(), 3, "{}", said.stdout);

    // What the files hold, added up with nothing but HdrHistogram itself.
    let mut counts = Histogram::default().counts().clone();
    let parts: Vec<Results> = parts.iter().map(|part| results(folder, part)).collect();
    for part in &parts {
        let own = &load(part).clients[0].latency;
        counts.add(own.counts()).unwrap();
        assert!((60..=181).contains(&own.count()), "{}", own.count());
    }
    let merged = &load(&all).clients[0].latency;
    assert_eq!((merged.count(), merged.counts()), (301, &counts));
    assert_eq!(load(&all).users, 5);
    assert!(
        std::fs::read_to_string(folder.join("out/all.hlog"))
            .unwrap()
            .contains("/shopper")
    );

    // What all of them came to can be remembered, and is compared with from then on.
    let update = [&["merge", "--update-baselines"], &names[..]].concat();
    let said = pgauge(folder, &update);
    assert!(
        said.stdout.contains("; wrote 1 baseline"),
        "{}",
        said.stdout
    );
    let said = pgauge(folder, &[&["merge"], &names[..]].concat());
    assert!(
        said.stdout.contains("; compared with 1 baseline"),
        "{}",
        said.stdout
    );

    let said = pgauge(folder, &["merge", names[0], names[2]]);
    assert_eq!(said.status, 2);
    assert!(
        said.stderr.contains("the results of shard 2/3 are missing"),
        "{}",
        said.stderr
    );
    a_skipped_part_is_told(folder, &names);
    refused_are_others(folder, names[0]);
    // What is wrong only of the whole is found in the whole.
    playground.add("shared", "load.yaml", &LOAD.replace("== 301", "== 300"));
    let said = pgauge(folder, &[&["merge"], &names[..]].concat());
    assert_eq!(said.status, 1, "{}{}", said.stdout, said.stderr);
}

/// Where one part of a load was skipped, its sum is not the load that was meant, whatever the others did.
fn a_skipped_part_is_told(folder: &Path, names: &[&str]) {
    let mut skipped = results(folder, names[1]);
    for case in &mut skipped.cases {
        if case.log.load.take().is_some() {
            let reason = "there is no room".to_owned();
            case.log.end = CaseEnd::Skipped { reason };
        }
    }
    std::fs::write(folder.join("skipped.json"), skipped.to_json().unwrap()).unwrap();
    let said = pgauge(folder, &["merge", names[0], "skipped.json", names[2]]);
    assert_eq!(said.status, 4, "{}{}", said.stdout, said.stderr);
    for told in [
        "errored[part-skipped]: part 2/3 of the load was skipped: there is no room",
        "failed[check]",
    ] {
        assert!(said.stdout.contains(told), "{}", said.stdout);
    }
}

/// What is not the rest of the run is not taken for it: the same results again, and a part of another run.
fn refused_are_others(folder: &Path, first: &str) {
    let write = |name: &str, change: fn(&mut Results)| {
        let mut results = results(folder, first);
        change(&mut results);
        std::fs::write(folder.join(name), results.to_json().unwrap()).unwrap();
    };
    write("whole.json", |results| results.run.shard = None);
    write("other.json", |results| {
        results.run.random_seed += 1;
        results.run.shard.as_mut().unwrap().index = 2;
    });
    write("third.json", |results| {
        results.run.shard.as_mut().unwrap().index = 3;
    });
    let all: [(&[&str], &str); 3] = [
        (
            &["whole.json", "whole.json"],
            "are whole runs, and no parts of one",
        ),
        (&[first, first], "are both shard 1/3"),
        (
            &[first, "other.json", "third.json"],
            ", and other.json with random seed ",
        ),
    ];
    for (files, why) in all {
        let said = pgauge(folder, &[&["merge"], files].concat());
        assert_eq!(said.status, 2, "{}{}", said.stdout, said.stderr);
        assert!(said.stderr.contains(why), "{}", said.stderr);
    }
}

/// A server that all parts use, and its URL.
fn server() -> (EmbeddedServer, String) {
    let inventory = Inventory::take(&Surroundings::here());
    let binaries = inventory.choose(&Asked::Newest, &System::here()).unwrap();
    let server = EmbeddedServer::start(&EmbeddedOptions {
        binaries,
        settings: Vec::new(),
        listen: Listen::UnixSocket,
    })
    .unwrap();
    let socket = server
        .socket_dir()
        .display()
        .to_string()
        .replace('/', "%2F");
    let url = format!(
        "postgres://{}@{socket}:{}/postgres",
        server.superuser(),
        server.port()
    );
    (server, url)
}

#[test]
fn the_parts_of_a_load_wait_for_each_other_on_the_server() {
    let playground = Playground::new();
    playground.add("shared", "load.yaml", LOAD);
    let folder = playground.root();
    let (_server, url) = server();
    let part = |index: usize| {
        let (shard, json) = (format!("{index}/2"), format!("{index}.json"));
        let words = ["run", "scenarios", "--server", &url, "--barrier", "one"];
        pgauge(
            folder,
            &[&words[..], &["--shard", &shard, "--json", &json]].concat(),
        )
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| part(1));
        // As soon as it is there it holds its lock, and waits.
        let waiting = "\
name: Waiting
expect:
  - sql: SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1
    value: 1
";
        let elsewhere = Playground::new();
        elsewhere.add("look", "waiting.yaml", waiting);
        let look = || pgauge(elsewhere.root(), &["run", "scenarios", "--server", &url]);
        while look().status != 0 {
            assert!(!first.is_finished(), "{}", first.join().unwrap().stdout);
        }
        assert!(!first.is_finished(), "it did not wait");
        let said = [part(2), first.join().unwrap()];
        for Said {
            status,
            stdout,
            stderr,
        } in said
        {
            assert_eq!(status, 0, "{stdout}{stderr}");
        }
    });
    let merged = pgauge(folder, &["merge", "1.json", "2.json"]);
    assert_eq!(merged.status, 0, "{}{}", merged.stdout, merged.stderr);
    let alone = ["run", "scenarios", "--server", "embedded", "--shard", "1/2"];
    let said = pgauge(folder, &[&alone[..], &["--barrier", "x"]].concat());
    assert_eq!(said.status, 2, "{}", said.stderr);
    assert!(
        said.stderr.contains("--barrier needs a server"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_is_merged_tells_no_secret_of_the_scenarios_that_are_read_again() {
    let playground = Playground::new();
    let scenario = "\
name: Canaries
database: { settings: { app.api_token: canary-of-settings } }
clients:
  alice:
    steps:
      - { step: look, sql: 'SELECT :token::text', with: { token: canary-of-step }, row_count: 1 }
expect:
  - { sql: 'SELECT :api_key::text', with: { api_key: canary-of-sql }, value: nothing of the kind }
";
    playground.add("shared", "canaries.yaml", scenario);
    let folder = playground.root();
    let run = ["run", "scenarios", "--server", "embedded"];
    let ran = pgauge(folder, &[&run[..], &["--json", "one.json"]].concat());
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    let reports = ["--json", "all.json", "--junit", "all.xml"];
    let merged = pgauge(folder, &[&["merge", "one.json"], &reports[..]].concat());
    assert_eq!(merged.status, 1, "{}{}", merged.stdout, merged.stderr);
    for said in [ran, merged] {
        let text = said.stdout + &said.stderr;
        assert!(!text.contains("canary"), "{text}");
    }
    for file in ["one.json", "all.json", "all.xml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(
            !text.contains("canary") && text.contains("***"),
            "{file}: {text}"
        );
    }
}
