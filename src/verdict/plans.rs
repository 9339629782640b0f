//! What is worth knowing about the plans of the watched queries, whatever is expected of them: many rows, rows that a
//! join multiplies, a plan that is another one each time or hangs on a sample of the tables.

use super::{
    context::Context,
    expect::n_plus_one::sender,
    finding::{Finding, FindingPlace},
    sender::{name, place},
};
use crate::{
    measure::{
        plans::{Hint, MANY_ROWS, captured, hints, multiplied, snapshot},
        trace::Message,
    },
    record::{ClientId, MeasuredPlan, PlanFacts, PlanPoint, Reply, SentBy},
    schedule::QueryPlan,
    sql::{StatementKind, kind},
    text::plural,
};
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// The notes of all watched queries, and of what clients read.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let queries = context.case.queries.iter();
    let mut notes: Vec<Finding> = queries.flat_map(|query| of_query(query, context)).collect();
    notes.extend(many_rows_of_clients(context));
    notes.extend(many_rows_of_load(context));
    notes.extend(multiplied_by_clients(context));
    notes
}

/// The notes on reads of clients that return more rows than anybody reads, one for each script and step.
fn many_rows_of_clients(context: &Context<'_>) -> Vec<Finding> {
    let mut most: IndexMap<(&str, Option<&str>), &Message<'_>> = IndexMap::new();
    for message in &context.trace.messages {
        let rows = rows_of(message);
        let reads = rows >= MANY_ROWS
            && matches!(
                kind(message.sql),
                StatementKind::Read | StatementKind::LockingRead
            );
        // What is watched is told of by its name.
        if !reads || matches!(message.by, SentBy::Query { .. }) {
            continue;
        }
        let run = message.run.and_then(|run| context.trace.run(run));
        let known = most
            .entry((&message.client.script, run.map(|run| run.step)))
            .or_insert(message);
        if rows_of(known) < rows {
            *known = message;
        }
    }
    let notes = most.into_iter().map(|((_, step), message)| {
        let primary = format!(
            "{} returns {}",
            sender(message.client, step),
            plural(rows_of(message), "row")
        );
        Finding::note("many-rows", primary)
            .at(place_of(message.client, step, context))
            .events([message.sent.seq])
            .hint(FEWER_ROWS)
    });
    notes.collect()
}

fn rows_of(message: &Message<'_>) -> u64 {
    message.reply().map_or(0, Reply::row_count)
}

/// The notes on steps of a load that return more rows than anybody reads.
fn many_rows_of_load(context: &Context<'_>) -> Vec<Finding> {
    let clients = context.log.load.iter().flat_map(|load| &load.clients);
    let steps = clients.flat_map(|client| client.steps.iter().map(move |step| (client, step)));
    let many = steps.filter(|(_, step)| step.most_rows >= MANY_ROWS);
    let notes = many.filter_map(|(client, step)| {
        let id = ClientId::single(&client.client);
        let (plan, statement, _) = context.statement(&id, &step.step)?;
        let reads = matches!(
            kind(&statement.sql),
            StatementKind::Read | StatementKind::LockingRead
        );
        let primary = format!(
            "{} returns {}",
            sender(&id, Some(&step.step)),
            plural(step.most_rows, "row")
        );
        reads.then(|| {
            Finding::note("many-rows", primary)
                .at(context.place(&plan.path))
                .detail(format!(
                    "at most, of {}",
                    plural(step.latency.count(), "execution")
                ))
                .hint(FEWER_ROWS)
        })
    });
    notes.collect()
}

/// The notes on statements that multiply rows in a join, as far as they were carried out again on a copy.
fn multiplied_by_clients(context: &Context<'_>) -> Vec<Finding> {
    let plans = context.log.sent.iter().flat_map(|sent| &sent.plans);
    let notes = plans.filter_map(|plan| {
        let found = multiplied(&plan.explained.root)?;
        let primary = format!(
            "{} multiplies rows in a join: {}",
            name(&plan.sender),
            found.words()
        );
        Some(
            Finding::note("row-multiplication", primary)
                .at(place(&plan.sender, context))
                .events(plan.sender.event)
                .hint(LOOK_AT_JOINS),
        )
    });
    notes.collect()
}

fn place_of(client: &ClientId, step: Option<&str>, context: &Context<'_>) -> Option<FindingPlace> {
    let plan = context.step(client, step?)?;
    Some(context.place(&plan.path))
}

const FEWER_ROWS: &str =
    "ask for a page of them, let the database add them up, or read them with a cursor";

const LOOK_AT_JOINS: &str =
    "look for a missing join condition, or for two lists joined to one parent";

fn of_query(query: &QueryPlan, context: &Context<'_>) -> Vec<Finding> {
    let captured = captured(context.log, PlanPoint::Before, &query.name);
    let plan = captured.and_then(|(_, captured)| captured.measured());
    let of_plan = plan.map_or_else(Vec::new, |plan| of_plan(query, plan, context));
    many_rows(query, context)
        .into_iter()
        .chain(of_plan)
        .collect()
}

/// The note on a query that returns more rows than anybody reads.
fn many_rows(query: &QueryPlan, context: &Context<'_>) -> Option<Finding> {
    let runs = context.log.queries.iter();
    let own = runs.filter(|run| run.query == query.name);
    let most = own.map(|run| run.row_count).max()?;
    let reads = matches!(
        kind(&query.sql),
        StatementKind::Read | StatementKind::LockingRead
    );
    (reads && most >= MANY_ROWS).then(|| {
        let primary = format!("query \"{}\" returns {}", query.name, plural(most, "row"));
        Finding::note("many-rows", primary)
            .at(context.place(&query.path))
            .hint(FEWER_ROWS)
    })
}

fn of_plan(query: &QueryPlan, plan: &MeasuredPlan, context: &Context<'_>) -> Vec<Finding> {
    let place = || context.place(&query.path);
    let name = &query.name;
    let mut notes = Vec::new();
    if let Some(found) = multiplied(&plan.explained.root) {
        let primary = format!(
            "query \"{name}\" multiplies rows in a join: {}",
            found.words()
        );
        notes.push(
            Finding::note("row-multiplication", primary)
                .at(place())
                .hint(LOOK_AT_JOINS),
        );
    }
    notes.extend(of_hints(query, plan, context).map(|finding| finding.at(place())));
    if !plan.steady {
        let times = plural(u64::from(plan.executions), "execution");
        let primary = format!("of {times} of query \"{name}\" no two in a row did the same");
        let hint = "random(), now() or parallel workers make it another one each time; only the plan's shape is compared";
        notes.push(
            Finding::note("plan-unsteady", primary)
                .at(place())
                .hint(hint),
        );
    }
    let facts = PlanFacts::of(&plan.explained);
    let others = plan.other_samples.iter().filter(|root| {
        let nodes = root.facts();
        let shape = nodes.iter().map(|node| (node.depth, &node.title));
        !shape.eq(facts.nodes.iter().map(|node| (node.depth, &node.title)))
    });
    let count = others.count();
    if count > 0 {
        let samples = plural(plan.other_samples.len() as u64, "other sample");
        let primary = format!(
            "the plan of query \"{name}\" hangs on the sample of ANALYZE: {count} of {samples} lead to another one"
        );
        let hint = "raise the statistics target of the columns in its conditions: ALTER TABLE … ALTER COLUMN … SET STATISTICS 1000";
        notes.push(
            Finding::note("plan-hangs-on-sample", primary)
                .at(place())
                .hint(hint),
        );
    }
    notes
}

/// The settings that decide about plans, as they were when the plans were captured.
fn planner_settings<'a>(context: &'a Context<'_>) -> &'a BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    snapshot(context.log, PlanPoint::Before).map_or(&NONE, |snapshot| &snapshot.settings)
}

/// The note on what the planner was told, and whether it did so.
fn of_hints(query: &QueryPlan, plan: &MeasuredPlan, context: &Context<'_>) -> Option<Finding> {
    let all = hints(
        &query.sql,
        planner_settings(context),
        &plan.explained.root,
        &plan.without_hint,
    );
    let (obeyed, ignored): (Vec<&Hint>, Vec<&Hint>) =
        all.iter().partition(|hint| hint.instead.is_none());
    let name = &query.name;
    let ignored_lines = ignored.iter().map(|hint| {
        let instead = hint.instead.as_deref().unwrap_or_default();
        format!("ignored: {}; the plan has {instead}", hint.text)
    });
    let obeyed_lines = obeyed.iter().map(|hint| format!("obeyed: {}", hint.text));
    let lines: Vec<String> = ignored_lines.chain(obeyed_lines).collect();
    let finding = match (ignored.len() as u64, all.len() as u64) {
        (_, 0) => return None,
        (0, count) => {
            let primary = format!(
                "the plan of query \"{name}\" obeys {}",
                plural(count, "hint")
            );
            Finding::note("hints-obeyed", primary)
        }
        (count, _) => {
            let primary = format!(
                "the plan of query \"{name}\" ignores {}",
                plural(count, "hint")
            );
            let finding = Finding::note("hints-ignored", primary);
            match ignored.iter().any(|hint| !hint.is_setting) {
                true => finding.hint("hints in comments need pg_hint_plan, loaded by shared_preload_libraries or by LOAD; names are those of aliases"),
                false => finding.hint("a setting that forbids a way makes it dear, and no other way may be there"),
            }
        }
    };
    Some(finding.detail(lines.join("\n")))
}
