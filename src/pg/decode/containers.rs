//! How are values held that hold values: arrays, ranges, rows?

use super::reader::Reader;
use super::{decode, other};
use crate::record::Value;
use tokio_postgres::types::Type;

/// The most dimensions an array has (`MAXDIM`).
const MAX_DIMENSIONS: i32 = 6;

struct Dimension {
    length: usize,
    lower_bound: i32,
}

/// `array_send`: dimensions, whether there are NULLs, the element's type, lengths and lower bounds,
/// elements. Subscripts that do not begin at 1 are kept in a text form, `[0:1]={1,2}`.
pub(super) fn array(type_: &Type, element: &Type, reader: &mut Reader<'_>) -> Option<Value> {
    let dimensions = dimensions(reader)?;
    if dimensions.is_empty() {
        return Some(Value::Array(Vec::new()));
    }
    let lengths: Vec<usize> = dimensions
        .iter()
        .map(|dimension| dimension.length)
        .collect();
    let items = Value::Array(items(&lengths, element, reader)?);
    if dimensions
        .iter()
        .all(|dimension| dimension.lower_bound == 1)
    {
        return Some(items);
    }
    let bounds: String = dimensions
        .iter()
        .map(
            |Dimension {
                 length,
                 lower_bound,
             }| {
                let upper =
                    i64::from(*lower_bound) + i64::try_from(*length).unwrap_or(i64::MAX) - 1;
                format!("[{lower_bound}:{upper}]")
            },
        )
        .collect();
    Some(other(type_, format!("{bounds}={items}")))
}

fn dimensions(reader: &mut Reader<'_>) -> Option<Vec<Dimension>> {
    let (count, _nulls, _element) = (reader.i32()?, reader.i32()?, reader.u32()?);
    if !(0..=MAX_DIMENSIONS).contains(&count) {
        return None;
    }
    (0..count)
        .map(|_| {
            let length = usize::try_from(reader.i32()?).ok()?;
            Some(Dimension {
                length,
                lower_bound: reader.i32()?,
            })
        })
        .collect()
}

fn items(lengths: &[usize], element: &Type, reader: &mut Reader<'_>) -> Option<Vec<Value>> {
    let (length, inner) = lengths.split_first()?;
    // Every element has at least its length of four bytes: no more can follow than fit.
    if *length > reader.left() / 4 {
        return None;
    }
    (0..*length)
        .map(|_| match inner {
            [] => Some(decode(element, reader.sized()?)),
            inner => items(inner, element, reader).map(Value::Array),
        })
        .collect()
}

/// `int2vector` and `oidvector`, which are arrays that print without braces.
pub(super) fn vector(reader: &mut Reader<'_>) -> Option<String> {
    let dimensions = dimensions(reader)?;
    let length = dimensions.first().map_or(0, |dimension| dimension.length);
    let mut texts = Vec::new();
    for _ in 0..length {
        texts.push(match *reader.sized()?? {
            [a, b] => i16::from_be_bytes([a, b]).to_string(),
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]).to_string(),
            _ => return None,
        });
    }
    Some(texts.join(" "))
}

/// `range_send`: flags (PostgreSQL's `rangetypes.h`), then the bounds there are.
pub(super) fn range(element: &Type, reader: &mut Reader<'_>) -> Option<String> {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;
    let flags = reader.u8()?;
    if flags & EMPTY != 0 {
        return Some("empty".to_owned());
    }
    let mut bound = |infinite: u8| match flags & infinite {
        0 => Some(range_bound(&decode(element, reader.sized()?).to_string())),
        _ => Some(String::new()),
    };
    let (lower, upper) = (bound(LOWER_INFINITE)?, bound(UPPER_INFINITE)?);
    let opening = if flags & LOWER_INCLUSIVE == 0 {
        '('
    } else {
        '['
    };
    let closing = if flags & UPPER_INCLUSIVE == 0 {
        ')'
    } else {
        ']'
    };
    Some(format!("{opening}{lower},{upper}{closing}"))
}

fn range_bound(text: &str) -> String {
    quoted_where(text, |c| "\"\\()[],".contains(c) || c.is_ascii_whitespace())
}

/// `multirange_send`: the ranges one after another, each with its length.
pub(super) fn multirange(element: &Type, reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.u32()?;
    let ranges: Vec<String> = (0..count)
        .map(|_| range(element, &mut Reader::new(reader.sized()??)))
        .collect::<Option<_>>()?;
    Some(format!("{{{}}}", ranges.join(",")))
}

/// `record_send` of a row type whose fields are known.
pub(super) fn composite(fields: &[Type], reader: &mut Reader<'_>) -> Option<String> {
    let types = fields.to_vec();
    let mut types = types.into_iter();
    row(reader, |_| types.next())
}

/// `record_send` of an anonymous row; fields of types that are not built in show their bytes.
pub(super) fn record(reader: &mut Reader<'_>) -> Option<String> {
    row(reader, |oid| Some(Type::from_oid(oid).unwrap_or(Type::ANY)))
}

fn row(reader: &mut Reader<'_>, mut type_of: impl FnMut(u32) -> Option<Type>) -> Option<String> {
    let count = reader.u32()?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let type_ = type_of(reader.u32()?)?;
        let value = decode(&type_, reader.sized()?);
        let text = value
            .to_text()
            .map(|text| quoted_where(&text, |c| "\"\\(),".contains(c) || c.is_ascii_whitespace()));
        fields.push(text.unwrap_or_default());
    }
    Some(format!("({})", fields.join(",")))
}

/// In quotes, with quotes and backslashes doubled, if it is empty or has such a character.
fn quoted_where(text: &str, special: impl Fn(char) -> bool) -> String {
    if !text.is_empty() && !text.contains(special) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\""))
}
