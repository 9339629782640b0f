//! Can everybody on this machine see a password? A command line can be seen by every user (`ps`), an environment by its
//! owner only: pgauge begins again with the password moved.

use crate::{pg::conninfo, text::redact_url};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The options whose value may be an address with a password: long, short, and the variable that stands for both.
const OPTIONS: [(&str, Option<char>, &str); 2] = [
    ("--server", Some('s'), "PGAUGE_SERVER"),
    ("--download-base", None, "PGAUGE_DOWNLOAD_BASE"),
];

/// Switches that may stand before a short option in the same word, as in `-vs`.
const SWITCHES: [char; 2] = ['q', 'v'];

/// Begins again without the passwords, where the command line holds one. What is typed can be seen for the moment that
/// this takes; a file or a variable of the environment is better.
pub fn hide_password() {
    let words: Vec<OsString> = std::env::args_os().collect();
    let (moved, rest) = without_passwords(&words);
    if moved.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    if let Some((name, rest)) = rest.split_first() {
        again.arg0(name).args(rest);
    }
    // Only returns where it failed; then it goes on as it was.
    drop(again.envs(moved).exec());
}

/// The variables to set, and the words that are left.
fn without_passwords(words: &[OsString]) -> (Vec<(&'static str, String)>, Vec<OsString>) {
    let mut moved = Vec::new();
    let mut rest = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            break;
        }
        let next = words.get(at + 1).and_then(|next| next.to_str());
        let found = word.to_str().filter(|_| at > 0);
        match found.and_then(|word| value(word, next)) {
            Some(found) if holds_password(found.value) => {
                moved.push((found.variable, found.value.to_owned()));
                rest.extend(found.switches.map(OsString::from));
                at += found.words;
            }
            _ => {
                rest.push(word.clone());
                at += 1;
            }
        }
    }
    rest.extend_from_slice(&words[at.min(words.len())..]);
    (moved, rest)
}

/// What an option says.
struct Found<'a> {
    variable: &'static str,
    value: &'a str,
    /// The switches that stand in the same word.
    switches: Option<&'a str>,
    /// How many words it takes.
    words: usize,
}

/// The value of one of the options, in its word or in the next one.
fn value<'a>(word: &'a str, next: Option<&'a str>) -> Option<Found<'a>> {
    OPTIONS.iter().find_map(|&(long, short, variable)| {
        let switches = None;
        if let Some(after) = word.strip_prefix(long) {
            let (value, words) = match after.strip_prefix('=') {
                Some(value) => (value, 1),
                None if after.is_empty() => (next?, 2),
                None => return None,
            };
            return Some(Found {
                variable,
                value,
                switches,
                words,
            });
        }
        let letters = word.strip_prefix('-')?;
        let after = letters.trim_start_matches(SWITCHES).strip_prefix(short?)?;
        let before = word.len() - after.len() - 1;
        let (value, words) = match after {
            "" => (next?, 2),
            value => (value.strip_prefix('=').unwrap_or(value), 1),
        };
        let switches = (before > 1).then(|| &word[..before]);
        Some(Found {
            variable,
            value,
            switches,
            words,
        })
    })
}

fn holds_password(value: &str) -> bool {
    let is_address = value.contains("://") || conninfo::is_keywords(value);
    is_address && redact_url(value) != value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(words: &[&str]) -> (Vec<String>, String) {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let (moved, rest) = without_passwords(&words);
        let moved = moved
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        let rest: Vec<String> = rest
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        (moved.collect(), rest.join(" "))
    }

    #[test]
    fn a_password_is_moved_however_its_option_is_written() {
        let url = "postgres://a:secret@h/d";
        let moved = vec![format!("PGAUGE_SERVER={url}")];
        for (words, rest) in [
            (vec!["pgauge", "run", "--server", url, "x"], "pgauge run x"),
            (
                vec!["pgauge", "run", "--server=postgres://a:secret@h/d", "x"],
                "pgauge run x",
            ),
            (vec!["pgauge", "run", "x", "-s", url], "pgauge run x"),
            (
                vec!["pgauge", "run", "-spostgres://a:secret@h/d"],
                "pgauge run",
            ),
            (
                vec!["pgauge", "run", "-s=postgres://a:secret@h/d"],
                "pgauge run",
            ),
            (vec!["pgauge", "run", "-vs", url, "x"], "pgauge run -v x"),
        ] {
            assert_eq!(split(&words), (moved.clone(), rest.to_owned()), "{words:?}");
        }
        let (moved, rest) = split(&[
            "pgauge",
            "--download-base",
            "https://u:secret@mirror/",
            "run",
        ]);
        assert_eq!(moved, ["PGAUGE_DOWNLOAD_BASE=https://u:secret@mirror/"]);
        assert_eq!(rest, "pgauge run");
        let (moved, _) = split(&["pgauge", "run", "-s", "host=h password=x"]);
        assert_eq!(moved, ["PGAUGE_SERVER=host=h password=x"]);
    }

    #[test]
    fn what_holds_no_password_stays_where_it_is() {
        for words in [
            vec!["pgauge", "run", "--server", "postgres://a@h/d"],
            vec!["pgauge", "run", "--server", "16", "x"],
            vec!["pgauge", "run", "--", "-s", "postgres://a:b@h/d"],
            vec!["pgauge", "run", "-t", "s"],
            vec!["pgauge", "run", "-s"],
            vec!["pgauge"],
        ] {
            assert_eq!(split(&words), (vec![], words.join(" ")));
        }
    }
}
