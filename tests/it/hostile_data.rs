//! Data that was made to break reports: whatever a database holds, a terminal, JUnit and JSON show it safely.

use crate::{folder::Playground, program};
use pgauge::report::results::Outcome;
use std::collections::BTreeMap;

/// Statements by name. Each returns something that is not expected, so that it is shown everywhere.
const DATA: [(&str, &str); 20] = [
    (
        "control",
        r"SELECT E'bell \x07, escape \x1b[31mred\x1b[0m, back\x08\x08, delete \x7f, c1 \u009b31m, one \x01' AS t",
    ),
    (
        "cdata",
        "SELECT ']]>' || '<script>alert(1)</script>' || ']]]]>><![CDATA[' AS t",
    ),
    (
        "entities",
        "SELECT '&amp; &#0; \"quotes\" ''single'' < >' AS t",
    ),
    ("emoji", "SELECT '👩‍👩‍👧‍👦 🇩🇪 é ﷽ 𝕏' AS t"),
    (
        "direction",
        r"SELECT U&'admin\202Egnp.exe\202C \2066hidden\2069 \200F' AS t",
    ),
    (
        "breaks",
        r"SELECT E'one\r\ntwo\ttabbed\x0b\x0c\u2028\u0085three' AS t",
    ),
    ("noncharacters", r"SELECT U&'\FFFE \FFFF \+01FFFE' AS t"),
    ("megabyte", "SELECT repeat('0123456789', 100000) AS t"),
    (
        "megabyte_of_lines",
        r"SELECT repeat(E'line\n', 200000) AS t",
    ),
    (
        "many_rows",
        "SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g",
    ),
    ("wide", "SELECT * FROM wide"),
    (
        "floats",
        "SELECT 'NaN'::float8 a, 'Infinity'::float8 b, '-Infinity'::float4 c, '-0'::float8 d, 1e-320::float8 e",
    ),
    (
        "numerics",
        "SELECT 'NaN'::numeric a, 'Infinity'::numeric b, 1e1000::numeric c, repeat('9', 5000)::numeric d",
    ),
    (
        "ancient",
        "SELECT '0044-03-15 BC'::date a, '4713-01-01 00:00:00 BC'::timestamp b, '0001-01-01 BC'::timestamptz c",
    ),
    (
        "for_ever",
        "SELECT 'infinity'::date a, '-infinity'::timestamptz b, '294276-12-31'::timestamp c",
    ),
    (
        "bytes",
        r"SELECT '\x00ff1b5b33316d'::bytea a, ARRAY[E'\x1b', NULL, 'NULL', '{}', ','] b",
    ),
    (
        "json",
        r#"SELECT '{"a\u0007": "]]>", "deep": [[[[1e400]]]]}'::jsonb AS j"#,
    ),
    (
        "composite",
        r"SELECT ROW(1, E'\x1b]0;title\x07', NULL) AS r, '[1,5)'::int4range s",
    ),
    ("column_name", "SELECT 1 AS \"]]> \u{7}<b>\u{202e}\""),
    (
        "xml",
        "SELECT '<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>' AS t",
    ),
];

/// Statements that fail with what they were given in the message.
const CASTS: [(&str, &str); 3] = [
    ("cast_control", r"SELECT E'\x1b[2J\x07 ]]> \u202e'::integer"),
    ("cast_large", "SELECT repeat('0123456789', 100000)::integer"),
    ("cast_date", "SELECT '2024-02-30'::date"),
];

/// What is shown of a megabyte must fit on a few screens, for each report that a person reads.
const MOST_BYTES_SHOWN: usize = 300_000;

fn suite() -> Playground {
    let suite = Playground::new();
    let columns: Vec<String> = (1..=1600)
        .map(|n| format!("c{n} integer DEFAULT {n}"))
        .collect();
    let wide = format!(
        "CREATE TABLE wide ({}); INSERT INTO wide DEFAULT VALUES;",
        columns.join(", ")
    );
    let write = |name: &str, sql: &str, expected: &str| {
        let quoted = serde_json::to_string(sql).unwrap();
        let text = format!(
            "name: {name}\nseed:\n  - sql: {wide:?}\nclients:\n  alice:\n    steps:\n      - step: look\n        sql: {quoted}\n        {expected}\n"
        );
        suite.add("data", &format!("{name}.yaml"), &text);
    };
    for (name, sql) in DATA {
        write(name, sql, "rows: [[something else]]");
    }
    for (name, sql) in CASTS {
        write(name, sql, "row_count: 1");
    }
    let noisy = r#"DO $$ BEGIN RAISE NOTICE '%', E'\x1b[31m ]]> \x07'; RAISE EXCEPTION '%', E'\x1b[1m]]>\u202e' USING DETAIL = repeat(E'\x07', 1000), HINT = E'\x1b]52;c;aGk=\x07'; END $$"#;
    write("messages", noisy, "affected: 0");
    suite
}

/// Characters with which data could command a terminal or turn its text around.
fn commands(text: &str) -> Vec<char> {
    let dangerous = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
    };
    text.chars().filter(dangerous).collect()
}

#[test]
fn whatever_a_database_holds_is_shown_safely() {
    let suite = suite();
    let ran = program::run(suite.root(), &["--jobs", "2", "-v", "scenarios"]);
    assert_eq!(ran.said.status, 1, "{}", ran.said.stderr);
    let outcomes: BTreeMap<&str, Outcome> = ran
        .results
        .cases
        .iter()
        .map(|case| (case.log.case.scenario.as_str(), case.outcome))
        .collect();
    assert_eq!(outcomes.len(), DATA.len() + CASTS.len() + 1);
    let others: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| **outcome != Outcome::Failed)
        .collect();
    assert!(others.is_empty(), "{others:?}");
    for text in [&ran.said.stdout, &ran.said.stderr] {
        let found = commands(text);
        let line = text.lines().find(|line| !commands(line).is_empty());
        assert!(found.is_empty(), "{found:?} in {line:?}");
    }
    let parts = ran.said.stdout.split("\n--- ").skip(1);
    for part in parts {
        let name: String = part.chars().take(80).collect();
        assert!(
            part.len() < MOST_BYTES_SHOWN,
            "{} bytes: {name}",
            part.len()
        );
    }
    let each = MOST_BYTES_SHOWN * outcomes.len();
    assert!(
        ran.junit.len() < each,
        "JUnit has {} bytes",
        ran.junit.len()
    );
    xml_is_read(&ran.junit);
    // What was seen is in the JSON, whole and as it was.
    let read = |name: &str| {
        let mut cases = ran.results.cases.iter();
        format!(
            "{:?}",
            cases
                .find(|case| case.log.case.scenario == name)
                .unwrap()
                .log
                .events
        )
    };
    assert!(read("ancient").contains("BC") || read("ancient").contains("-43"));
    assert!(read("floats").contains("NaN"));
    assert!(read("emoji").contains('🇩'));
}

/// Any XML parser reads it, and finds every case.
fn xml_is_read(xml: &str) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut failures = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if tag.name().as_ref() == b"failure" => failures += 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(failures >= DATA.len(), "{failures}");
    let forbidden = |c: &char| !matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let found: Vec<char> = xml.chars().filter(forbidden).collect();
    assert!(found.is_empty(), "{found:?}");
    let raw_escape = xml.contains('\u{1b}');
    assert!(!raw_escape);
}
