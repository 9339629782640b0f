//! Numbers for the closing notes; run by hand, in no test run.

use crate::playground::{Playground, hear};
use crate::{binaries, options, query, through_socket};
use pgauge::pg::embedded::EmbeddedServer;
use std::time::{Duration, Instant};

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
