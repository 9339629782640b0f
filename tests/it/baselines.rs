//! Baselines in the hands of version control and of two machines.

use crate::{folder::Playground, program};
use pgauge::baseline::{
    Baseline, Environment, EnvironmentTimings, Facts, ServerKind, Span, Timing,
};
use std::{collections::BTreeMap, fs, path::Path, process::Command};

fn facts() -> Facts {
    let spans = |names: &[&str]| {
        let all = names
            .iter()
            .map(|name| ((*name).to_owned(), Span::Always(1)));
        all.collect::<BTreeMap<String, Span>>()
    };
    let mut facts = Facts {
        statements: spans(&["alice", "bob", "carol"]),
        rows: spans(&["alice.pay", "bob.pay", "carol.pay"]),
        ..Facts::default()
    };
    let conditions = BTreeMap::from([
        ("deadlock_detected".to_owned(), 1),
        ("unique_violation".to_owned(), 1),
    ]);
    facts.errors.insert("bob.pay".to_owned(), conditions);
    for step in ["bob.pay", "carol.pay"] {
        let alice = ["alice".to_owned()].into();
        facts.waits.insert(step.to_owned(), alice);
    }
    facts
}

fn timing(p50: &str) -> Timing {
    Timing {
        p50: p50.parse().unwrap(),
        p95: Some("20ms".parse().unwrap()),
        p99: None,
        per_second: None,
    }
}

fn environment(cpus: u32) -> Environment {
    Environment {
        postgres: 16,
        server: ServerKind::Embedded,
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cpus,
        cpu: None,
    }
}

fn base() -> Baseline {
    let mut baseline = Baseline::new("Transfers");
    for case in ["careless", "locked", "retried"] {
        baseline.cases.insert(case.to_owned(), facts());
    }
    let timings = ["alice", "bob"].map(|of| (of.to_owned(), timing("10ms")));
    for cpus in [2, 8] {
        baseline.timings.push(EnvironmentTimings {
            environment: environment(cpus),
            cases: BTreeMap::from([("locked".to_owned(), timings.clone().into())]),
        });
    }
    baseline
}

/// What a branch changed.
type Edit = fn(&mut Baseline);

/// The three-way merge of git, or none where there is no git.
fn merged(folder: &Path, ours: Edit, theirs: Edit) -> Option<Result<String, String>> {
    let changed = |edit: Edit| {
        let mut baseline = base();
        edit(&mut baseline);
        baseline.to_text()
    };
    for (name, text) in [
        ("base", base().to_text()),
        ("ours", changed(ours)),
        ("theirs", changed(theirs)),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let mut git = Command::new("git");
    let git = git.args(["merge-file", "-p", "ours", "base", "theirs"]);
    let output = git.current_dir(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    Some(match output.status.success() {
        true => Ok(text),
        false => Err(text),
    })
}

#[test]
fn branches_that_changed_different_things_merge_without_a_conflict() {
    let pairs: [(&str, Edit, Edit); 8] = [
        (
            "statements of two clients",
            |b| set(&mut b.cases, "locked", |f| &mut f.statements, "alice"),
            |b| set(&mut b.cases, "locked", |f| &mut f.statements, "bob"),
        ),
        (
            "rows of two steps",
            |b| set(&mut b.cases, "locked", |f| &mut f.rows, "bob.pay"),
            |b| set(&mut b.cases, "locked", |f| &mut f.rows, "carol.pay"),
        ),
        (
            "two kinds of facts",
            |b| set(&mut b.cases, "locked", |f| &mut f.statements, "carol"),
            |b| set(&mut b.cases, "locked", |f| &mut f.rows, "alice.pay"),
        ),
        (
            "two errors of one step",
            |b| error(b, "deadlock_detected"),
            |b| error(b, "unique_violation"),
        ),
        (
            "two waits",
            |b| wait(b, "bob.pay"),
            |b| wait(b, "carol.pay"),
        ),
        (
            "a new case and a fact of another",
            |b| {
                b.cases.insert("zoned".to_owned(), facts());
            },
            |b| set(&mut b.cases, "retried", |f| &mut f.rows, "carol.pay"),
        ),
        (
            "a case that is gone and a fact of another",
            |b| {
                b.cases.remove("careless");
            },
            |b| set(&mut b.cases, "retried", |f| &mut f.statements, "alice"),
        ),
        ("times of two environments", |b| time(b, 0), |b| time(b, 1)),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (what, ours, theirs) in pairs {
        let Some(merged) = merged(folder.path(), ours, theirs) else {
            eprintln!("skipped: there is no git here");
            return;
        };
        let text = merged.unwrap_or_else(|conflict| panic!("{what}:\n{conflict}"));
        let mut both = base();
        ours(&mut both);
        theirs(&mut both);
        assert_eq!(text, both.to_text(), "{what}");
    }
}

fn set(
    cases: &mut BTreeMap<String, Facts>,
    case: &str,
    kind: fn(&mut Facts) -> &mut BTreeMap<String, Span>,
    of: &str,
) {
    let facts = cases.get_mut(case).unwrap();
    kind(facts).insert(of.to_owned(), Span::Between([3, 7]));
}

fn error(baseline: &mut Baseline, condition: &str) {
    let facts = baseline.cases.get_mut("locked").unwrap();
    let conditions = facts.errors.get_mut("bob.pay").unwrap();
    conditions.insert(condition.to_owned(), 5);
}

fn wait(baseline: &mut Baseline, step: &str) {
    let facts = baseline.cases.get_mut("locked").unwrap();
    let whom = facts.waits.get_mut(step).unwrap();
    whom.insert("dora".to_owned());
}

fn time(baseline: &mut Baseline, environment: usize) {
    let cases = &mut baseline.timings[environment].cases;
    let timings = cases.get_mut("locked").unwrap();
    timings.insert("bob".to_owned(), timing("30ms"));
}

const WATCHED: &str = "
name: Watched
clients:
  alice: { steps: [{ step: look, sql: SELECT 1, row_count: 1 }] }
queries:
  quick: { sql: SELECT 1, repeat: 120, budget: { p50: 60s } }
baseline: { tolerance: { latency: 1000000% } }
";

#[test]
fn two_updates_in_a_row_give_the_same_bytes_and_times_are_compared_where_they_were_taken() {
    let suite = Playground::new();
    suite.add("own", "watched.yaml", WATCHED);
    let file = suite.root().join("scenarios/own/watched.baseline.json");
    let read = || fs::read_to_string(&file).unwrap();
    let update = ["--update-baselines", "scenarios"];
    assert_eq!(program::run(suite.root(), &update).said.status, 0);
    let first = read();
    assert!(first.contains("\"quick\": {"), "{first}");
    assert_eq!(program::run(suite.root(), &update).said.status, 0);
    assert_eq!(read(), first);

    let run = || program::run(suite.root(), &["scenarios", "-v"]);
    let ran = run();
    assert_eq!(ran.said.status, 0);
    let same = "note[compared-times]: times against the baseline: 3 the same";
    assert!(ran.said.stdout.contains(same), "{}", ran.said.stdout);

    // Whatever the machine is busy with, two milliseconds of sleep are longer than a nanosecond.
    let mut baseline = Baseline::read(&first).unwrap();
    let timings = baseline.timings[0].cases.get_mut("only").unwrap();
    timings.get_mut("quick").unwrap().p50 = "1ns".parse().unwrap();
    fs::write(&file, baseline.to_text()).unwrap();
    let scenario = suite.root().join("scenarios/own/watched.yaml");
    let strict = WATCHED.replace("1000000%", "0%");
    fs::write(
        &scenario,
        strict.replace("SELECT 1, repeat", "SELECT pg_sleep(0.002), repeat"),
    )
    .unwrap();
    let ran = run();
    assert_eq!(ran.said.status, 5, "{}", ran.said.stdout);
    assert!(
        ran.said
            .stdout
            .contains("warning[baseline-latency]: p50 of \"quick\" is")
    );
    assert!(ran.junit.contains("<failure type=\"baseline-latency\""));

    let elsewhere = first.replace("\"os\": \"", "\"os\": \"not ");
    fs::write(&file, elsewhere).unwrap();
    let ran = run();
    assert_eq!(ran.said.status, 0);
    let why = "note[incomparable]: the times cannot be compared: those of the baseline were taken elsewhere";
    assert!(ran.said.stdout.contains(why), "{}", ran.said.stdout);
    assert!(ran.said.stdout.contains("remembered: PostgreSQL"));
}

fn plain(name: &str) -> String {
    format!(
        "name: {name}\nclients:\n  alice: {{ steps: [{{ step: look, sql: SELECT 1, row_count: 1 }}] }}\n"
    )
}

#[test]
fn a_baseline_is_that_of_one_scenario() {
    let suite = Playground::new();
    let folder = suite.root().join("scenarios/own");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let run = |more: &[&str]| program::run(suite.root(), &[more, &["scenarios"]].concat()).said;
    suite.add("own", "a.yaml", &plain("First"));
    assert_eq!(run(&["--update-baselines"]).status, 0);

    // Copied, or renamed: it is used, and said so.
    suite.add("own", "b.yaml", &plain("Second"));
    let first = read("a.baseline.json");
    fs::write(folder.join("b.baseline.json"), &first).unwrap();
    let said = run(&[]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let note = "note[other-scenario]: scenarios/own/b.baseline.json remembers the scenario \"First\", and this one is \"Second\"";
    assert_eq!(said.stderr.matches("[other-scenario]").count(), 1);
    assert!(said.stderr.contains(note), "{}", said.stderr);
    assert!(
        said.stdout.contains("; compared with 2 baselines"),
        "{}",
        said.stdout
    );
    assert_eq!(run(&["--update-baselines"]).status, 0);
    assert_eq!(read("b.baseline.json"), first.replace("First", "Second"));
    assert!(!run(&[]).stderr.contains("other-scenario"));

    // Nobody shares what there is not.
    suite.add("own", "b.yml", &plain("Third"));
    let refused = |more: &[&str]| {
        let words = ["run", "--server", "embedded", "scenarios/own"];
        let said = program::pgauge(suite.root(), &[&words[..], more].concat());
        assert_eq!(said.status, 3, "{}{}", said.stdout, said.stderr);
        let why = "error[baseline]: scenarios/own/b.yaml and scenarios/own/b.yml have the same baseline, \
                   scenarios/own/b.baseline.json";
        assert!(said.stderr.contains(why), "{}", said.stderr);
    };
    refused(&[]);
    fs::remove_file(folder.join("b.baseline.json")).unwrap();
    refused(&["--update-baselines"]);
    assert!(!folder.join("b.baseline.json").exists());
    assert_eq!(run(&[]).status, 0);
}
