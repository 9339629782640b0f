//! Certificates and keys, from files.

use crate::pg::conninfo::Identity;
use crate::pg::error::ServerError;
use nix::unistd::geteuid;
use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whose word counts.
#[derive(Debug)]
pub(super) struct Trusted {
    /// Authorities.
    pub(super) roots: RootCertStore,
    /// The same as certificates: a server may have one of them itself.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl Default for Trusted {
    fn default() -> Self {
        Self {
            roots: RootCertStore::empty(),
            certificates: Vec::new(),
        }
    }
}

/// The authorities in a file.
pub(super) fn trusted(file: &Path) -> Result<Trusted, ServerError> {
    let mut trusted = Trusted::default();
    for certificate in certificates(file, "root certificate file")? {
        trusted.certificates.push(certificate.clone());
        trusted
            .roots
            .add(certificate)
            .map_err(|error| unusable("root certificate file", file, &error.to_string()))?;
    }
    Ok(trusted)
}

/// The authorities that the system trusts.
pub(super) fn of_system() -> Result<Trusted, ServerError> {
    let found = rustls_native_certs::load_native_certs();
    let mut trusted = Trusted::default();
    trusted.roots.add_parsable_certificates(found.certs);
    if !trusted.roots.is_empty() {
        return Ok(trusted);
    }
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let mut error = ServerError::new("this system has no root certificates")
        .hint("install the package ca-certificates, or name a file with sslrootcert");
    error.detail = Some(errors.join("\n")).filter(|errors| !errors.is_empty());
    Err(error)
}

/// A client's certificate with its chain, and its key.
pub(super) fn identity(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ServerError> {
    let chain = certificates(&identity.certificate, "client certificate file")?;
    let file = &identity.key;
    closed_to_others(file)?;
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| {
        let encrypted = std::fs::read_to_string(file)
            .is_ok_and(|text| text.contains("ENCRYPTED"));
        match encrypted {
            true => ServerError::new(format!("the key in {} is encrypted", file.display())).hint(
                format!(
                    "pgauge reads no encrypted keys: `openssl pkey -in {0} -out {0}.plain` writes one without",
                    file.display()
                ),
            ),
            false => unusable("private key file", file, &told(&error)),
        }
    })?;
    Ok((chain, key))
}

/// libpq's rule: the key is the user's own and nobody else may read it, or it is root's and at most a group may.
fn closed_to_others(file: &Path) -> Result<(), ServerError> {
    let metadata = std::fs::metadata(file)
        .map_err(|error| unusable("private key file", file, &error.to_string()))?;
    let owner = metadata.uid();
    let allowed = match owner == 0 {
        true => 0o640,
        false => 0o600,
    };
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(unusable(
            "private key file",
            file,
            "it belongs neither to you nor to root",
        ));
    }
    match metadata.mode() & 0o777 & !allowed & !0o100 {
        0 => Ok(()),
        _ => Err(ServerError::new(format!(
            "others may read the private key file {}",
            file.display()
        ))
        .detail(format!(
            "its permissions are {:04o}",
            metadata.mode() & 0o777
        ))
        .hint(format!(
            "`chmod 600 {}` makes it yours alone",
            file.display()
        ))),
    }
}

fn certificates(file: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>());
    let certificates = read.map_err(|error| unusable(what, file, &told(&error)))?;
    match certificates.is_empty() {
        true => Err(unusable(what, file, "there is no certificate in it")),
        false => Ok(certificates),
    }
}

fn told(error: &PemError) -> String {
    match error {
        PemError::Io(error) => error.to_string(),
        PemError::NoItemsFound => "it holds nothing of the kind".to_owned(),
        _ => "it is not in the form of PEM".to_owned(),
    }
}

fn unusable(what: &str, file: &Path, why: &str) -> ServerError {
    ServerError::new(format!("the {what} {} cannot be used", file.display())).detail(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "").unwrap();
        let allowed = match geteuid().is_root() {
            true => [0o600, 0o400, 0o640],
            false => [0o600, 0o400, 0o400],
        };
        let set = |mode| std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        for mode in allowed {
            set(mode);
            assert_eq!(closed_to_others(&file), Ok(()), "{mode:o}");
        }
        for mode in [0o644, 0o660, 0o604] {
            set(mode);
            let error = closed_to_others(&file).unwrap_err();
            assert!(error.hint.unwrap().contains("chmod 600"), "{mode:o}");
        }
    }
}
