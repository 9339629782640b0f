//! How is a value written in the binary format of COPY? As the `*_recv` functions of PostgreSQL read it.
//!
//! Only values that need no thought go this way. Where a type has no encoder here, or a value is not of its column's type,
//! the rows go as text, which the server reads itself.

use crate::record::Value;
use crate::record::value::Numeric;
use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Kind, Type};

/// What every binary COPY begins with: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Writes the values of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoder {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Uuid,
    Date,
    Timestamp,
}

/// A value that is not of its column's type, or does not fit in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misfit;

impl Encoder {
    /// The encoder for a type; none for a type that is left to the server to read.
    pub(super) fn of(type_: &Type) -> Option<Self> {
        Some(match *type_ {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => Self::Text,
            Type::JSONB => Self::Jsonb,
            Type::BYTEA => Self::Bytea,
            Type::UUID => Self::Uuid,
            Type::DATE => Self::Date,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            _ => match type_.kind() {
                Kind::Enum(_) => Self::Text,
                Kind::Domain(base) => return Self::of(base),
                _ => return None,
            },
        })
    }

    /// Writes one field, its length first.
    pub(super) fn put(self, value: &Value, out: &mut BytesMut) -> Result<(), Misfit> {
        if value.is_null() {
            out.put_i32(-1);
            return Ok(());
        }
        match self {
            Self::Bool => match value {
                Value::Bool(b) => fixed(out, &[u8::from(*b)]),
                _ => return Err(Misfit),
            },
            Self::Int2 => fixed(out, &narrow::<i16>(value)?.to_be_bytes()),
            Self::Int4 => fixed(out, &narrow::<i32>(value)?.to_be_bytes()),
            Self::Int8 => fixed(out, &narrow::<i64>(value)?.to_be_bytes()),
            Self::Float4 => fixed(out, &(float(value)? as f32).to_be_bytes()),
            Self::Float8 => fixed(out, &float(value)?.to_be_bytes()),
            Self::Numeric => numeric(value, out)?,
            Self::Text => text(value, out),
            Self::Jsonb => sized(out, |out| {
                out.put_u8(1);
                out.put_slice(value.to_string().as_bytes());
            }),
            Self::Bytea => match value {
                Value::Bytea(bytes) => fixed(out, bytes),
                _ => return Err(Misfit),
            },
            Self::Uuid => match value {
                Value::Uuid(bytes) => fixed(out, bytes),
                _ => return Err(Misfit),
            },
            Self::Date => fixed(out, &date(value)?.to_be_bytes()),
            Self::Timestamp => match value {
                Value::Timestamp(moment) => fixed(out, &moment.0.to_be_bytes()),
                Value::TimestampTz(moment) => fixed(out, &moment.0.to_be_bytes()),
                _ => return Err(Misfit),
            },
        }
        Ok(())
    }
}

/// Begins the data of a binary COPY.
pub(super) fn begin(out: &mut BytesMut) {
    out.put_slice(HEADER);
}

/// Begins a row of so many fields.
pub(super) fn begin_row(fields: usize, out: &mut BytesMut) -> Result<(), Misfit> {
    out.put_i16(i16::try_from(fields).map_err(|_| Misfit)?);
    Ok(())
}

/// Ends the data of a binary COPY.
pub(super) fn end(out: &mut BytesMut) {
    out.put_i16(-1);
}

fn fixed(out: &mut BytesMut, bytes: &[u8]) {
    sized(out, |out| out.put_slice(bytes));
}

/// Writes a field whose length is known afterwards.
fn sized(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_i32(0);
    write(out);
    // A field beyond 2 GB would not have been generated.
    let length = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

fn narrow<T: TryFrom<i64>>(value: &Value) -> Result<T, Misfit> {
    match value {
        Value::Int(i) => T::try_from(*i).map_err(|_| Misfit),
        _ => Err(Misfit),
    }
}

fn float(value: &Value) -> Result<f64, Misfit> {
    match value {
        Value::Float(float) => Ok(*float),
        Value::Int(i) => Ok(*i as f64),
        Value::Numeric(numeric) => Ok(numeric.to_f64()),
        _ => Err(Misfit),
    }
}

fn text(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Text(text) => fixed(out, text.as_bytes()),
        other => sized(out, |out| {
            use std::fmt::Write;
            // Writing to memory does not fail.
            let _ = write!(out, "{other}");
        }),
    }
}

/// Days from PostgreSQL's epoch. A moment in UTC is on the day that its text begins with.
fn date(value: &Value) -> Result<i32, Misfit> {
    const MICROS_OF_A_DAY: i64 = 86_400_000_000;
    let micros = match value {
        Value::Date(date) => return Ok(date.0),
        Value::Timestamp(moment) => moment.0,
        Value::TimestampTz(moment) => moment.0,
        _ => return Err(Misfit),
    };
    i32::try_from(micros.div_euclid(MICROS_OF_A_DAY)).map_err(|_| Misfit)
}

/// `numeric_recv`: digits to the base 10000, the first of weight 10000^weight.
fn numeric(value: &Value, out: &mut BytesMut) -> Result<(), Misfit> {
    let text = match value {
        Value::Int(i) => i.to_string(),
        Value::Numeric(number @ Numeric::Finite(_)) => number.to_string(),
        _ => return Err(Misfit),
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (0x4000_u16, digits),
        None => (0, text.as_str()),
    };
    let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = u16::try_from(fraction.len()).map_err(|_| Misfit)?;
    let mut groups = Vec::with_capacity(integer.len() / 4 + fraction.len() / 4 + 2);
    let first = integer.len() % 4;
    if first > 0 {
        groups.push(group(&integer[..first])?);
    }
    for start in (first..integer.len()).step_by(4) {
        groups.push(group(&integer[start..start + 4])?);
    }
    let weight = i16::try_from(groups.len()).map_err(|_| Misfit)? - 1;
    for start in (0..fraction.len()).step_by(4) {
        let piece = &fraction[start..fraction.len().min(start + 4)];
        groups.push(group(&format!("{piece:0<4}"))?);
    }
    let count = u16::try_from(groups.len()).map_err(|_| Misfit)?;
    sized(out, |out| {
        out.put_u16(count);
        out.put_i16(weight);
        out.put_u16(sign);
        out.put_u16(scale);
        groups.iter().for_each(|group| out.put_u16(*group));
    });
    Ok(())
}

fn group(digits: &str) -> Result<u16, Misfit> {
    digits.parse().map_err(|_| Misfit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::decode::decode;

    fn there_and_back(type_: &Type, value: Value) -> Value {
        let mut out = BytesMut::new();
        Encoder::of(type_).unwrap().put(&value, &mut out).unwrap();
        decode(type_, Some(&out[4..]))
    }

    #[test]
    fn decimals_keep_their_digits_and_their_scale() {
        for text in [
            "0",
            "0.00",
            "1.50",
            "-0.0001",
            "10000",
            "99999999.99999",
            "-12345678901234567890.5",
        ] {
            let value = Value::Numeric(text.parse().unwrap());
            let back = there_and_back(&Type::NUMERIC, value);
            assert_eq!(back.to_string(), text);
        }
    }

    #[test]
    fn a_value_of_another_type_is_left_to_the_server() {
        let mut out = BytesMut::new();
        let text = Value::Text("7".into());
        assert_eq!(Encoder::Int4.put(&text, &mut out), Err(Misfit));
        assert_eq!(
            Encoder::Int2.put(&Value::Int(70_000), &mut out),
            Err(Misfit)
        );
        assert_eq!(Encoder::of(&Type::INET), None);
    }

    #[test]
    fn a_moment_is_on_the_day_its_text_begins_with() {
        let before: crate::record::value::TimestampTz = "1999-12-31 23:00:00+00".parse().unwrap();
        let day = there_and_back(&Type::DATE, Value::TimestampTz(before));
        assert_eq!(day.to_string(), "1999-12-31");
    }
}
