use super::*;
use crate::{
    measure::{
        Trace, measure_trace,
        testing::plans::{captured, scan, snapshot},
        testing::*,
    },
    record::{Blocker, CapturedPlan, CaseId, PlanOutcome, SentBy, StepEnd},
    schedule::Case,
    spec::scenario::{BaselineFact, BaselineOptions},
};
use std::collections::BTreeSet;
use std::path::Path;

const ORDERED: &str = "
name: Ordered
clients:
  alice: { steps: [begin, { step: put, sql: INSERT INTO a VALUES (1) }, commit] }
  bob: { steps: [{ step: put, sql: INSERT INTO a VALUES (1) }] }
order:
  - alice.begin
  - alice.put
  - bob.put: { waits_for: alice, then: { error: unique_violation } }
  - alice.commit
";

fn facts(case: &Case, log: &LogBuilder) -> Facts {
    let trace = Trace::read(case, &log.log);
    let measured = measure_trace(case, &log.log, &trace);
    Facts::of(case, &log.log, &trace, &measured)
}

fn ordered() -> Facts {
    let case = case(ORDERED);
    let mut log = LogBuilder::of(&case);
    log.step("alice.begin", Some(0), "BEGIN", tag("BEGIN", 0));
    log.step(
        "alice.put",
        Some(1),
        "INSERT INTO a VALUES (1)",
        tag("INSERT", 1),
    );
    let mut bob = log.launch("bob.put", Some(2));
    log.send(
        "bob",
        &mut bob,
        "INSERT INTO a VALUES (1)",
        &[],
        SentBy::Step,
    );
    log.waiting("bob", &bob, &[("alice", 1)]);
    log.step("alice.commit", Some(3), "COMMIT", tag("COMMIT", 0));
    log.goes_on("bob", &bob, 3_000);
    log.reply("bob", &bob, error("23505", "duplicate key"));
    let end = StepEnd::Error {
        code: "23505".to_owned(),
    };
    log.complete("bob.put", &bob, end);
    // A retry after the order may meet anybody.
    log.attempt = 2;
    log.step(
        "bob.put",
        None,
        "INSERT INTO a VALUES (1)",
        tag("INSERT", 0),
    );
    facts(&case, &log)
}

fn here() -> Environment {
    Environment {
        postgres: 16,
        server: ServerKind::Embedded,
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cpus: 2,
        cpu: None,
    }
}

fn measured(facts: Facts, timings: Timings) -> MeasuredCase<'static> {
    MeasuredCase {
        key: "only".to_owned(),
        facts,
        timings,
        options: None,
    }
}

fn only() -> BTreeSet<String> {
    BTreeSet::from(["only".to_owned()])
}

fn timing(p50: &str, p99: Option<&str>) -> Timing {
    Timing {
        p50: p50.parse().unwrap(),
        p95: None,
        p99: p99.map(|span| span.parse().unwrap()),
        per_second: None,
    }
}

#[test]
fn the_file_of_an_ordered_case_is_sorted_and_without_times() {
    let text = update(
        None,
        "Ordered",
        &[measured(ordered(), Timings::new())],
        &only(),
        &here(),
    );
    insta::assert_snapshot!(text.unwrap(), @r#"
    {
      "format": 1,
      "scenario": "Ordered",
      "cases": {
        "only": {
          "statements": {
            "alice": 1,

            "bob": 1
          },
          "rows": {
            "alice.put": 1
          },
          "errors": {
            "bob.put": {
              "unique_violation": 1
            }
          },
          "waits": {
            "bob.put": [
              "alice"
            ]
          }
        }
      }
    }
    "#);
}

#[test]
fn clients_that_run_freely_are_remembered_only_where_they_cannot_differ() {
    let yaml = "
name: Free
clients:
  straight: { count: 2, steps: [{ step: read, sql: SELECT 1 }] }
  looping: { steps: [{ step: list, sql: SELECT 1 }, { step: each, for_each: list, sql: SELECT 2 }] }
";
    let case = case(yaml);
    let mut log = LogBuilder::of(&case);
    for client in ["straight[1]", "straight[2]"] {
        let mut run = log.launch(&format!("{client}.read"), None);
        log.send(client, &mut run, "SELECT 1", &[], SentBy::Step);
        log.waiting(client, &run, &[("looping", 9)]);
        log.reply(client, &run, ids([1]));
        log.complete(&format!("{client}.read"), &run, StepEnd::Done);
    }
    log.step("looping.list", None, "SELECT 1", ids([1, 2]));
    let facts = facts(&case, &log);
    let statements: Vec<_> = facts.statements.into_iter().collect();
    assert_eq!(statements, [("straight".to_owned(), Span::Always(1))]);
    assert!(facts.rows.is_empty() && facts.errors.is_empty() && facts.waits.is_empty());
}

#[test]
fn a_session_alone_is_remembered_whole() {
    let yaml = "
name: Alone
clients: { page: { iterations: 2, steps: [{ step: list, sql: SELECT 1, when: iteration > 0 }] } }
baseline: { ignore: [errors] }
";
    let case = case(yaml);
    let mut log = LogBuilder::of(&case);
    log.step("page.list", None, "SELECT 1", ids([1, 2]));
    log.iteration = 2;
    log.step("page.list", None, "SELECT 1", ids([1, 2, 3]));
    log.step(
        "page.list",
        None,
        "SELECT 1",
        error("22012", "division by zero"),
    );
    let facts = facts(&case, &log);
    assert_eq!(facts.rows["page.list"], Span::Between([2, 3]));
    assert_eq!(facts.statements["page"], Span::Between([1, 2]));
    assert!(facts.errors.is_empty());
}

#[test]
fn what_changed_is_told_fact_by_fact() {
    let before = ordered();
    let mut now = before.clone();
    now.statements.insert("alice".to_owned(), Span::Always(5));
    now.rows.remove("alice.put");
    now.errors.clear();
    now.waits.clear();
    let changes = compare(&before, &now, None);
    let told: Vec<String> = changes
        .iter()
        .map(|c| {
            format!(
                "{:?} {}: {:?} {:?} {:?}",
                c.fact, c.of, c.before, c.now, c.way
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    Statements alice: Some("1") Some("5") Worse
    Rows alice.put: Some("1") None Other
    Errors bob.put: unique_violation: Some("1") None Better
    Waits bob.put: Some("alice") None Better
    "#);
    assert_eq!(compare(&before, &before, None), []);
}

#[test]
fn what_is_tolerated_or_ignored_is_no_change() {
    let before = ordered();
    let mut now = before.clone();
    now.rows.insert("alice.put".to_owned(), Span::Always(2));
    now.waits.clear();
    let options = BaselineOptions {
        ignore: vec![BaselineFact::Waits],
        tolerance: [(BaselineFact::Rows, "100%".parse().unwrap())]
            .into_iter()
            .collect(),
    };
    assert_eq!(compare(&before, &now, Some(&options)), []);
    assert_eq!(compare(&before, &now, None).len(), 2);
}

#[test]
fn a_file_stays_as_it_is_byte_by_byte_until_something_moves() {
    let timings = |p50: &str| Timings::from([("page".to_owned(), timing(p50, Some("40ms")))]);
    let write = |old: Option<&str>, p50: &str| {
        update(
            old,
            "Ordered",
            &[measured(ordered(), timings(p50))],
            &only(),
            &here(),
        )
        .unwrap()
    };
    let first = write(None, "10ms");
    let by_hand = first.replace("  ", " ");
    assert_eq!(write(Some(&by_hand), "14ms"), by_hand);
    let moved = write(Some(&by_hand), "40ms");
    assert!(moved.contains("\"p50\": \"40ms\"") && moved.contains("\"p99\": \"40ms\""));
}

#[test]
fn times_of_other_environments_and_cases_that_were_not_run_are_kept() {
    let timings = Timings::from([("page".to_owned(), timing("1ms", None))]);
    let elsewhere = Environment { cpus: 64, ..here() };
    let first = update(
        None,
        "Ordered",
        &[measured(ordered(), timings.clone())],
        &only(),
        &elsewhere,
    );
    let mut case = measured(ordered(), timings);
    case.key = "other".to_owned();
    let known: BTreeSet<String> = ["only", "other"].map(str::to_owned).into();
    let second = update(Some(&first.unwrap()), "Ordered", &[case], &known, &here()).unwrap();
    let baseline = Baseline::read(&second).unwrap();
    assert_eq!(baseline.cases.len(), 2);
    let cpus: Vec<u32> = baseline
        .timings
        .iter()
        .map(|t| t.environment.cpus)
        .collect();
    assert_eq!(cpus, [2, 64]);
    let gone: BTreeSet<String> = ["other".to_owned()].into();
    let third = update(Some(&second), "Ordered", &[], &gone, &here()).unwrap();
    let baseline = Baseline::read(&third).unwrap();
    assert_eq!((baseline.cases.len(), baseline.timings.len()), (1, 1));
}

#[test]
fn a_file_of_a_newer_pgauge_is_refused_with_what_to_do() {
    let newer = Baseline::read(r#"{ "format": 7, "scenario": "a", "surprise": 1 }"#).unwrap_err();
    insta::assert_snapshot!(format!("{newer}\n{}", newer.hint()), @r#"
    the baseline was written by a newer pgauge: its form is 7, this one reads forms up to 1
    update pgauge; or delete the file and write it anew with --update-baselines
    "#);
    let typo =
        Baseline::read("{ \"format\": 1, \"scenario\": \"a\",\n \"case\": {} }").unwrap_err();
    insta::assert_snapshot!(format!("{typo}\n{typo:?}"), @r#"
    the baseline cannot be read: unknown field `case`, expected one of `format`, `scenario`, `cases`, `timings`
    Malformed { message: "unknown field `case`, expected one of `format`, `scenario`, `cases`, `timings`", line: 2, column: 7 }
    "#);
}

#[test]
fn what_is_written_reads_back_and_fits_its_schema() {
    let timings = Timings::from([("page".to_owned(), timing("1.2ms", Some("40ms")))]);
    let text = update(
        None,
        "Ordered",
        &[measured(ordered(), timings)],
        &only(),
        &here(),
    )
    .unwrap();
    assert_eq!(Baseline::read(&text).unwrap().to_text(), text);
    let schema = serde_json::to_value(schema()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::is_valid(&schema, &document));
    assert!(!jsonschema::is_valid(
        &schema,
        &serde_json::json!({ "format": 2, "scenario": "a" })
    ));
}

#[test]
fn a_case_is_known_by_variant_and_order() {
    let id = |variant: Option<&str>, order: Option<&str>| CaseId {
        file: "a.yaml".to_owned(),
        scenario: "a".to_owned(),
        variant: variant.map(str::to_owned),
        order: order.map(str::to_owned),
    };
    let keys = [
        (None, None),
        (Some("v"), None),
        (None, Some("o")),
        (Some("v"), Some("o")),
    ];
    assert_eq!(keys.map(|(v, o)| key(&id(v, o))), ["only", "v", "o", "v/o"]);
    let path = path_beside(Path::new("scenarios/transfers.yaml"));
    assert_eq!(path, Path::new("scenarios/transfers.baseline.json"));
}

#[test]
fn sessions_outside_the_case_are_not_remembered() {
    let blocker = Blocker {
        client: None,
        pid: 4711,
    };
    let case = case(ORDERED);
    let mut log = LogBuilder::of(&case);
    let bob = log.launch("bob.put", Some(2));
    log.note(crate::record::EventKind::Waiting {
        run: bob.run,
        client: id("bob"),
        blockers: vec![blocker],
        lock: None,
        seen_by: crate::record::Witness::Look,
    });
    assert!(facts(&case, &log).waits.is_empty());
}

const WATCHED: &str = "
name: Watched
queries: { count: { sql: SELECT count(*) FROM orders } }
";

/// The facts of a case whose query came to this.
fn watched(plan: CapturedPlan) -> Facts {
    let case = case(WATCHED);
    let mut log = LogBuilder::of(&case);
    log.log.plans.push(snapshot(Vec::new(), vec![plan]));
    facts(&case, &log)
}

fn scanned() -> CapturedPlan {
    captured("count", scan("Seq Scan", "orders", None, 100.0, 7))
}

fn unsteady() -> CapturedPlan {
    let mut captured = scanned();
    if let PlanOutcome::Measured(plan) = &mut captured.outcome {
        plan.steady = false;
    }
    captured
}

fn without_a_plan() -> CapturedPlan {
    CapturedPlan {
        outcome: PlanOutcome::NoPlan,
        ..scanned()
    }
}

fn remember(old: Option<&str>, facts: Facts) -> String {
    let case = measured(facts, Timings::new());
    update(old, "Watched", &[case], &only(), &here()).unwrap()
}

#[test]
fn a_plan_is_missed_even_where_no_query_has_one_any_more() {
    let (before, now) = (watched(scanned()), watched(without_a_plan()));
    let changes = compare(&before, &now, None);
    let told: Vec<_> = changes.iter().map(|c| (c.fact, c.now.as_ref())).collect();
    assert_eq!(told, [(BaselineFact::Plan, None)]);
    assert!(now.is_empty() && !before.is_empty());
    // Nothing of it is left, and a version without a plan is not written.
    let first = remember(None, before);
    assert!(first.contains("\"15\""), "{first}");
    for text in [remember(Some(&first), now.clone()), remember(None, now)] {
        assert!(!text.contains("plans"), "{text}");
    }
}

#[test]
fn what_was_not_known_of_a_plan_is_remembered_once_it_is() {
    let plan = |text: &str| {
        let baseline = Baseline::read(text).unwrap();
        baseline.cases["only"].plans[&15]["count"].clone()
    };
    let first = remember(None, watched(unsteady()));
    assert_eq!(
        (plan(&first).buffers, plan(&first).nodes[0].rows),
        (None, None)
    );
    let second = remember(Some(&first), watched(scanned()));
    let known = plan(&second);
    assert_eq!((known.buffers, known.nodes[0].rows), (Some(7), Some(100)));
    assert_eq!(remember(Some(&second), watched(unsteady())), second);
}
