//! Explorations as users meet them: the catalogue of anomalies, and what an exploration promises.

use crate::{folder::*, golden, program};
use pgauge::record::{ChosenOrders, Exploration, Micros, Others};
use pgauge::report::results::{CaseResult, Outcome, Results};
use std::fmt::Write;
use std::path::Path;
use std::sync::OnceLock;

/// The catalogue as it is shipped, run once for all tests.
fn catalogue() -> &'static Results {
    static RAN: OnceLock<Results> = OnceLock::new();
    RAN.get_or_init(|| program::in_repository(&["--jobs", "2", "scenarios/anomalies"]).results)
}

fn exploration(case: &CaseResult) -> &Exploration {
    case.log.exploration.as_deref().unwrap()
}

/// `double_booking [broken]`
fn short_name(case: &CaseResult) -> String {
    let file = Path::new(&case.log.case.file).file_stem().unwrap();
    let variant = case.log.case.variant.as_deref().unwrap_or_default();
    format!("{} [{variant}]", file.to_string_lossy())
}

#[test]
fn every_broken_race_is_found_and_nothing_in_a_fixed_one() {
    let mut broken = 0;
    for case in &catalogue().cases {
        let variant = case.log.case.variant.as_deref().unwrap_or_default();
        let name = short_name(case);
        assert_eq!(case.outcome, Outcome::Passed, "{name}");
        let found = exploration(case).failure.is_some();
        if variant.starts_with("broken") || variant.starts_with("fixed") {
            assert_eq!(found, variant.starts_with("broken"), "{name}");
            broken += usize::from(found);
        }
    }
    assert!(broken >= 10, "{broken} broken ones");
}

#[test]
fn leaving_out_equal_orders_changes_no_verdict_of_the_catalogue_and_counts_every_order() {
    let suite = Playground::new();
    let folder = repository().join("scenarios/anomalies");
    for file in files(&folder, "yaml") {
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(text.contains("\nexplore: {}\n"), "{}", file.display());
        let all = text.replace("\nexplore: {}\n", "\nexplore: { equal_orders: run }\n");
        suite.add("anomalies", &file.to_string_lossy(), &all);
    }
    let all = program::run(suite.root(), &["--jobs", "2", "scenarios"]);
    let mut saved = 0;
    for reduced in &catalogue().cases {
        let name = short_name(reduced);
        let mut others = all.results.cases.iter();
        let full = others.find(|case| short_name(case) == name).unwrap();
        assert_eq!(reduced.outcome, full.outcome, "{name}");
        let (reduced, full) = (exploration(reduced), exploration(full));
        assert_eq!(reduced.failure.is_some(), full.failure.is_some(), "{name}");
        if full.failure.is_none() {
            assert_eq!(full.orders, Some(full.ran), "{name}");
            assert_eq!(reduced.orders, full.orders, "{name}");
            assert!(reduced.ran <= full.ran, "{name}");
            saved += full.ran - reduced.ran;
        }
    }
    assert!(saved > 0);
}

/// What is the same in every run of an exploration.
fn repeatable(exploration: &Exploration) -> Exploration {
    let mut same = exploration.clone();
    (same.duration, same.databases) = (Micros(0), 0);
    (same.unchanged, same.rewound, same.clones) = (0, 0, 0);
    if let Some(failure) = &mut same.failure {
        failure.after = Micros(0);
    }
    same
}

#[test]
fn the_same_seed_gives_the_same_exploration_on_one_database_and_on_four() {
    let suite = Playground::new();
    let text = |explore: &str, name: &str| {
        let race =
            std::fs::read_to_string(repository().join("tests/must_fail/failed_invariant.yaml"));
        let race = race
            .unwrap()
            .replace("An order of the steps loses an update", name);
        race.replace("explore: {}", explore)
    };
    suite.add("races", "all.yaml", &text("explore: {}", "all"));
    suite.add(
        "races",
        "few.yaml",
        &text("explore: { preemptions: 1, minimise: false }", "few"),
    );
    let sample = "explore: { strategy: sample, count: 40 }\nrandom_seed: 7";
    let drawn = text(sample, "drawn").replace("value: 70", "row_count: 1");
    suite.add("races", "drawn.yaml", &drawn);
    let one = program::run(suite.root(), &["--jobs", "1", "scenarios"]).results;
    let four = program::run(suite.root(), &["--jobs", "4", "scenarios"]).results;
    for (one, four) in one.cases.iter().zip(&four.cases) {
        let name = &one.log.case.scenario;
        assert_eq!(
            repeatable(exploration(one)),
            repeatable(exploration(four)),
            "{name}"
        );
    }
    let of = |name: &str| {
        let mut cases = one.cases.iter();
        exploration(cases.find(|case| case.log.case.scenario == name).unwrap())
    };
    assert_eq!(
        (of("drawn").ran, of("drawn").chosen),
        (40, ChosenOrders::Sample)
    );
    assert!(of("all").failure.is_some() && of("few").failure.is_some());
}

#[test]
fn a_bound_on_interruptions_comes_to_the_same_with_and_without_equal_orders() {
    let suite = Playground::new();
    let file = repository().join("scenarios/anomalies/g2_item_write_skew.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    for (name, explore) in [
        ("skip", "explore: { preemptions: 1 }"),
        ("run", "explore: { preemptions: 1, equal_orders: run }"),
    ] {
        let text = text.replace("explore: {}", explore);
        let text = text.replace("G2-item:", &format!("{name},"));
        suite.add("bound", &format!("{name}.yaml"), &text);
    }
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios/bound"]).results;
    let (run, skip): (Vec<&CaseResult>, Vec<&CaseResult>) = ran
        .cases
        .iter()
        .partition(|case| case.log.case.file.ends_with("run.yaml"));
    assert_eq!((run.len(), skip.len()), (3, 3));
    let mut saved = 0;
    for (run, skip) in run.iter().zip(&skip) {
        let name = short_name(skip);
        assert_eq!(run.outcome, skip.outcome, "{name}");
        let (run, skip) = (exploration(run), exploration(skip));
        assert_eq!(run.failure.is_some(), skip.failure.is_some(), "{name}");
        let equal = match skip.failure {
            None => Others::AreEqual,
            Some(_) => Others::Unknown,
        };
        assert_eq!(
            (skip.others, run.others),
            (equal, Others::Unknown),
            "{name}"
        );
        assert!(skip.ran <= run.ran, "{name}");
        saved += run.ran - skip.ran;
    }
    assert!(saved > 0);
}

/// Two clients on a small table beside a large one, and what the second one sends.
fn beside_a_large_table(name: &str, writes: &str) -> String {
    format!(
        "name: {name}
seed:
  - sql: |
      CREATE TABLE large AS SELECT i, repeat('x', 1000) AS filling FROM generate_series(1, 6000) i;
      CREATE TABLE small (id integer PRIMARY KEY, v integer NOT NULL);
      INSERT INTO small VALUES (1, 100), (2, 100);
clients:
  reader:
    steps:
      - begin
      - {{ step: look, sql: SELECT v FROM small WHERE id = 1 }}
      - {{ step: again, sql: SELECT count(*) FROM large }}
      - commit
  writer:
    steps:
      - begin
      - {{ step: write, sql: \"{writes}\" }}
      - END
explore: {{}}
expect:
  - invariant: {{ sql: SELECT count(*) FROM small, value: 2 }}
"
    )
}

#[test]
fn only_what_an_order_changed_is_put_back() {
    let suite = Playground::new();
    let write = "UPDATE small SET v = v + 1 WHERE id = 1";
    let of_large = "UPDATE large SET i = i + 1 WHERE i = 1";
    for (name, writes, end) in [
        ("changed", write, "commit"),
        ("rolled_back", write, "rollback"),
        ("too_large", of_large, "commit"),
    ] {
        let text = beside_a_large_table(name, writes).replace("END", end);
        suite.add("puts", &format!("{name}.yaml"), &text);
    }
    let ran = program::run(suite.root(), &["--jobs", "1", "scenarios/puts"]);
    let of = |name: &str| {
        let mut cases = ran.results.cases.iter();
        exploration(cases.find(|case| case.log.case.scenario == name).unwrap())
    };
    let between = |told: &Exploration| told.ran + told.left_early - 1;
    let changed = of("changed");
    assert_eq!(
        (changed.unchanged, changed.rewound, changed.clones),
        (0, between(changed), 1)
    );
    let rolled_back = of("rolled_back");
    assert_eq!(
        (
            rolled_back.unchanged,
            rolled_back.rewound,
            rolled_back.clones
        ),
        (between(rolled_back), 0, 1)
    );
    let too_large = of("too_large");
    assert_eq!(
        (too_large.unchanged, too_large.rewound, too_large.clones),
        (0, 0, between(too_large) + 1)
    );
}

/// Somebody who strikes in the second order, when he comes before the one who writes.
fn strike(name: &str, blow: &str) -> String {
    format!(
        "name: {name}
database: {{ role: postgres }}
seed:
  - sql: |
      CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL);
      INSERT INTO accounts VALUES (1, 100), (2, 100);
      CREATE TABLE nothing (line text);
clients:
  alice:
    steps:
      - begin
      - {{ step: read, sql: SELECT balance FROM accounts WHERE id = 1 }}
      - {{ step: write, sql: UPDATE accounts SET balance = balance - 10 WHERE id = 1 }}
      - commit
  bob:
    steps:
      - {{ step: look, sql: SELECT balance FROM accounts WHERE id = 2 }}
      - step: strike
        sql: |
          DO $$ BEGIN
            IF (SELECT balance FROM accounts WHERE id = 1) = 100 THEN
              {blow};
            END IF;
          END $$
explore: {{}}
expect:
  - invariant: {{ sql: SELECT count(*) FROM accounts, value: 2 }}
"
    )
}

#[test]
fn a_server_or_a_session_that_is_killed_in_the_midst_of_an_exploration_is_told_with_the_cause() {
    let suite = Playground::new();
    let session = "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%/alice'";
    let server = "EXECUTE $c$COPY nothing FROM PROGRAM 'kill -9 $(head -n 1 postmaster.pid)'$c$";
    suite.add("lost", "a_session.yaml", &strike("a session", session));
    suite.add("lost", "b_server.yaml", &strike("the server", server));
    suite.add("lost", "c_after.yaml", &strike("afterwards", "NULL"));
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios/lost"]);
    assert_eq!(ran.said.status, 4, "{}", ran.said.stdout);
    let told: Vec<(Outcome, &str, &str)> = ran
        .results
        .cases
        .iter()
        .map(|case| {
            let finding = case.bad_findings().next().unwrap();
            (
                case.outcome,
                finding.code.as_str(),
                finding.primary.as_str(),
            )
        })
        .collect();
    assert_eq!((told[0].0, told[0].1), (Outcome::Errored, "session-lost"));
    assert!(
        told[0].2.contains("client \"alice\" lost its session"),
        "{told:?}"
    );
    let ended = (
        Outcome::Errored,
        "server-lost",
        "the server that pgauge started has ended",
    );
    assert_eq!(told[1..], [ended, ended]);
    // What was tried by then is told all the same.
    for case in &ran.results.cases[..2] {
        assert_eq!(exploration(case).ran, 1);
    }
    assert!(ran.junit.contains("tests=\"3\""), "{}", ran.junit);
}

#[test]
fn a_server_that_is_killed_by_a_seed_is_told_with_the_cause_and_the_statement() {
    const SQL: &str = "COPY nothing FROM PROGRAM 'kill -9 $(head -n 1 postmaster.pid)';
SELECT pg_sleep(60);
";
    let suite = Playground::new();
    let scenario = |name: &str, killer: &str| {
        format!(
            "name: {name}
database: {{ role: postgres }}
seed:
  - sql: CREATE TABLE nothing (line text)
  - {killer}
clients:
  alice: {{ steps: [{{ step: read, sql: SELECT 1 }}] }}
expect:
  - sql: SELECT count(*) FROM nothing
    value: 0
"
        )
    };
    let inline = SQL.replace('\n', " ");
    let inline = scenario("in line", &format!("sql: {inline:?}"));
    suite.add("in_line", "killed.yaml", &inline);
    let in_file = scenario("in a file", "file: killer.sql");
    suite.add("in_file", "killed.yaml", &in_file);
    suite.add("in_file", "killer.sql", SQL);
    for (folder, place) in [("in_line", "killed.yaml:5:"), ("in_file", "killer.sql:2")] {
        let ran = program::run(suite.root(), &[&format!("scenarios/{folder}")]);
        let said = ran.said.stdout;
        assert_eq!(ran.said.status, 4, "{said}");
        let finding = ran.results.cases[0].bad_findings().next().unwrap();
        let told = (finding.code.as_str(), finding.primary.as_str());
        let ended = ("server-lost", "the server that pgauge started has ended");
        assert_eq!(told, ended, "{said}");
        for part in [place, "its log says:"] {
            assert!(said.contains(part), "no {part} in {said}");
        }
    }
}

#[test]
fn an_order_that_is_printed_fails_again_where_it_is_pasted() {
    let suite = Playground::new();
    let names = [
        "failed_invariant",
        "failed_not_serializable",
        "failed_explored_deadlock",
    ];
    let text = |name: &str| {
        let file = repository().join(format!("tests/must_fail/{name}.yaml"));
        std::fs::read_to_string(file).unwrap()
    };
    for name in names {
        suite.add("found", &format!("{name}.yaml"), &text(name));
    }
    let found = program::run(suite.root(), &["--jobs", "2", "scenarios/found"]).results;
    let mut codes = Vec::new();
    for case in &found.cases {
        let file = Path::new(&case.log.case.file).file_stem().unwrap();
        let name = file.to_string_lossy().into_owned();
        let finding = case.bad_findings().next().unwrap();
        let detail = finding.detail.as_deref().unwrap();
        let (_, block) = detail.split_once("to see it again:\n").unwrap();
        let pasted = text(&name).replace("explore: {}\n", &format!("{block}\n"));
        let pasted = pasted.replace("\nname: ", "\n# pasted\nname: ");
        suite.add("pasted", &format!("{name}.yaml"), &pasted);
        codes.push((name, finding.code.clone()));
    }
    let again = program::run(suite.root(), &["--jobs", "2", "scenarios/pasted"]).results;
    assert_eq!(again.cases.len(), names.len());
    for (name, code) in codes {
        let file = format!("scenarios/pasted/{name}.yaml");
        let mut cases = again.cases.iter();
        let case = cases
            .find(|case| case.log.case.file.ends_with(&file))
            .unwrap();
        let findings: Vec<&str> = case
            .bad_findings()
            .map(|finding| finding.code.as_str())
            .collect();
        assert!(
            findings.contains(&code.as_str()),
            "{name}: {findings:?} and not {code}"
        );
    }
}

/// Outcome and codes of each case, by its name.
fn came_to(results: &Results) -> Vec<(&str, Outcome, Vec<&str>)> {
    let cases = results.cases.iter();
    let told = cases.map(|case| {
        let codes = case.bad_findings().map(|finding| finding.code.as_str());
        let name = case.log.case.scenario.as_str();
        (name, case.outcome, codes.collect())
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(name, ..)| *name);
    told
}

/// Two who withdraw from one account each, as long as something is left in both together; and what happens.
fn refused_withdrawal(name: &str, happens: &str) -> String {
    let client = |id: u32| {
        format!(
            "  t{id}:
    isolation: repeatable read
    steps:
      - begin
      - {{ step: check, sql: SELECT 1 / (sum(v) - 100) FROM accounts }}
      - {{ step: draw, sql: UPDATE accounts SET v = v - 100 WHERE id = {id} }}
      - commit
      - {{ step: own, sql: SELECT 1 }}
"
        )
    };
    format!(
        "name: {name}
seed:
  - sql: |
      CREATE TABLE accounts (id integer PRIMARY KEY, v integer NOT NULL);
      INSERT INTO accounts VALUES (1, 100), (2, 100);
clients:
{}{}{happens}
expect:
  - serializable: true
  - errors: {{ only: [division_by_zero] }}
",
        client(1),
        client(2)
    )
}

#[test]
fn a_serial_order_that_is_refused_is_no_order_of_the_same_transactions() {
    const READS_FIRST: &str = "name: c reads first
seed:
  - sql: CREATE TABLE t (v integer); INSERT INTO t VALUES (1)
clients:
  reader:
    isolation: repeatable read
    steps:
      - begin
      - { step: read, sql: SELECT 10 / v FROM t }
      - { step: note, sql: SELECT 1 }
      - commit
  writer:
    steps:
      - { step: zero, sql: UPDATE t SET v = 0 }
order: [reader.begin, reader.read, writer.zero, reader.note, reader.commit]
expect:
  - serializable: true
";
    let skew =
        "order: [t1.begin, t2.begin, t1.check, t2.check, t1.draw, t2.draw, t1.commit, t2.commit]
unused: [t1.own, t2.own]";
    let suite = Playground::new();
    let explored = refused_withdrawal("a explored", "explore: {}");
    suite.add("refused", "a.yaml", &explored);
    suite.add("refused", "b.yaml", &refused_withdrawal("b forced", skew));
    suite.add("refused", "c.yaml", READS_FIRST);
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios/refused"]);
    let red = vec!["not-serializable"];
    assert_eq!(
        came_to(&ran.results),
        [
            ("a explored", Outcome::Failed, red.clone()),
            ("b forced", Outcome::Failed, red),
            ("c reads first", Outcome::Passed, vec![]),
        ],
        "{}",
        ran.said.stdout
    );
    let why = "t2.check returned 0, and in that serial order it ends with division_by_zero";
    let said = ran.said.stdout;
    assert!(said.contains(why), "{said}");
}

#[test]
fn of_very_many_serial_orders_those_of_the_commits_and_of_the_beginnings_come_first() {
    const READS_FIRST: &str = "name: one reads before seven write
seed:
  - sql: CREATE TABLE t (id integer PRIMARY KEY)
clients:
  w:
    count: 7
    steps:
      - { step: add, sql: \"INSERT INTO t VALUES (:id)\", with: { id: { builtin: client } } }
  reader:
    isolation: repeatable read
    steps:
      - begin
      - { step: read, sql: SELECT count(*) FROM t }
      - commit
order: [reader.begin, reader.read, \"w[1].add\", \"w[2].add\", \"w[3].add\", \"w[4].add\", \"w[5].add\", \"w[6].add\", \"w[7].add\", reader.commit]
expect:
  - serializable: true
";
    let suite = Playground::new();
    suite.add("many", "a.yaml", READS_FIRST);
    let ran = program::run(suite.root(), &["scenarios/many"]);
    let passed = [("one reads before seven write", Outcome::Passed, vec![])];
    assert_eq!(came_to(&ran.results), passed, "{}", ran.said.stdout);
}

#[test]
fn a_hook_that_skips_in_one_order_forgives_nothing_that_was_wrong_in_it() {
    let scenario = |name: &str, first: &str| {
        format!(
            "name: {name}
seed:
  - sql: CREATE TABLE t (id integer PRIMARY KEY, v integer); INSERT INTO t VALUES (1, 0)
clients:
  alice:
    on_error: continue
    steps:
      - {{ step: first, sql: {first} }}
      - {{ step: read, sql: SELECT v FROM t, after: 'if rows[0].v == 0 {{ skip(\"not ready\") }}' }}
  bob:
    steps:
      - {{ step: write, sql: UPDATE t SET v = 1 WHERE id = 1 }}
explore: {{}}
expect:
  - sql: SELECT v FROM t
    value: 1
"
        )
    };
    let suite = Playground::new();
    suite.add(
        "skips",
        "a.yaml",
        &scenario("a wrong", "SELECT 1 / v FROM t"),
    );
    suite.add("skips", "b.yaml", &scenario("b right", "SELECT 1 FROM t"));
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios/skips"]);
    let said = &ran.said.stdout;
    assert_eq!(
        came_to(&ran.results),
        [
            ("a wrong", Outcome::Failed, vec!["unexpected-error"]),
            ("b right", Outcome::Skipped, vec![]),
        ],
        "{said}"
    );
    assert_eq!(ran.said.status, 1, "{said}");
    let order = "order:\n  - alice.first\n  - alice.read\nunused: [bob.write]\n";
    let mut cases = ran.results.cases.iter();
    let wrong = cases.find(|case| case.outcome == Outcome::Failed).unwrap();
    let finding = wrong.bad_findings().next().unwrap();
    let detail = finding.detail.as_deref().unwrap_or_default();
    assert!(format!("{detail}\n").contains(order), "{detail}");
}

#[test]
fn what_a_script_leaves_open_keeps_nobody_waiting_until_the_timeout() {
    let scenario = |name: &str, after: &str, expect: &str| {
        format!(
            "name: {name}
timeout: 20s
seed:
  - sql: CREATE TABLE t (id integer PRIMARY KEY, v integer); INSERT INTO t VALUES (1, 0)
clients:
  alice:
    steps:
      - begin
      - {{ step: write, sql: UPDATE t SET v = v + 1 WHERE id = 1 RETURNING v{after} }}
  bob:
    steps:
      - {{ step: write, sql: UPDATE t SET v = v + 1 WHERE id = 1 }}
      - {{ step: more, sql: UPDATE t SET v = v + 1 WHERE id = 1 }}
explore: {{}}
{expect}"
        )
    };
    let twice = "expect: [{ invariant: { sql: SELECT v FROM t, value: 2 } }]\n";
    let asserts = ", after: 'assert(rows[0].v == 3, \"somebody was faster\")'";
    let suite = Playground::new();
    suite.add("open", "a.yaml", &scenario("a open", "", twice));
    suite.add("open", "b.yaml", &scenario("b asserts", asserts, ""));
    let ran = program::run(suite.root(), &["--jobs", "2", "scenarios/open"]);
    assert_eq!(
        came_to(&ran.results),
        [
            ("a open", Outcome::Passed, vec![]),
            ("b asserts", Outcome::Failed, vec!["assertion"]),
        ],
        "{}",
        ran.said.stdout
    );
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_run() {
    let page = repository().join("docs/anomalies.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let text = with_table(&text, "anomalies", &anomalies());
    let text = with_table(&text, "races", &races());
    golden::compare(&page, &text).unwrap();
}

/// The page with what stands between the marks of a table replaced.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- table: {name} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}{table}{end}{after}")
}

fn cases_with<'a>(tag: &str) -> Vec<(String, Vec<&'a CaseResult>)> {
    let mut rows: Vec<(String, Vec<&CaseResult>)> = Vec::new();
    for case in &catalogue().cases {
        let text = std::fs::read_to_string(repository().join(&case.log.case.file)).unwrap();
        let tags = text.lines().find(|line| line.starts_with("tags:")).unwrap();
        if !tags.contains(tag) {
            continue;
        }
        match rows.last_mut() {
            Some((file, cases)) if *file == case.log.case.file => cases.push(case),
            _ => rows.push((case.log.case.file.clone(), vec![case])),
        }
    }
    rows
}

fn anomalies() -> String {
    let mut table =
        "| anomaly | read committed | repeatable read | serializable |\n|---|---|---|---|\n"
            .to_owned();
    for (file, cases) in cases_with("hermitage") {
        let name = cases[0].log.case.scenario.split(" (").next().unwrap();
        let _ = write!(table, "| [{name}](../{file}) |");
        for case in cases {
            let explored = exploration(case);
            let _ = match &explored.failure {
                Some(failure) => write!(table, " **possible**: seen in order {} |", failure.number),
                None => write!(
                    table,
                    " not seen in {} orders |",
                    explored.orders.unwrap_or_default()
                ),
            };
        }
        table.push('\n');
    }
    table
}

fn races() -> String {
    let mut table = "| race | broken | fixed |\n|---|---|---|\n".to_owned();
    for (file, cases) in cases_with("race") {
        for pair in cases.chunks(2) {
            let name = &pair[0].log.case.scenario;
            let kind = match pair[0].log.case.variant.as_deref() {
                Some("broken") | None => String::new(),
                Some(other) => format!(" ({other})"),
            };
            let failure = exploration(pair[0]).failure.as_ref().unwrap();
            let fixed = exploration(pair[1]);
            let _ = writeln!(
                table,
                "| [{name}](../{file}){kind} | seen in order {} | not seen in {} orders, of which {} ran |",
                failure.number,
                fixed.orders.unwrap_or_default(),
                fixed.ran
            );
        }
    }
    table
}
