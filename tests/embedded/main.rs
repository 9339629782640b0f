//! The embedded server against the real thing: it starts, answers, and leaves nothing, however it ends.
//!
//! Whatever must be killed, or needs another environment or user, is this test program again: see `helper`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod leftovers;
mod machine;
mod measured;
mod playground;
mod running;

use pgauge::pg::binaries::{Asked, Binaries, Inventory, Surroundings};
use pgauge::pg::embedded::{EmbeddedOptions, EmbeddedServer, Listen};
use pgauge::pg::install::System;
use std::io::Read;

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
