//! `sql`: a statement sent after the clients ended, and what it returns.
//!
//! Holds if the answer is the expected `value`, `rows`, `row_count`, or is `empty` as said. Fails also if the server
//! refuses the statement. Vacuous if it was never sent.

use super::rows::{self, Wanted, returned};
use crate::{
    record::{ProbeReply, Reply, Value, same},
    spec::expect::SqlExpectation,
    text::plural,
    verdict::{
        context::{Context, condition},
        finding::{Finding, FindingPlace, Within},
    },
};

const SUBJECT: &str = "the statement";

/// The findings of this expectation.
pub fn judge(pointer: &str, expected: &SqlExpectation, context: &Context<'_>) -> Vec<Finding> {
    let Some(probe) = context
        .log
        .probes
        .iter()
        .find(|probe| probe.path == pointer)
    else {
        let primary = "the statement was never sent: a hook ended the case before";
        return vec![Finding::vacuous("never-ran", primary).at(context.place(pointer))];
    };
    if let Some(finding) = refused(pointer, probe, context) {
        return vec![finding];
    }
    let reply = &probe.reply;
    let wanted = expected.rows.as_ref().map(|rows| Wanted {
        rows,
        ordered: expected.ordered,
        sql: &expected.sql,
    });
    let findings = [
        expected
            .value
            .as_ref()
            .and_then(|value| Some((single(&Value::from_json(&value.0), reply)?, "value"))),
        wanted.and_then(|wanted| Some((rows::compare(SUBJECT, &wanted, reply)?, "rows"))),
        expected
            .row_count
            .as_ref()
            .and_then(|bound| Some((rows::row_count(SUBJECT, bound, reply)?, "row_count"))),
        expected
            .empty
            .and_then(|empty| Some((emptiness(empty, reply)?, "empty"))),
    ];
    let placed = findings.into_iter().flatten().map(|(finding, key)| {
        let detail = finding.detail.clone();
        let asked = one_line(&expected.sql);
        finding
            .at(context.place(format!("{pointer}/{key}")))
            .detail(detail.unwrap_or(asked))
    });
    placed.collect()
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(pointer: &str, probe: &ProbeReply, context: &Context<'_>) -> Option<Finding> {
    let error = probe.reply.error.as_ref()?;
    let within = error
        .position
        .map_or(Within::All, |position| Within::Sql { position });
    let primary = format!("the statement failed with {}", condition(&error.code));
    let mut finding = Finding::failed("query-error", primary)
        .at(FindingPlace {
            within,
            ..context.place(pointer)
        })
        .label(error.message.clone())
        .detail(error.detail.clone());
    finding.hints.extend(error.hint.clone());
    Some(finding)
}

/// The finding if the answer is not this one value.
fn single(expected: &Value, reply: &Reply) -> Option<Finding> {
    let actual = match reply.rows() {
        [row] if row.len() == 1 => &row[0],
        rows => {
            let columns = rows.first().map_or(0, Vec::len) as u64;
            let shape = match returned(reply) {
                0 => "no row".to_owned(),
                1 => format!("a row of {}", plural(columns, "column")),
                more => plural(more, "row"),
            };
            let primary = format!("the statement returned {shape}, expected one value");
            return Some(
                Finding::failed("wrong-rows", primary)
                    .label(format!("expected {}", expected.describe())),
            );
        }
    };
    if same(expected, actual) {
        return None;
    }
    let primary = format!(
        "the statement returned {}, expected {}",
        actual.describe(),
        expected.describe()
    );
    let label = format!("returned {}", actual.describe());
    let diff = format!("- {}\n+ {}", expected.quoted(), actual.quoted());
    Some(
        Finding::failed("wrong-rows", primary)
            .label(label)
            .diff(diff),
    )
}

fn emptiness(empty: bool, reply: &Reply) -> Option<Finding> {
    let came = returned(reply);
    match (empty, came) {
        (true, 0) | (false, 1..) => None,
        (true, _) => {
            let primary = format!(
                "the statement returned {}, expected none",
                plural(came, "row")
            );
            let shown: Vec<String> = reply
                .rows()
                .iter()
                .take(5)
                .map(|row| {
                    row.iter()
                        .map(Value::to_string)
                        .collect::<Vec<_>>()
                        .join("  ")
                })
                .map(|row| format!("+ {row}"))
                .collect();
            Some(Finding::failed("wrong-rows", primary).diff(shown.join("\n")))
        }
        (false, 0) => {
            let primary = "the statement returned no row, expected at least one";
            Some(Finding::failed("wrong-rows", primary))
        }
    }
}
