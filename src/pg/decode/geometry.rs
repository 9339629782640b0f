//! How are PostgreSQL's geometric types written?

use super::reader::Reader;
use crate::record::Value;

fn float(reader: &mut Reader<'_>) -> Option<String> {
    Some(Value::Float(reader.f64()?).to_string())
}

fn points(count: u32, reader: &mut Reader<'_>) -> Option<String> {
    let points: Option<Vec<String>> = (0..count).map(|_| point(reader)).collect();
    Some(points?.join(","))
}

/// `(x,y)`
pub(super) fn point(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("({},{})", float(reader)?, float(reader)?))
}

/// `[(x,y),(x,y)]`
pub(super) fn segment(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("[{}]", points(2, reader)?))
}

/// `((x,y),…)` closed, `[(x,y),…]` open
pub(super) fn path(reader: &mut Reader<'_>) -> Option<String> {
    let closed = reader.u8()? != 0;
    let count = reader.u32()?;
    let points = points(count, reader)?;
    Some(if closed {
        format!("({points})")
    } else {
        format!("[{points}]")
    })
}

/// `(x,y),(x,y)`
pub(super) fn rectangle(reader: &mut Reader<'_>) -> Option<String> {
    points(2, reader)
}

/// `((x,y),…)`
pub(super) fn polygon(reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.u32()?;
    Some(format!("({})", points(count, reader)?))
}

/// `{a,b,c}`
pub(super) fn line(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!(
        "{{{},{},{}}}",
        float(reader)?,
        float(reader)?,
        float(reader)?
    ))
}

/// `<(x,y),r>`
pub(super) fn circle(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("<{},{}>", point(reader)?, float(reader)?))
}
