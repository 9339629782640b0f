//! `queries`: did every watched query keep its budget?
//!
//! A plain budget binds every repetition, one by percentile is judged like `latency`; a query without a budget is held
//! to the suite's slow-query threshold. A query that the server refuses fails; one that never ran is vacuous.

use super::{latency, never_ran};
use crate::{
    measure::{
        last_runs,
        plans::{LifeOfQuery, captured},
    },
    record::QueryRun,
    schedule::{BudgetOrigin, BudgetPlan, QueryPlan},
    verdict::{
        context::{Context, condition},
        finding::{Finding, FindingKind, FindingPlace, Within},
    },
};

/// The findings of all watched queries.
pub fn judge(context: &Context<'_>) -> Vec<Finding> {
    let queries = context.case.queries.iter();
    queries.flat_map(|query| of_query(query, context)).collect()
}

fn of_query(query: &QueryPlan, context: &Context<'_>) -> Vec<Finding> {
    if let Some(finding) = refused(query, context) {
        return vec![finding];
    }
    let Some(known) = context.measurements.latencies.queries.get(&query.name) else {
        return vec![never_ran(context, &query.path, &query.name)];
    };
    let Some(BudgetPlan { bounds, origin }) = &query.budget else {
        return Vec::new();
    };
    let found = latency::bounds(
        &format!("{}/budget", query.path),
        &query.name,
        bounds,
        known,
        context,
    );
    let life = life(query, context);
    let told = found.into_iter().map(|mut finding| {
        if finding.kind == FindingKind::Failed {
            let facts = finding.detail.take().into_iter().chain(life.clone());
            finding.detail = Some(facts.collect::<Vec<String>>().join("\n"));
        }
        match origin {
            BudgetOrigin::Query => finding,
            BudgetOrigin::Suite => {
                let hint = "this is the suite's \"slow_query\" threshold; give the query a \"budget\" of its own";
                finding.at(context.place(&query.path)).hint(hint)
            }
        }
    });
    told.collect()
}

/// At which point of its life the query is slow, where its plan was captured: on the side of a migration whose runs are
/// judged.
fn life(query: &QueryPlan, context: &Context<'_>) -> Option<String> {
    let runs = last_runs(context.log);
    let runs: Vec<&QueryRun> = runs.iter().filter(|run| run.query == query.name).collect();
    let (_, captured) = captured(context.log, runs.first()?.point, &query.name)?;
    let plan = captured.measured()?;
    Some(LifeOfQuery::of(&runs, &plan.explained)?.words())
}

fn refused(query: &QueryPlan, context: &Context<'_>) -> Option<Finding> {
    let mut own = context
        .log
        .queries
        .iter()
        .filter(|run| run.query == query.name);
    let (run, error) = own.find_map(|run| Some((run, run.error.as_ref()?)))?;
    let within = error
        .position
        .map_or(Within::All, |position| Within::Sql { position });
    let primary = format!(
        "query \"{}\" failed with {}",
        query.name,
        condition(&error.code)
    );
    let mut finding = Finding::failed("query-error", primary)
        .at(FindingPlace {
            within,
            ..context.place(&query.path)
        })
        .label(error.message.clone())
        .detail(error.detail.clone());
    if run.repetition > 1 {
        finding = finding.detail(format!("it was repetition {}", run.repetition));
    }
    finding.hints.extend(error.hint.clone());
    Some(finding)
}
