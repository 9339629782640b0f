use super::*;
use crate::schedule::{ArgumentPlan, CommonGood, SeedAction, Share, StatementForm, StepWork};
use crate::source::SourceFile;
use crate::spec::{load, load_unchecked};

const TRANSFERS: &str = r#"
name: Transfers
random_seed: 7
tags: [deadlock, bank]
seed:
  - sql: CREATE TABLE accounts (id int, balance numeric)
clients:
  alice:
    isolation: repeatable read
    steps:
      - begin
      - step: read
        sql: SELECT balance FROM accounts WHERE id = :id
        with: { id: 1 }
        save: { before: balance }
      - step: debit
        sql: |
          UPDATE accounts
          SET balance = :before - 10
          WHERE id = 1
        after: assert(rows.len == 0, "no")
      - commit
      - begin
      - sql: SELECT 1; SELECT 2
      - commit
  worker:
    count: 2
    steps:
      - { step: take, sql: SELECT 1, for_each: rest, with: { x: { ref: rest.id } } }
orders:
  first:
    order: [alice.begin, "worker[2].take", alice.read]
    expect:
      - { step: alice.read, rows: [[100]] }
  second:
    order:
      - alice.begin
      - "worker[1].take": { waits_for: alice, then: { error: deadlock_detected } }
expect:
  - { sql: "SELECT sum(balance) FROM accounts WHERE id = :id", with: { id: 3 }, value: 2000 }
queries:
  all: { sql: SELECT 1, budget: 2ms }
"#;

fn planned(text: &str) -> Plan {
    let file = load_unchecked(SourceFile::new("a.yaml", text)).unwrap();
    plan(&[Arc::new(file)], &PlanOptions::default()).unwrap()
}

fn statement(case: &Case, client: usize, step: usize) -> &crate::schedule::StatementPlan {
    match &case.clients[client].steps[step].work {
        StepWork::Statement(statement) => statement,
        StepWork::Control(control) => panic!("{control:?}"),
    }
}

#[test]
fn every_named_order_is_a_case_with_its_own_expectations() {
    let plan = planned(TRANSFERS);
    let titles: Vec<String> = plan.cases.iter().map(|case| case.id.to_string()).collect();
    assert_eq!(titles, ["Transfers [first]", "Transfers [second]"]);
    let paths =
        |case: &Case| -> Vec<String> { case.expect.iter().map(|(path, _)| path.clone()).collect() };
    assert_eq!(
        paths(&plan.cases[0]),
        ["/expect/0", "/orders/first/expect/0"]
    );
    assert_eq!(paths(&plan.cases[1]), ["/expect/0"]);
    let probe = &plan.cases[0].probes[0];
    assert_eq!(
        (probe.sql.as_str(), probe.params.len(), probe.path.as_str()),
        (
            "SELECT sum(balance) FROM accounts WHERE id = $1",
            1,
            "/expect/0"
        )
    );
}

#[test]
fn steps_are_resolved_with_names_parameters_and_forms() {
    let plan = planned(TRANSFERS);
    let case = &plan.cases[0];
    let clients: Vec<String> = case.clients.iter().map(|c| c.id.to_string()).collect();
    assert_eq!(clients, ["alice", "worker[1]", "worker[2]"]);
    let names: Vec<&str> = case.clients[0]
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "begin", "read", "debit", "commit", "begin_2", "6", "commit_2"
        ]
    );
    let debit = statement(case, 0, 2);
    assert!(debit.sql.contains("$1 - 10"));
    assert!(
        matches!(&debit.arguments[0], (name, ArgumentPlan::Saved(saved)) if name == "before" && saved == "before")
    );
    assert_eq!(debit.form, StatementForm::Single);
    assert_eq!(statement(case, 0, 5).form, StatementForm::Batch);
}

#[test]
fn rows_are_kept_where_somebody_reads_them() {
    let plan = planned(TRANSFERS);
    let read = |case: usize, step| statement(&plan.cases[case], 0, step).rows_are_read;
    assert!(read(0, 1), "the first order expects the rows of alice.read");
    assert!(!read(1, 1), "the second does not");
    assert!(read(0, 2), "its hook reads them");
    assert!(!read(0, 5));
}

#[test]
fn the_order_leads_to_sessions_and_steps() {
    let plan = planned(TRANSFERS);
    let order = plan.cases[0].order.as_ref().unwrap();
    let resolved: Vec<(usize, usize)> = order.iter().map(|l| (l.client, l.step)).collect();
    assert_eq!(resolved, [(0, 0), (2, 0), (0, 1)]);
    let watched = &plan.cases[1].order.as_ref().unwrap()[1];
    assert_eq!(watched.expected_error.as_deref(), Some("40P01"));
    assert_eq!(watched.path, "/orders/second/order/1");
}

#[test]
fn places_lead_into_block_scalars_behind_parameters() {
    let plan = planned(TRANSFERS);
    let file = &plan.cases[0].file;
    let sql = statement(&plan.cases[0], 0, 2).sql.clone();
    let position = u32::try_from(sql.find("WHERE").unwrap() + 1).unwrap();
    let place = file.sql_place(None, "/clients/alice/steps/2", position);
    assert_eq!(
        (place.to_string().as_str(), place.text()),
        ("a.yaml:20:11", "WHERE")
    );
}

#[test]
fn cases_share_a_database_exactly_when_all_that_makes_it_is_the_same() {
    let fingerprint = |text: &str| planned(text).cases[0].database.fingerprint.clone();
    let plain = "name: a\nseed: [{ sql: CREATE TABLE t () }]\n";
    assert_eq!(
        fingerprint(plain),
        fingerprint("name: b\nrandom_seed: 9\nseed:\n  - sql: CREATE TABLE t ()\n")
    );
    assert_ne!(
        fingerprint(plain),
        fingerprint("name: a\nseed: [{ sql: CREATE TABLE u () }]\n")
    );
    let generated = "seed: [{ table: t, rows: 1k, columns: { id: { sequence: 1 } } }]\n";
    assert_ne!(
        fingerprint(&format!("name: a\nrandom_seed: 1\n{generated}")),
        fingerprint(&format!("name: a\nrandom_seed: 2\n{generated}"))
    );
}

#[test]
fn time_is_measured_where_somebody_bounds_it() {
    let measures = |text: &str| planned(text).cases[0].measures_time;
    assert!(measures(TRANSFERS));
    assert!(!measures(
        "name: a\nclients: { a: { steps: [begin] } }\nexpect: [{ deadlock: none }]\n"
    ));
    assert!(measures(
        "name: a\nexpect:\n  - check: latency(\"a\").p50 < 3\n"
    ));
}

#[test]
fn variants_are_cases_and_their_overlays_are_their_places() {
    let text = "name: a
clients:
  page: { count: 2, steps: [{ step: all, sql: SELECT 1 }] }
variants:
  lazy: {}
  eager: { clients: { page: { count: null, steps: [{ step: all, sql: SELECT 2 }] } } }
";
    let plan = planned(text);
    let [lazy, eager] = plan.cases.as_slice() else {
        panic!("{}", plan.cases.len())
    };
    assert_eq!((lazy.clients.len(), eager.clients.len()), (2, 1));
    assert_eq!(eager.id.to_string(), "a [eager]");
    let place = |variant, pointer| eager.file.place(Some(variant), pointer).to_string();
    assert_eq!(place("lazy", "/clients/page/steps/0/sql"), "a.yaml:3:47");
    assert_eq!(place("eager", "/clients/page/steps/0/sql"), "a.yaml:6:70");
    assert_eq!(place("eager", "/name"), "a.yaml:1:7");
}

#[test]
fn seeds_are_unfolded_relative_to_the_file_that_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let main = write(
        "scenarios/a.yaml",
        "name: a\nseed:\n  - sql: SELECT 1\n  - use: ../seeds/shop.yaml\n",
    );
    write(
        "seeds/shop.yaml",
        "- file: sql/shop.sql\n- { csv: users.csv, table: users }\n",
    );
    write(
        "seeds/sql/shop.sql",
        "CREATE TABLE users ();\nSELECT nothing;\n",
    );
    write("seeds/users.csv", "id\n1\n");
    let plan = plan(&load(&[main]).unwrap(), &PlanOptions::default()).unwrap();
    let case = &plan.cases[0];
    let paths: Vec<&str> = case
        .database
        .seed
        .actions
        .iter()
        .map(SeedAction::path)
        .collect();
    assert_eq!(paths, ["/seed/0", "/seed/1/use/0", "/seed/1/use/1"]);
    let place = |path| case.file.place(None, path).position();
    assert_eq!((place("/seed/1/use/1").line, place("/seed/1").line), (2, 4));
    let error = case.file.sql_place(None, "/seed/1/use/0", 31);
    assert_eq!((error.text(), error.position().line), ("nothing", 2));
}

#[test]
fn a_list_that_uses_itself_is_refused_with_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("a.yaml");
    std::fs::write(&main, "name: a\nseed: [{ use: one.yaml }]\n").unwrap();
    std::fs::write(dir.path().join("one.yaml"), "- use: two.yaml\n").unwrap();
    std::fs::write(dir.path().join("two.yaml"), "- use: ./one.yaml\n").unwrap();
    let problems = load(&[main]).unwrap_err();
    let cycles: Vec<_> = problems
        .0
        .iter()
        .filter(|p| p.code == "seed-cycle")
        .collect();
    assert_eq!(cycles.len(), 1);
    let detail = cycles[0].detail.clone().unwrap();
    let names: Vec<&str> = detail
        .split(" → ")
        .filter_map(|path| path.rsplit('/').next())
        .collect();
    assert_eq!(names, ["one.yaml", "two.yaml", "one.yaml"]);
}

#[test]
fn tags_and_names_select_cases() {
    let file = Arc::new(load_unchecked(SourceFile::new("a.yaml", TRANSFERS)).unwrap());
    let count = |tags: &[&str], names: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let select = Selection {
            tags: owned(tags),
            names: owned(names),
        };
        let options = PlanOptions {
            select,
            ..PlanOptions::default()
        };
        plan(&[Arc::clone(&file)], &options).unwrap().cases.len()
    };
    assert_eq!(count(&["bank"], &[]), 2);
    assert_eq!(count(&["shop"], &[]), 0);
    assert_eq!(count(&[], &["SECOND"]), 1);
    assert_eq!(count(&["bank"], &["third", "transfers"]), 2);
}

#[test]
fn who_looks_at_the_queue_of_notifications_has_it_alone_and_who_listens_shares_it() {
    let goods = |sql: &str| {
        let text =
            format!("name: a\nclients: {{ one: {{ steps: [{{ step: s, sql: {sql} }}] }} }}\n");
        planned(&text).cases[0].common_goods()
    };
    let notifications = |share| vec![(CommonGood::Notifications, share)];
    assert_eq!(goods("LISTEN orders"), notifications(Share::Beside));
    assert_eq!(goods("NOTIFY orders"), notifications(Share::Beside));
    assert_eq!(
        goods("SELECT pg_notification_queue_usage()"),
        notifications(Share::Alone)
    );
    assert_eq!(goods("SELECT 1"), vec![]);
}
