//! The password file: `host:port:database:user:password`, a line for each place.
//! <https://www.postgresql.org/docs/current/libpq-pgpass.html>

use super::{Secret, Surroundings, existing};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The passwords of a file.
#[derive(Default)]
pub(super) struct Passfile {
    lines: Vec<Line>,
}

/// What a line is for, `None` standing for any, and its password.
struct Line {
    place: [Option<String>; 4],
    password: String,
}

impl Passfile {
    /// The file that is named, else `~/.pgpass`; and what is to be said of one that is passed over, as libpq does when
    /// others may read it.
    pub(super) fn read(named: Option<&str>, around: &Surroundings<'_>) -> (Self, Option<String>) {
        let file = match named {
            Some(file) => Some(PathBuf::from(file)),
            None => around
                .home()
                .and_then(|home| existing(home.join(".pgpass"))),
        };
        let Some(file) = file else {
            return (Self::default(), None);
        };
        match lines(&file) {
            Ok(lines) => (Self { lines }, None),
            // libpq says nothing of a file that is not there, not even of a named one.
            Err(why) => (
                Self::default(),
                Some(format!(
                    "the password file {} is not used: {why}",
                    file.display()
                )),
            ),
        }
    }

    /// The password of the first line that is for this host, port, database and user.
    pub(super) fn password(&self, place: [&str; 4]) -> Option<Secret> {
        let line = self.lines.iter().find(|line| {
            let parts = line.place.iter().zip(place);
            parts
                .into_iter()
                .all(|(part, is)| part.as_deref().is_none_or(|part| part == is))
        })?;
        Some(Secret::new(&line.password))
    }

    /// Every password in it: none may be shown, whichever is used.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.password.as_str())
    }
}

fn lines(file: &Path) -> Result<Vec<Line>, String> {
    let metadata = std::fs::metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no plain file".to_owned());
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!(
            "others may read it; `chmod 600 {}` makes it yours alone",
            file.display()
        ));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(line).collect())
}

/// A line of five parts; a backslash lets `:` and `\` stand for themselves.
fn line(text: &str) -> Option<Line> {
    let mut parts = vec![(String::new(), text.starts_with('*'))];
    let mut chars = text.trim_end_matches('\r').chars();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        match c {
            '\\' => parts[last].0.extend(chars.next()),
            ':' if last < 4 => parts.push((String::new(), chars.as_str().starts_with('*'))),
            c => parts[last].0.push(c),
        }
    }
    let (password, _) = parts.pop()?;
    let parts = parts
        .into_iter()
        .map(|(part, any)| match any && part == "*" {
            true => None,
            false => Some(part),
        });
    let place = parts.collect::<Vec<_>>().try_into().ok()?;
    Some(Line { place, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, mode: u32) -> (Passfile, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let variable = |_: &str| None;
        Passfile::read(file.to_str(), &Surroundings::new(&variable))
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# ours\nother:*:*:qa:no\n\
            a\\:b:5432:shop:qa:it\\:s\\\\\ndb.test:*:*:qa:first\n*:*:*:*:any:thing\n";
        let (file, remark) = read(text, 0o600);
        assert_eq!(remark, None);
        let found = |host, user| {
            let password = file.password([host, "5432", "shop", user]);
            password.map(|password| password.reveal().to_owned())
        };
        assert_eq!(found("db.test", "qa").as_deref(), Some("first"));
        assert_eq!(found("a:b", "qa").as_deref(), Some("it:s\\"));
        assert_eq!(found("db.test", "me").as_deref(), Some("any:thing"));
    }

    #[test]
    fn a_file_that_others_may_read_is_passed_over_with_a_word() {
        for mode in [0o640, 0o604, 0o660] {
            let (file, remark) = read("*:*:*:*:open", mode);
            assert!(file.password(["h", "1", "d", "u"]).is_none());
            assert!(remark.unwrap().contains("chmod 600"), "{mode:o}");
        }
        assert_eq!(read("*:*:*:*:open", 0o400).1, None);
    }
}
