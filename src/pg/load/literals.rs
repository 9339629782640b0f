//! Parameters written into a statement's text, for the simple protocol, which has no other place for them.

use crate::run::load::{ArgumentBuffer, Fragment};

/// The text of a statement with a literal in the place of each parameter. Every value is a quoted literal, whose type the
/// server infers as it infers that of a parameter.
pub(super) fn written_in(fragments: &[Fragment], arguments: &ArgumentBuffer, out: &mut Vec<u8>) {
    out.clear();
    for fragment in fragments {
        out.extend_from_slice(fragment.text.as_bytes());
        let Some(parameter) = fragment.parameter else {
            continue;
        };
        match arguments.values().nth(parameter).flatten() {
            Some(value) => literal(value, out),
            None => out.extend_from_slice(b"NULL"),
        }
    }
}

fn literal(value: &[u8], out: &mut Vec<u8>) {
    let escaped = value.contains(&b'\\');
    out.extend_from_slice(if escaped { b" E'" } else { b"'" });
    for byte in value {
        if *byte == b'\'' || *byte == b'\\' {
            out.push(*byte);
        }
        out.push(*byte);
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::generate::Presence;

    #[test]
    fn values_are_quoted_so_that_none_can_end_its_literal() {
        let mut arguments = ArgumentBuffer::default();
        for value in ["1", "it's", r"a\b'"] {
            arguments.bytes.extend_from_slice(value.as_bytes());
            arguments.end(Presence::Text);
        }
        arguments.end(Presence::Null);
        let fragments = Fragment::of("SELECT $1, $2, '$2', $3 || $4 -- $1");
        let mut out = Vec::new();
        written_in(&fragments, &arguments, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r"SELECT '1', 'it''s', '$2',  E'a\\b''' || NULL -- $1"
        );
    }
}
