//! What is done with any bytes, and what must hold of it: by the fuzz targets, and by the tests with what those found.

use pgauge::baseline::Baseline;
use pgauge::schedule::{PlanOptions, plan};
use pgauge::source::{Color, Diagnostics, SourceFile, render_all};
use pgauge::spec::load_file;
use pgauge::sql;
use pgauge::text::quantity::{ByteSize, Count, Factor, Percent, Quantity, Rate, TimeSpan};
use std::sync::Arc;

/// Reads the bytes as a scenario. Whatever is wrong with it can be told, at places that are in the file.
pub fn loader(data: &[u8]) {
    let wrong = match SourceFile::from_bytes("fuzz/scenario.yaml", data.to_vec()) {
        Err(wrong) => wrong.into(),
        Ok(file) if names_a_file(file.text()) => return,
        Ok(file) => loaded(file),
    };
    for diagnostic in &wrong.0 {
        if let Some(place) = &diagnostic.place {
            assert!(place.span.end <= place.file.text().len());
            assert!(place.span.start <= place.span.end);
        }
    }
    let told = render_all(&wrong, Color::Off);
    assert!(!told.contains('\u{1b}'));
}

/// A fuzzer shall not read the files of the machine that it runs on.
fn names_a_file(text: &str) -> bool {
    ["file", "csv", "use"].iter().any(|key| text.contains(key))
}

fn loaded(file: SourceFile) -> Diagnostics {
    match load_file(file) {
        Err(wrong) => {
            assert!(wrong.has_errors(), "refused without a reason");
            wrong
        }
        Ok(loaded) => {
            let loaded = Arc::new(loaded);
            let planned = plan(&[Arc::clone(&loaded)], &PlanOptions::default());
            let mut wrong = loaded.warnings.clone();
            wrong.extend(planned.err().unwrap_or_default());
            wrong
        }
    }
}

/// Takes the bytes for SQL: the tokens are the text, statements and parameters lie in it.
pub fn sql(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut end = 0;
    for token in sql::lexer::tokens(&text) {
        assert_eq!(token.range.start, end, "something is left out");
        assert!(text.is_char_boundary(token.range.end));
        end = token.range.end;
    }
    assert_eq!(end, text.len(), "the end is left out");
    for statement in sql::split(&text).statements {
        assert!(text.get(statement.range).is_some());
    }
    let bound = sql::bind(&text);
    for offset in 0..=bound.sql.len() {
        assert!(bound.original_offset(offset) <= text.len());
    }
    let _ = bound.original_position(u32::MAX);
    let printed = sql::fingerprint(&text);
    let _ = (sql::kind(&text), sql::has_order_by(&text), printed);
    let _ = sql::command_tag(&text);
}

/// Reads the bytes as each kind of quantity; what is read is written in a way that reads the same.
pub fn quantity(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    one::<TimeSpan>(&text);
    one::<Count>(&text);
    one::<ByteSize>(&text);
    one::<Percent>(&text);
    one::<Factor>(&text);
    one::<Rate>(&text);
}

fn one<Q: Quantity + PartialEq + std::fmt::Debug>(text: &str) {
    match text.parse::<Q>() {
        Ok(quantity) => {
            let written = quantity.to_string();
            let again = written.parse::<Q>();
            let again = again.unwrap_or_else(|error| panic!("{written}: {}", error.primary()));
            assert_eq!(again, quantity, "{text:?} is written {written:?}");
        }
        Err(error) => {
            let _ = (error.primary(), error.hint());
        }
    }
}

/// Reads the bytes as a baseline; what is read is written in a way that reads the same.
pub fn baseline(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Baseline::read(&text) {
        Ok(baseline) => {
            let again = Baseline::read(&baseline.to_text());
            assert_eq!(again.as_ref(), Ok(&baseline));
        }
        Err(wrong) => {
            let _ = (wrong.to_string(), wrong.hint());
        }
    }
}
