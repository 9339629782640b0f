//! Does the server let us in? Where it does not: what each host said, and what to do about it.

use crate::pg::connect::{Connector, Login};
use crate::pg::conninfo::HostName;
use crate::pg::line::{Line, drive};
use crate::pg::{failure, tls};
use crate::record::Breakage;
use std::sync::Arc;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// Connects for the first time; the connection ends when the client is dropped.
///
/// # Errors
///
/// Nobody lets us in, with the cause and a remedy.
pub(super) async fn knock(connector: &Connector, login: &Login) -> Result<Client, Error> {
    let (client, wire) = connector.open(login).await?;
    tokio::spawn(drive(wire, Arc::new(Line::default())));
    Ok(client)
}

/// What is to be said where nobody lets us in.
pub(super) fn turned_away(connector: &Connector, error: &Error) -> Breakage {
    let message = format!("cannot connect to the server at {}", connector.url());
    let mut breakage = failure::breakage("connect", message, error);
    breakage.code = "connect".to_owned();
    let refusals = connector.refusals();
    let mut details = match refusals.as_slice() {
        // The server's own error says it all.
        [_] if error.as_db_error().is_some() => Vec::new(),
        [_] | [] => vec![failure::chain(error)],
        several => several.to_vec(),
    };
    if error.as_db_error().is_none() {
        // There was no connection that could have been lost.
        breakage.error = None;
    }
    if is_about_passwords(error) {
        details.extend(connector.conninfo().remarks.iter().cloned());
    }
    breakage.detail = Some(details.join("\n")).filter(|details| !details.is_empty());
    breakage.hint = advice(connector, error);
    breakage
}

fn is_about_passwords(error: &Error) -> bool {
    error.code() == Some(&SqlState::INVALID_PASSWORD)
        || failure::chain(error).contains("password missing")
}

/// What to do about a server that does not let us in.
fn advice(connector: &Connector, error: &Error) -> Option<String> {
    if let Some(advice) = tls::advice(error) {
        return Some(advice);
    }
    match error.as_db_error() {
        Some(said) => of_server(said.code(), said.message()).map(str::to_owned),
        None => Some(of_network(connector, &failure::chain(error))),
    }
}

fn of_server(code: &SqlState, message: &str) -> Option<&'static str> {
    const PASSWORD: &str =
        "look at the password in DATABASE_URL, PGPASSWORD, the password file or --server";
    Some(match code.code() {
        "28P01" => PASSWORD,
        "28000" if message.contains("certificate") => {
            "give a client certificate by sslcert and sslkey; its common name must be the user's"
        }
        "28000" if message.contains("pg_hba.conf") && message.contains("no encryption") => {
            "the server may insist on TLS: sslmode=require; else its pg_hba.conf needs a line for this user and host"
        }
        "28000" if message.contains("pg_hba.conf") => {
            "its pg_hba.conf needs a line for this user, this host and the databases that pgauge makes (all)"
        }
        "28000" if message.contains("does not exist") => {
            "name a user that is there: postgres://user@host/postgres, or PGUSER"
        }
        "28000" if message.contains("not permitted to log in") => {
            "give the role LOGIN, or name another"
        }
        "3D000" => {
            "name a database that is there, only to connect to: postgres://user@host/postgres"
        }
        "53300" => {
            "wait until others have left, or raise its max_connections, or the role's CONNECTION LIMIT"
        }
        "57P03" => "it is starting, ending or recovering: wait until it accepts connections",
        "42501" => "the user needs CONNECT on that database, or name another",
        _ => return None,
    })
}

/// By the words of the driver and of the system.
fn of_network(connector: &Connector, why: &str) -> String {
    let hosts = &connector.conninfo().hosts;
    let by_socket = hosts
        .iter()
        .all(|host| matches!(host.host, HostName::Socket(_)));
    let advice = match () {
        () if why.contains("password missing") => {
            "give the password in DATABASE_URL, PGPASSWORD, or a password file (~/.pgpass)"
        }
        () if why.contains("allow writes") => {
            "it is a standby: name its primary, or both with target_session_attrs=read-write"
        }
        () if why.contains("channel binding") => {
            "channel_binding=require takes TLS and SCRAM; without them use channel_binding=prefer"
        }
        () if why.contains("lookup address") => {
            "is the name of the host right, and does this machine know it (DNS, /etc/hosts)?"
        }
        () if why.contains("timed out") || why.contains("timeout") => {
            "is a firewall in between, or the port wrong? connect_timeout=30 waits longer"
        }
        () if why.contains("hostname provided") || why.contains("invalid dns name") => {
            "TLS takes the name of a host that a certificate can bear"
        }
        () if by_socket => {
            "is it running, and is its socket in that folder (unix_socket_directories)? PGHOST or a URL names another"
        }
        () => {
            "is it running, and does it listen there (listen_addresses, port)? Without --server, DATABASE_URL and PGHOST \
             pgauge starts one itself"
        }
    };
    advice.to_owned()
}
