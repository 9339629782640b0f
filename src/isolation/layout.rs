//! How is SQL laid out in YAML so that a person reads it with ease, and no character of a literal is lost?

use crate::sql::lexer::{TokenKind, tokens};

/// A value of a key or of a list's entry, whose lines after the first stand at `indent` blanks: plain where
/// YAML would read it back unchanged, else as a block.
pub fn value(text: &str, indent: usize) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return quoted(text);
    }
    if is_plain(text) {
        return text.to_owned();
    }
    block(text, indent)
}

/// A literal block. It ends with a line break, which is none of the text's.
pub fn block(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    // YAML takes the blanks of the first line for the margin unless it is told otherwise.
    let header = if text.starts_with([' ', '\t', '\n']) {
        "|2"
    } else {
        "|"
    };
    let mut out = header.to_owned();
    for line in text.trim_end_matches('\n').split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&margin);
            out.push_str(line);
        }
    }
    out
}

/// A name as a key, a value, or in a flow mapping.
pub fn name(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '$');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && text.chars().all(simple) && !is_word_of_yaml(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// In double quotes; the escapes of JSON are those of YAML.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether YAML reads these letters, without quotes, as this text and nothing else.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '(');
    let trap = text.contains(": ") || text.contains(" #") || text.contains(['\n', '\t']);
    begins && !trap && !text.ends_with([':', ' ']) && !is_word_of_yaml(text)
}

/// Words that YAML, old or new, takes for something else than text.
fn is_word_of_yaml(text: &str) -> bool {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The text of a braced block as a person would write it: no empty lines at its ends, its common margin
/// removed. Lines that begin within a literal, a quoted name or a comment stay as they are.
pub fn laid_out(sql: &str) -> String {
    let sql = sql.replace("\r\n", "\n");
    let begins_on_brace_line = !sql.starts_with('\n');
    let kept = sql.trim_end();
    let first = kept
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty())
        .map(str::len)
        .sum::<usize>();
    let kept = &kept[first..];
    let frozen = lines_within_tokens(kept);
    let lines: Vec<(bool, String)> = kept
        .split('\n')
        .enumerate()
        .map(|(at, line)| match frozen.contains(&at) {
            true => (true, line.to_owned()),
            false => (false, without_tabs(line)),
        })
        .collect();
    let margin = lines
        .iter()
        .skip(usize::from(begins_on_brace_line))
        .filter(|(frozen, line)| !frozen && !line.is_empty())
        .map(|(_, line)| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let out: Vec<String> = lines
        .into_iter()
        .enumerate()
        .map(|(at, (frozen, line))| match at {
            0 => line.trim_start().to_owned(),
            _ if frozen || line.is_empty() => line,
            // What follows a first line that stood beside the brace hangs below it.
            _ if begins_on_brace_line => format!("  {}", &line[margin..]),
            _ => line[margin..].to_owned(),
        })
        .collect();
    out.join("\n")
}

/// The line with four blanks for each tab at its start, as in PostgreSQL's sources; empty where it holds only blanks.
fn without_tabs(line: &str) -> String {
    if line.trim().is_empty() {
        return String::new();
    }
    let start = &line[..line.len() - line.trim_start().len()];
    let columns = start.chars().fold(0, |column, c| match c {
        '\t' => column / 4 * 4 + 4,
        _ => column + 1,
    });
    format!("{}{}", " ".repeat(columns), line.trim_start())
}

/// The lines, from 0, whose start lies within a token.
fn lines_within_tokens(sql: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut line = 0;
    for token in tokens(sql) {
        let breaks = sql[token.range].matches('\n').count();
        let is_one = !matches!(token.kind, TokenKind::Whitespace);
        if is_one {
            lines.extend(line + 1..=line + breaks);
        }
        line += breaks;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_loses_its_margin_and_the_empty_lines_at_its_ends() {
        assert_eq!(
            laid_out("\n\tSELECT 1\n\t\tFROM t;\n\n\tx\n"),
            "SELECT 1\n    FROM t;\n\nx"
        );
        assert_eq!(laid_out("BEGIN;"), "BEGIN;");
        assert_eq!(laid_out(""), "");
    }

    #[test]
    fn lines_after_one_beside_the_brace_hang_below_it() {
        assert_eq!(
            laid_out("SELECT relname\n\t\t\tFROM c\n\t\t\t  ORDER BY 1"),
            "SELECT relname\n  FROM c\n    ORDER BY 1"
        );
    }

    #[test]
    fn lines_within_literals_keep_every_blank() {
        assert_eq!(
            laid_out("\n    CREATE f AS $$\n      BODY\n    $$;\n    SELECT 'a\n  b'\n"),
            "CREATE f AS $$\n      BODY\n    $$;\nSELECT 'a\n  b'"
        );
    }

    #[test]
    fn what_yaml_would_read_otherwise_becomes_a_block_or_is_quoted() {
        assert_eq!(value("SELECT 1;", 4), "SELECT 1;");
        assert_eq!(value("SELECT 1 # 2", 4), "|\n    SELECT 1 # 2");
        assert_eq!(value("  a\n\nb", 2), "|2\n    a\n\n  b");
        assert_eq!(value("a\u{1}", 2), "\"a\\u0001\"");
        assert_eq!(value("", 2), "''");
        assert_eq!(
            (name("s1.a"), name("off")),
            ("s1.a".to_owned(), "\"off\"".to_owned())
        );
    }
}
