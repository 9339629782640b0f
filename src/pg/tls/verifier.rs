//! Is this the server that was meant? What libpq demands for each `sslmode`, by rustls's own means.

use super::files::Trusted;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// What the server has to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing: whoever answers is believed, and only those who listen in are kept out.
    Nothing,
    /// A trusted authority knows it.
    Authority,
    /// And under the name of the host.
    Name,
}

/// Demands a proof.
#[derive(Debug)]
pub(super) struct Verifier {
    proof: Proof,
    trusted: Trusted,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        proof: Proof,
        trusted: Trusted,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self {
            proof,
            trusted,
            algorithms,
        }
    }

    /// A server may show a certificate that is itself trusted, such as a self-signed one: OpenSSL takes it, while rustls
    /// refuses an authority that stands for itself.
    fn is_trusted_itself(&self, certificate: &CertificateDer<'_>) -> bool {
        let known = self.trusted.certificates.iter();
        known.into_iter().any(|known| known == certificate)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.proof == Proof::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        match self.is_trusted_itself(end_entity) {
            true => in_its_time(end_entity, now)?,
            false => verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.trusted.roots,
                intermediates,
                now,
                self.algorithms.all,
            )?,
        }
        if self.proof == Proof::Name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.proof {
            // Whoever may show any certificate may as well sign with any key.
            Proof::Nothing => Ok(HandshakeSignatureValid::assertion()),
            Proof::Authority | Proof::Name => {
                verify_tls12_signature(message, cert, dss, &self.algorithms)
            }
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.proof {
            Proof::Nothing => Ok(HandshakeSignatureValid::assertion()),
            Proof::Authority | Proof::Name => {
                verify_tls13_signature(message, cert, dss, &self.algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a certificate that no chain is checked for is valid today.
fn in_its_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let validity = parsed.tbs_certificate.validity;
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs() {
        return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    match now > validity.not_after.to_unix_duration().as_secs() {
        true => Err(Error::InvalidCertificate(CertificateError::Expired)),
        false => Ok(()),
    }
}
