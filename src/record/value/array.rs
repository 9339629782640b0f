//! How are arrays written? PostgreSQL's `{1,"a b",NULL}`, written and read.

use super::Value;
use std::fmt;

/// Writes the array as `array_out` does.
pub(super) fn write(f: &mut fmt::Formatter<'_>, items: &[Value]) -> fmt::Result {
    f.write_str("{")?;
    for (at, item) in items.iter().enumerate() {
        f.write_str(if at > 0 { "," } else { "" })?;
        match item {
            Value::Array(_) | Value::Null => write!(f, "{item}")?,
            scalar => write_element(f, &scalar.to_string())?,
        }
    }
    f.write_str("}")
}

fn write_element(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || is_space(c);
    let quoted = text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(special);
    if !quoted {
        return f.write_str(text);
    }
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What `array_isspace` counts as a space.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// The deepest nesting PostgreSQL allows (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;

/// Reads an array literal; its scalars are [`Value::Text`] or NULL. `None` if it is not one.
pub(super) fn parse(text: &str) -> Option<Vec<Value>> {
    let mut reader = Reader { rest: text.trim() };
    let items = reader.array(0)?;
    reader.rest.is_empty().then_some(items)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn array(&mut self, depth: usize) -> Option<Vec<Value>> {
        if depth == MAX_DIMENSIONS || !self.take('{') {
            return None;
        }
        let mut items = Vec::new();
        if self.take('}') {
            return Some(items);
        }
        loop {
            items.push(self.item(depth)?);
            if self.take('}') {
                return Some(items);
            }
            if !self.take(',') {
                return None;
            }
        }
    }

    fn item(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            '{' => self.array(depth + 1).map(Value::Array),
            '"' => self.quoted().map(Value::Text),
            _ => self.bare(),
        }
    }

    fn quoted(&mut self) -> Option<String> {
        self.take('"');
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(chars.next()?.1),
                other => text.push(other),
            }
        }
        None
    }

    fn bare(&mut self) -> Option<Value> {
        let end = self.rest.find([',', '}', '{', '"', '\\'])?;
        let text = self.rest[..end].trim_end_matches(is_space);
        self.rest = &self.rest[end..];
        if text.is_empty() {
            return None;
        }
        Some(match text.eq_ignore_ascii_case("null") {
            true => Value::Null,
            false => Value::Text(text.to_owned()),
        })
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches(is_space);
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        // The blanks inside quotes are not ours to skip, so they are skipped before, never after.
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn elements_are_quoted_where_postgresql_quotes_them() {
        let array = Value::Array(vec![
            text("a"),
            text("a b"),
            text(""),
            text("null"),
            Value::Null,
            text("q\"\\"),
            Value::Array(vec![Value::Int(1), Value::Int(2)]),
        ]);
        assert_eq!(
            array.to_string(),
            r#"{a,"a b","","null",NULL,"q\"\\",{1,2}}"#
        );
    }

    #[test]
    fn a_literal_reads_back() {
        for literal in ["{}", "{1,2}", "{{1,2},{3,NULL}}", r#"{"a b"," lead",x}"#] {
            let array = Value::Array(parse(literal).unwrap());
            assert_eq!(array.to_string(), literal);
        }
        assert_eq!(parse("{ 1 , 2 }"), parse("{1,2}"));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for literal in [
            "",
            "1,2",
            "{",
            "{1",
            "{,}",
            "{1}}",
            "{\"",
            "{{{{{{{{1}}}}}}}}",
        ] {
            assert_eq!(parse(literal), None, "{literal}");
        }
    }
}
