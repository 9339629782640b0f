//! What do the server's messages say? Only as much of them as a load needs.

use crate::record::{Column, ServerError};
use std::borrow::Cow;
use std::sync::Arc;
use tokio_postgres::types::Type;

/// Kinds of messages.
pub(super) mod kind {
    pub(in crate::pg::load) const BIND_COMPLETE: u8 = b'2';
    pub(in crate::pg::load) const COMMAND_COMPLETE: u8 = b'C';
    pub(in crate::pg::load) const COPY_IN: u8 = b'G';
    pub(in crate::pg::load) const DATA_ROW: u8 = b'D';
    pub(in crate::pg::load) const EMPTY_QUERY: u8 = b'I';
    pub(in crate::pg::load) const ERROR: u8 = b'E';
    pub(in crate::pg::load) const READY: u8 = b'Z';
    pub(in crate::pg::load) const ROW_DESCRIPTION: u8 = b'T';
}

/// The count at the end of a command tag: `UPDATE 3`, `INSERT 0 1`; 0 where there is none.
pub(super) fn tag_count(body: &[u8]) -> u64 {
    let tag = body.strip_suffix(b"\0").unwrap_or(body);
    let mut count = 0;
    let mut unit = 1_u64;
    for byte in tag.iter().rev() {
        match byte {
            b'0'..=b'9' => {
                count += u64::from(byte - b'0') * unit;
                unit = unit.saturating_mul(10);
            }
            b' ' => return count,
            _ => return 0,
        }
    }
    0
}

/// The words of a command tag, without its counts.
pub(super) fn tag_words(body: &[u8]) -> Cow<'static, str> {
    const FREQUENT: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let tag = body.strip_suffix(b"\0").unwrap_or(body);
    let tag = String::from_utf8_lossy(tag);
    let digits = |c: char| c.is_ascii_digit() || c == ' ';
    let words = tag.trim_end_matches(digits);
    match FREQUENT.into_iter().find(|frequent| *frequent == words) {
        Some(frequent) => frequent.into(),
        None => words.to_owned().into(),
    }
}

/// An error with all its fields.
pub(super) fn error(body: &[u8]) -> ServerError {
    let mut error = ServerError::default();
    let mut local_severity = String::new();
    let mut rest = body;
    while let Some((field, after)) = rest.split_first() {
        let Some(end) = after.iter().position(|byte| *byte == 0) else {
            break;
        };
        let text = || String::from_utf8_lossy(&after[..end]).into_owned();
        match field {
            b'S' => local_severity = text(),
            b'V' => error.severity = text(),
            b'C' => error.code = text(),
            b'M' => error.message = text(),
            b'D' => error.detail = Some(text()),
            b'H' => error.hint = Some(text()),
            b'P' => error.position = text().parse().ok(),
            b'W' => error.context = Some(text()),
            b'n' => error.constraint = Some(text()),
            _ => {}
        }
        rest = &after[end + 1..];
    }
    if error.severity.is_empty() {
        error.severity = local_severity;
    }
    error
}

/// The columns of a result.
#[derive(Debug, Default, Clone)]
pub(super) struct Columns {
    pub(super) columns: Arc<[Column]>,
    /// The type of each where it is one of the server's own, whose binary form is known.
    pub(super) types: Vec<Option<Type>>,
}

/// Reads a row description.
pub(super) fn columns(body: &[u8]) -> Columns {
    let (mut columns, mut types) = (Vec::new(), Vec::new());
    let mut rest = body.get(2..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        // Table, column number, type, size, modifier, format.
        let facts = rest.get(end + 1..end + 19).unwrap_or_default();
        let oid = facts.get(6..10).and_then(<[u8]>::first_chunk);
        let type_ = oid.and_then(|oid| Type::from_oid(u32::from_be_bytes(*oid)));
        let type_name = type_.as_ref().map_or("unknown", Type::name).to_owned();
        columns.push(Column { name, type_name });
        types.push(type_);
        rest = rest.get(end + 19..).unwrap_or_default();
    }
    Columns {
        columns: columns.into(),
        types,
    }
}

/// The fields of a row.
pub(super) fn fields(body: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = body.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = after;
            return Some(None);
        };
        let (field, after) = after.split_at_checked(length)?;
        rest = after;
        Some(Some(field))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_the_last_word_of_a_tag() {
        assert_eq!(tag_count(b"UPDATE 13\0"), 13);
        assert_eq!(tag_count(b"INSERT 0 1\0"), 1);
        assert_eq!(tag_count(b"BEGIN\0"), 0);
        assert_eq!(tag_words(b"INSERT 0 1\0"), "INSERT");
        assert_eq!(tag_words(b"CREATE TABLE\0"), "CREATE TABLE");
    }

    #[test]
    fn an_error_is_read_field_by_field() {
        let error = error(b"SFEHLER\0VERROR\0C23505\0Mtwice\0DKey\0P12\0nt_pkey\0\0");
        assert_eq!(error.severity, "ERROR");
        assert_eq!(error.code, "23505");
        assert_eq!(error.position, Some(12));
        assert_eq!(error.constraint.as_deref(), Some("t_pkey"));
    }

    #[test]
    fn a_row_is_read_field_by_field() {
        let row = b"\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\x00";
        let read: Vec<Option<&[u8]>> = fields(row).collect();
        assert_eq!(read, [Some(&b"a"[..]), None, Some(&b""[..])]);
    }
}
