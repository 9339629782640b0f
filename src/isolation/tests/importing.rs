//! A spec as a scenario says the same, and says it to a person.

use super::fixtures::{BANK_SPEC, spec, suite, suite_specs};
use crate::{
    isolation::{
        Spec,
        spec::{Launch, Marker, StepId},
        to_yaml,
    },
    source::SourceFile,
    spec::tree,
};
use serde_json::Value;

/// The YAML as the loader's own reader sees it.
fn read(yaml: &str) -> Value {
    let file = SourceFile::new("t.yaml", yaml);
    let document = tree::read(&file).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    document.value
}

fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|text| text.as_str().unwrap()).collect()
}

/// SQL without its blanks outside of literals would be the same; without all blanks is good enough here.
fn squeezed(sql: &str) -> String {
    sql.split_whitespace().collect()
}

fn assert_same_sql(yaml: &str, spec: &str) {
    assert_eq!(squeezed(yaml), squeezed(spec));
}

/// The YAML says what the spec says; the names must be those of the spec.
fn assert_says_the_same(spec: &Spec, yaml: &str) {
    let value = read(yaml);
    let setups = texts(&value["setup"]);
    assert_eq!(setups.len(), spec.setups.len());
    for (yaml, sql) in setups.iter().zip(&spec.setups) {
        assert_same_sql(yaml, &sql.text);
    }
    assert_eq!(texts(&value["teardown"]).len(), spec.teardown.iter().len());
    let clients = value["clients"].as_object().unwrap();
    assert_eq!(clients.len(), spec.sessions.len());
    for (session, (name, client)) in spec.sessions.iter().zip(clients) {
        assert_eq!(&session.name.text, name);
        assert_eq!(texts(&client["setup"]).len(), session.setup.iter().len());
        assert_eq!(
            texts(&client["teardown"]).len(),
            session.teardown.iter().len()
        );
        let steps = client["steps"].as_array().unwrap();
        assert_eq!(steps.len(), session.steps.len());
        for (step, yaml) in session.steps.iter().zip(steps) {
            assert_eq!(yaml["step"], Value::from(step.name.text.as_str()));
            assert_same_sql(yaml["sql"].as_str().unwrap(), &step.sql.text);
        }
    }
    if spec.permutations.is_empty() {
        assert_eq!(value["orders"], Value::from("all"));
        return;
    }
    let orders = value["orders"].as_object().unwrap();
    assert_eq!(orders.len(), spec.permutations.len());
    for (permutation, order) in spec.permutations.iter().zip(orders.values()) {
        let launches = order["order"].as_array().unwrap();
        let read: Vec<Launch> = launches
            .iter()
            .map(|launch| read_launch(spec, launch))
            .collect();
        assert_eq!(read, permutation.launches);
    }
}

fn read_launch(spec: &Spec, value: &Value) -> Launch {
    let Some(map) = value.as_object() else {
        let step = id(spec, value);
        return Launch {
            step,
            markers: Vec::new(),
        };
    };
    let (step, options) = map.iter().next().unwrap();
    let mut markers = Vec::new();
    for (key, option) in options.as_object().unwrap() {
        let many = option
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![option.clone()]);
        markers.extend(many.iter().map(|option| match key.as_str() {
            "marked" => Marker::Once,
            "after" => Marker::After(id(spec, option)),
            _ => Marker::AfterNotices {
                step: id(spec, &option["of"]),
                count: option["count"].as_u64().unwrap().try_into().unwrap(),
            },
        }));
    }
    Launch {
        step: id(spec, &Value::from(step.as_str())),
        markers,
    }
}

fn id(spec: &Spec, full: &Value) -> StepId {
    let (client, step) = full.as_str().unwrap().split_once('.').unwrap();
    let id = spec.find(step).unwrap();
    assert_eq!(spec.sessions[id.session].name.text, client);
    id
}

#[test]
fn the_scenario_of_a_spec_reads_as_a_person_would_write_it() {
    let yaml = to_yaml(&spec(BANK_SPEC), Some("../expected/t.out"));
    read(&yaml);
    assert_eq!(
        yaml,
        r#"name: t
description: |
  A bank
database: { preset: isolationtester }
orders_share: sessions

setup:
  - CREATE TABLE account (id int, balance int);
  - |
    INSERT INTO account VALUES (1, 100);
    SELECT 'ready' AS state;

teardown:
  - DROP TABLE account;

clients:
  alice:
    on_error: continue
    setup:
      - BEGIN;
    steps:
      - step: debit
        sql: UPDATE account SET balance = balance - 10;
      - step: commit  # ends her transaction
        sql: COMMIT;
    teardown:
      - SELECT 1 AS bye;

  bob_b:
    printed_as: bob b
    on_error: continue
    steps:
      - step: "his credit"
        sql: |
          UPDATE account SET balance = balance + 10
          RETURNING id, balance;
      - step: nothing
        sql: ''
      - step: talk
        sql: NOTIFY c, 'x';

orders:
  # he waits for her
  p1:
    order:
      - alice.debit
      - "bob_b.his credit": { after: alice.commit, after_notices: { of: alice.debit, count: 2 } }
      - bob_b.nothing: { marked: waiting }
      - alice.commit
      - bob_b.talk

  p2:
    order:
      - alice.debit  # alone
      - alice.commit
      - bob_b.nothing

expect:
  - outcome: { like: ../expected/t.out }
"#
    );
}

#[test]
fn names_that_clash_or_cannot_be_are_changed() {
    let yaml = to_yaml(
        &spec(
            "session \"a b\" step \"x.y\" {} step \"x_y\" {} session a_b step \"\" {} session \"1\" step c {}",
        ),
        None,
    );
    let value = read(&yaml);
    let clients: Vec<&String> = value["clients"].as_object().unwrap().keys().collect();
    assert_eq!(clients, ["a_b", "a_b_2", "_1"]);
    assert_eq!(value["clients"]["a_b"]["steps"][1]["step"], "x_y_2");
    assert_eq!(value["clients"]["a_b_2"]["steps"][0]["step"], "unnamed");
}

#[test]
fn every_spec_of_the_suite_says_the_same_as_a_scenario_and_keeps_its_comments() {
    let Some(folder) = suite() else { return };
    for (name, spec, _) in suite_specs(&folder) {
        let yaml = to_yaml(&spec, None);
        assert_says_the_same(&spec, &yaml);
        let said = squeezed(&yaml.replace('#', ""));
        for comment in &spec.comments {
            let text = squeezed(&comment.text.replace('#', ""));
            assert!(said.contains(&text), "{name}: {}", comment.text);
        }
        if let Some(into) = std::env::var_os("PGAUGE_SHOW_YAML") {
            std::fs::write(
                std::path::Path::new(&into).join(format!("{name}.yaml")),
                yaml,
            )
            .unwrap();
        }
    }
}
