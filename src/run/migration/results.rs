//! What do the watched queries return before a migration, and after it?

use crate::{
    record::{
        Breakage, PlanPoint, Reply, ResultComparison, ResultSummary, Row, RowOrder, Value,
        compare_rows,
    },
    run::{
        arguments::Arguments,
        carry_out::Stage,
        session::{Database, Message, Session},
        step::ROWS_TO_READ,
    },
    schedule::{Case, ClientPlan, QueryPlan, StatementForm},
    spec::migration::ResultRule,
    sql::{StatementKind, kind},
};
use std::collections::BTreeMap;

/// Rows that are compared each with each, which takes its time; longer results are compared by their text.
const MOST_ROWS_TO_PAIR: usize = 2_000;

/// Rows that are shown of a long difference.
const ROWS_OF_DIFFERENCE: usize = 5;

const SETTINGS: &str = "SELECT name, setting || coalesce(unit, '') FROM pg_catalog.pg_settings \
    WHERE name <> 'application_name' AND source <> 'default' AND context <> 'internal'";

/// What the queries returned at one time, by their index in the case.
pub(super) struct Results(BTreeMap<usize, Returned>);

struct Returned {
    reply: Reply,
    /// Whether the same query gave the same rows right away.
    steady: bool,
}

impl<D: Database> Stage<'_, D> {
    /// The results of all queries that only read and work at this time, of each with the values of its first repetition.
    pub(super) async fn results(&self, point: PlanPoint) -> Result<Results, Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let mut arguments = Arguments::new(self.case, own.id.clone());
        let mut results = BTreeMap::new();
        for (index, query) in self.case.queries.iter().enumerate() {
            let params = arguments.of_query(query, 1).map_err(|breakage| *breakage)?;
            if !is_compared(query) || !query.works(point) || self.stop.requested() {
                continue;
            }
            let reply = ask(&mut session, query, &params).await?;
            let steady = match point {
                PlanPoint::Before => {
                    let again = ask(&mut session, query, &params).await?;
                    difference(reply.rows(), again.rows(), query.row_order).is_none()
                }
                PlanPoint::After => true,
            };
            results.insert(index, Returned { reply, steady });
        }
        Ok(Results(results))
    }

    /// The settings that a new session finds.
    pub(super) async fn settings_in_force(&self) -> Result<BTreeMap<String, String>, Breakage> {
        let own = ClientPlan::own_session();
        let (mut session, _notes) = self.connect(&own.id, Vec::new()).await?;
        let message = Message {
            sql: SETTINGS,
            params: &[],
            form: StatementForm::Single,
            keep_rows: usize::MAX,
        };
        let (reply, _) = session.execute(message).await;
        let text = |value: &Value| value.to_text().unwrap_or_default();
        let rows = reply.rows().iter();
        Ok(rows
            .filter_map(|row| match row.as_slice() {
                [name, value] => Some((text(name), text(value))),
                _ => None,
            })
            .collect())
    }
}

/// What writes has another result each time, and was explained on a copy of its own.
fn is_compared(query: &QueryPlan) -> bool {
    query.result != ResultRule::Any
        && matches!(
            kind(&query.sql),
            StatementKind::Read | StatementKind::LockingRead
        )
}

async fn ask<S: Session>(
    session: &mut S,
    query: &QueryPlan,
    params: &[Value],
) -> Result<Reply, Breakage> {
    let message = Message {
        sql: &query.sql,
        params,
        form: StatementForm::Single,
        keep_rows: ROWS_TO_READ,
    };
    let (reply, _) = session.execute(message).await;
    match reply.error.as_ref().filter(|error| error.ends_session()) {
        Some(error) => Err(Breakage {
            code: "session-lost".to_owned(),
            message: format!("pgauge's own session was lost: {}", error.message),
            path: Some(query.path.clone()),
            ..Breakage::default()
        }),
        None => Ok(reply),
    }
}

impl Results {
    /// Every query that has a result on both sides.
    pub(super) fn compared_with(&self, after: &Self, case: &Case) -> Vec<ResultComparison> {
        let both = self.0.iter().filter_map(|(index, before)| {
            let query = case.queries.get(*index)?;
            let after = after.0.get(index)?;
            let failed = before.reply.error.is_some() || after.reply.error.is_some();
            let (old, new) = (before.reply.rows(), after.reply.rows());
            let difference = match failed {
                true => None,
                false => difference(old, new, query.row_order),
            };
            Some(ResultComparison {
                query: query.name.clone(),
                before: summary(&before.reply),
                after: summary(&after.reply),
                difference,
                steady: before.steady,
            })
        });
        both.collect()
    }
}

fn summary(reply: &Reply) -> ResultSummary {
    ResultSummary {
        rows: reply.row_count(),
        columns: reply
            .last()
            .map_or_else(Vec::new, |result| result.columns.to_vec()),
        error: reply.error.clone(),
    }
}

/// How rows differ; none where they do not.
fn difference(before: &[Row], after: &[Row], order: RowOrder) -> Option<String> {
    if before.len().max(after.len()) <= MOST_ROWS_TO_PAIR {
        return compare_rows(before, after, order)
            .err()
            .map(|difference| difference.to_string());
    }
    let spelled = |rows: &[Row]| -> Vec<String> {
        let texts = rows.iter().map(|row| {
            let values = row.iter().map(ToString::to_string);
            values.collect::<Vec<_>>().join(", ")
        });
        let mut texts: Vec<String> = texts.collect();
        if order == RowOrder::Any {
            texts.sort_unstable();
        }
        texts
    };
    let (old, new) = (spelled(before), spelled(after));
    if old == new {
        return None;
    }
    let mut lines = Vec::new();
    let pairs = old.iter().zip(&new).filter(|(old, new)| old != new);
    for (old, new) in pairs.take(ROWS_OF_DIFFERENCE) {
        lines.push(format!("- {old}"));
        lines.push(format!("+ {new}"));
    }
    if old.len() != new.len() {
        lines.push(format!("{} rows before, {} after", old.len(), new.len()));
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: impl Iterator<Item = i64>) -> Vec<Row> {
        numbers.map(|number| vec![Value::Int(number)]).collect()
    }

    #[test]
    fn long_results_are_compared_as_short_ones_are() {
        for size in [10, 10_000] {
            let forward = rows(0..size);
            let backward = rows((0..size).rev());
            let other = rows(1..=size);
            assert_eq!(difference(&forward, &backward, RowOrder::Any), None);
            assert!(difference(&forward, &backward, RowOrder::Significant).is_some());
            assert!(difference(&forward, &other, RowOrder::Any).is_some());
            assert!(difference(&forward, &forward[1..], RowOrder::Any).is_some());
        }
    }
}
