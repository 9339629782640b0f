//! Tables and parameters as an author writes them.

use super::*;
use crate::record::Value;
use crate::script::Hooks;
use crate::spec::generator::Column;
use crate::spec::generator::Generator;
use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

fn columns(spec: serde_json::Value) -> IndexMap<String, Column> {
    serde_json::from_value(spec).unwrap()
}

fn table_with(
    seeded: &Seeded,
    seed: u64,
    rows: u64,
    spec: serde_json::Value,
) -> Result<TableGenerator, GenerateError> {
    let hooks = Hooks::default();
    let around = Surroundings {
        hooks: &hooks,
        seeded,
    };
    let columns = columns(spec);
    let spec = TableSpec {
        table: "orders",
        rows,
        columns: &columns,
    };
    TableGenerator::new(seed, spec, around)
}

fn table(seed: u64, rows: u64, spec: serde_json::Value) -> Result<TableGenerator, GenerateError> {
    table_with(&Seeded::default(), seed, rows, spec)
}

fn rows_of(table: &TableGenerator) -> Vec<Vec<Value>> {
    let mut values = Vec::new();
    let row = |row| {
        table.row(row, &mut values).unwrap();
        values.clone()
    };
    (0..table.rows()).map(row).collect()
}

fn column_of(seed: u64, rows: u64, spec: serde_json::Value) -> Vec<Value> {
    let table = table(seed, rows, json!({ "c": spec })).unwrap();
    rows_of(&table)
        .into_iter()
        .map(|mut row| row.remove(0))
        .collect()
}

fn ints(values: &[Value]) -> Vec<i64> {
    let int = |value: &Value| match value {
        Value::Int(number) => *number,
        other => panic!("{}", other.describe()),
    };
    values.iter().map(int).collect()
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn shop() -> serde_json::Value {
    json!({
        "id": { "sequence": 1 },
        "user_id": { "zipf": { "max": 1000, "exponent": 1.1 } },
        "user_mail": { "fake": "email", "per": "user_id" },
        "status": { "choice": { "values": ["paid", "open", null], "weights": [90, 9, 1] } },
        "total": { "uniform": { "from": 1, "to": 500, "scale": 2 } },
        "placed_at": { "timestamp": { "from": "2024-01-01", "to": "2025-01-01" } },
        "note": { "text": { "length": [10, 80] }, "nullable": "30%" },
        "code": { "rhai": "\"A\" + row", "unique": true },
        "parent": { "reference": "orders.id" },
        "key": { "uuid": {} },
        "paid": { "bool": "30%" },
        "weight": { "gaussian": { "mean": 70, "stddev": 10, "from": 40, "to": 120, "scale": 1 } },
        "kind": "plain"
    })
}

#[test]
fn the_table_of_the_language_guide_keeps_its_values_from_version_to_version() {
    let rows = rows_of(&table(42, 3, shop()).unwrap());
    let lines: Vec<String> = rows.iter().map(|row| texts(row).join(" | ")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_do_not_depend_on_the_order_or_the_chunks_in_which_they_are_asked_for(
        seed: u64,
        rows in 1_u64..60,
        from in 0_u64..60,
    ) {
        let whole = rows_of(&table(seed, rows, shop()).unwrap());
        let again = table(seed, rows, shop()).unwrap();
        let mut values = vec![Value::Int(99)];
        let from = from % rows;
        for row in (from..rows).rev().chain(0..from) {
            again.row(row, &mut values).unwrap();
            prop_assert_eq!(&values, &whole[row as usize]);
            let cell = again.cell(row as usize % values.len(), row).unwrap();
            prop_assert_eq!(&cell, &values[row as usize % values.len()]);
        }
    }

    #[test]
    fn unique_columns_have_no_value_twice(seed: u64, rows in 1_u64..400) {
        for spec in [
            json!({ "uniform": { "from": 1, "to": rows } , "unique": true }),
            json!({ "uniform": { "from": 0, "to": 5, "scale": 2 }, "unique": true }),
            json!({ "timestamp": { "from": "2024-01-01", "to": "2024-01-02" }, "unique": true }),
            json!({ "text": { "length": [2, 12] }, "unique": true }),
            json!({ "fake": "email", "unique": true }),
            json!({ "fake": "phone", "unique": true }),
            json!({ "fake": "name", "unique": true }),
            json!({ "uuid": {}, "unique": true }),
            json!({ "gaussian": { "mean": 0, "stddev": 300 }, "unique": true }),
            json!({ "zipf": { "max": 100_000, "exponent": 0.5 }, "unique": true }),
            json!({ "rhai": "random(1, 2000)", "unique": true }),
        ] {
            let values = texts(&column_of(seed, rows, spec.clone()));
            let different: HashSet<&String> = values.iter().collect();
            prop_assert_eq!(different.len(), values.len(), "{}", spec);
        }
    }

    #[test]
    fn uniform_numbers_stay_in_their_range(seed: u64, from in -1000_i64..1000, width in 0_i64..50) {
        let to = from + width;
        let values = ints(&column_of(seed, 50, json!({ "uniform": { "from": from, "to": to } })));
        prop_assert!(values.iter().all(|value| (from..=to).contains(value)));
    }

    #[test]
    fn zipf_stays_in_its_range_for_every_exponent(
        seed: u64, from in -5_i64..5, count in 1_i64..2000, exponent in 0.0_f64..4.0,
    ) {
        let max = (from + count).max(1);
        let spec = json!({ "zipf": { "from": from, "max": max, "exponent": exponent } });
        let values = ints(&column_of(seed, 50, spec));
        prop_assert!(values.iter().all(|value| (from..=max).contains(value)));
    }
}

#[test]
fn zipf_has_a_heavy_head_and_follows_its_law() {
    let values = ints(&column_of(
        1,
        20_000,
        json!({ "zipf": { "max": 1000, "exponent": 1.0 } }),
    ));
    let share = |k: i64| values.iter().filter(|value| **value == k).count() as f64 / 20_000.0;
    // 1 / (k · H(1000)), with H(1000) = 7.4855.
    for (k, expected) in [(1, 0.1336), (2, 0.0668), (10, 0.01336)] {
        assert!((share(k) - expected).abs() < 0.008, "{k}: {}", share(k));
    }
    let flat = ints(&column_of(
        1,
        20_000,
        json!({ "zipf": { "max": 10, "exponent": 0.0 } }),
    ));
    let ones = flat.iter().filter(|value| **value == 1).count();
    assert!((1800..2200).contains(&ones), "{ones}");
}

#[test]
fn gaussian_numbers_have_their_mean_and_spread_and_keep_their_limits() {
    let values = ints(&column_of(
        5,
        20_000,
        json!({ "gaussian": { "mean": 100, "stddev": 15 } }),
    ));
    let mean = values.iter().sum::<i64>() as f64 / 20_000.0;
    let variance = values
        .iter()
        .map(|v| (*v as f64 - mean).powi(2))
        .sum::<f64>()
        / 20_000.0;
    assert!((mean - 100.0).abs() < 0.5, "{mean}");
    assert!((variance.sqrt() - 15.0).abs() < 0.5, "{variance}");
    let spec = json!({ "gaussian": { "mean": 0, "stddev": 10, "from": 0, "to": 5 } });
    let cut = ints(&column_of(5, 1000, spec));
    assert!(cut.iter().all(|value| (0..=5).contains(value)));
}

#[test]
fn shares_are_kept() {
    let count = |values: &[Value], wanted: &Value| values.iter().filter(|v| *v == wanted).count();
    let values = column_of(3, 10_000, json!({ "sequence": 1, "nullable": "30%" }));
    assert!((2850..3150).contains(&count(&values, &Value::Null)));
    let values = column_of(3, 10_000, json!({ "bool": "10%" }));
    assert!((900..1100).contains(&count(&values, &Value::Bool(true))));
    let weighted = json!({ "choice": { "values": ["a", "b", "never"], "weights": [3, 1, 0] } });
    let values = column_of(3, 10_000, weighted);
    assert!((7300..7700).contains(&count(&values, &Value::Text("a".into()))));
    assert_eq!(count(&values, &Value::Text("never".into())), 0);
    let even = column_of(3, 10_000, json!({ "choice": [1, null] }));
    assert!((4800..5200).contains(&count(&even, &Value::Null)));
}

#[test]
fn values_have_the_digits_lengths_and_forms_they_were_asked_for() {
    for value in column_of(
        9,
        200,
        json!({ "uniform": { "from": 0, "to": 1, "scale": 2 } }),
    ) {
        assert_eq!(value.kind(), "numeric");
        assert_eq!(value.to_string().split_once('.').unwrap().1.len(), 2);
    }
    for value in texts(&column_of(
        9,
        200,
        json!({ "text": { "length": [10, 30] } }),
    )) {
        assert!((10..=30).contains(&value.len()), "{value}");
        assert!(value.chars().all(|c| c.is_ascii_alphanumeric()), "{value}");
    }
    for value in texts(&column_of(9, 200, json!({ "uuid": {} }))) {
        assert_eq!(&value[14..15], "4", "{value}");
        assert!("89ab".contains(&value[19..20]), "{value}");
    }
    for value in texts(&column_of(9, 200, json!({ "fake": "email" }))) {
        let domain = value.split_once('@').unwrap().1;
        assert!(domain.starts_with("example."), "{value}");
    }
    let steps = json!({ "sequence": { "start": 10, "step": -5 } });
    assert_eq!(ints(&column_of(9, 4, steps)), [10, 5, 0, -5]);
    let moments = json!({ "timestamp": { "from": "2024-02-29T12:00:00+02:00", "to": "2024-02-29 10:00:00" } });
    assert_eq!(texts(&column_of(9, 1, moments)), ["2024-02-29 10:00:00+00"]);
}

#[test]
fn a_value_per_another_column_is_the_same_wherever_that_column_is() {
    let spec = json!({
        "mail": { "fake": "email", "per": "user" },
        "user": { "uniform": { "from": 1, "to": 20 } },
        "city": { "fake": "city", "per": "mail", "nullable": "50%" },
    });
    let mut seen = BTreeMap::new();
    for row in rows_of(&table(1, 500, spec).unwrap()) {
        let of_user = (row[0].clone(), row[2].clone());
        let first = seen
            .entry(row[1].to_string())
            .or_insert_with(|| of_user.clone());
        assert_eq!(*first, of_user);
    }
    let cities: HashSet<String> = seen.values().map(|(_, city)| city.to_string()).collect();
    assert!(cities.len() > 3 && cities.contains("NULL"), "{cities:?}");
}

#[test]
fn changing_one_column_leaves_the_others_as_they_were() {
    let mut spec = shop();
    let before = rows_of(&table(42, 20, spec.clone()).unwrap());
    spec["total"] = json!({ "sequence": 1 });
    let after = rows_of(&table(42, 20, spec).unwrap());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before[..4], after[..4]);
        assert_eq!(before[5..], after[5..]);
    }
}

#[test]
fn references_pick_from_the_rows_of_an_earlier_table_and_unique_ones_pick_each_once() {
    let mut seeded = Seeded::default();
    let products = table(
        1,
        50,
        json!({ "id": { "uniform": { "from": 1000, "to": 9999 }, "unique": true } }),
    );
    let products = Arc::new(products.unwrap());
    let ids: HashSet<i64> = ints(&rows_of(&products).concat()).into_iter().collect();
    seeded.add_table(products, Needs::Nothing);
    let spec = json!({ "a": { "reference": "orders.id" }, "b": { "reference": "orders.id", "unique": true } });
    let lines = rows_of(&table_with(&seeded, 2, 50, spec.clone()).unwrap()).concat();
    assert!(ints(&lines).iter().all(|id| ids.contains(id)));
    let error = table_with(&seeded, 2, 51, spec).unwrap_err();
    assert_eq!(
        error.message,
        "unique needs 51 different values and this generator has 50"
    );

    let column = ReadColumn::new("users.id".to_owned());
    column.fill(vec![Value::Null, Value::Int(7)]);
    seeded.add_column("users.id", Arc::new(column));
    let users = json!({ "u": { "reference": "users.id" } });
    let users = rows_of(&table_with(&seeded, 2, 20, users).unwrap()).concat();
    assert_eq!(ints(&users), [7; 20]);
}

#[test]
fn a_reference_to_the_own_table_stays_at_or_above_its_row() {
    let spec = json!({ "id": { "sequence": 1 }, "parent": { "reference": "orders.id" } });
    for row in rows_of(&table(4, 100, spec).unwrap()) {
        let [id, parent] = ints(&row)[..] else {
            panic!()
        };
        assert!(parent >= 1 && parent <= id);
    }
}

#[test]
fn an_expression_sees_the_row_and_other_columns_and_draws_from_the_seed() {
    let spec = json!({
        "code": { "rhai": "`${name}-${row}-${random(1, 9)}`" },
        "name": { "choice": ["x"] },
    });
    let first = rows_of(&table(1, 3, spec.clone()).unwrap());
    assert!(first[2][0].to_string().starts_with("x-3-"));
    assert_eq!(first, rows_of(&table(1, 3, spec).unwrap()));
}

#[test]
fn what_cannot_be_generated_is_said_before_the_first_row() {
    for (spec, message) in [
        (
            json!({ "uniform": { "from": 5, "to": 1 } }),
            "uniform from 5 to 1 has no values",
        ),
        (
            json!({ "uniform": { "from": 0.005, "to": 1, "scale": 2 } }),
            "from: 0.005 has more digits than a scale of 2 keeps",
        ),
        (
            json!({ "uniform": { "from": 1, "to": 5 }, "unique": true }),
            "unique needs 10 different values and this generator has 5",
        ),
        (
            json!({ "bool": "50%", "unique": true }),
            "unique: no value was found for row 3 that the rows before do not have",
        ),
        (json!({ "choice": [] }), "choice has no values"),
        (
            json!({ "choice": { "values": [1, 2], "weights": [1] } }),
            "choice has 2 values and 1 weights",
        ),
        (
            json!({ "bool": "130%" }),
            "130% is not a share: it must be from 0% to 100%",
        ),
        (
            json!({ "timestamp": { "from": "soon", "to": "2024-01-01" } }),
            "from: \"soon\" is not a date or a moment",
        ),
        (
            json!({ "reference": "products.id" }),
            "\"products.id\" is no column that is seeded before this one",
        ),
        (json!({ "rhai": "rwo + 1" }), "unknown variable \"rwo\""),
        (json!({ "rhai": "row +" }), "script is incomplete"),
        (
            json!({ "text": { "length": [9, 3] } }),
            "a text of 9 to 3 characters has no length",
        ),
        (
            json!({ "fake": "name", "per": "d" }),
            "there is no column \"d\" here",
        ),
        (
            json!({ "fake": "name", "per": "c" }),
            "the columns \"c\" depend on each other",
        ),
        (json!({ "per": "c" }), "no generator is named"),
        (
            json!({ "fake": "name", "bool": "1%" }),
            "more than one generator is named",
        ),
        (
            json!({ "gaussian": { "mean": 0, "stddev": 1, "from": 10 } }),
            "from 10 to 9007199254740992 lies more than three stddev from the mean 0",
        ),
    ] {
        let error = table(1, 10, json!({ "c": spec })).unwrap_err();
        assert_eq!((error.of.as_str(), error.message.as_str()), ("c", message));
    }
}

#[test]
fn parameters_follow_client_statement_and_execution() {
    let hooks = Hooks::default();
    let seeded = Seeded::default();
    let around = Surroundings {
        hooks: &hooks,
        seeded: &seeded,
    };
    let draw = |seed, place: &[&str], spec: serde_json::Value, execution| {
        let generator: Generator = serde_json::from_value(spec).unwrap();
        let argument = ArgumentGenerator::new(seed, place, &generator, around).unwrap();
        let variables = [("before".to_owned(), Value::Int(5))].into();
        argument.value(execution, &variables).unwrap()
    };
    let wide = json!({ "uniform": { "from": 1, "to": 1_000_000_000 } });
    let one = draw(1, &["shopper[1]", "pick", "id"], wide.clone(), 0);
    assert_eq!(one, draw(1, &["shopper[1]", "pick", "id"], wide.clone(), 0));
    for other in [
        draw(2, &["shopper[1]", "pick", "id"], wide.clone(), 0),
        draw(1, &["shopper[2]", "pick", "id"], wide.clone(), 0),
        draw(1, &["shopper[1]", "owner", "id"], wide.clone(), 0),
        draw(1, &["shopper[1]", "pick", "id"], wide.clone(), 1),
    ] {
        assert_ne!(one, other);
    }
    let place = ["alice", "add", "n"];
    assert_eq!(
        draw(1, &place, json!({ "sequence": 10 }), 3),
        Value::Int(13)
    );
    assert_eq!(
        draw(1, &place, json!({ "rhai": "before * 2" }), 3),
        Value::Int(10)
    );
}
