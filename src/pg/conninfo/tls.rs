//! How a connection is to be encrypted, and what the server has to prove.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use super::words::Said;
use super::{ServerError, Surroundings, existing, not_one_of};
use std::path::PathBuf;

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsMode {
    /// Never encrypted.
    Disable,
    /// Encrypted only where the server insists.
    Allow,
    /// Encrypted where the server can.
    Prefer,
    /// Encrypted, with whomever; where there are [`Roots`], as [`VerifyCa`](Self::VerifyCa).
    Require,
    /// The server's certificate comes from a trusted authority.
    VerifyCa,
    /// And it bears the name of the host.
    VerifyFull,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// Those in a file.
    File(PathBuf),
    /// Those of the system.
    System,
}

/// How a connection is to be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsWish {
    /// How, and what is proven.
    pub mode: TlsMode,
    /// Whom to believe.
    pub roots: Option<Roots>,
    /// Our own certificate, and its key.
    pub identity: Option<Identity>,
    /// Whether encryption begins at once, without asking in clear text: `sslnegotiation=direct`.
    pub direct: bool,
    /// The oldest and the newest version of TLS.
    pub versions: (TlsVersion, TlsVersion),
    /// Whether the password's proof is bound to the encrypted channel.
    pub binding: Binding,
}

/// The files of a client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// A version of TLS that pgauge speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

/// `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Never.
    Disable,
    /// Where the server can.
    Prefer,
    /// Always.
    Require,
}

impl TlsWish {
    /// No encryption, for a server of our own.
    pub(super) fn none() -> Self {
        Self {
            mode: TlsMode::Disable,
            roots: None,
            identity: None,
            direct: false,
            versions: (TlsVersion::V1_2, TlsVersion::V1_3),
            binding: Binding::Prefer,
        }
    }

    pub(super) fn of(said: &Said, around: &Surroundings<'_>) -> Result<Self, ServerError> {
        let roots = match said.get("sslrootcert") {
            Some("system") => Some(Roots::System),
            Some(file) => Some(Roots::File(PathBuf::from(file))),
            None => own(around, "root.crt").map(Roots::File),
        };
        let mode = match said.get("sslmode") {
            Some("disable") => TlsMode::Disable,
            Some("allow") => TlsMode::Allow,
            Some("prefer") => TlsMode::Prefer,
            Some("require") => TlsMode::Require,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("verify-full") => TlsMode::VerifyFull,
            None if roots == Some(Roots::System) => TlsMode::VerifyFull,
            None => TlsMode::Prefer,
            Some(_) => {
                let known = [
                    "disable",
                    "allow",
                    "prefer",
                    "require",
                    "verify-ca",
                    "verify-full",
                ];
                return Err(not_one_of("sslmode", &known));
            }
        };
        if roots == Some(Roots::System) && mode != TlsMode::VerifyFull {
            return Err(ServerError::new(
                "sslrootcert=system takes sslmode=verify-full",
            )
            .detail("anybody can have a certificate from a public authority, for a name of their own")
            .hint("add sslmode=verify-full"));
        }
        let direct = match said.get("sslnegotiation") {
            None | Some("postgres") => false,
            Some("direct") => true,
            Some(_) => return Err(not_one_of("sslnegotiation", &["postgres", "direct"])),
        };
        if direct && mode < TlsMode::Require {
            return Err(
                ServerError::new("sslnegotiation=direct takes sslmode=require or more")
                    .hint("add sslmode=require, verify-ca or verify-full"),
            );
        }
        let binding = match said.get("channel_binding") {
            Some("disable") => Binding::Disable,
            None | Some("prefer") => Binding::Prefer,
            Some("require") => Binding::Require,
            Some(_) => {
                return Err(not_one_of(
                    "channel_binding",
                    &["disable", "prefer", "require"],
                ));
            }
        };
        Ok(Self {
            mode,
            roots,
            identity: identity(said, around)?,
            direct,
            versions: versions(said)?,
            binding,
        })
    }
}

fn identity(said: &Said, around: &Surroundings<'_>) -> Result<Option<Identity>, ServerError> {
    let (wanted, required) = match said.get("sslcertmode") {
        Some("disable") => (false, false),
        None | Some("allow") => (true, false),
        Some("require") => (true, true),
        Some(_) => return Err(not_one_of("sslcertmode", &["disable", "allow", "require"])),
    };
    let named = said.get("sslcert").map(PathBuf::from);
    let certificate = named.or_else(|| own(around, "postgresql.crt"));
    let named = said.get("sslkey").map(PathBuf::from);
    let key = named.or_else(|| Some(around.home()?.join(".postgresql/postgresql.key")));
    let identity = certificate.filter(|_| wanted).zip(key);
    if required && identity.is_none() {
        return Err(
            ServerError::new("sslcertmode=require, and there is no client certificate")
                .hint("name one by sslcert and sslkey"),
        );
    }
    Ok(identity.map(|(certificate, key)| Identity { certificate, key }))
}

fn versions(said: &Said) -> Result<(TlsVersion, TlsVersion), ServerError> {
    let version = |name, usual| match said.get(name) {
        None => Ok(usual),
        // Older ones are what pgauge does not speak anyway: nothing gets weaker.
        Some("TLSv1" | "TLSv1.1") if name == "ssl_min_protocol_version" => Ok(TlsVersion::V1_2),
        Some("TLSv1.2") => Ok(TlsVersion::V1_2),
        Some("TLSv1.3") => Ok(TlsVersion::V1_3),
        Some(_) => Err(not_one_of(name, &["TLSv1.2", "TLSv1.3"])),
    };
    let oldest = version("ssl_min_protocol_version", TlsVersion::V1_2)?;
    let newest = version("ssl_max_protocol_version", TlsVersion::V1_3)?;
    match oldest <= newest {
        true => Ok((oldest, newest)),
        false => Err(ServerError::new(
            "ssl_min_protocol_version is newer than ssl_max_protocol_version",
        )),
    }
}

/// A file in the user's own folder for libpq.
fn own(around: &Surroundings<'_>, name: &str) -> Option<PathBuf> {
    existing(around.home()?.join(".postgresql").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str, home: &str) -> Result<TlsWish, ServerError> {
        let variable = |name: &str| (name == "HOME").then(|| home.to_owned());
        TlsWish::of(&Said::read(text).unwrap(), &Surroundings::new(&variable))
    }

    #[test]
    fn the_users_own_files_are_used_where_none_are_named() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".postgresql");
        std::fs::create_dir(&folder).unwrap();
        let at_home = home.path().to_str().unwrap();
        let bare = wish("host=h", at_home).unwrap();
        assert_eq!(
            (bare.mode, bare.roots, bare.identity),
            (TlsMode::Prefer, None, None)
        );
        std::fs::write(folder.join("root.crt"), "").unwrap();
        std::fs::write(folder.join("postgresql.crt"), "").unwrap();
        let full = wish("host=h sslmode=verify-full", at_home).unwrap();
        assert_eq!(full.roots, Some(Roots::File(folder.join("root.crt"))));
        assert_eq!(full.identity.unwrap().key, folder.join("postgresql.key"));
        let none = wish("host=h sslcertmode=disable", at_home).unwrap();
        assert_eq!(none.identity, None);
    }

    #[test]
    fn what_would_prove_nothing_is_refused() {
        for text in [
            "sslrootcert=system sslmode=require",
            "sslnegotiation=direct",
            "sslmode=full",
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "sslcertmode=require",
        ] {
            assert!(wish(text, "/nowhere").is_err(), "{text}");
        }
        let system = wish("sslrootcert=system", "/nowhere").unwrap();
        assert_eq!(system.mode, TlsMode::VerifyFull);
    }
}
