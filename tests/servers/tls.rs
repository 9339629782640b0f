//! Every `sslmode` against servers that prove something, or nothing.

use crate::certificates::{Authority, self_signed, write};
use crate::world::{reached, told, with_somebodys};

/// What `pg_stat_ssl` would say is not asked: a refused connection proves as much.
async fn refused(url: &str) -> String {
    told(&reached(url).await.unwrap_err())
}

#[test]
fn a_server_without_tls_is_used_only_where_that_is_good_enough() {
    with_somebodys(|somebodys| async move {
        for mode in ["disable", "allow", "prefer"] {
            let url = somebodys.url(&format!("sslmode={mode}"));
            reached(&url).await.unwrap();
        }
        for mode in ["require", "verify-ca&sslrootcert=/dev/null"] {
            let url = somebodys.url(&format!("sslmode={mode}"));
            let said = refused(&url).await;
            assert!(
                said.contains("does not support TLS") || said.contains("no certificate in it"),
                "{said}"
            );
        }
    });
}

#[test]
fn each_mode_demands_its_proof() {
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (Authority::new("ours"), Authority::new("other"));
        somebodys
            .encrypts(&ours.certify(&["db.test"], "db.test"), None)
            .await;
        somebodys
            .lets_in("hostssl all all 127.0.0.1/32 scram-sha-256")
            .await;
        let ours = ours
            .in_file(folder.path(), "ours.crt")
            .display()
            .to_string();
        let other = other
            .in_file(folder.path(), "other.crt")
            .display()
            .to_string();
        // By number the host is reached, by name it is known.
        let port = somebodys.port();
        let password = crate::world::PASSWORD;
        let named = |more: &str| {
            format!(
                "host=db.test hostaddr=127.0.0.1 port={port} user=qa password={password} dbname=postgres {more}"
            )
        };
        let elsewhere = |more: &str| somebodys.url(more);
        for good in [
            elsewhere("sslmode=allow"),
            elsewhere("sslmode=prefer"),
            elsewhere("sslmode=require"),
            elsewhere(&format!("sslmode=require&sslrootcert={ours}")),
            elsewhere(&format!("sslmode=verify-ca&sslrootcert={ours}")),
            named(&format!("sslmode=verify-full sslrootcert={ours}")),
            named(&format!(
                "sslmode=verify-full sslrootcert={ours} channel_binding=require"
            )),
            named(&format!(
                "sslmode=verify-full sslrootcert={ours} ssl_min_protocol_version=TLSv1.3"
            )),
            named(&format!(
                "sslmode=verify-full sslrootcert={ours} ssl_max_protocol_version=TLSv1.2"
            )),
        ] {
            reached(&good).await.unwrap();
        }
        for (bad, words) in [
            (elsewhere("sslmode=disable"), "sslmode=require"),
            (
                elsewhere(&format!("sslmode=require&sslrootcert={other}")),
                "UnknownIssuer",
            ),
            (
                elsewhere(&format!("sslmode=verify-ca&sslrootcert={other}")),
                "sslrootcert=root.crt",
            ),
            (elsewhere("sslmode=verify-ca"), "no root certificate"),
            (
                elsewhere("sslmode=verify-ca&sslrootcert=/nowhere.crt"),
                "/nowhere.crt cannot be used",
            ),
            (
                elsewhere(&format!("sslmode=verify-full&sslrootcert={ours}")),
                "subjectAltName",
            ),
            (
                named("sslmode=verify-full sslrootcert=system"),
                "UnknownIssuer",
            ),
        ] {
            let said = refused(&bad).await;
            assert!(said.contains(words), "{words}: {said}");
            assert!(!said.contains(password), "{said}");
        }
    });
}

#[test]
fn certificates_that_are_old_or_vouch_for_themselves_are_judged_as_openssl_does() {
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        let ours = Authority::new("ours");
        let root = ours
            .in_file(folder.path(), "ours.crt")
            .display()
            .to_string();
        somebodys
            .encrypts(&ours.certify_long_ago(&["localhost"]), None)
            .await;
        let said =
            refused(&somebodys.url(&format!("sslmode=verify-full&sslrootcert={root}"))).await;
        assert!(said.contains("needs a new certificate"), "{said}");
        reached(&somebodys.url("sslmode=require")).await.unwrap();
        let alone = self_signed(&["localhost"]);
        let own = write(folder.path(), "own.crt", &alone.certificate)
            .display()
            .to_string();
        somebodys.encrypts(&alone, None).await;
        let full = |root: &str| somebodys.url(&format!("sslmode=verify-full&sslrootcert={root}"));
        reached(&full(&own)).await.unwrap();
        assert!(reached(&full(&root)).await.is_err());
    });
}

#[test]
fn a_client_shows_its_own_certificate_where_the_server_asks_for_it() {
    with_somebodys(|somebodys| async move {
        let folder = tempfile::tempdir().unwrap();
        let ours = Authority::new("ours");
        let root = ours.in_file(folder.path(), "ours.crt");
        somebodys
            .encrypts(&ours.certify(&["localhost"], "localhost"), Some(&root))
            .await;
        somebodys.lets_in("hostssl all all 127.0.0.1/32 cert").await;
        let client = |name: &str, authority: &Authority| {
            let pair = authority.certify(&[], name);
            let certificate = write(folder.path(), &format!("{name}.crt"), &pair.certificate);
            let key = write(folder.path(), &format!("{name}.key"), &pair.key);
            let words = format!("sslmode=require&sslcert={}&sslkey=", certificate.display());
            (words, key)
        };
        let (words, key) = client("qa", &ours);
        reached(&somebodys.url(&format!("{words}{}", key.display())))
            .await
            .unwrap();
        let said = refused(&somebodys.url("sslmode=require")).await;
        assert!(said.contains("sslcert and sslkey"), "{said}");
        let (stranger, strange_key) = client("stranger", &ours);
        let said = refused(&somebodys.url(&format!("{stranger}{}", strange_key.display()))).await;
        assert!(said.contains("28000"), "{said}");
        let (unknown, unknown_key) = client("unknown", &Authority::new("other"));
        let said = refused(&somebodys.url(&format!("{unknown}{}", unknown_key.display()))).await;
        assert!(said.contains("client's certificate"), "{said}");
        let said = refused(&somebodys.url(&format!("{words}{}", strange_key.display()))).await;
        assert!(said.contains("must belong together"), "{said}");
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let said = refused(&somebodys.url(&format!("{words}{}", key.display()))).await;
        assert!(said.contains("chmod 600"), "{said}");
    });
}
