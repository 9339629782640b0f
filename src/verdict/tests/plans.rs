//! What is said of the plans of watched queries.

use super::*;
use crate::{
    measure::testing::plans::{captured, scan, snapshot},
    record::{CapturedPlan, Micros, PlanOutcome, PlanPoint, QueryRun, Table, TableKind},
};

fn table(name: &str) -> Table {
    Table {
        schema: "public".to_owned(),
        name: name.to_owned(),
        ..Table::default()
    }
}

/// Orders in partitions, and users of another schema.
fn shop() -> Vec<Table> {
    vec![
        Table {
            kind: TableKind::Partitioned,
            ..table("orders")
        },
        Table {
            parent: Some("orders".to_owned()),
            ..table("orders_2026")
        },
        Table {
            schema: "crm".to_owned(),
            ..table("users")
        },
        table("Reserved.Words"),
    ]
}

fn yaml(properties: &str) -> String {
    format!(
        "name: Plans\nqueries: {{ page: {{ sql: SELECT 1 }} }}\nexpect: [{{ plan: {{ of: page, {properties} }} }}]\n"
    )
}

fn planned(properties: &str, tables: Vec<Table>, plan: CapturedPlan) -> CaseVerdict {
    judged(&yaml(properties), |log| {
        log.query("page", 1, 1_000);
        log.log
            .plans
            .push(snapshot(tables.clone(), vec![plan.clone()]));
    })
}

fn by_index() -> CapturedPlan {
    let root = scan("Index Scan", "orders_2026", Some("orders_pkey"), 1.0, 3);
    captured("page", root)
}

#[test]
fn a_table_that_is_not_there_is_not_one_that_is_never_read() {
    let never = |table: &str, plan: CapturedPlan| {
        let properties = format!("never: {{ seq_scan: {{ on: '{table}' }} }}");
        planned(&properties, shop(), plan)
    };
    for there in [
        "orders",
        "public.orders",
        "orders_2026",
        "users",
        "crm.users",
        "Reserved.Words",
    ] {
        assert_eq!(told(&never(there, by_index())), "passed\n", "{there}");
    }
    // No catalog has a temporary table, or one of the server's own; the plan names it.
    let own = captured("page", scan("Index Scan", "pg_class", Some("i"), 1.0, 3));
    assert_eq!(told(&never("pg_class", own)), "passed\n");
    for (missing, near) in [
        ("ordres", Some("orders")),
        ("ORDERS", Some("orders")),
        ("\"orders\"", Some("orders")),
        ("crm.user", Some("crm.users")),
        ("purchases", None),
    ] {
        let hint = near.map_or(
            "name the table itself: a view is read through its tables".to_owned(),
            |near| format!("did you mean \"{near}\"?"),
        );
        let expected = format!(
            "vacuous\nvacuous[no-table]: the plan of query \"page\" reads no \"{missing}\", and no table of this name \
             is known\n  --> /expect/0/plan/never/seq_scan/on\nhint: {hint}\n"
        );
        assert_eq!(told(&never(missing, by_index())), expected);
    }
}

#[test]
fn a_table_that_a_migration_renamed_is_told_with_its_side() {
    let both = judged(&yaml("never: { seq_scan: { on: orders } }"), |log| {
        log.query("page", 1, 1_000);
        for (point, name) in [
            (PlanPoint::Before, "orders"),
            (PlanPoint::After, "purchases"),
        ] {
            let root = scan("Index Scan", name, Some("orders_pkey"), 1.0, 3);
            log.log.plans.push(crate::record::PlanSnapshot {
                point,
                ..snapshot(vec![table(name)], vec![captured("page", root)])
            });
        }
    });
    let told = told(&both);
    assert_eq!(told.matches("[no-table]").count(), 1, "{told}");
    assert!(told.contains("is known after the migration"), "{told}");
}

#[test]
fn a_bound_on_what_is_another_number_each_time_is_vacuous() {
    let mut unsteady = by_index();
    if let PlanOutcome::Measured(plan) = &mut unsteady.outcome {
        plan.steady = false;
        plan.executions = 5;
    }
    for (bound, what) in [
        ("buffers: 10", "pages that it reads"),
        ("wal: 8kB", "bytes that it writes to the log"),
    ] {
        let steady = planned(bound, shop(), by_index());
        assert_eq!(told(&steady), "passed\n");
        let told = told(&planned(bound, shop(), unsteady.clone()));
        let primary = format!(
            "vacuous[not-steady]: of 5 executions of query \"page\" no two in a row did the same, so that a bound on \
             the {what} holds by chance\n"
        );
        assert!(
            told.starts_with("vacuous\n") && told.contains(&primary),
            "{told}"
        );
    }
    // One that does not even hold is broken.
    let told = told(&planned("buffers: 0", shop(), unsteady));
    assert!(told.starts_with("failed\n"), "{told}");
}

#[test]
fn a_slow_query_is_explained_on_the_side_whose_runs_are_judged() {
    let yaml = "name: Slow\nqueries: { page: { sql: SELECT 1, budget: 5ms } }\n";
    let slow = judged(yaml, |log| {
        for (point, kind, micros) in [
            (PlanPoint::Before, "Index Scan", 1_000),
            (PlanPoint::After, "Seq Scan", 9_000),
        ] {
            log.query("page", 1, micros);
            let last: &mut QueryRun = log.log.queries.last_mut().unwrap();
            last.point = point;
            let mut root = scan(kind, "orders", None, 1.0, 3);
            root.actual.as_mut().unwrap().total = Micros(micros);
            log.log.plans.push(crate::record::PlanSnapshot {
                point,
                ..snapshot(vec![table("orders")], vec![captured("page", root)])
            });
        }
    });
    let told = told(&slow);
    assert!(told.contains("of 9 ms in the median"), "{told}");
    assert!(
        told.contains("Seq Scan on orders") && !told.contains("Index Scan"),
        "{told}"
    );
}
