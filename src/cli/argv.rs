//! Can everybody on this machine see a password? A command line can be seen by every user (`ps`), an environment by its
//! owner only: pgauge begins again with the password moved.

use crate::{pg::conninfo, text::redact_url};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The variable that stands for `--server`.
const VARIABLE: &str = "PGAUGE_SERVER";

/// Begins again without the password, where the command line holds one. What is typed can be seen for the moment that this
/// takes; a file or a variable of the environment is better.
pub fn hide_password() {
    let words: Vec<OsString> = std::env::args_os().collect();
    let Some((server, rest)) = without_password(&words) else {
        return;
    };
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    if let Some((name, rest)) = rest.split_first() {
        again.arg0(name).args(rest);
    }
    // Only returns where it failed; then it goes on as it was.
    drop(again.env(VARIABLE, server).exec());
}

/// The server with its password, and the words without it.
fn without_password(words: &[OsString]) -> Option<(String, Vec<OsString>)> {
    for (at, word) in words.iter().enumerate().skip(1) {
        let word = word.to_str()?;
        if word == "--" {
            return None;
        }
        let (server, count) = match word.strip_prefix("--server=") {
            Some(server) => (server.to_owned(), 1),
            None if word == "--server" || word == "-s" => {
                (words.get(at + 1)?.to_str()?.to_owned(), 2)
            }
            None => match word.strip_prefix("-s") {
                Some(server) if !word.starts_with("--") => (server.to_owned(), 1),
                _ => continue,
            },
        };
        let holds_password = (conninfo::is_url(&server) || conninfo::is_keywords(&server))
            && redact_url(&server) != server;
        if holds_password {
            let mut rest = words.to_vec();
            rest.drain(at..at + count);
            return Some((server, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(words: &[&str]) -> Option<(String, Vec<String>)> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let (server, rest) = without_password(&words)?;
        let rest = rest.iter().map(|word| word.to_string_lossy().into_owned());
        Some((server, rest.collect()))
    }

    #[test]
    fn only_a_server_with_a_password_is_moved() {
        let url = "postgres://a:secret@h/d";
        let expected = Some((
            url.to_owned(),
            vec!["pgauge".to_owned(), "run".to_owned(), "x".to_owned()],
        ));
        assert_eq!(split(&["pgauge", "run", "--server", url, "x"]), expected);
        assert_eq!(
            split(&["pgauge", "run", &format!("--server={url}"), "x"]),
            expected
        );
        assert_eq!(split(&["pgauge", "run", "x", "-s", url]), expected);
        assert_eq!(
            split(&["pgauge", "run", "--server", "postgres://a@h/d"]),
            None
        );
        assert_eq!(split(&["pgauge", "run", "--server", "16", "x"]), None);
        assert!(split(&["pgauge", "run", "-s", "host=h password=x"]).is_some());
    }
}
