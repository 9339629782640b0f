//! How is a connection encrypted, and what must the server prove? The one place that knows rustls.
//!
//! Cryptography comes from *ring* alone, and is named wherever it is needed: two providers in one program would leave
//! neither the default one.

mod files;
mod trouble;
mod verifier;

pub(super) use trouble::advice;

use super::conninfo::{Roots, TlsMode, TlsVersion, TlsWish};
use super::error::ServerError;
use rustls::crypto::ring;
use rustls::{ClientConfig, SupportedProtocolVersion, version};
use std::fmt;
use std::sync::Arc;
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;
use verifier::{Proof, Verifier};

/// What goes over an encrypted connection.
pub type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// What a connection takes to be encrypted; made once, used by all.
#[derive(Clone)]
pub(super) struct Tls(MakeRustlsConnect);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Reads the files that the wish names.
    ///
    /// # Errors
    ///
    /// One of them cannot be used, or others may read the key.
    pub(super) fn of(wish: &TlsWish) -> Result<Self, ServerError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions(wish))
            .map_err(|error| {
                ServerError::new("the versions of TLS that were named cannot be used")
                    .detail(error.to_string())
            })?;
        let (proof, roots) = demanded(wish)?;
        let verifier = Verifier::new(proof, roots, provider.signature_verification_algorithms);
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let identity = wish
            .identity
            .as_ref()
            .filter(|_| wish.mode != TlsMode::Disable);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = files::identity(identity)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    ServerError::new(format!(
                        "the client certificate {} cannot be used with its key",
                        identity.certificate.display()
                    ))
                    .detail(error.to_string())
                    .hint("sslcert and sslkey must belong together")
                })?
            }
        };
        // What servers since PostgreSQL 17 know a direct connection by.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self(MakeRustlsConnect::new(config)))
    }

    /// For the driver.
    pub(super) fn connector(&self) -> MakeRustlsConnect {
        self.0.clone()
    }
}

/// What the server has to prove, and by whose word.
fn demanded(wish: &TlsWish) -> Result<(Proof, files::Trusted), ServerError> {
    let proof = match (wish.mode, &wish.roots) {
        (TlsMode::VerifyFull, _) => Proof::Name,
        (TlsMode::VerifyCa, _) => Proof::Authority,
        // As libpq has it: whoever keeps a root certificate wants it used.
        (TlsMode::Require, Some(Roots::File(file))) if file.exists() => Proof::Authority,
        _ => return Ok((Proof::Nothing, files::Trusted::default())),
    };
    let trusted = match &wish.roots {
        Some(Roots::System) => files::of_system()?,
        Some(Roots::File(file)) => files::trusted(file)?,
        None => {
            return Err(ServerError::new(
                "there is no root certificate to check the server's by",
            )
            .detail("neither was sslrootcert given, nor is there ~/.postgresql/root.crt")
            .hint(
                "name the authority's certificate with sslrootcert=root.crt, or take those of the system with \
                 sslrootcert=system",
            ));
        }
    };
    Ok((proof, trusted))
}

fn versions(wish: &TlsWish) -> Vec<&'static SupportedProtocolVersion> {
    match wish.versions {
        (TlsVersion::V1_2, TlsVersion::V1_2) => vec![&version::TLS12],
        (TlsVersion::V1_3, _) => vec![&version::TLS13],
        (TlsVersion::V1_2, TlsVersion::V1_3) => vec![&version::TLS13, &version::TLS12],
    }
}
