//! Hooks that would run for ever, eat all memory or look around on the machine: each is ended with its line named,
//! and the other clients of its case go on meanwhile.

use crate::{folder::Playground, program};
use pgauge::record::EventKind;

/// A case in which alice's hook is this, and bob works beside her. The first line of the hook is line 9.
fn scenario(name: &str, hook: &str) -> String {
    let indented: String = hook
        .lines()
        .map(|line| format!("          {line}\n"))
        .collect();
    format!(
        "name: {name}
timeout: 120s
clients:
  alice:
    steps:
      - step: look
        sql: SELECT 1 AS one
        after: |
{indented}  bob:
    iterations: 50
    steps: [{{ step: work, sql: SELECT 2, row_count: 1 }}]
"
    )
}

/// Hooks by name, with the line of the hook that is to blame and what must be said.
const ENDLESS: [(&str, &str, usize, &str); 12] = [
    (
        "loop",
        "let a = 1;\nloop { a += 1; }",
        2,
        "more than 1,000,000 operations",
    ),
    (
        "while",
        "let a = 0;\n\nwhile a == 0 { }",
        3,
        "more than 1,000,000 operations",
    ),
    (
        "caught",
        "try {\n  loop { }\n} catch { }",
        2,
        "more than 1,000,000 operations",
    ),
    (
        "recursion",
        "fn f(n) { f(n + 1) }\nf(1)",
        2,
        "called functions more than 32 deep",
    ),
    (
        "two_functions",
        "fn f(n) { g(n) }\nfn g(n) { f(n) }\nf(1)",
        3,
        "called functions more than 32 deep",
    ),
    (
        "string",
        "let s = \"a\";\nloop { s += s; }",
        2,
        "a string of more than 1,048,576 bytes",
    ),
    (
        "padding",
        "let a = [];\na.pad(1000000000, 0);",
        2,
        "an array of more than 10,000 elements",
    ),
    (
        "nested",
        "let a = [0];\nloop { a = [a, a]; }",
        2,
        "of more than 10,000 elements",
    ),
    (
        "map",
        "let m = #{};\nlet i = 0;\nloop { m[\"k\" + i] = i; i += 1; }",
        3,
        "more than 1,000,000 operations",
    ),
    (
        "flood",
        "\n\nloop { log(\"x\") }",
        3,
        "log, measure and save more than 1,000 times",
    ),
    (
        "print",
        "loop { print(\"x\") }",
        1,
        "more than 1,000,000 operations",
    ),
    (
        "permutations",
        "let n = 0;\nlet f = |x| { n += x; n };\nfor i in 0..100000000 { f.call(i) }",
        3,
        "more than 1,000,000 operations",
    ),
];

#[test]
fn a_hook_without_end_is_ended_at_its_line_and_the_others_go_on() {
    let suite = Playground::new();
    for (name, hook, _, _) in ENDLESS {
        suite.add("hooks", &format!("{name}.yaml"), &scenario(name, hook));
    }
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios"]);
    assert_eq!(ran.said.status, 1, "{}", ran.said.stdout);
    let mut wrong = Vec::new();
    for (name, _, line, words) in ENDLESS {
        let mut cases = ran.results.cases.iter();
        let case = cases.find(|case| case.log.case.scenario == name).unwrap();
        let told = case
            .findings
            .iter()
            .find(|finding| finding.code == "hook-broken");
        let said = told.is_some_and(|finding| finding.primary.contains(words));
        let place = format!("scenarios/hooks/{name}.yaml:{}:", 8 + line);
        let placed = ran.said.stdout.contains(&place);
        let works = case.log.events.iter().filter(|event| {
            matches!(&event.kind, EventKind::Completed { client, .. } if client.script == "bob")
        });
        let works = works.count();
        if !said || !placed || works != 50 {
            wrong.push(format!(
                "{name}: {told:?}, placed: {placed}, bob did {works}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{}",
        wrong.join("\n"),
        ran.said.stdout
    );
}

/// What no hook may even ask for, with the column that is to blame.
const FORBIDDEN: [(&str, &str, usize); 9] = [
    ("import", "import \"os\" as os;", 1),
    ("export", "export let a = 1;", 1),
    ("eval", "eval(\"1\")", 1),
    ("sleep", "sleep(1000)", 1),
    ("open", "let f = open_file(\"/etc/passwd\");", 9),
    ("read", "read(\"/etc/passwd\")", 1),
    ("system", "system(\"id\")", 1),
    ("environment", "let home = env(\"HOME\");", 12),
    ("clock", "let now = timestamp();", 11),
];

#[test]
fn what_leads_out_of_a_hook_is_refused_before_any_server_is_asked() {
    let suite = Playground::new();
    for (name, hook, _) in FORBIDDEN {
        suite.add("hooks", &format!("{name}.yaml"), &scenario(name, hook));
    }
    let said = program::pgauge(suite.root(), &["check", "scenarios"]);
    assert_eq!(said.status, 3, "{}", said.stderr);
    for (name, _, column) in FORBIDDEN {
        let place = format!("--> scenarios/hooks/{name}.yaml:9:{}", 10 + column);
        assert!(said.stderr.contains(&place), "{name}:\n{}", said.stderr);
    }
}

#[test]
fn a_hook_that_keeps_asking_the_server_ends_with_its_case() {
    let suite = Playground::new();
    let hook = "loop { sql(\"SELECT 1\") }";
    let text = scenario("asks", hook).replace("120s", "3s");
    suite.add("hooks", "asks.yaml", &text);
    let waits = scenario("waits", "sql(\"SELECT pg_sleep(3600)\")").replace("120s", "3s");
    suite.add("hooks", "waits.yaml", &waits);
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios"]);
    assert_eq!(ran.said.status, 4, "{}", ran.said.stdout);
    for case in &ran.results.cases {
        let codes: Vec<&str> = case.findings.iter().map(|f| f.code.as_ref()).collect();
        assert_eq!(codes, ["timeout"], "{}", ran.said.stdout);
    }
}
