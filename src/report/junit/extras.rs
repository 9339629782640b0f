//! What the schema knows and junit-report cannot write: totals, properties, the number of skipped cases, the file.

use quick_xml::{
    Reader, Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};
use std::io;

/// Name and value of attributes or properties.
pub(super) type Pairs = Vec<(String, String)>;

/// What is added to a report.
#[derive(Debug)]
pub(super) struct Extras {
    /// Attributes of `<testsuites>`.
    pub report: Pairs,
    /// One entry per `<testsuite>`, in order.
    pub suites: Vec<SuiteExtras>,
}

/// What is added to a `<testsuite>`.
#[derive(Debug)]
pub(super) struct SuiteExtras {
    /// Its attributes.
    pub attributes: Pairs,
    /// Its properties.
    pub properties: Pairs,
}

impl Extras {
    /// The XML with everything added, event by event; all else stays as it is.
    pub fn add_to(&self, xml: &[u8]) -> io::Result<Vec<u8>> {
        let mut reader = Reader::from_reader(xml);
        let mut writer = Writer::new(Vec::with_capacity(xml.len() * 2));
        let mut suites = self.suites.iter();
        loop {
            let event = reader.read_event().map_err(io::Error::other)?;
            if begins_a_line(&event) {
                writer.write_event(Event::Text(BytesText::from_escaped("\n")))?;
            }
            match event {
                Event::Eof => break,
                Event::Start(start) if start.name().as_ref() == b"testsuites" => {
                    writer.write_event(Event::Start(with(&start, &self.report)?))?;
                }
                Event::Empty(start) if start.name().as_ref() == b"testsuites" => {
                    writer.write_event(Event::Empty(with(&start, &self.report)?))?;
                }
                Event::Start(start) if start.name().as_ref() == b"testsuite" => match suites.next()
                {
                    Some(extras) => {
                        writer.write_event(Event::Start(with(&start, &extras.attributes)?))?;
                        write_properties(&mut writer, &extras.properties)?;
                    }
                    None => writer.write_event(Event::Start(start))?,
                },
                other => writer.write_event(other)?,
            }
        }
        let mut out = writer.into_inner();
        out.push(b'\n');
        Ok(out)
    }
}

/// A report is now and then read by a person, too.
fn begins_a_line(event: &Event<'_>) -> bool {
    match event {
        Event::Start(start) | Event::Empty(start) => start.name().as_ref().starts_with(b"test"),
        Event::End(end) => end.name().as_ref().starts_with(b"testsuite"),
        _ => false,
    }
}

/// The element with these attributes, in place of its own ones of the same name.
fn with<'a>(element: &BytesStart<'a>, attributes: &'a Pairs) -> io::Result<BytesStart<'a>> {
    let mut out = BytesStart::new(String::from_utf8_lossy(element.name().as_ref()).into_owned());
    for known in element.attributes() {
        let known = known.map_err(io::Error::other)?;
        let replaced = attributes
            .iter()
            .any(|(name, _)| name.as_bytes() == known.key.as_ref());
        if !replaced {
            out.push_attribute(known);
        }
    }
    for (name, value) in attributes {
        out.push_attribute((name.as_str(), value.as_str()));
    }
    Ok(out)
}

fn write_properties(writer: &mut Writer<Vec<u8>>, properties: &Pairs) -> io::Result<()> {
    writer.write_event(Event::Text(BytesText::from_escaped("\n")))?;
    writer.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in properties {
        let property = BytesStart::new("property")
            .with_attributes([("name", name.as_str()), ("value", value.as_str())]);
        writer.write_event(Event::Empty(property))?;
    }
    writer.write_event(Event::End(BytesEnd::new("properties")))
}
