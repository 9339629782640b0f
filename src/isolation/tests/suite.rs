//! PostgreSQL's own specs and outputs are understood to the last byte.

use super::fixtures::{BANK_OUT, BANK_SPEC, expected, spec, suite, suite_specs};
use crate::isolation::{Cast, Expected, Fact};

#[test]
fn an_output_is_read_into_facts_and_written_back() {
    let spec = spec(BANK_SPEC);
    let cast = Cast::from(&spec);
    let read = expected(BANK_OUT, &cast);
    assert_eq!(read.write(&cast), BANK_OUT);
    let first = &read.orders[0].trace;
    assert_eq!(first.launches[1], "his credit");
    assert_eq!(first.facts.len(), 16);
    assert_eq!(
        first.facts[2],
        Fact::Notice {
            session: "bob b".to_owned(),
            severity: "NOTICE".to_owned(),
            text: "one\nDETAIL:  more of it".to_owned(),
        }
    );
    assert_eq!(
        first.facts[12],
        Fact::Notify {
            session: "bob b".to_owned(),
            channel: "d".to_owned(),
            payload: "a\" from b\n".to_owned(),
            from: "alice".to_owned(),
        }
    );
    let place = read.place(0, 4).unwrap();
    assert_eq!(place.to_string(), "t.out:16:1");
}

#[test]
fn an_output_whose_lines_were_trimmed_is_read_all_the_same() {
    let spec = spec(BANK_SPEC);
    let cast = Cast::from(&spec);
    let trimmed: Vec<&str> = BANK_OUT.lines().map(str::trim_end).collect();
    // A value that spans lines cannot be told from two rows once its width is gone.
    let trimmed = trimmed.join("\n").replace("  |two\nx\n", "  |twox\n");
    let trimmed = trimmed.replace(" 1|a|b", " 1|ab");
    let (read, whole) = (expected(&trimmed, &cast), expected(BANK_OUT, &cast));
    assert_eq!(read.orders[0].trace, whole.orders[0].trace);
    assert_eq!(
        read.orders[1].trace.facts.len(),
        whole.orders[1].trace.facts.len()
    );
}

#[test]
fn every_expected_file_of_the_suite_is_read_and_written_back_byte_for_byte() {
    let Some(folder) = suite() else { return };
    let mut orders = 0;
    for (name, spec, outputs) in suite_specs(&folder) {
        let cast = Cast::from(&spec);
        for output in outputs {
            let read = Expected::read(&output, &cast).unwrap();
            assert_eq!(
                read.orders.len() as u128,
                spec.order_count().unwrap(),
                "{name}"
            );
            let launched: Vec<Vec<&str>> = read
                .orders
                .iter()
                .map(|order| order.trace.launches.iter().map(String::as_str).collect())
                .collect();
            let planned: Vec<Vec<&str>> = spec
                .orders()
                .map(|order| {
                    order
                        .iter()
                        .map(|launch| spec.name_of(launch.step))
                        .collect()
                })
                .collect();
            assert_eq!(launched, planned, "{name}");
            assert!(
                read.write(&cast) == output.text(),
                "{name} is written differently"
            );
            orders += read.orders.len();
        }
    }
    assert!(orders > 300, "only {orders} orders");
}

#[test]
fn an_expected_file_is_read_as_well_where_the_sql_was_laid_out_anew() {
    let Some(folder) = suite() else { return };
    for (name, spec, outputs) in suite_specs(&folder) {
        let cast = Cast::from(&spec);
        let mut anew = cast.clone();
        for step in &mut anew.steps {
            step.sql = crate::isolation::layout::laid_out(&step.sql);
        }
        for output in outputs {
            let read = Expected::read(&output, &cast).unwrap();
            assert_eq!(
                Expected::read(&output, &anew).unwrap().orders,
                read.orders,
                "{name}"
            );
        }
    }
}
