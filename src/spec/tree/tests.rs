//! What is refused, and what the values are.

use serde_json::json;

use super::{Document, read};
use crate::source::{Color, Diagnostics, SourceFile, render_all};

fn doc(text: &str) -> Document {
    match read(&SourceFile::new("a.yaml", text)) {
        Ok(document) => document,
        Err(problems) => panic!("{}", render_all(&problems, Color::Off)),
    }
}

fn problems(text: &str) -> Diagnostics {
    read(&SourceFile::new("a.yaml", text)).unwrap_err()
}

/// One line per problem.
fn told(text: &str) -> String {
    problems(text).to_string()
}

#[test]
fn scalars_follow_the_core_schema() {
    let value = doc("a: [1, -2, 0o17, 0x1F, 1.5, 1e3, true, False, null, ~, ]\nb:\n").value;
    assert_eq!(
        value,
        json!({"a": [1, -2, 15, 31, 1.5, 1000.0, true, false, null, null], "b": null})
    );
    let value = doc("[yes, on, 0777, 1_000, 2024-01-01, 1:30, '1', \"true\", 10ms]").value;
    assert_eq!(
        value,
        json!([
            "yes",
            "on",
            "0777",
            "1_000",
            "2024-01-01",
            "1:30",
            "1",
            "true",
            "10ms"
        ])
    );
    assert_eq!(doc("1: a\ntrue: b\n").value, json!({"1": "a", "true": "b"}));
}

#[test]
fn windows_line_ends_and_byte_order_marks_do_no_harm() {
    assert_eq!(
        doc("\u{feff}a: |\r\n  x\r\n  y\r\nb: 'c\r\n  d'\r\n").value,
        json!({"a": "x\ny\n", "b": "c d"})
    );
}

#[test]
fn merges_keep_the_order_and_reach_through_each_other() {
    let text = "b: &b {x: 1, y: 1}\nm: &m {<<: *b, y: 2}\ntop:\n  p: 1\n  <<: [*m, {z: 3, y: 9}]\n  x: 7\n  q: 2\n  r: 3\n";
    let value = doc(text).value;
    assert_eq!(
        value["top"].to_string(),
        r#"{"p":1,"y":2,"z":3,"x":7,"q":2,"r":3}"#
    );
    assert_eq!(value["m"].to_string(), r#"{"x":1,"y":2}"#);
    assert_eq!(doc("\"<<\": 1").value, json!({"<<": 1}));
}

#[test]
fn a_merge_of_something_else_is_told() {
    assert_eq!(
        told("a: &a 1\nb: { <<: *a }"),
        "a.yaml:2:10: error[merge]: \"<<\" takes a mapping, or a list of mappings"
    );
    assert_eq!(
        told("a: &a 1\nb: { <<: [*a] }"),
        "a.yaml:2:10: error[merge]: \"<<\" takes a mapping, or a list of mappings"
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "name: x\nname: y\nk: !!str 5\nj: *nope\n? [a]\n: b\nd: { e: 1, e: 2 }\n: z\n";
    assert_eq!(
        told(text),
        "\
a.yaml:2:1: error[duplicate-key]: key \"name\" is written twice
a.yaml:3:4: error[tag]: YAML tags such as \"!!str\" are not used here
a.yaml:4:4: error[unknown-alias]: alias \"*nope\" refers to no anchor before it
a.yaml:5:3: error[key]: a key is a word or a text
a.yaml:7:12: error[duplicate-key]: key \"e\" is written twice
a.yaml:8:1: error[key]: there is no key before \":\""
    );
}

#[test]
fn one_mistake_made_often_is_not_told_without_end() {
    let told = told(&"a: 1\n".repeat(1_000));
    assert_eq!(told.lines().count(), 101);
    assert!(told.ends_with("note[more]: 899 more problems not shown"));
}

#[test]
fn a_duplicate_key_names_both_places() {
    insta::assert_snapshot!(render_all(
        &problems("clients:\n  alice: 1\n  bob: 2\n  alice: 3\n"),
        Color::Off
    ));
}

#[test]
fn nesting_is_limited_also_through_aliases() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(read(&SourceFile::new("a.yaml", deep(64))).is_ok());
    assert_eq!(
        told(&deep(65)),
        "a.yaml:1:65: error[too-deep]: nesting is deeper than 64 levels"
    );
    assert!(told(&"[".repeat(100_000)).contains("nesting is deeper than 64 levels"));
    assert!(told(&"- ".repeat(10_000)).contains("nesting is deeper than 64 levels"));
    let joined = format!("- &a {}\n- [[*a]]", deep(62));
    assert_eq!(
        told(&joined),
        "a.yaml:2:5: error[too-deep]: nesting is deeper than 64 levels"
    );
}

#[test]
fn an_alias_bomb_is_stopped_by_counting() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let uses = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{uses}]\n"));
    }
    insta::assert_snapshot!(render_all(&problems(&bomb), Color::Off));
}

#[test]
fn many_honest_uses_of_an_anchor_are_fine() {
    let text = format!("a: &a {{x: 1}}\nb:\n{}", "  - *a\n".repeat(300));
    assert_eq!(doc(&text).value["b"][299], json!({"x": 1}));
}

#[test]
fn too_many_values_are_refused_without_aliases_too() {
    assert!(
        told(&format!("[{}1]", "1,".repeat(250_000)))
            .contains("the file holds more than 250,000 values")
    );
}

#[test]
fn an_alias_inside_of_its_anchor_is_refused() {
    assert_eq!(
        told("a: &a [1, *a]"),
        "a.yaml:1:11: error[endless-alias]: alias \"*a\" stands inside of what it refers to"
    );
}

#[test]
fn a_file_holds_one_document() {
    assert_eq!(
        told("a: 1\n---\nb: 1\n"),
        "a.yaml:2:1: error[second-document]: there is more than one YAML document in the file"
    );
    assert_eq!(
        told("# nothing\n"),
        "a.yaml:1:1: error[empty-file]: the file is empty"
    );
    assert!(doc("---\na: 1\n").value.is_object());
}

#[test]
fn numbers_that_cannot_be_held_are_told() {
    assert_eq!(
        told("a: 123456789012345678901234567890"),
        "a.yaml:1:4: error[number]: the number 123456789012345678901234567890 has more digits than can be held"
    );
    assert_eq!(
        told("a: 0.12345678901234567890123"),
        "a.yaml:1:4: error[number]: the number 0.12345678901234567890123 has more digits than can be held"
    );
    assert_eq!(
        told("a: .nan"),
        "a.yaml:1:4: error[number]: .nan is not a number that can be compared"
    );
    assert_eq!(
        doc("[0.1, 2000.00, 1e-7, -0.0]").value,
        json!([0.1, 2000.0, 1e-7, -0.0])
    );
}

#[test]
fn keys_that_would_change_are_told() {
    assert_eq!(
        told("0x10: a"),
        "a.yaml:1:1: error[key]: key 0x10 is read as the value 16"
    );
    assert_eq!(
        told("null: a"),
        "a.yaml:1:1: error[key]: key null is read as the value null"
    );
}

#[test]
fn a_difference_between_the_parsers_is_refused() {
    // U+0085 is a line break for YAML 1.1 and a character for YAML 1.2.
    assert_eq!(
        told("a: 'x\u{85}y'"),
        "a.yaml:1:4: error[ambiguous]: this can be read in two ways by YAML parsers"
    );
}

#[test]
fn syntax_errors_say_what_to_write() {
    let texts = [
        "sql: SELECT 'a: b: c'\n",
        "a:\n\t- b\n",
        "a: SELECT a # c\n  FROM t\n",
        "a: 'x\nb: 2\n",
        "a: @x\n",
        "%YAML 1.1\n---\na: 1\n",
        "- { sql: SELECT a[1] FROM t }\n",
        "a:\n    b: 1\n  c: 2\n",
    ];
    let told: String = texts
        .iter()
        .map(|text| render_all(&problems(text), Color::Off) + "\n")
        .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn sql_that_yaml_cut_off_is_told_to_become_a_block() {
    let text = "\
steps:
  - sql: SELECT data #>> '{a}' FROM t
  - { step: a, sql: SELECT a, b FROM t }
  - { step: b, sql: SELECT a, b }
  - { step: c, note: one, count(*) }
setup:
  - SET x = 1 # why
when: x == #{ a: 1 }
";
    insta::assert_snapshot!(render_all(&problems(text), Color::Off));
}

#[test]
fn comments_and_braces_that_cut_nothing_off_are_fine() {
    doc("\
steps:
  - sql: |   # a comment
      SELECT data #>> '{a}' FROM t # SQL
  - sql: 'SELECT 1'   # a comment
  - { step: x, sql: 'SELECT a, b' }   # a comment
  - begin   # a comment
  - { lazy: , eager }
save:
  before: balance   # a name
when: affected > 0       # a rhai expression
setup: [SET lock_timeout = '5s']   # a comment
");
}

proptest::proptest! {
    #[test]
    fn reading_never_panics_and_problems_stand_in_the_file(
        text in "([a-c]|[-?:,\\[\\]{}#&*!|>'\"%@]| |  |\n|\r\n|\t|: |- |\n  |<<: |sql: |&a |[*]a|\\\\|é|1){0,40}"
    ) {
        match read(&SourceFile::new("a.yaml", text.as_str())) {
            Ok(document) => {
                for id in (0..document.tree.nodes.len()).map(|id| super::NodeId(id as u32)) {
                    if let Some(excerpt) = document.tree.excerpt(id) {
                        let count = excerpt.text().chars().count();
                        (0..=count + 1).for_each(|n| assert!(excerpt.at_character(n).span.end <= text.len()));
                    }
                }
            }
            Err(problems) => assert!(!problems.0.is_empty() && !render_all(&problems, Color::Off).is_empty()),
        }
    }

    #[test]
    fn a_literal_block_points_at_the_same_characters_in_the_file(lines in "( {0,2}[a-zé#:]{0,6}\n){1,6}") {
        let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        let document = doc(&format!("sql: |2\n{indented}end: 1\n"));
        let excerpt = document.tree.excerpt(document.tree.find(&["sql".into()]).unwrap()).unwrap();
        for (at, c) in excerpt.text().char_indices().filter(|(_, c)| *c != '\n') {
            let place = excerpt.place(crate::source::Span::new(at, at + c.len_utf8()));
            assert_eq!(place.text(), c.to_string());
        }
    }
}
