//! How is a value written in the text format of COPY? As its text, with `\N` for NULL.

use crate::record::Value;
use bytes::{BufMut, BytesMut};
use std::fmt::Write;

/// Writes one row.
pub(super) fn put_row(values: &[Value], out: &mut BytesMut) {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.put_u8(b'\t');
        }
        put(value, out);
    }
    out.put_u8(b'\n');
}

fn put(value: &Value, out: &mut BytesMut) {
    let _ = match value {
        Value::Null => out.write_str("\\N"),
        Value::Int(i) => write!(out, "{i}"),
        other => {
            other
                .to_string()
                .bytes()
                .for_each(|byte| escaped(byte, out));
            Ok(())
        }
    };
}

fn escaped(byte: u8, out: &mut BytesMut) {
    match byte {
        b'\\' => out.put_slice(b"\\\\"),
        b'\t' => out.put_slice(b"\\t"),
        b'\n' => out.put_slice(b"\\n"),
        b'\r' => out.put_slice(b"\\r"),
        byte => out.put_u8(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_is_escaped() {
        let mut out = BytesMut::new();
        let row = [Value::Text("a\tb\\\n".into()), Value::Null, Value::Int(-1)];
        put_row(&row, &mut out);
        assert_eq!(&out[..], b"a\\tb\\\\\\n\t\\N\t-1\n");
    }
}
