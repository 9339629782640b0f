//! Connecting for a load: to the host that let us in before, encrypted as was asked for. The driver says who we are, in
//! whatever way the server asks for it, and gives the socket back when the server is ready for the first statement.

use super::socket::{Lent, Socket};
use super::unix_socket::UnixSocket;
use crate::pg::connect::{Connector, Login, Way};
use crate::pg::conninfo::{HostName, HostPlace};
use crate::pg::failure::{lost, server_error};
use crate::record::ServerError;
use crate::run::load::Company;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::NoTls;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

/// The request for encryption: its length and its number.
const ENCRYPTION: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The server's consent to it.
const CONSENT: u8 = b'S';

/// Connects and logs in.
pub(super) async fn logged_in(
    connector: &Connector,
    login: &Login,
    company: Company,
) -> Result<Socket, ServerError> {
    let mut last = lost("no host is named");
    for host in connector.hosts_to_try() {
        for way in connector.ways_to(host) {
            let opening = opened(connector, host, way, login, company);
            match within(connector.conninfo().timeout, opening).await {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

async fn within(
    limit: Option<Duration>,
    opening: impl Future<Output = Result<Socket, ServerError>>,
) -> Result<Socket, ServerError> {
    match limit {
        None => opening.await,
        Some(limit) => tokio::time::timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(lost("the server did not answer in time"))),
    }
}

async fn opened(
    connector: &Connector,
    host: &HostPlace,
    way: Way,
    login: &Login,
    company: Company,
) -> Result<Socket, ServerError> {
    let broke = |error: io::Error| ServerError {
        message: format!("no connection to {}: {error}", host.address()),
        detail: None,
        ..lost("")
    };
    let socket = connected(host, company).await.map_err(broke)?;
    let socket = encrypted(connector, host, way, socket)
        .await
        .map_err(broke)?;
    let config = connector.plain_config(host, login);
    let lent = Lent::new(socket);
    let (client, connection) = config
        .connect_raw(lent.clone(), NoTls)
        .await
        .map_err(|error| server_error(&error))?;
    // Dropped without being driven, they say nothing on the socket.
    drop(connection);
    drop(client);
    lent.back()
        .ok_or_else(|| lost("the driver kept the socket"))
}

async fn connected(host: &HostPlace, company: Company) -> io::Result<Socket> {
    match (&host.host, host.address) {
        (HostName::Socket(folder), _) => {
            let path = folder.join(format!(".s.PGSQL.{}", host.port));
            let stream = UnixStream::connect(path).await?;
            Ok(Socket::Unix(UnixSocket::new(stream, company)?))
        }
        (HostName::Network(name), address) => {
            let stream = match address {
                Some(address) => TcpStream::connect((address, host.port)).await?,
                None => TcpStream::connect((name.as_str(), host.port)).await?,
            };
            stream.set_nodelay(true)?;
            Ok(Socket::Tcp(stream))
        }
    }
}

/// Encrypts what goes over a socket of the network, where that is the way.
async fn encrypted(
    connector: &Connector,
    host: &HostPlace,
    way: Way,
    socket: Socket,
) -> io::Result<Socket> {
    let (mut stream, name) = match (socket, &host.host, way) {
        (
            Socket::Tcp(stream),
            HostName::Network(name),
            Way::Encrypted | Way::EncryptedIfPossible,
        ) => (stream, name),
        (socket, _, _) => return Ok(socket),
    };
    if !connector.conninfo().tls.direct {
        stream.write_all(&ENCRYPTION).await?;
        if stream.read_u8().await? != CONSENT {
            return match way {
                Way::EncryptedIfPossible => Ok(Socket::Tcp(stream)),
                Way::Plain | Way::Encrypted => {
                    Err(io::Error::other("the server does not encrypt connections"))
                }
            };
        }
    }
    let mut maker = connector.tls();
    let tls = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, name);
    let stream = tls.map_err(io::Error::other)?.connect(stream).await;
    let stream = stream.map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Socket::Tls(Box::new(stream)))
}
