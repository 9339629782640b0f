//! Why was a connection not encrypted? What rustls says, with what to do about it.

use rustls::{AlertDescription, CertificateError, Error};

/// What to do about an error on the way to an encrypted connection; none if it was not about that.
pub(in crate::pg) fn advice(error: &tokio_postgres::Error) -> Option<String> {
    let said = error.to_string();
    let Some(error) = of_rustls(error) else {
        return said.contains("does not support TLS").then(|| {
            "the server has no TLS (its setting ssl is off): use sslmode=prefer where that is good enough, or turn it on"
                .to_owned()
        });
    };
    Some(match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired,
        ) => "the server did not take the client's certificate: look at sslcert and sslkey".to_owned(),
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            "server and pgauge have no version of TLS, or no cipher, in common: pgauge speaks TLS 1.2 and 1.3"
                .to_owned()
        }
        _ => "the server's log may say more".to_owned(),
    })
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "name the certificate of the authority that made the server's with sslrootcert=root.crt; for one of a public \
             authority with sslrootcert=system"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "connect to a name that its certificate bears as subjectAltName (a common name alone does not count), or use \
             sslmode=verify-ca if the authority's word is enough"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server needs a new certificate, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "this machine's clock is wrong, or the server's certificate was made for later"
        }
        CertificateError::Other(_) => {
            "the certificate must be of version 3 and no authority's own: `openssl x509 -req … -extfile` with a \
             subjectAltName makes such a one"
        }
        _ => "the server needs a certificate that can be checked, see https://www.postgresql.org/docs/current/ssl-tcp.html",
    }
    .to_owned()
}

/// The error of rustls among the causes; the driver and the system wrap it.
fn of_rustls<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(|error| error.get_ref());
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
