//! How are `tsvector` and `hstore` written: lists of words with something to each?

use super::reader::Reader;

/// `tsvectorsend`: the words, each with its places; a place has its weight in the highest two bits.
pub(super) fn tsvector(reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.u32()?;
    let mut words = Vec::new();
    for _ in 0..count {
        let word = reader.c_text()?.replace('\\', "\\\\").replace('\'', "''");
        let places = reader.u16()?;
        let places: Vec<String> = (0..places).map(|_| place(reader)).collect::<Option<_>>()?;
        let colon = if places.is_empty() { "" } else { ":" };
        words.push(format!("'{word}'{colon}{}", places.join(",")));
    }
    Some(words.join(" "))
}

fn place(reader: &mut Reader<'_>) -> Option<String> {
    let place = reader.u16()?;
    // D, the lowest weight, is not written.
    let weight = ["", "C", "B", "A"][usize::from(place >> 14)];
    Some(format!("{}{weight}", place & 0x3fff))
}

/// `hstore_send`: pairs of key and value.
pub(super) fn hstore(reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.u32()?;
    let mut pairs = Vec::new();
    for _ in 0..count {
        let key = quoted(reader.sized()??)?;
        let value = match reader.sized()? {
            Some(value) => quoted(value)?,
            None => "NULL".to_owned(),
        };
        pairs.push(format!("{key}=>{value}"));
    }
    Some(pairs.join(", "))
}

fn quoted(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(format!(
        "\"{}\"",
        text.replace('\\', "\\\\").replace('"', "\\\"")
    ))
}
