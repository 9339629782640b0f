//! How does a parameter reach the server without our knowing its type? In text format: the server
//! reads it as it reads a quoted literal.

use bytes::{BufMut, BytesMut};
use std::error::Error;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A parameter in text format, for any type; `None` is NULL. What the server cannot read it refuses
/// with `invalid_text_representation` or its kin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextParam(pub Option<String>);

impl ToSql for TextParam {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Some(text) => {
                out.put_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sent_as_it_stands_and_null_as_null() {
        let mut out = BytesMut::new();
        let sent = TextParam(Some("1.50".into())).to_sql_checked(&Type::NUMERIC, &mut out);
        assert!(matches!(sent, Ok(IsNull::No)));
        assert_eq!(&out[..], b"1.50");
        let sent = TextParam(None).to_sql_checked(&Type::INT4, &mut out);
        assert!(matches!(sent, Ok(IsNull::Yes)));
    }
}
