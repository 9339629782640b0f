//! Which value do these bytes of a result hold? PostgreSQL's binary formats, as its `*_send`
//! functions write them, turned into values that print as psql prints them.
//!
//! Nothing here fails: bytes of a type that is not known, or that are not what their type promises,
//! become a value that shows them in hexadecimal. Names of relations and functions (`regclass` …)
//! come as numbers only and stay numbers; `money` is written as in the locale C.

mod containers;
mod geometry;
mod network;
mod reader;
mod search;

use crate::record::Value;
use crate::record::value::{Date, Interval, Numeric, Time, TimeTz, Timestamp, TimestampTz};
use reader::Reader;
use tokio_postgres::types::{Kind, Type};

/// The value of a column of this type; `None` is NULL.
pub fn decode(type_: &Type, raw: Option<&[u8]>) -> Value {
    match raw {
        None => Value::Null,
        Some(bytes) => decode_known(type_, bytes).unwrap_or_else(|| in_hex(type_, bytes)),
    }
}

fn in_hex(type_: &Type, bytes: &[u8]) -> Value {
    other(type_, Value::Bytea(bytes.to_vec()).to_string())
}

fn other(type_: &Type, text: String) -> Value {
    let type_name = match type_.kind() {
        Kind::Array(element) if type_.name().starts_with('_') => format!("{}[]", element.name()),
        _ => type_.name().to_owned(),
    };
    Value::Other { type_name, text }
}

/// `None` if the type is not known or the bytes are not of its form.
fn decode_known(type_: &Type, bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(bytes);
    let value = match type_.kind() {
        Kind::Domain(base) => return decode_known(base, bytes),
        Kind::Enum(_) => Value::Text(reader.text()?),
        Kind::Array(_) if matches!(*type_, Type::INT2_VECTOR | Type::OID_VECTOR) => {
            other(type_, containers::vector(&mut reader)?)
        }
        Kind::Array(element) => containers::array(type_, element, &mut reader)?,
        Kind::Range(element) => other(type_, containers::range(element, &mut reader)?),
        Kind::Multirange(element) => other(type_, containers::multirange(element, &mut reader)?),
        Kind::Composite(fields) => {
            let types: Vec<Type> = fields.iter().map(|field| field.type_().clone()).collect();
            other(type_, containers::composite(&types, &mut reader)?)
        }
        _ => scalar(type_, &mut reader)?,
    };
    reader.is_at_end().then_some(value)
}

fn scalar(type_: &Type, reader: &mut Reader<'_>) -> Option<Value> {
    Some(match *type_ {
        Type::BOOL => Value::Bool(reader.u8()? != 0),
        Type::INT2 => Value::Int(reader.i16()?.into()),
        Type::INT4 => Value::Int(reader.i32()?.into()),
        Type::INT8 => Value::Int(reader.i64()?),
        Type::OID | Type::XID | Type::CID => Value::Int(reader.u32()?.into()),
        Type::FLOAT4 => Value::Float(shortest(f32::from_bits(reader.u32()?))),
        Type::FLOAT8 => Value::Float(reader.f64()?),
        Type::NUMERIC => Value::Numeric(numeric(reader)?),
        Type::BYTEA => Value::Bytea(reader.rest().to_vec()),
        Type::DATE => Value::Date(Date(reader.i32()?)),
        Type::TIME => Value::Time(Time(reader.i64()?)),
        Type::TIMETZ => Value::TimeTz(timetz(reader)?),
        Type::TIMESTAMP => Value::Timestamp(Timestamp(reader.i64()?)),
        Type::TIMESTAMPTZ => Value::TimestampTz(TimestampTz(reader.i64()?)),
        Type::INTERVAL => Value::Interval(interval(reader)?),
        Type::UUID => Value::Uuid(reader.rest().try_into().ok()?),
        Type::JSON => json(type_, &reader.text()?),
        Type::JSONB => json(type_, &versioned(reader)?),
        Type::CHAR => Value::Text(char_text(reader.u8()?)),
        Type::VOID => Value::Text(String::new()),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::UNKNOWN
        | Type::CSTRING
        | Type::XML
        | Type::REFCURSOR => Value::Text(reader.text()?),
        _ if type_.name() == "citext" => Value::Text(reader.text()?),
        _ => other(type_, by_text_form(type_, reader)?),
    })
}

/// The types that pgauge knows by their text alone.
fn by_text_form(type_: &Type, reader: &mut Reader<'_>) -> Option<String> {
    Some(match *type_ {
        Type::MONEY => money(reader.i64()?),
        Type::XID8 => reader.u64()?.to_string(),
        Type::TID => format!("({},{})", reader.u32()?, reader.u16()?),
        Type::PG_LSN => format!("{:X}/{:X}", reader.u32()?, reader.u32()?),
        Type::PG_SNAPSHOT | Type::TXID_SNAPSHOT => snapshot(reader)?,
        Type::REGCLASS
        | Type::REGPROC
        | Type::REGPROCEDURE
        | Type::REGOPER
        | Type::REGOPERATOR
        | Type::REGTYPE
        | Type::REGCONFIG
        | Type::REGDICTIONARY
        | Type::REGNAMESPACE
        | Type::REGROLE
        | Type::REGCOLLATION => reader.u32()?.to_string(),
        Type::BIT | Type::VARBIT => bits(reader)?,
        Type::INET | Type::CIDR => network::address(reader)?,
        Type::MACADDR | Type::MACADDR8 => network::hardware_address(reader.rest())?,
        Type::POINT => geometry::point(reader)?,
        Type::LSEG => geometry::segment(reader)?,
        Type::PATH => geometry::path(reader)?,
        Type::BOX => geometry::rectangle(reader)?,
        Type::POLYGON => geometry::polygon(reader)?,
        Type::LINE => geometry::line(reader)?,
        Type::CIRCLE => geometry::circle(reader)?,
        Type::TS_VECTOR => search::tsvector(reader)?,
        Type::JSONPATH => versioned(reader)?,
        Type::RECORD => containers::record(reader)?,
        _ => match type_.name() {
            "hstore" => search::hstore(reader)?,
            "ltree" | "lquery" | "ltxtquery" => versioned(reader)?,
            _ => return None,
        },
    })
}

/// The double that is written with the same digits, so that 0.1 stays 0.1.
fn shortest(float: f32) -> f64 {
    float.to_string().parse().unwrap_or(f64::from(float))
}

/// `numeric_send`: digits to the base 10000, the first of weight 10000^weight.
fn numeric(reader: &mut Reader<'_>) -> Option<Numeric> {
    let (count, weight) = (reader.u16()?, reader.i16()?);
    let (sign, scale) = (reader.u16()?, usize::from(reader.u16()?));
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Some(Numeric::NaN),
        0xD000 => return Some(Numeric::Infinity),
        0xF000 => return Some(Numeric::NegInfinity),
        _ => return None,
    };
    let mut groups = (0..count).map(|_| reader.u16().filter(|group| *group < 10_000));
    let groups: Vec<u16> = groups.by_ref().collect::<Option<_>>()?;
    let group = |place: i32| {
        let at = usize::try_from(i32::from(weight) - place).ok();
        at.and_then(|at| groups.get(at))
            .map_or("0000".to_owned(), |group| format!("{group:04}"))
    };
    let integer: String = (0..=i32::from(weight).max(0)).rev().map(group).collect();
    let places = i32::try_from(scale.div_ceil(4)).ok()?;
    let mut fraction: String = (1..=places).map(|place| group(-place)).collect();
    fraction.truncate(scale);
    format!("{sign}{integer}.{fraction}").parse().ok()
}

fn timetz(reader: &mut Reader<'_>) -> Option<TimeTz> {
    let time = Time(reader.i64()?);
    // PostgreSQL counts the offset to the west.
    let offset = reader.i32()?.checked_neg()?;
    Some(TimeTz { time, offset })
}

fn interval(reader: &mut Reader<'_>) -> Option<Interval> {
    let micros = reader.i64()?;
    let days = reader.i32()?;
    let months = reader.i32()?;
    Some(Interval {
        months,
        days,
        micros,
    })
}

/// A document serde_json cannot hold (a number beyond doubles, very deep nesting) stays a text.
fn json(type_: &Type, text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(document) => Value::Json(document),
        Err(_) => other(type_, text.to_owned()),
    }
}

/// A text after the version number 1.
fn versioned(reader: &mut Reader<'_>) -> Option<String> {
    (reader.u8()? == 1).then(|| reader.text())?
}

/// `charout`: nothing for zero, octal beyond ASCII.
fn char_text(byte: u8) -> String {
    match byte {
        0 => String::new(),
        1..0x80 => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let units = crate::text::thousands(cents / 100);
    format!("{sign}${units}.{:02}", cents % 100)
}

fn snapshot(reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.u32()?;
    let (xmin, xmax) = (reader.u64()?, reader.u64()?);
    let running: Vec<String> = (0..count)
        .map(|_| Some(reader.u64()?.to_string()))
        .collect::<Option<_>>()?;
    Some(format!("{xmin}:{xmax}:{}", running.join(",")))
}

fn bits(reader: &mut Reader<'_>) -> Option<String> {
    let count = usize::try_from(reader.i32()?).ok()?;
    let bytes = reader.rest();
    let all: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    all.get(..count).map(str::to_owned)
}

#[cfg(test)]
mod tests;
