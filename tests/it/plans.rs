//! What `pgauge plans`, `pgauge migrations` and `pgauge lint` say of runs, scripts and databases.

use crate::{folder::*, program};
use pgauge::report::results::Outcome;
use std::fs;

const WITH_AND_WITHOUT: &str = "
name: A query with and without its index
queries:
  of_user:
    sql: SELECT id FROM orders WHERE user_id = :user ORDER BY id LIMIT 5
    with: { user: 42 }
    budget: 1m
variants:
  without:
    seed:
      - sql: |
          CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL);
          INSERT INTO orders SELECT n, n % 1000 FROM generate_series(1, 20000) AS n;
  with:
    seed:
      - sql: |
          CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL);
          INSERT INTO orders SELECT n, n % 1000 FROM generate_series(1, 20000) AS n;
          CREATE INDEX orders_user ON orders (user_id, id);
";

#[test]
fn the_plans_of_two_variants_are_laid_over_each_other_with_the_reason() {
    let suite = Playground::new();
    suite.add("plans", "index.yaml", WITH_AND_WITHOUT);
    let ran = program::run(suite.root(), &["scenarios"]);
    let json = ran.results.to_json().unwrap();
    fs::write(suite.root().join("results.json"), json).unwrap();
    let both = ["plans", "diff", "results.json", "results.json"];
    let diff = |more: &[&str]| program::pgauge(suite.root(), &[&both[..], more].concat());
    let chosen = ["--from", "without", "--to", "with"];
    let text = diff(&chosen);
    assert_eq!(text.status, 0, "{}", text.stderr);
    for part in [
        "of_user: another plan",
        "→ Index Only Scan using orders_user on orders",
        "index added: CREATE INDEX orders_user ON public.orders USING btree (user_id, id)",
    ] {
        assert!(text.stdout.contains(part), "{part}\n{}", text.stdout);
    }
    let markdown = diff(&[&chosen[..], &["--format", "markdown"]].concat());
    assert!(markdown.stdout.contains("| ~ | "), "{}", markdown.stdout);
    let html = diff(&[&chosen[..], &["--format", "html", "--output", "plans.html"]].concat());
    assert_eq!(html.status, 0, "{}", html.stderr);
    let page = fs::read_to_string(suite.root().join("plans.html")).unwrap();
    assert!(page.contains("<tr class=\"changed\">"), "{page}");
    let unclear = diff(&[]);
    assert_eq!(unclear.status, 2, "{}", unclear.stdout);
    assert!(unclear.stderr.contains("no two snapshots belong together"));
    let shown = program::pgauge(
        suite.root(),
        &["plans", "show", "results.json", "--case", "with"],
    );
    assert!(
        shown.stdout.contains("Index Cond: (user_id = 42)"),
        "{}",
        shown.stdout
    );
}

const RENAMED: &str = "
name: A column is renamed under those who use it
seed:
  - sql: |
      CREATE TABLE orders (id integer PRIMARY KEY, total integer NOT NULL, note text);
      INSERT INTO orders SELECT n, n, 'a <b> | `c`' FROM generate_series(1, 1000) AS n;
clients:
  shopper: { steps: [{ step: look, sql: SELECT total FROM orders WHERE id = 1 }] }
queries:
  notes: { sql: SELECT count(note) FROM orders, repeat: 10 }
load: { users: 2, transactions: 600, think: 1ms }
migrate:
  - sql: |
      ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
      ALTER TABLE orders RENAME COLUMN total TO amount;
expect:
  - errors: { rate: 100% }
  - migration: { failed: { at_least: 1 }, data_loss: none }
";

#[test]
fn a_migration_is_told_with_its_locks_its_victims_and_its_queries_in_every_form() {
    let suite = Playground::new();
    suite.add("migrated", "renamed.yaml", RENAMED);
    let ran = program::run(suite.root(), &["scenarios"]);
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
    let json = ran.results.to_json().unwrap();
    fs::write(suite.root().join("results.json"), json).unwrap();
    let told = |more: &[&str]| {
        let said = program::pgauge(
            suite.root(),
            &[&["migrations", "results.json"], more].concat(),
        );
        assert_eq!(said.status, 0, "{}", said.stderr);
        said.stdout
    };
    let text = told(&[]);
    let markdown = told(&["--format", "markdown"]);
    told(&["--format", "html", "--output", "migrations.html"]);
    let page = fs::read_to_string(suite.root().join("migrations.html")).unwrap();
    assert!(markdown.contains("| statement | took | "), "{markdown}");
    for form in [&text, &markdown, &page] {
        for part in [
            "A column is renamed under those who use it",
            "ALTER TABLE orders RENAME COLUMN total TO amount",
            "ACCESS EXCLUSIVE on orders (blocks everything)",
            "Clients before, during and after",
            "Statements that failed for users",
            "shopper.look",
            "42703",
            "Queries before and after",
            "What the rules claimed",
            "confirmed by the trace",
        ] {
            let seen = form.contains(part) || form.contains(&part.replace('_', "\\_"));
            assert!(seen, "{part}\n{form}");
        }
    }
    let figures = ran.results.cases[0].figures.migration.as_ref().unwrap();
    let traffic = figures.traffic.as_ref().unwrap();
    assert_eq!(traffic.failed[0].code, "42703");
    assert_eq!(traffic.phases.len(), 3);
    assert!(traffic.phases[0].count > 0, "{traffic:?}");
    assert!(figures.queries[0].times.is_some(), "{figures:?}");
    let other = program::pgauge(
        suite.root(),
        &[
            "migrations",
            "results.json",
            "--case",
            "nothing of the kind",
        ],
    );
    assert_eq!(other.status, 2, "{}", other.stdout);
}

#[test]
fn a_script_is_linted_statement_by_statement_and_ends_with_the_worst() {
    let suite = Playground::new();
    let lint = |sql: &str| {
        fs::write(suite.root().join("m.sql"), sql).unwrap();
        program::pgauge(suite.root(), &["lint", "m.sql"])
    };
    let blocking = lint("CREATE INDEX ON orders (user_id);");
    assert_eq!(blocking.status, 1);
    assert!(
        blocking.stdout.contains("failed[index-not-concurrent]"),
        "{}",
        blocking.stdout
    );
    assert!(blocking.stdout.contains("m.sql:1:1"), "{}", blocking.stdout);
    for part in [
        "claimed, not traced: blocks writes",
        "1 claim is read from the text alone",
    ] {
        assert!(
            blocking.stdout.contains(part),
            "{part}\n{}",
            blocking.stdout
        );
    }
    let reasoned = lint(
        "-- pgauge: ignore index-not-concurrent: it is empty\nCREATE INDEX ON orders (user_id);",
    );
    assert_eq!(reasoned.status, 0);
    assert!(
        reasoned
            .stdout
            .contains("0 blocking, 0 advisory, 1 ignored"),
        "{}",
        reasoned.stdout
    );
    let unreasoned =
        lint("-- pgauge: ignore index-not-concurrent\nCREATE INDEX ON orders (user_id);");
    assert_eq!(unreasoned.status, 3, "{}", unreasoned.stdout);
    let nothing = program::pgauge(suite.root(), &["lint"]);
    assert_eq!(nothing.status, 2);
}

#[test]
fn what_has_no_sql_is_not_found_to_be_without_fault() {
    let suite = Playground::new();
    fs::create_dir(suite.root().join("empty")).unwrap();
    for name in ["case.yaml", "steps.spec", "pgauge.yaml"] {
        fs::write(suite.root().join(name), "name: a case\n").unwrap();
    }
    for (named, said) in [
        ("empty", "error[nothing]: there is no file of SQL"),
        ("case.yaml", "error[not-sql]: case.yaml is no file of SQL"),
        ("steps.spec", "error[not-sql]: steps.spec is no file of SQL"),
        (
            "pgauge.yaml",
            "error[not-sql]: pgauge.yaml is no file of SQL",
        ),
        ("cases.yaml", "did you mean \"case.yaml\"?"),
    ] {
        let linted = program::pgauge(suite.root(), &["lint", named]);
        assert_eq!(linted.status, 2, "{}", linted.stdout);
        assert!(linted.stderr.contains(said), "{}", linted.stderr);
    }
}

#[test]
fn only_scripts_that_changed_since_a_commit_are_linted() {
    let suite = Playground::new();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=qa", "-c", "user.email=qa@example.org"];
        let ran = std::process::Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(suite.root())
            .output();
        ran.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("skipped: there is no git");
        return;
    }
    let migrations = suite.root().join("migrations");
    fs::create_dir(&migrations).unwrap();
    fs::write(migrations.join("1.sql"), "CREATE INDEX ON old (a);").unwrap();
    assert!(git(&["add", "."]) && git(&["commit", "-qm", "one"]));
    fs::write(migrations.join("2.sql"), "CREATE INDEX ON new (a);").unwrap();
    let said = program::pgauge(suite.root(), &["lint", "migrations", "--since", "HEAD"]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    assert!(
        said.stdout.contains("2.sql:1:1") && !said.stdout.contains("1.sql:1:1"),
        "{}",
        said.stdout
    );
    let unknown = program::pgauge(suite.root(), &["lint", "migrations", "--since", "nowhere"]);
    assert_eq!(unknown.status, 2);
}

/// The query itself has another session take a lock for a while, and waits for it.
const HELD_UP: &str = "
name: A query waits for a lock
requires: { extensions: [dblink] }
database: { extensions: [dblink], role: postgres }
seed:
  - sql: |
      CREATE FUNCTION held_up() RETURNS bigint LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM dblink_connect('other', format('dbname=%s host=%s port=%s user=%s', current_database(),
          split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), session_user));
        PERFORM x FROM dblink('other', 'SELECT pg_advisory_lock(7)::text') AS t(x text);
        PERFORM dblink_send_query('other', 'SELECT pg_sleep(0.3), pg_advisory_unlock(7)');
        PERFORM pg_advisory_lock(7);
        PERFORM pg_advisory_unlock(7);
        PERFORM dblink_disconnect('other');
        RETURN 1;
      END $$;
queries:
  waiting: { sql: SELECT held_up(), budget: 1ms }
";

#[test]
fn a_query_that_waits_for_a_lock_says_so() {
    let suite = Playground::new();
    suite.add("plans", "held_up.yaml", HELD_UP);
    let ran = program::run(suite.root(), &["scenarios"]);
    let case = &ran.results.cases[0];
    if case.outcome == Outcome::Skipped {
        eprintln!("skipped: {:?}", case.skip_reason());
        return;
    }
    assert!(
        ran.said
            .stdout
            .contains("waiting for locks (ExclusiveLock, advisory)"),
        "{}",
        ran.said.stdout
    );
    assert!(case.log.queries[0].lock_wait.is_some());
}

#[test]
fn analyze_has_the_target_of_the_scenario_and_samples_are_taken_where_it_does_not_read_everything()
{
    let suite = Playground::new();
    // The target of the database, that of a column, rows; bounds of the histogram, and whether it is one of several.
    let all = [
        ("usual", "", "", 4000, 101, false),
        ("low", "10", "", 4000, 11, true),
        ("small", "10", "", 2500, 11, false),
        (
            "own",
            "10",
            "ALTER TABLE t ALTER n SET STATISTICS 20;",
            4000,
            21,
            false,
        ),
    ];
    for (name, target, own, rows, bounds, _) in all {
        let settings = match target {
            "" => String::new(),
            target => {
                format!("database: {{ settings: {{ default_statistics_target: {target} }} }}\n")
            }
        };
        let text = format!(
            "name: {name}\n{settings}seed:\n  - sql: |\n      CREATE TABLE t (n integer NOT NULL);\n      {own}\n      \
             INSERT INTO t SELECT n FROM generate_series(1, {rows}) AS n;\n\
             queries:\n  few: {{ sql: SELECT n FROM t WHERE n < 100, budget: 1m }}\n\
             expect:\n  - sql: SELECT cardinality(histogram_bounds::text::integer[]) FROM pg_stats WHERE tablename = 't'\n    \
             value: {bounds}\n"
        );
        suite.add("targets", &format!("{name}.yaml"), &text);
    }
    let ran = program::run(suite.root(), &["scenarios"]);
    assert_eq!(ran.said.status, 0, "{}", ran.said.stdout);
    for (name, _, _, _, _, is_sampled) in all {
        let mut cases = ran.results.cases.iter();
        let case = cases.find(|case| case.log.case.scenario == name).unwrap();
        let plan = case.log.plans[0].plans[0].measured().unwrap();
        assert_eq!(!plan.other_samples.is_empty(), is_sampled, "{name}");
    }
}
