//! What must not be shown? Passwords and other secrets, replaced by `***` in any text that leaves the program.
//!
//! Two ways complement each other: the shapes in which passwords are written (`scheme://user:password@host`,
//! `password=…`, `PASSWORD '…'`) are recognised anywhere, and secrets that are known are replaced wherever
//! they turn up, also where the shape is lost.

const MASK: &str = "***";

/// A known secret shorter than this is replaced only where its shape gives it away: replacing every `a` would
/// make the text unreadable and would tell the secret by what is missing.
const SHORTEST_KNOWN_SECRET: usize = 4;

/// Knows secrets and replaces them in any text.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret within a longer one does not leave the rest of it standing.
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// A redactor that knows no secret yet; shapes are replaced all the same.
    pub const fn new() -> Self {
        Self {
            secrets: Vec::new(),
        }
    }

    /// Remembers what another one knows.
    pub fn join(&mut self, other: &Self) {
        other.secrets.iter().for_each(|secret| self.learn(secret));
    }

    /// Remembers every password that gives itself away by its shape in a text, such as `PASSWORD '…'` in SQL.
    pub fn learn_shapes(&mut self, text: &str) {
        for range in password_ranges(text) {
            let written = &text[range];
            self.learn(written);
            self.learn(&written.replace("''", "'"));
        }
    }

    /// [`redact`](Self::redact) for a text into which places point by their bytes: each secret leaves as many stars.
    pub fn blank(&self, text: &str) -> String {
        let mut out = without_shapes(text, blanks);
        for secret in &self.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), &blanks(secret));
            }
        }
        out
    }

    /// Whether [`redact`](Self::redact) may find something in a text, quotes and the like escaped as in JSON.
    pub fn may_find(&self, json: &str) -> bool {
        let plain =
            |secret: &String| !secret.contains(['"', '\\']) && !secret.contains(char::is_control);
        let lower = json.to_ascii_lowercase();
        lower.contains("password")
            || json.contains("://")
            || self
                .secrets
                .iter()
                .any(|secret| !plain(secret) || json.contains(secret.as_str()))
    }

    /// Remembers a secret, such as a value of an environment variable. Secrets under four characters are
    /// passed over.
    pub fn learn(&mut self, secret: &str) {
        if secret.chars().count() < SHORTEST_KNOWN_SECRET
            || self.secrets.iter().any(|known| known == secret)
        {
            return;
        }
        self.secrets.push(secret.to_owned());
        self.secrets
            .sort_by_key(|known| std::cmp::Reverse(known.len()));
    }

    /// Remembers every password written in a connection string (URL or keywords), both as written and with its
    /// percent-encoding undone; not one that is also the name of the user or the database.
    pub fn learn_url(&mut self, url: &str) {
        for range in password_ranges(url) {
            let written = &url[range.clone()];
            // `postgres:postgres@localhost/postgres`: a word that the rest of the address says aloud is no secret, and
            // masking it everywhere would only make names unreadable.
            let rest = [&url[..range.start], &url[range.end..]];
            if rest.iter().any(|part| part.contains(written)) {
                continue;
            }
            self.learn(written);
            self.learn(&percent_decoded(written));
        }
    }

    /// `text` with every known secret and every password shape replaced by `***`.
    pub fn redact(&self, text: &str) -> String {
        let mut out = redact_url(text);
        for secret in &self.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), MASK);
            }
        }
        out
    }
}

/// As many bytes as there were, so that places behind them stay where they are.
fn blanks(text: &str) -> String {
    "*".repeat(text.len())
}

/// `text` with the passwords of its URLs and connection strings replaced by `***`:
/// `postgres://u:p@h/db` becomes `postgres://u:***@h/db`. Handles the user part of any URL, `password=` and
/// `sslpassword=` as keyword or query parameter, and SQL's `PASSWORD '…'`.
pub fn redact_url(text: &str) -> String {
    without_shapes(text, |_| MASK.to_owned())
}

fn without_shapes(text: &str, mask: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in password_ranges(text) {
        out.push_str(&text[done..range.start]);
        out.push_str(&mask(&text[range.clone()]));
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// The byte ranges of all passwords that give themselves away by their shape, ascending and disjoint.
fn password_ranges(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut ranges: Vec<_> = text
        .match_indices("://")
        .filter_map(|(at, _)| user_password(text, at))
        .collect();
    // Only ASCII letters change, so byte offsets stay the same.
    let lower = text.to_ascii_lowercase();
    ranges.extend(
        lower
            .match_indices("password")
            .filter_map(|(at, word)| keyword_password(text, at + word.len())),
    );
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    ranges.retain(|range| {
        let apart = range.start >= end && !range.is_empty();
        if apart {
            end = range.end;
        }
        apart
    });
    ranges
}

/// The password in `scheme://user:password@host`, where `at` is the place of `://`.
fn user_password(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let start = at + "://".len();
    let rest = &text[start..];
    let url = &rest[..rest
        .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .unwrap_or(rest.len())];
    let postgres = text[..at].ends_with("postgres") || text[..at].ends_with("postgresql");
    // Drivers disagree on an unescaped `/`, `?` or `@` in a PostgreSQL password; better hide too much.
    let authority = match (postgres, url.find('?')) {
        (true, Some(query)) if url[..query].contains('@') => &url[..query],
        (true, _) => url,
        (false, _) => &url[..url.find(['/', '?', '#']).unwrap_or(url.len())],
    };
    let user_end = authority.rfind('@')?;
    let colon = authority[..user_end].find(':')?;
    Some(start + colon + 1..start + user_end)
}

/// The value after the word `password`, which ends at `end`: `=value`, `= 'quoted'`, ` 'quoted'`.
fn keyword_password(text: &str, end: usize) -> Option<std::ops::Range<usize>> {
    let rest = &text[end..];
    let trimmed = rest.trim_start();
    let value = match trimmed.strip_prefix('=') {
        Some(value) => value.trim_start(),
        None if trimmed.starts_with('\'') => trimmed,
        None => literal(trimmed)?,
    };
    let start = text.len() - value.len();
    if let Some(len) = dollar_quoted_len(value) {
        return Some(start..start + len);
    }
    if let Some(quoted) = value.strip_prefix('\'') {
        return Some(start + 1..start + 1 + quoted_len(quoted));
    }
    let len = value
        .find(|c: char| c.is_whitespace() || "&\"';#".contains(c))
        .unwrap_or(value.len());
    Some(start..start + len)
}

/// A literal of SQL with a prefix (`E'…'`, `U&'…'`) from its quote on, or one in dollar quotes.
fn literal(text: &str) -> Option<&str> {
    let prefixes = ["E'", "e'", "U&'", "u&'", "N'", "n'"];
    let prefixed = prefixes.iter().find(|prefix| text.starts_with(**prefix));
    match prefixed {
        Some(prefix) => Some(&text[prefix.len() - 1..]),
        None => dollar_quoted_len(text).map(|_| text),
    }
}

/// Bytes of `$tag$…$tag$` at the beginning.
fn dollar_quoted_len(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    let tag_end = rest.find('$')?;
    let proper = rest[..tag_end]
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_');
    let tag = text.get(..tag_end + 2).filter(|_| proper)?;
    let body = &text[tag.len()..];
    let len = body
        .find(tag)
        .map_or(text.len(), |end| tag.len() + end + tag.len());
    Some(len)
}

/// Whether a name, of a setting or a parameter, says that its value is a secret.
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "credential",
    ];
    words.iter().any(|word| name.contains(word)) && name != "password_encryption"
}

/// Bytes up to the closing quote; `\'` and `''` do not close.
fn quoted_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_hidden_and_the_rest_stays() {
        assert_eq!(redact_url("postgres://u:p@h/db"), "postgres://u:***@h/db");
        assert_eq!(redact_url("postgres://u@h/db"), "postgres://u@h/db");
        assert_eq!(
            redact_url("postgresql://u:a/b?c@d@h:5432/db?x=1"),
            "postgresql://u:***@h:5432/db?x=1"
        );
        assert_eq!(
            redact_url("https://h:80/p?mail=a:b@c"),
            "https://h:80/p?mail=a:b@c"
        );
    }

    #[test]
    fn keyword_strings_and_query_parameters_are_hidden() {
        assert_eq!(
            redact_url("host=h password=s3 user=u"),
            "host=h password=*** user=u"
        );
        assert_eq!(
            redact_url(r"password = 'it\'s a' host=h"),
            "password = '***' host=h"
        );
        assert_eq!(
            redact_url("postgres://h/db?password=s&sslpassword=t&x=1"),
            "postgres://h/db?password=***&sslpassword=***&x=1"
        );
        assert_eq!(redact_url("PGPASSWORD=abc psql"), "PGPASSWORD=*** psql");
        assert_eq!(
            redact_url("ALTER ROLE app PASSWORD 'a''b';"),
            "ALTER ROLE app PASSWORD '***';"
        );
    }

    #[test]
    fn passwords_in_sql_are_hidden_however_they_are_quoted() {
        for sql in [
            "ALTER ROLE a PASSWORD 'canary'",
            "ALTER ROLE a ENCRYPTED PASSWORD E'canary' LOGIN",
            "ALTER ROLE a PASSWORD $$canary$$;",
            "ALTER ROLE a password $x$canary$x$ VALID UNTIL 'x'",
            "ALTER ROLE a PASSWORD U&'canary'",
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password 'canary')",
            "SELECT dblink('host=h password=canary')",
        ] {
            let hidden = redact_url(sql);
            assert!(
                !hidden.contains("canary") && hidden.contains("***"),
                "{hidden}"
            );
            let mut redactor = Redactor::new();
            redactor.learn_shapes("ALTER ROLE a PASSWORD 'canary'");
            assert_eq!(redactor.redact("a canary"), "a ***");
        }
    }

    #[test]
    fn a_name_tells_that_its_value_is_a_secret() {
        for name in ["app.api_token", "PGPASSWORD", "client_secret"] {
            assert!(names_a_secret(name), "{name}");
        }
        assert!(!names_a_secret("work_mem") && !names_a_secret("password_encryption"));
    }

    #[test]
    fn prose_about_passwords_stays_readable() {
        let prose = "password authentication failed for user \"app\"";
        assert_eq!(redact_url(prose), prose);
    }

    #[test]
    fn known_secrets_vanish_wherever_they_turn_up() {
        let mut redactor = Redactor::new();
        redactor.learn_url("postgres://u:top%20secret@h/db");
        redactor.learn("secret-and-more");
        assert_eq!(
            redactor.redact("got top secret, top%20secret"),
            "got ***, ***"
        );
        assert_eq!(redactor.redact("secret-and-more"), "***");
        assert_eq!(format!("{redactor:?}"), "Redactor(3 secrets)");
    }

    #[test]
    fn a_blanked_text_is_as_long_as_it_was() {
        let mut redactor = Redactor::new();
        redactor.learn("geheim-ü");
        let text = "sql: ALTER ROLE a PASSWORD 'é' -- geheim-ü\n";
        let blank = redactor.blank(text);
        assert_eq!(blank, "sql: ALTER ROLE a PASSWORD '**' -- *********\n");
        assert_eq!(blank.len(), text.len());
    }

    #[test]
    fn a_very_short_secret_does_not_blank_the_text() {
        let mut redactor = Redactor::new();
        redactor.learn_url("postgres://u:a@h/db");
        assert_eq!(
            redactor.redact("a table at postgres://u:a@h/db"),
            "a table at postgres://u:***@h/db"
        );
    }
}
