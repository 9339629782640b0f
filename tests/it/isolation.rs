//! Specs of PostgreSQL's isolation tester, run as they are and after import, and outcomes that must not pass.

#![allow(clippy::print_stderr, reason = "a test that skips says so")]

use crate::folder::repository;
use crate::program::{Said, pgauge};
use std::fs;
use std::path::{Path, PathBuf};

/// PostgreSQL's own specs with their expected outcomes, where they lie beside the repository.
fn suite() -> Option<PathBuf> {
    let folder = repository().join("../shared/isolation");
    let there = folder.join("specs").is_dir();
    if !there {
        eprintln!("skipped: {} is not there", folder.display());
    }
    there.then(|| folder.canonicalize().unwrap())
}

/// Whether there is a server of the version whose outcomes the suite has.
fn postgres_15() -> bool {
    let said = pgauge(&repository(), &["doctor", "--server", "15"]);
    if said.status != 0 {
        eprintln!("skipped: there is no PostgreSQL 15 here\n{}", said.stdout);
    }
    said.status == 0
}

fn run_on_15(folder: &str) -> Said {
    pgauge(
        &repository(),
        &["run", "--server", "15", "--jobs", "2", folder],
    )
}

fn specs(folder: &Path) -> Vec<PathBuf> {
    let found = glob::glob(&folder.join("specs/*.spec").to_string_lossy()).unwrap();
    let mut specs: Vec<PathBuf> = found.map(Result::unwrap).collect();
    specs.sort();
    specs
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn assert_all_passed(said: &Said, count: usize) {
    let Said { stdout, stderr, .. } = said;
    assert_eq!(said.status, 0, "{stdout}\n{stderr}");
    assert!(stdout.contains(&format!("{count} passed")), "{stdout}");
}

#[test]
fn the_specs_of_postgresql_give_the_outcomes_that_postgresql_expects() {
    let Some(folder) = suite().filter(|_| postgres_15()) else {
        return;
    };
    let count = specs(&folder).len();
    assert!(count >= 29, "only {count} specs");
    let specs = folder.join("specs");
    assert_all_passed(&run_on_15(text(&specs)), count);
}

#[test]
fn the_specs_of_postgresql_give_the_same_outcomes_after_import() {
    let Some(folder) = suite().filter(|_| postgres_15()) else {
        return;
    };
    let scenarios = tempfile::tempdir().unwrap();
    let specs = specs(&folder);
    for spec in &specs {
        let name = spec.file_stem().unwrap().to_string_lossy();
        let scenario = scenarios.path().join(format!("{name}.yaml"));
        let said = pgauge(
            &repository(),
            &["import", "isolation", text(spec), "-o", text(&scenario)],
        );
        assert_eq!(said.status, 0, "{}", said.stderr);
    }
    assert_all_passed(&run_on_15(text(scenarios.path())), specs.len());
}

/// Two sessions, a wait, an error, a notice, and a report that is held back.
const SPEC: &str = r#"# who is first
setup { CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20); }
setup { SELECT count(*) AS filled FROM t; }
teardown { DROP TABLE t; }
session "first one"
setup { BEGIN; }
step a { UPDATE t SET v = v + 1 WHERE id = 1; }
step c { COMMIT; }
session b
step w { UPDATE t SET v = v * 2 WHERE id = 1 RETURNING v; }
step n { DO $$ BEGIN RAISE NOTICE 'seen %', (SELECT v FROM t WHERE id = 1) USING HINT = 'look'; END $$; SELECT v FROM t ORDER BY id; SELECT 1/0; }
step empty { }
step never { SELECT 1; }
permutation a w c n
permutation w(a) a c empty
permutation a c n w
"#;

struct Playground {
    folder: tempfile::TempDir,
}

impl Playground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bank.spec"), SPEC).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the run of the spec writes in isolationtester's form.
    fn trace(&self, spec: &str) -> String {
        let said = pgauge(
            self.path(),
            &[
                "run",
                "--server",
                "embedded",
                spec,
                "--trace",
                "isolation=seen.out",
            ],
        );
        assert!(
            said.stdout.contains("nothing was expected"),
            "{}",
            said.stdout
        );
        fs::read_to_string(self.path().join("seen.out")).unwrap()
    }

    fn judged(&self, spec: &str, expected: &str) -> Said {
        fs::write(self.path().join("told.out"), expected).unwrap();
        pgauge(
            self.path(),
            &[
                "run",
                "--server",
                "embedded",
                spec,
                "--expected",
                "told.out",
            ],
        )
    }
}

const TRACE: &str = "unused step name: never
Parsed test spec with 2 sessions

starting permutation: a w c n
filled
------
     2
(1 row)

step a: UPDATE t SET v = v + 1 WHERE id = 1;
step w: UPDATE t SET v = v * 2 WHERE id = 1 RETURNING v; <waiting ...>
step c: COMMIT;
step w: <... completed>
 v
--
22
(1 row)

b: NOTICE:  seen 22
HINT:  look
step n: DO $$ BEGIN RAISE NOTICE 'seen %', (SELECT v FROM t WHERE id = 1) USING HINT = 'look'; END $$; SELECT v FROM t ORDER BY id; SELECT 1/0;
 v
--
22
20
(2 rows)

ERROR:  division by zero

starting permutation: w a c empty
filled
------
     2
(1 row)

step w: UPDATE t SET v = v * 2 WHERE id = 1 RETURNING v;
 v
--
20
(1 row)

step a: UPDATE t SET v = v + 1 WHERE id = 1;
step c: COMMIT;
step empty: 

starting permutation: a c n w
filled
------
     2
(1 row)

step a: UPDATE t SET v = v + 1 WHERE id = 1;
step c: COMMIT;
b: NOTICE:  seen 11
HINT:  look
step n: DO $$ BEGIN RAISE NOTICE 'seen %', (SELECT v FROM t WHERE id = 1) USING HINT = 'look'; END $$; SELECT v FROM t ORDER BY id; SELECT 1/0;
 v
--
11
20
(2 rows)

ERROR:  division by zero
step w: UPDATE t SET v = v * 2 WHERE id = 1 RETURNING v;
 v
--
22
(1 row)

";

#[test]
fn a_run_is_told_in_the_tester_s_form_and_the_form_judges_it_also_after_import() {
    let here = Playground::new();
    assert_eq!(here.trace("bank.spec"), TRACE);
    assert_all_passed(&here.judged("bank.spec", TRACE), 1);
    let said = pgauge(
        here.path(),
        &["import", "isolation", "bank.spec", "-o", "bank.yaml"],
    );
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(
        said.stderr
            .contains("no permutation launches the step \"never\"")
    );
    assert_all_passed(&here.judged("bank.yaml", TRACE), 1);
    let elsewhere = here.trace("bank.yaml");
    assert_eq!(elsewhere, TRACE);
}

#[test]
fn an_outcome_that_differs_in_anything_does_not_pass() {
    let here = Playground::new();
    let swapped = "step c: COMMIT;\nstep w: <... completed>\n v\n--\n22\n(1 row)\n\n";
    let in_order = "step w: <... completed>\n v\n--\n22\n(1 row)\n\nstep c: COMMIT;\n";
    for (what, from, to, told) in [
        (
            "a changed cell",
            "20\n(2 rows)",
            "21\n(2 rows)",
            "expected \"21\", found \"20\"",
        ),
        (
            "a swapped completion",
            swapped,
            in_order,
            "expected the end of the waiting step \"w\", found step \"c\" done",
        ),
        (
            "a dropped wait",
            " <waiting ...>",
            "",
            "expected step \"w\" done at once, found step \"w\" waiting",
        ),
        (
            "another error",
            "ERROR:  division by zero",
            "ERROR:  division by nought",
            "expected ERROR \"division by nought\"",
        ),
        (
            "a lost notice",
            "b: NOTICE:  seen 22\nHINT:  look\n",
            "",
            "found NOTICE",
        ),
        ("another setup", "     2\n", "     3\n", "found \"2\""),
    ] {
        let changed = TRACE.replacen(from, to, 1);
        assert_ne!(changed, TRACE, "{what}");
        let said = here.judged("bank.spec", &changed);
        assert_eq!(said.status, 1, "{what} passed\n{}", said.stdout);
        assert!(
            said.stdout.contains("failed[isolation-outcome]: order 1"),
            "{what}: {}",
            said.stdout
        );
        assert!(said.stdout.contains(told), "{what}: {}", said.stdout);
    }
    let fewer = &TRACE[..TRACE.find("\nstarting permutation: a c n w").unwrap()];
    let said = here.judged("bank.spec", fewer);
    assert_eq!(said.status, 1, "a missing order passed\n{}", said.stdout);
}

#[test]
fn an_alternative_beside_the_expected_file_counts_and_a_folder_has_one_for_each_scenario() {
    let here = Playground::new();
    fs::create_dir(here.path().join("expected")).unwrap();
    let other = TRACE.replacen("22", "23", 1);
    fs::write(here.path().join("expected/bank.out"), &other).unwrap();
    let run = || {
        pgauge(
            here.path(),
            &[
                "run",
                "--server",
                "embedded",
                "bank.spec",
                "--expected",
                "expected",
            ],
        )
    };
    assert_eq!(run().status, 1);
    fs::write(here.path().join("expected/bank_3.out"), TRACE).unwrap();
    assert_all_passed(&run(), 1);
}

#[test]
fn a_setup_that_fails_ends_the_spec_and_a_step_that_never_ends_is_cancelled_and_given_up() {
    let here = tempfile::tempdir().unwrap();
    let spec = |name: &str, text: &str| fs::write(here.path().join(name), text).unwrap();
    spec(
        "broken.spec",
        "setup { CREATE TABLE t (a int); }\nsetup { SELEC 1; }\nsession s\nstep a { SELECT 1; }\n",
    );
    spec(
        "stuck.spec",
        "setup { CREATE TABLE t (a int); INSERT INTO t VALUES (1); }\nteardown { DROP TABLE t; }\n\
         session s1\nsetup { BEGIN; }\nstep a { UPDATE t SET a = 2; }\nstep c { COMMIT; }\n\
         session s2\nstep w { UPDATE t SET a = 3; }\nstep x { SELECT 1; }\n\
         permutation a w x c\n",
    );
    spec(
        "circle.spec",
        "session s1\nstep a { SELECT 1; }\nsession s2\nstep b { SELECT 2; }\n\
         permutation a(*,b) b(a)\n",
    );
    let said = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pgauge"));
        command
            .args([
                "run",
                "--server",
                "embedded",
                "--trace",
                "isolation=seen.out",
                name,
            ])
            .env("PGISOLATIONTIMEOUT", "1")
            .current_dir(here.path());
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let seen = fs::read_to_string(here.path().join("seen.out")).unwrap();
        (output.status.code(), stdout, seen)
    };
    let (status, stdout, seen) = said("broken.spec");
    assert_eq!(status, Some(4), "{stdout}");
    assert!(stdout.contains("broken.spec:2:"), "{stdout}");
    assert!(
        seen.ends_with("setup failed: ERROR:  syntax error at or near \"SELEC\"\n"),
        "{seen}"
    );
    let (_, stdout, seen) = said("stuck.spec");
    let told = "step w: UPDATE t SET a = 3; <waiting ...>\n\
        isolationtester: canceling step w after 1 seconds\n\
        step w: <... completed>\n\
        ERROR:  canceling statement due to user request\n\
        step x: SELECT 1;\n";
    assert!(seen.contains(told), "{seen}\n{stdout}");
    let (status, stdout, seen) = said("circle.spec");
    assert_eq!(status, Some(4), "{stdout}");
    assert!(
        seen.ends_with("failed to complete permutation due to mutually-blocking steps\n"),
        "{seen}\n{stdout}"
    );
}

/// What an extension's suite expects: its extension, and a server that decodes changes.
const DECODING: &str = "session s1\nstep level { SELECT current_setting('wal_level'); }\n\
    step slots { SELECT count(*) FROM pg_proc WHERE proname = 'pg_drop_replication_slot' OR \
    proname = 'pg_create_logical_replication_slot'; }\npermutation level slots\n";

#[test]
fn a_spec_that_decodes_changes_gets_a_server_that_can_and_a_suite_its_extension() {
    let here = Playground::new();
    fs::write(here.path().join("decoding.spec"), DECODING).unwrap();
    let seen = here.trace("decoding.spec");
    assert!(seen.contains("\nlogical "), "{seen}");
    let import = [
        "import",
        "isolation",
        "decoding.spec",
        "-o",
        "decoding.yaml",
    ];
    assert_eq!(pgauge(here.path(), &import).status, 0);
    assert_eq!(here.trace("decoding.yaml"), seen);
    let run = [
        "run",
        "--server",
        "embedded",
        "--load-extension",
        "no_such_extension",
        "bank.spec",
    ];
    let said = pgauge(here.path(), &run);
    assert_eq!(said.status, 4, "{}", said.stdout);
    assert!(said.stdout.contains("no_such_extension"), "{}", said.stdout);
}

/// A spec with a foreign table whose server is only told which database it is.
const FOREIGN: &str = "setup { CREATE TABLE t (v int); INSERT INTO t VALUES (10); }\n\
    setup { DO $d$ BEGIN EXECUTE format('CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L)', \
    current_database()); END $d$; CREATE USER MAPPING FOR PUBLIC SERVER here; \
    CREATE FOREIGN TABLE f (v int) SERVER here OPTIONS (table_name 't'); }\n\
    teardown { DROP SERVER here CASCADE; DROP TABLE t; }\n\
    session s1\nsetup { BEGIN; }\nstep u { UPDATE t SET v = v + 1; }\nstep c { COMMIT; }\n\
    session s2\nstep r { SELECT v AS seen FROM f; }\npermutation u r c r\n";

#[test]
fn a_spec_reaches_its_own_server_through_a_foreign_table() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("foreign.spec"), FOREIGN).unwrap();
    let run = [
        "run",
        "--server",
        "embedded",
        "--load-extension",
        "postgres_fdw",
        "--trace",
        "isolation=seen.out",
        "foreign.spec",
    ];
    let said = pgauge(here.path(), &run);
    if said.stdout.contains("does not have the extension") {
        return eprintln!("skipped: there is no postgres_fdw here");
    }
    let seen = fs::read_to_string(here.path().join("seen.out")).unwrap();
    let cells: Vec<&str> = seen.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(cells, ["  10", "  11"], "{seen}\n{}", said.stdout);
}

#[test]
fn specs_with_the_same_replication_slot_run_one_after_the_other() {
    let here = tempfile::tempdir().unwrap();
    let spec = "setup { SELECT pg_create_logical_replication_slot('same', 'pgoutput') IS NULL AS made; }\n\
        teardown { SELECT pg_drop_replication_slot('same'); }\n\
        session s1\nstep look { SELECT count(*) FROM pg_replication_slots; }\npermutation look\n";
    let expected = "Parsed test spec with 1 sessions\n\nstarting permutation: look\nmade\n----\nf   \n(1 row)\n\n\
        step look: SELECT count(*) FROM pg_replication_slots;\ncount\n-----\n    1\n(1 row)\n\npg_drop_replication_slot\n------------------------\n\
        \n(1 row)\n\n";
    for name in ["a", "b", "c", "d"] {
        fs::write(here.path().join(format!("{name}.spec")), spec).unwrap();
        fs::write(here.path().join(format!("{name}.out")), expected).unwrap();
    }
    let said = pgauge(
        here.path(),
        &["run", "--server", "embedded", "--jobs", "4", "."],
    );
    assert_all_passed(&said, 4);
}

#[test]
fn a_suite_s_settings_of_the_server_come_from_a_file_and_only_to_a_server_of_our_own() {
    let here = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(here.path().join(name), text).unwrap();
    write(
        "settings.spec",
        "session s1\nstep a { SELECT current_setting('max_wal_senders') AS senders, current_setting('work_mem') AS memory; }\n",
    );
    write(
        "suite.conf",
        "# as pg_isolation_regress takes them\nmax_wal_senders = 7\nwork_mem '5MB'\n",
    );
    let run = |server: &str, file: &str| {
        pgauge(
            here.path(),
            &[
                "run",
                "--server",
                server,
                "--temp-config",
                file,
                "--trace",
                "isolation=seen.out",
                "settings.spec",
            ],
        )
    };
    let said = run("embedded", "suite.conf");
    let seen = fs::read_to_string(here.path().join("seen.out")).unwrap();
    assert!(
        seen.contains("      7|5MB"),
        "{seen}\n{}{}",
        said.stdout,
        said.stderr
    );
    write(
        "wrong.conf",
        "max_wal_senders = 7\nport = 5433\nwork_mem =\n",
    );
    let said = run("embedded", "wrong.conf");
    assert_eq!(said.status, 3, "{}", said.stderr);
    for told in [
        "error[temp-config]: the setting \"port\" belongs to pgauge",
        "wrong.conf:2:1",
        "\"work_mem\" is given no value",
    ] {
        assert!(said.stderr.contains(told), "{}", said.stderr);
    }
    write("unknown.conf", "max_wall_senders = 7\n");
    let said = run("embedded", "unknown.conf");
    assert_eq!(said.status, 4, "{}", said.stdout);
    assert!(
        said.stdout
            .contains("unrecognized configuration parameter \"max_wall_senders\""),
        "{}",
        said.stdout
    );
    let said = run("postgres://qa@127.0.0.1:1/db", "suite.conf");
    assert_eq!(said.status, 2, "{}", said.stderr);
    assert!(
        said.stderr
            .contains("--temp-config is for the server that pgauge starts"),
        "{}",
        said.stderr
    );
}

#[test]
fn planned_orders_are_shown_in_columns_with_what_holds_back_the_end_of_a_step() {
    let here = Playground::new();
    let said = pgauge(here.path(), &["show", "bank.spec"]);
    let orders = "  orders
    p1
        | first_one | b
      1 | a         |
      2 |           | w
      3 | c         |
      4 |           | n
    p2
        | first_one | b
      1 |           | w … held back until first_one.a is over
      2 | a         |
      3 | c         |
      4 |           | empty
    p3
        | first_one | b
      1 | a         |
      2 | c         |
      3 |           | n
      4 |           | w
  teardown
";
    assert!(said.stdout.contains(orders), "{}", said.stdout);
}
