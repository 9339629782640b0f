//! The hosts of a connection: one, or several of which the first that will do is used.

use super::words::Said;
use super::{Secret, ServerError};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Where servers listen by default.
const PORT: u16 = 5432;

/// Where the socket of an installed server is, as packages build it.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPlace {
    /// Its name, which a certificate has to bear.
    pub host: HostName,
    /// Where it is, so that nobody has to be asked.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// The password there.
    pub password: Option<Secret>,
}

/// A name to find a server by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// In the network.
    Network(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

impl HostName {
    fn of(name: &str) -> Self {
        match name.starts_with('/') {
            true => Self::Socket(PathBuf::from(name)),
            false => Self::Network(name.to_owned()),
        }
    }

    /// How a password file calls it.
    pub(super) fn of_passfile(&self) -> String {
        match self {
            Self::Network(name) => name.clone(),
            Self::Socket(folder) if is_usual(folder) => "localhost".to_owned(),
            Self::Socket(folder) => folder.display().to_string(),
        }
    }
}

impl HostPlace {
    /// The host and its port, as a part of a URL.
    pub fn address(&self) -> String {
        let host = match &self.host {
            HostName::Network(name) if name.contains(':') => format!("[{name}]"),
            HostName::Network(name) => name.clone(),
            HostName::Socket(path) => path.display().to_string().replace('/', "%2F"),
        };
        format!("{host}:{}", self.port)
    }
}

/// The URL of a database of these hosts, without a password.
pub(super) fn address(user: &str, hosts: &[HostPlace], database: &str) -> String {
    let places: Vec<String> = hosts.iter().map(HostPlace::address).collect();
    format!("postgres://{user}@{}/{database}", places.join(","))
}

/// What was said of hosts, without passwords.
pub(super) fn hosts(said: &Said) -> Result<Vec<HostPlace>, ServerError> {
    let (names, addresses) = (said.list("host"), said.list("hostaddr"));
    let ports = said.list("port");
    let count = names.len().max(addresses.len()).max(1);
    for (word, list) in [("host", &names), ("hostaddr", &addresses)] {
        if !list.is_empty() && list.len() != count {
            return Err(ServerError::new(format!(
                "{count} hosts were named, and {} with \"{word}\"",
                list.len()
            ))
            .hint("name as many with \"hostaddr\" as with \"host\""));
        }
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(ServerError::new(format!(
            "{} ports were named for {}",
            ports.len(),
            crate::text::plural(count as u64, "host")
        ))
        .hint("name one port for all, or one for each"));
    }
    (0..count)
        .map(|at| {
            let port = port(ports.get(at).or(ports.first()).copied().unwrap_or_default())?;
            let address = addresses.get(at).filter(|address| !address.is_empty());
            let address = address.map(|text| text.parse::<IpAddr>()).transpose();
            let address = address.map_err(|_| {
                ServerError::new("\"hostaddr\" of the connection is no IP address")
                    .hint("name a host by \"host\"")
            })?;
            let name = names.get(at).filter(|name| !name.is_empty());
            let host = match (name, address) {
                (Some(name), _) => HostName::of(name),
                (None, Some(address)) => HostName::Network(address.to_string()),
                (None, None) => usual(port),
            };
            Ok(HostPlace {
                host,
                address,
                port,
                password: None,
            })
        })
        .collect()
}

fn port(text: &str) -> Result<u16, ServerError> {
    if text.is_empty() {
        return Ok(PORT);
    }
    let port = text.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        ServerError::new("\"port\" of the connection is none")
            .hint("a port is a number from 1 to 65535, such as 5432")
    })
}

/// Where the server of this machine is, by its socket if there is one.
fn usual(port: u16) -> HostName {
    let socket = format!(".s.PGSQL.{port}");
    let folders = SOCKET_FOLDERS.iter().map(Path::new);
    let found = folders
        .into_iter()
        .find(|folder| folder.join(&socket).exists());
    match found {
        Some(folder) => HostName::Socket(folder.to_owned()),
        None => HostName::Network("localhost".to_owned()),
    }
}

fn is_usual(folder: &Path) -> bool {
    SOCKET_FOLDERS
        .iter()
        .any(|usual| folder == Path::new(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Result<Vec<String>, ServerError> {
        let hosts = hosts(&Said::read(text).unwrap())?;
        Ok(hosts.iter().map(HostPlace::address).collect())
    }

    #[test]
    fn hosts_and_ports_go_together() {
        let found = |text| places(text).unwrap();
        assert_eq!(found("host=a,b port=1,2"), ["a:1", "b:2"]);
        assert_eq!(found("host=a,b port=7"), ["a:7", "b:7"]);
        assert_eq!(found("postgres://a:1,b/x"), ["a:1", "b:5432"]);
        assert_eq!(found("postgres://[::1]:1/x"), ["[::1]:1"]);
        assert_eq!(found("host=/tmp/x"), ["%2Ftmp%2Fx:5432"]);
        assert_eq!(found("hostaddr=127.0.0.1"), ["127.0.0.1:5432"]);
    }

    #[test]
    fn lists_that_do_not_match_are_refused() {
        for text in [
            "host=a,b port=1,2,3",
            "host=a,b hostaddr=127.0.0.1",
            "host=a port=0",
            "host=a hostaddr=b",
        ] {
            assert!(places(text).is_err(), "{text}");
        }
    }
}
