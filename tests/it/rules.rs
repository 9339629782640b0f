//! Does every rule find its bad example and nothing in its good one? And does its page say what the rule says?

use crate::{folder::*, golden, program};
use pgauge::{
    lint::{self, Look, RULES, Rule},
    report::results::Outcome,
    source::SourceFile,
};
use std::collections::BTreeSet;

/// The key of `expect: schema` that asks for a rule.
const KEYS: [(&str, &str); 13] = [
    ("unindexed-foreign-key", "unindexed_foreign_keys"),
    ("missing-primary-key", "missing_primary_keys"),
    ("duplicate-index", "duplicate_indexes"),
    ("redundant-index", "redundant_indexes"),
    ("invalid-index", "invalid_indexes"),
    ("unused-index", "unused_indexes"),
    ("unindexed-filter", "unindexed_filters"),
    ("repeated-columns", "repeated_columns"),
    ("money-in-float", "money_in_floats"),
    ("timestamp-without-zone", "timestamps_without_zone"),
    ("text-for-everything", "text_for_everything"),
    ("identifier-overflow", "identifier_overflows"),
    ("unanalyzed-table", "unanalyzed_tables"),
];

fn is_about_schemas(rule: &Rule) -> bool {
    matches!(rule.look, Look::Schema(_))
}

/// A scenario whose bad variant breaks the rule, and whose good one breaks none.
fn scenario(rule: &Rule) -> String {
    let key = KEYS.iter().find(|(code, _)| *code == rule.code).unwrap().1;
    let around = match rule.code {
        "unindexed-filter" => {
            "queries: { of_user: { sql: SELECT * FROM orders WHERE user_id = 42 } }\n"
        }
        "unused-index" => {
            "clients: { reader: { steps: [{ step: look, sql: \"SELECT id FROM users WHERE email = 'a'\" }] } }\n"
        }
        _ => "",
    };
    let others = KEYS
        .iter()
        .filter(|(code, _)| match *code {
            "unindexed-filter" => rule.code == "unindexed-filter",
            "unused-index" => rule.code == "unused-index",
            _ => true,
        })
        .map(|(_, key)| format!("          {key}: none\n"))
        .collect::<String>();
    let made = |sql: &str| {
        let lines: String = sql
            .lines()
            .map(|line| format!("          {line}\n"))
            .collect();
        match rule.code {
            // A seed is analyzed when it is done; what a hook makes is not.
            "unanalyzed-table" => {
                let statements = sql.split(';').map(str::trim).filter(|sql| !sql.is_empty());
                let calls: String = statements
                    .map(|sql| format!("      sql({:?});\n", sql.replace('\n', " ")))
                    .collect();
                format!("    before: |\n{calls}")
            }
            _ => format!("    seed:\n      - sql: |\n{lines}"),
        }
    };
    format!(
        "name: {} finds its example\n{around}variants:\n  bad:\n{}    expect:\n      - schema: {{ {key}: {{ at_least: 1 }} }}\n\
         \x20 good:\n{}    expect:\n      - schema:\n{others}",
        rule.code,
        made(rule.bad),
        made(rule.good)
    )
}

#[test]
fn every_rule_over_schemas_finds_its_bad_example_and_no_rule_finds_anything_in_the_good_one() {
    let suite = Playground::new();
    let rules: Vec<&&Rule> = RULES.iter().filter(|rule| is_about_schemas(rule)).collect();
    assert_eq!(rules.len(), KEYS.len());
    for rule in &rules {
        suite.add("rules", &format!("{}.yaml", rule.code), &scenario(rule));
    }
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios"]);
    let red: Vec<String> = ran
        .results
        .cases
        .iter()
        .filter(|case| case.outcome != Outcome::Passed)
        .map(|case| case.log.case.to_string())
        .collect();
    assert!(red.is_empty(), "{red:#?}\n{}", ran.said.stdout);
    assert_eq!(ran.results.cases.len(), 2 * rules.len());
}

#[test]
fn every_rule_over_scripts_finds_its_bad_example_and_not_its_good_one() {
    for rule in RULES.iter().filter(|rule| !is_about_schemas(rule)) {
        let codes = |sql: &str| -> BTreeSet<&str> {
            let file = SourceFile::new("example.sql", sql);
            let (found, problems) = lint::lint_script(&file);
            assert!(problems.is_empty(), "{}: {problems:?}", rule.code);
            let counted = found.iter().filter(|found| found.ignored.is_none());
            counted.map(|found| found.rule.code).collect()
        };
        assert!(codes(rule.bad).contains(rule.code), "{}: bad", rule.code);
        assert!(!codes(rule.good).contains(rule.code), "{}: good", rule.code);
    }
}

#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    let folder = repository().join("docs/rules");
    let mut wrong = Vec::new();
    let mut pages = BTreeSet::from(["index.md".to_owned()]);
    wrong.extend(golden::compare(&folder.join("index.md"), &lint::overview()).err());
    for rule in RULES {
        let name = lint::file_name(rule);
        wrong.extend(golden::compare(&folder.join(&name), &lint::page(rule)).err());
        pages.insert(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let there: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, pages);
}
