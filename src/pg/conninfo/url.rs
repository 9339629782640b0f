//! A URL of a server, taken apart into libpq's words.

use crate::pg::error::ServerError;

/// `postgres://user:password@host1:port1,host2:port2/dbname?word=value&…`, percent-encoding undone. An empty port of
/// several is the default one.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, ServerError> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (names, ports) = places(hosts)?;
    let mut pairs = Vec::new();
    for (word, value) in [("user", user), ("password", password), ("dbname", database)] {
        pairs.push((word.to_owned(), decoded(value)?));
    }
    pairs.push(("host".to_owned(), names));
    pairs.push(("port".to_owned(), ports));
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (word, value) = part
            .split_once('=')
            .ok_or_else(|| unreadable("a parameter behind \"?\" has no \"=\""))?;
        pairs.push(match (word, value) {
            // What JDBC writes, and libpq reads.
            ("ssl", "true") => ("sslmode".to_owned(), "require".to_owned()),
            _ => (decoded(word)?, decoded(value)?),
        });
    }
    Ok(pairs)
}

/// The names of the hosts and their ports, each as one list.
fn places(hosts: &str) -> Result<(String, String), ServerError> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            // An IPv6 address has colons of its own.
            Some(rest) => {
                let (name, after) = rest
                    .split_once(']')
                    .ok_or_else(|| unreadable("a \"[\" before a host is not closed"))?;
                (name, after.strip_prefix(':').unwrap_or_default())
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(decoded(name)?);
        ports.push(port);
    }
    let ports = match ports.iter().all(|port| port.is_empty()) {
        true => String::new(),
        false => ports.join(","),
    };
    Ok((names.join(","), ports))
}

fn decoded(text: &str) -> Result<String, ServerError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        // A NUL would end the text for the server.
        match byte.filter(|byte| *byte != 0) {
            Some(byte) => bytes.push(byte),
            None => {
                return Err(unreadable(
                    "a \"%\" is not followed by two hexadecimal digits",
                ));
            }
        }
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| unreadable("what is percent-encoded is no UTF-8"))
}

fn unreadable(what: &str) -> ServerError {
    ServerError::new("cannot read the server's URL")
        .detail(what)
        .hint(
            "write it as postgres://user@host:5432/database; in a user or a password write % as %25, / as %2F, \
             ? as %3F, @ as %40",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, word: &str) -> String {
        let pairs = pairs(text).unwrap();
        let mut found = pairs.into_iter().filter(|(known, _)| known == word);
        found
            .next_back()
            .map(|(_, value)| value)
            .unwrap_or_default()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = "postgres://q%40a:p%2Fw@[::1]:5433,db.test/shop?sslmode=verify-full&ssl=true";
        for (word, expected) in [
            ("user", "q@a"),
            ("password", "p/w"),
            ("host", "::1,db.test"),
            ("port", "5433,"),
            ("dbname", "shop"),
            ("sslmode", "require"),
        ] {
            assert_eq!(value(url, word), expected, "{word}");
        }
        assert_eq!(value("postgres://%2Ftmp%2Fpg/x", "host"), "/tmp/pg");
        assert_eq!(value("postgres:///x?host=/tmp", "host"), "/tmp");
        assert_eq!(value("postgres://h", "port"), "");
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_shown() {
        for url in [
            "postgres://qa:hunter22%@h/x",
            "postgres://qa:hunter22@[::1/x",
            "postgres://qa:hunter22@h/x?sslmode",
            "postgres://qa:hunter22@h/%00",
        ] {
            let error = pairs(url).unwrap_err();
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
    }
}
