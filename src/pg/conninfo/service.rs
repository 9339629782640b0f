//! The service file: connections under a name, written down once for everybody.
//! <https://www.postgresql.org/docs/current/libpq-pgservice.html>

use super::words::Said;
use super::{Surroundings, existing};
use crate::pg::error::ServerError;
use crate::text::did_you_mean;
use std::path::{Path, PathBuf};

/// Where the system's own service file stands, as packages build libpq.
const SYSTEM_FOLDERS: [&str; 2] = ["/etc/postgresql-common", "/etc"];

/// Adds what the service says that was named, where nothing nearer says it.
///
/// # Errors
///
/// The service is nowhere defined, or its definition cannot be read.
pub(super) fn fill(said: &mut Said, around: &Surroundings<'_>) -> Result<(), ServerError> {
    let Some(name) = said.get("service").map(str::to_owned) else {
        return Ok(());
    };
    let named = said.get("servicefile").map(PathBuf::from);
    if let Some(file) = named.as_ref().filter(|file| !file.is_file()) {
        return Err(
            ServerError::new(format!("there is no service file {}", file.display()))
                .hint("PGSERVICEFILE names it; without it ~/.pg_service.conf is read"),
        );
    }
    let own = named.or_else(|| existing(around.home()?.join(".pg_service.conf")));
    let system = match around.variable("PGSYSCONFDIR") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => SYSTEM_FOLDERS.iter().map(PathBuf::from).collect(),
    };
    let system = system
        .into_iter()
        .filter_map(|folder| existing(folder.join("pg_service.conf")));
    let mut known = Vec::new();
    let mut files = Vec::new();
    for file in own.into_iter().chain(system) {
        let text = std::fs::read_to_string(&file).map_err(|error| {
            ServerError::new(format!("cannot read the service file {}", file.display()))
                .detail(error.to_string())
        })?;
        if let Some(section) = section(&text, &name, &mut known) {
            return define(said, &section, &file);
        }
        files.push(file.display().to_string());
    }
    let mut error = ServerError::new(format!("there is no service \"{name}\""));
    error.detail = Some(match files.is_empty() {
        true => {
            "there is no service file: ~/.pg_service.conf, or what PGSERVICEFILE names".to_owned()
        }
        false => format!("looked into {}", files.join(" and ")),
    });
    error.hint = did_you_mean(&name, &known);
    Err(error)
}

/// The lines of a section, each with its number.
fn section<'a>(
    text: &'a str,
    name: &str,
    known: &mut Vec<String>,
) -> Option<Vec<(usize, &'a str)>> {
    let mut found = None;
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            if found.is_some() {
                break;
            }
            inside = head == name;
            known.push(head.to_owned());
            if inside {
                found = Some(Vec::new());
            }
        } else if inside && let Some(lines) = &mut found {
            lines.push((number + 1, line));
        }
    }
    found
}

fn define(said: &mut Said, section: &[(usize, &str)], file: &Path) -> Result<(), ServerError> {
    let mut defined = Said::default();
    for (number, line) in section {
        let wrong = |what: String| {
            ServerError::new(format!("{}:{number}: {what}", file.display()))
                .hint("each line of a service is word=value, such as host=db.test")
        };
        if line.starts_with("ldap") {
            return Err(wrong("pgauge does not ask LDAP for services".to_owned()));
        }
        let (word, value) = line
            .split_once('=')
            .ok_or_else(|| wrong("a line without \"=\"".to_owned()))?;
        if matches!(word.trim(), "service" | "servicefile") {
            return Err(wrong("a service cannot name another".to_owned()));
        }
        defined
            .say(word.trim(), value.trim().to_owned())
            .map_err(|error| wrong(error.primary))?;
    }
    for (word, ..) in super::words::WORDS {
        if let Some(value) = defined.get(word) {
            said.fill(word, value.to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(file: &str, text: &str) -> Result<Said, ServerError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".pg_service.conf"), file).unwrap();
        let home = folder.path().display().to_string();
        let variable = |name: &str| match name {
            "HOME" => Some(home.clone()),
            "PGSYSCONFDIR" => Some("/nowhere".to_owned()),
            _ => None,
        };
        let mut said = Said::read(text).unwrap();
        fill(&mut said, &Surroundings::new(&variable)).map(|()| said)
    }

    const FILE: &str = "# ours\n[qa]\nhost=db.test\nport = 5433\nuser=qa\n\n[other]\nhost=other\n";

    #[test]
    fn a_service_fills_in_what_was_not_said() {
        let said = filled(FILE, "service=qa user=me").unwrap();
        assert_eq!(said.get("host"), Some("db.test"));
        assert_eq!(said.get("port"), Some("5433"));
        assert_eq!(said.get("user"), Some("me"));
    }

    #[test]
    fn an_unknown_service_gets_the_nearest_and_a_wrong_line_its_number() {
        let error = filled(FILE, "service=qaa").err().unwrap();
        assert_eq!(error.primary, "there is no service \"qaa\"");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"qa\"?"));
        let error = filled("[qa]\nhots=x\n", "service=qa").err().unwrap();
        assert!(error.primary.contains(":2: \"hots\""), "{error}");
        let error = filled("[qa]\nservice=x\n", "service=qa").err().unwrap();
        assert!(error.primary.contains("cannot name another"), "{error}");
    }
}
